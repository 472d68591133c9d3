"""People in JSON."""

from marshmallow import Schema, fields, validate

from service.text import LANGUAGES

Language = validate.OneOf(LANGUAGES)


class DeviceIn(Schema):
    """A phone that introduces itself, or comes back for a fresh token."""

    installation = fields.UUID(required=True, metadata={"description": "A UUID that the app makes once and keeps."})
    secret = fields.String(
        required=True,
        validate=validate.Length(32, 200),
        metadata={"description": "At least 32 random characters that the app makes once and keeps secret."},
    )
    platform = fields.String(required=True, validate=validate.OneOf(("android", "ios", "web")))
    app_version = fields.String(required=True, validate=validate.Regexp(r"\A\d{1,4}(\.\d{1,4}){0,3}\Z"))
    language = fields.String(load_default=None, allow_none=True, validate=Language)


class TokenOut(Schema):
    """A bearer token; it is shown only once."""

    token = fields.String(required=True)
    expires_at = fields.AwareDateTime(required=True)
    account = fields.UUID(required=True)


class SignInIn(Schema):
    """Staff's e-mail address and password."""

    email = fields.String(required=True, validate=validate.Length(3, 254))
    password = fields.String(required=True, validate=validate.Length(1, 200))


class PushTargetIn(Schema):
    """Where pushes go: an FCM registration token or a Firebase installation id."""

    kind = fields.String(required=True, validate=validate.OneOf(("token", "fid")))
    value = fields.String(required=True, validate=[validate.Length(1, 4096), validate.Regexp(r"\A[\x21-\x7e]+\Z")])


class MeIn(Schema):
    """What a person can change about themselves; what is left out stays."""

    language = fields.String(validate=Language)
    email = fields.Email(allow_none=True, validate=validate.Length(max=254))


class RoleOut(Schema):
    """A role; without a department it holds in the whole municipality."""

    role = fields.String(required=True)
    department = fields.String(required=True, allow_none=True)


class MeOut(Schema):
    """Who the token belongs to."""

    account = fields.UUID(required=True)
    kind = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True)
    language = fields.String(required=True)
    roles = fields.List(fields.Nested(RoleOut), required=True)

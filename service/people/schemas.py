"""People in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.text import LANGUAGES

Language = validate.OneOf(LANGUAGES)
Plain = validate.Regexp(r"\A[^\x00]*\Z", error="may not contain a null character")


class DeviceIn(Schema):
    """A phone that introduces itself, or comes back for a fresh token."""

    example: ClassVar[dict[str, Any]] = {
        "installation": "7d1f5c1e-9a0b-4a54-8f6e-0b8f3f0c7a11",
        "secret": "8Qm2xYp0vJrTz6dKfLw4sN1cHbGe9uAi",
        "platform": "android",
        "app_version": "1.0.0",
        "language": "el",
    }

    installation = fields.UUID(required=True, metadata={"description": "A UUID that the app makes once and keeps."})
    secret = fields.String(
        required=True,
        validate=validate.Length(32, 200),
        metadata={"description": "At least 32 random characters that the app makes once and keeps secret."},
    )
    platform = fields.String(required=True, validate=validate.OneOf(("android", "ios", "web")))
    app_version = fields.String(
        required=True,
        validate=validate.Regexp(r"\A[0-9]{1,4}(\.[0-9]{1,4}){0,3}\Z"),
        metadata={"description": "Compare it with `oldest_app` of startApp."},
    )
    language = fields.String(
        load_default=None,
        allow_none=True,
        validate=Language,
        metadata={"description": "Taken for a new phone only; later `changeMe` changes it."},
    )


class RefreshIn(Schema):
    """A refresh token that was not used before."""

    example: ClassVar[dict[str, Any]] = {"refresh_token": "pT3jq0XbZr8yVwKc5sL2mN7dHfGaUeQi1oJ9tR4uB6E"}

    refresh_token = fields.String(required=True, validate=validate.Length(1, 200))


class TokenOut(Schema):
    """A bearer token, and the refresh token that brings the next; they are shown only once."""

    example: ClassVar[dict[str, Any]] = {
        "token": "2vY5v0o9mJx3bM4sQhV7c1kTzR8eWnPd6fLgUaXiKyE",
        "expires_at": "2026-12-21T22:08:17.042554Z",
        "refresh_token": None,
        "account": "01a20026-3782-716f-b5d9-c3504d710968",
        "session": "01a20026-3783-7c51-8a0f-2d5c4c6f1b77",
    }

    token = fields.String(required=True, metadata={"description": "For the header `Authorization: Bearer …`."})
    expires_at = fields.AwareDateTime(required=True)
    refresh_token = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "For `refreshTokens`. Null for a phone, which calls `registerDevice` again."},
    )
    account = fields.UUID(required=True)
    session = fields.UUID(required=True, metadata={"description": "Which of `listSessions` this is."})


class SignInIn(Schema):
    """Staff's e-mail address and password."""

    example: ClassVar[dict[str, Any]] = {"email": "lighting@staff.kozani.example", "password": "plateia-sample"}

    email = fields.String(required=True, validate=[validate.Length(3, 254), Plain])
    password = fields.String(required=True, validate=validate.Length(1, 200))


class PushTargetIn(Schema):
    """Where pushes go: an FCM registration token or a Firebase installation id."""

    example: ClassVar[dict[str, Any]] = {"kind": "token", "value": "dGhpcyBpcyBub3QgYSB0b2tlbg:APA91bE-example"}

    kind = fields.String(required=True, validate=validate.OneOf(("token", "fid")))
    value = fields.String(
        required=True,
        # more does not fit into PostgreSQL's index; real ones have about 160
        validate=[validate.Length(1, 2000), validate.Regexp(r"\A[\x21-\x7e]+\Z")],
    )


class MeIn(Schema):
    """What a person can change about themselves; what is left out stays."""

    example: ClassVar[dict[str, Any]] = {"language": "en"}

    language = fields.String(
        validate=Language,
        metadata={"description": "Of messages. One that the municipality does not speak becomes its main one."},
    )


class RoleOut(Schema):
    """A role; without a department it holds in the whole municipality."""

    role = fields.String(required=True)
    department = fields.String(required=True, allow_none=True)


class VerificationOut(Schema):
    """How and when it was shown that the person lives here."""

    method = fields.String(required=True, validate=validate.OneOf(("provider", "desk", "letter")))
    at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)


class MeOut(Schema):
    """Who the token belongs to."""

    example: ClassVar[dict[str, Any]] = {
        "account": "01a20026-3782-716f-b5d9-c3504d710968",
        "kind": "resident",
        "name": None,
        "email": "alice@example.org",
        "phone": None,
        "language": "en",
        "codes_by": ["email"],
        "roles": [],
        "verified": [{"method": "desk", "at": "2026-11-22T09:30:00Z", "expires_at": None}],
    }

    account = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(("resident", "staff")))
    name = fields.String(required=True, allow_none=True)
    email = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "A resident's is confirmed, and messages are sent there too; staff sign in with it."},
    )
    phone = fields.String(
        required=True, allow_none=True, metadata={"description": "A resident's confirmed mobile number, as E.164."}
    )
    language = fields.String(required=True, validate=Language)
    codes_by = fields.List(
        fields.String(validate=validate.OneOf(("email", "sms"))),
        required=True,
        metadata={"description": "How this service can send codes; offer no other channel."},
    )
    roles = fields.List(fields.Nested(RoleOut), required=True, metadata={"description": "Empty for residents."})
    verified = fields.List(
        fields.Nested(VerificationOut),
        required=True,
        metadata={"description": "What holds now, the newest first; empty where nothing was shown."},
    )

"""Sessions and phones in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.people.sessions import HOW


class SessionOut(Schema):
    """Somewhere one is signed in."""

    example: ClassVar[dict[str, Any]] = {
        "id": "01a20026-3783-7c51-8a0f-2d5c4c6f1b77",
        "how": "phone",
        "platform": "android",
        "phone": "7d1f5c1e-9a0b-4a54-8f6e-0b8f3f0c7a11",
        "since": "2026-11-21T22:08:17.042554Z",
        "last_used_at": "2026-11-23T06:12:44.201337Z",
        "expires_at": "2026-12-21T22:08:17.042554Z",
        "this": True,
    }

    id = fields.UUID(required=True)
    how = fields.String(
        required=True, validate=validate.OneOf(tuple(HOW)), metadata={"description": "How one signed in there."}
    )
    platform = fields.String(required=True, allow_none=True, metadata={"description": "Null where it is no phone."})
    phone = fields.UUID(required=True, allow_none=True, metadata={"description": "`installation` of `listPhones`."})
    since = fields.AwareDateTime(required=True)
    last_used_at = fields.AwareDateTime(required=True, metadata={"description": "To the hour."})
    expires_at = fields.AwareDateTime(required=True, metadata={"description": "When it ends if nothing happens."})
    this = fields.Boolean(required=True, metadata={"description": "Whether it is the one that asks."})


class SessionsOut(Schema):
    """Where one is signed in, the last used first."""

    example: ClassVar[dict[str, Any]] = {"sessions": [SessionOut.example]}

    sessions = fields.List(fields.Nested(SessionOut), required=True)


class OwnPhoneOut(Schema):
    """One of one's phones."""

    example: ClassVar[dict[str, Any]] = {
        "installation": "7d1f5c1e-9a0b-4a54-8f6e-0b8f3f0c7a11",
        "platform": "android",
        "app_version": "1.0.0",
        "pushes": True,
        "since": "2026-11-21T22:08:17.042554Z",
        "last_seen_at": "2026-11-23T06:12:44.201337Z",
        "this": True,
    }

    installation = fields.UUID(required=True)
    platform = fields.String(required=True)
    app_version = fields.String(required=True)
    pushes = fields.Boolean(required=True, metadata={"description": "Whether messages are pushed there."})
    since = fields.AwareDateTime(required=True)
    last_seen_at = fields.AwareDateTime(required=True, metadata={"description": "When it fetched its last token."})
    this = fields.Boolean(required=True, metadata={"description": "Whether it is the one that asks."})


class OwnPhonesOut(Schema):
    """One's phones, the last seen first."""

    example: ClassVar[dict[str, Any]] = {"phones": [OwnPhoneOut.example]}

    phones = fields.List(fields.Nested(OwnPhoneOut), required=True)

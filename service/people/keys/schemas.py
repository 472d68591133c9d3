"""API keys in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.people.schemas import Plain
from service.people.scopes import SCOPES

SCOPE = validate.OneOf(tuple(SCOPES))


class ApiKeyIn(Schema):
    """A key to be made."""

    example: ClassVar[dict[str, Any]] = {
        "name": "Sensor platform",
        "scopes": ["read_public", "send_reports"],
        "per_minute": 120,
    }

    name = fields.String(
        required=True,
        validate=[validate.Length(1, 100), Plain],
        metadata={"description": "Of the program; people see it where it did something."},
    )
    scopes = fields.List(
        fields.String(validate=SCOPE),
        required=True,
        validate=validate.Length(1, len(SCOPES)),
        metadata={"description": "What it is good for: " + "; ".join(f"`{key}`: {SCOPES[key]}" for key in SCOPES)},
    )
    per_minute = fields.Integer(
        load_default=300,
        validate=validate.Range(1, 6000),
        metadata={"description": "How many calls a minute.", "minimum": 1, "maximum": 6000},
    )
    expires_at = fields.AwareDateTime(
        load_default=None, allow_none=True, metadata={"description": "Null: good until it is ended."}
    )


class ApiKeyOut(Schema):
    """A key as administrators see it."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    begins = fields.String(required=True, metadata={"description": "Its first letters."})
    scopes = fields.List(fields.String(validate=SCOPE), required=True)
    per_minute = fields.Integer(required=True)
    made_by = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)
    used_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "When it was last used, right to the hour."}
    )


class ApiKeysOut(Schema):
    """The keys that are not ended."""

    example: ClassVar[dict[str, Any]] = {
        "keys": [
            {
                "id": "01a20026-3782-716f-b5d9-c3504d710968",
                "name": "Sensor platform",
                "begins": "plk_2vY5v0o9",
                "scopes": ["read_public", "send_reports"],
                "per_minute": 120,
                "made_by": "Maria",
                "created_at": "2026-11-22T09:30:00Z",
                "expires_at": None,
                "used_at": None,
            }
        ]
    }

    keys = fields.List(fields.Nested(ApiKeyOut), required=True)


class ApiKeyGivenOut(Schema):
    """A key; it is shown only once."""

    example: ClassVar[dict[str, Any]] = {
        "id": "01a20026-3782-716f-b5d9-c3504d710968",
        "key": "plk_2vY5v0o9mJx3bM4sQhV7c1kTzR8eWnPd6fLgUaXiKyE",
    }

    id = fields.UUID(required=True)
    key = fields.String(required=True, metadata={"description": "For the header `Authorization: Bearer …`."})

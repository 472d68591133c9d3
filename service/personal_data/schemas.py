"""One's own data in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.people.contacts.schemas import secret_field


class CopyOut(Schema):
    """A copy of everything that is held about the caller."""

    example: ClassVar[dict[str, Any]] = {
        "id": "f2a7f6ae-93c5-4c6b-8a44-1f3c2c1e9d5b",
        "state": "being_made",
        "done": 3,
        "steps": 8,
        "asked_at": "2026-11-22T08:30:00.042554Z",
        "ready_at": None,
        "expires_at": "2026-11-24T08:30:00.042554Z",
        "bytes": None,
    }

    id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf(("being_made", "ready")))
    done = fields.Integer(required=True, metadata={"description": "How far it is: of `steps`."})
    steps = fields.Integer(required=True)
    asked_at = fields.AwareDateTime(required=True)
    ready_at = fields.AwareDateTime(required=True, allow_none=True)
    expires_at = fields.AwareDateTime(required=True, metadata={"description": "Then it is deleted."})
    bytes = fields.Integer(required=True, allow_none=True)


class LinkOut(Schema):
    """Where the copy can be fetched, by whoever has this address; it is shown only once."""

    example: ClassVar[dict[str, Any]] = {
        "address": "/api/v1/kozani/copies/2vY5v0o9mJx3bM4sQhV7c1kTzR8eWnPd6fLgUaXiKyE",
        "until": "2026-11-22T08:40:00.042554Z",
    }

    address = fields.String(required=True)
    until = fields.AwareDateTime(required=True)


class ErasureIn(Schema):
    """That the caller wants to be erased."""

    example: ClassVar[dict[str, Any]] = {
        "account": "01a20026-3782-716f-b5d9-c3504d710968",
        "keep_public": False,
        "secret": "8Qm2xYp0vJrTz6dKfLw4sN1cHbGe9uAi",
    }

    account = fields.UUID(
        required=True,
        metadata={"description": "The caller's own account as showMe says it: nobody is erased by mistake."},
    )
    keep_public = fields.Boolean(
        load_default=False,
        metadata={
            "description": "Whether the descriptions and photos that everybody may see stay, without a name. Otherwise"
            " everything that the person wrote or photographed goes. Numbers, places and states of reports stay."
        },
    )
    secret = secret_field()
    code_id = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={"description": "The `id` of sendContactCode; needed if an address or number is confirmed."},
    )
    code = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"\A[0-9]{6}\Z"),
        metadata={"description": "What came there."},
    )


class ErasureOut(Schema):
    """The receipt: by this the municipality finds the erasure in its list, which does not name the person."""

    example: ClassVar[dict[str, Any]] = {
        "erasure": "0c4c9c5e-6f1d-4b7e-9a3e-2d5f8b1a7c60",
        "at": "2026-11-22T08:30:00.042554Z",
    }

    erasure = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True)

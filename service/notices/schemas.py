"""The inbox, and what somebody follows, in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.notices.following import KINDS
from service.people.schemas import Plain


class AboutOut(Schema):
    """What a message is about: the kind of thing, and its id."""

    kind = fields.String(
        required=True,
        metadata={"description": "`report`, `layer` or `feature`; an app opens nothing for unknown kinds."},
    )
    id = fields.String(
        required=True, metadata={"description": "Of a layer its key; of a feature the layer's key, `/` and its own."}
    )


class InboxMessageOut(Schema):
    """One thing that the person was told."""

    example: ClassVar[dict[str, Any]] = {
        "id": "01a20027-3f0a-7c55-9d13-6f2f0b7a4e11",
        "kind": "report_changed",
        "title": "Your report KOZ-2026-000001 has been read",
        "body": "Street lamp not working: Street Lighting Crew has taken it on.",
        "about": {"kind": "report", "id": "01a20027-2c8e-7266-ae20-55ab6d37ca6a"},
        "created_at": "2026-11-23T06:12:44.201337Z",
        "read_at": None,
    }

    id = fields.UUID(required=True)
    kind = fields.String(required=True, metadata={"description": "Why it was sent; more kinds will come."})
    title = fields.String(required=True, metadata={"description": "In the person's language when it was sent."})
    body = fields.String(required=True)
    about = fields.Nested(AboutOut, required=True)
    created_at = fields.AwareDateTime(required=True)
    read_at = fields.AwareDateTime(required=True, allow_none=True, metadata={"description": "Null while unread."})


class InboxOut(Schema):
    """A page of the inbox, newest first."""

    example: ClassVar[dict[str, Any]] = {"messages": [InboxMessageOut.example], "unread": 1, "next": None}

    messages = fields.List(fields.Nested(InboxMessageOut), required=True)
    unread = fields.Integer(required=True, metadata={"description": "Of the whole inbox, for the badge."})
    next = fields.String(
        required=True, allow_none=True, metadata={"description": "`after` of the next page; null on the last."}
    )


class FollowIn(Schema):
    """What to follow."""

    example: ClassVar[dict[str, Any]] = {"kind": "layer", "value": "wifi", "part": "W2"}

    kind = fields.String(
        required=True,
        validate=validate.OneOf(tuple(KINDS)),
        metadata={"description": "`layer`: of the map, or one feature of it; `plan`, `plan_element`: by their ids."},
    )
    value = fields.String(
        required=True,
        validate=[validate.Length(1, 64), Plain],
        metadata={"description": "The layer's key; the id of a plan or of its element.", "examples": ["wifi"]},
    )
    part = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 255), Plain],
        metadata={"description": "The feature's key; null or left out: all of the layer.", "examples": ["W2"]},
    )


class FollowOut(Schema):
    """Something that a person follows."""

    example: ClassVar[dict[str, Any]] = {
        "id": "01a20027-5b1c-7d02-8a44-0b1de7a5c9f0",
        "kind": "layer",
        "value": "wifi",
        "part": "W2",
        "name": "Municipal library",
        "within": "Free Wi-Fi",
        "created_at": "2026-11-23T06:12:44.201337Z",
    }

    id = fields.UUID(required=True)
    kind = fields.String(required=True, metadata={"description": "More kinds will come."})
    value = fields.String(required=True)
    part = fields.String(required=True, allow_none=True)
    name = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "In the language of the call; null while it is gone."},
    )
    within = fields.String(
        required=True, allow_none=True, metadata={"description": "What the part belongs to; null for a whole."}
    )
    created_at = fields.AwareDateTime(required=True)


class FollowsOut(Schema):
    """Everything that a person follows, first to last."""

    example: ClassVar[dict[str, Any]] = {"follows": [FollowOut.example]}

    follows = fields.List(fields.Nested(FollowOut), required=True)

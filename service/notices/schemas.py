"""The inbox in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields


class AboutOut(Schema):
    """What a message is about: the kind of thing, and its id."""

    kind = fields.String(required=True, metadata={"description": "`report`; an app opens nothing for unknown kinds."})
    id = fields.String(required=True)


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

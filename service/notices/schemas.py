"""The inbox in JSON."""

from marshmallow import Schema, fields


class AboutOut(Schema):
    """What a message is about: the kind of thing, and its id."""

    kind = fields.String(required=True)
    id = fields.String(required=True)


class InboxMessageOut(Schema):
    """One thing that the person was told."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True)
    title = fields.String(required=True)
    body = fields.String(required=True)
    about = fields.Nested(AboutOut, required=True)
    created_at = fields.AwareDateTime(required=True)
    read_at = fields.AwareDateTime(required=True, allow_none=True)


class InboxOut(Schema):
    """A page of the inbox, newest first."""

    messages = fields.List(fields.Nested(InboxMessageOut), required=True)
    unread = fields.Integer(required=True)
    next = fields.String(required=True, allow_none=True)

"""The audit log in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.http import PageQuery
from service.people.auditing import ACTIONS


class AuditQuery(PageQuery):
    """Which entries."""

    action = fields.String(validate=validate.OneOf(list(ACTIONS)), metadata={"description": "Only acts of this kind."})
    actor = fields.UUID(metadata={"description": "The account of the member of staff who did it."})
    subject = fields.String(
        validate=validate.Length(1, 200), metadata={"description": "What it was done to, as the entries name it."}
    )
    since = fields.AwareDateTime(metadata={"description": "From this moment on."})
    until = fields.AwareDateTime(metadata={"description": "Before this moment."})


class AuditEntryOut(Schema):
    """One act. `place` and `chain` are null until it is sealed; `text` and `resident` are null once they are erased."""

    id = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True)
    action = fields.String(required=True)
    words = fields.String(required=True, metadata={"description": "The action in words."})
    actor_kind = fields.String(required=True, metadata={"description": "staff, resident, machine, or service."})
    actor = fields.UUID(required=True, allow_none=True)
    actor_name = fields.String(required=True, allow_none=True)
    subject_kind = fields.String(required=True)
    subject = fields.String(required=True, allow_none=True)
    facts = fields.Dict(required=True)
    resident = fields.UUID(required=True, allow_none=True)
    text = fields.String(required=True, allow_none=True)
    place = fields.Integer(required=True, allow_none=True)
    chain = fields.String(required=True, allow_none=True, metadata={"description": "SHA-256 in hexadecimal digits."})


class AuditPageOut(Schema):
    """Entries, the newest first."""

    example: ClassVar[dict[str, Any]] = {
        "entries": [
            {
                "id": "01a20026-3782-716f-b5d9-c3504d710968",
                "at": "2026-11-22T08:30:00.042554Z",
                "action": "role_given",
                "words": "a role was given",
                "actor_kind": "staff",
                "actor": "01a20026-1fd7-7311-b66c-c5f0c52451d9",
                "actor_name": "Eleni",
                "subject_kind": "staff",
                "subject": "01a20026-2b0f-7c52-93a4-0f2f6c2d7e11",
                "facts": {"role": "dispatcher"},
                "resident": None,
                "text": None,
                "place": 17,
                "chain": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            }
        ],
        "next": None,
    }

    entries = fields.List(fields.Nested(AuditEntryOut), required=True)
    next = fields.String(required=True, allow_none=True)

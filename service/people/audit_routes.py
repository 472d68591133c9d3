"""The audit log over HTTP: administrators and auditors read it, nobody writes it."""

from typing import Any

from flask import Response

from service.http import Blueprint, CursorNotValid, after_cursor, answer, operation, page_of
from service.municipalities.directory import Municipality
from service.people.access import staff
from service.people.audit_reading import entries_of
from service.people.audit_schemas import AuditPageOut, AuditQuery
from service.people.auditing import ACTIONS

blueprint = Blueprint("audit", __name__, url_prefix="/<municipality>", description="Who did what of weight")


@blueprint.get("/audit")
@staff("see_audit")
@blueprint.arguments(AuditQuery, location="query")
@blueprint.response(200, AuditPageOut)
@operation("listAudit", CursorNotValid)
def listed(query: dict[str, Any], municipality: Municipality) -> Response:
    """Show the audit log, the newest entries first"""
    after = after_cursor(query.get("after"), int)
    found = entries_of(municipality, query, after[0] if after else None, query["limit"] + 1)
    rows, following = page_of(found, query["limit"])
    return answer({"entries": [shown(row) for row in rows], "next": following})


def shown(row: Any) -> dict[str, Any]:
    return {
        "id": row.uid,
        "at": row.at,
        "action": row.action,
        "words": ACTIONS.get(row.action, row.action),
        "actor_kind": row.actor_kind,
        "actor": row.actor,
        "actor_name": row.actor_name,
        "subject_kind": row.subject_kind,
        "subject": row.subject,
        "facts": row.facts,
        "resident": row.resident,
        "text": row.text,
        "place": row.place,
        "chain": row.chain.hex() if row.chain else None,
    }

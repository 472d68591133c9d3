"""The inbox over HTTP."""

import uuid
from typing import Any

from flask import Response

from service.db import transaction
from service.db.types import AnyRow
from service.errors import NotFound
from service.http import (
    Blueprint,
    CursorNotValid,
    PageQuery,
    after_key,
    answer,
    cursor,
    etag_of,
    not_modified,
    nothing,
    operation,
)
from service.municipalities.directory import Municipality
from service.notices.inbox import mark_read, messages_of, state_of
from service.notices.schemas import InboxOut
from service.people.access import caller, signed_in

blueprint = Blueprint("notices", __name__, url_prefix="/<municipality>", description="What people were told")


@blueprint.get("/inbox")
@signed_in
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, InboxOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("listInbox", CursorNotValid)
def inbox(query: dict[str, Any], municipality: Municipality) -> Response:
    """Show what this person was told, newest first

    Everything that was ever pushed or mailed is here, so that a missed push loses nothing.
    """
    account_id = caller().account_id
    after = after_key(query.get("after"), int)
    changed, unread = state_of(account_id)
    etag = etag_of("inbox", account_id, changed, unread, after, query["limit"])
    if unchanged := not_modified(etag):
        return unchanged
    rows = messages_of(account_id, after, query["limit"] + 1)
    page = rows[: query["limit"]]
    content = {
        "messages": [shown(row) for row in page],
        "unread": unread,
        "next": cursor(page[-1].id) if len(rows) > len(page) else None,
    }
    return answer(content, etag=etag)


@blueprint.post("/inbox/<uuid:message>/read")
@signed_in
@blueprint.response(204)
@operation("markRead", NotFound)
def read(municipality: Municipality, message: uuid.UUID) -> Response:
    """Mark a message as read"""
    account_id = caller().account_id
    with transaction():
        mark_read(account_id, message)
    return nothing()


def shown(row: AnyRow) -> dict[str, Any]:
    return {
        "id": row.uid,
        "kind": row.kind,
        "title": row.title,
        "body": row.body,
        "about": {"kind": row.about_kind, "id": row.about},
        "created_at": row.created_at,
        "read_at": row.read_at,
    }

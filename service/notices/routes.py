"""The inbox, and what somebody follows, over HTTP."""

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
    language,
    not_modified,
    nothing,
    operation,
)
from service.municipalities.directory import Municipality
from service.notices.following import (
    NothingToFollow,
    TooManyFollows,
    end_follow,
    ensure_there,
    follow,
    followed,
    follows_of,
)
from service.notices.inbox import mark_read, messages_of, state_of
from service.notices.schemas import FollowIn, FollowOut, FollowsOut, InboxOut
from service.people.access import caller, signed_in
from service.text import pick

blueprint = Blueprint("notices", __name__, url_prefix="/<municipality>", description="What people follow and are told")


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


@blueprint.get("/follows")
@signed_in
@blueprint.response(200, FollowsOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("listFollows")
def follows(municipality: Municipality) -> Response:
    """List what this person follows"""
    spoken = language()
    content = {"follows": [follow_out(municipality, row, spoken) for row in follows_of(caller().account_id)]}
    return answer(content, etag=etag_of(content))


@blueprint.post("/follows")
@signed_in
@blueprint.arguments(FollowIn)
@blueprint.response(201, FollowOut)
@operation("follow", NothingToFollow, TooManyFollows)
def begin(body: dict[str, Any], municipality: Municipality) -> Response:
    """Follow a layer of the map or one feature of it

    Whoever follows is told in their inbox and by push when a publication changes it. To follow twice is to follow once.
    """
    account_id, thing = caller().account_id, (body["kind"], body["value"], body["part"] or "")
    ensure_there(municipality, *thing)
    with transaction():
        row = follow(municipality, account_id, *thing)
    return answer(follow_out(municipality, row, language()), 201)


@blueprint.delete("/follows/<uuid:follow>")
@signed_in
@blueprint.response(204)
@operation("endFollow", NotFound)
def end(municipality: Municipality, follow: uuid.UUID) -> Response:
    """Follow something no longer"""
    account_id = caller().account_id
    with transaction():
        end_follow(account_id, follow)
    return nothing()


def follow_out(municipality: Municipality, row: AnyRow, spoken: str) -> dict[str, Any]:
    found = followed(municipality, row.kind, row.value, row.part)
    within = None if found is None or found.within is None else pick(found.within, spoken, municipality.main_language)
    return {
        "id": row.uid,
        "kind": row.kind,
        "value": row.value,
        "part": row.part or None,
        "name": None if found is None else pick(found.name, spoken, municipality.main_language),
        "within": within,
        "created_at": row.created_at,
    }


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

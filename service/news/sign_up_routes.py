"""Who comes to an event, over HTTP: the places there are, signing up and off."""

import uuid
from typing import Any

from flask import Response

from service.db import stop_reading, transaction
from service.errors import NotFound
from service.http import Blueprint, answer, language, nothing, operation
from service.municipalities.directory import Municipality
from service.news.finding import article_here, published_article
from service.news.models import Article
from service.news.presenting import spoken
from service.news.schemas import SignOffQuery, SignUpIn, SignUpOut, SignUpsOut, TimesOut
from service.news.signing_up import SignUpRefused, places_of, sign_off, sign_up, sign_ups_of
from service.people.access import SignInNeeded, anybody, caller, residents_only, signed_in
from service.people.erasing import is_still_there

EVENT = "event"

blueprint = Blueprint("sign_ups", __name__, url_prefix="/<municipality>", description="Signing up for events")


@blueprint.get("/news/<uuid:article>/times")
@anybody
@blueprint.response(200, TimesOut)
@operation("listEventTimes", NotFound)
def times(municipality: Municipality, article: uuid.UUID) -> Response:
    """List when an event takes place from now on, and how many places are left"""
    row = published_article(municipality, article)
    if row.kind != EVENT:
        raise NotFound
    found = places_of(municipality, row.id, row.content["facts"])
    return answer({"times": [vars(time) for time in found]})


@blueprint.get("/my/sign-ups")
@signed_in
@blueprint.response(200, SignUpsOut)
@operation("listMySignUps")
def mine(municipality: Municipality) -> Response:
    """List what one signed up for"""
    wanted = language()
    return answer({"sign_ups": [shown(row, wanted) for row in sign_ups_of(caller().account_id)]})


@blueprint.put("/news/<uuid:article>/sign-up")
@residents_only
@blueprint.arguments(SignUpIn)
@blueprint.response(200, SignUpOut)
@operation("signUp", NotFound, SignUpRefused)
def put(body: dict[str, Any], municipality: Municipality, article: uuid.UUID) -> Response:
    """Sign up for an event

    Who comes too late waits, and is told when a place becomes free. Again with other values changes those; who asks for
    more places than before may have to wait for all of them.
    """
    who = caller()
    with transaction():
        if not is_still_there(who):
            raise SignInNeeded
        event = event_here(municipality, article)
        sign_up(municipality, event, who.account_id, body["starts_at"], body["places"], body["note"])
    stop_reading()
    rows = sign_ups_of(who.account_id)
    row = next(row for row in rows if row.uid == article and row.starts_at == body["starts_at"])
    return answer(shown(row, language()))


@blueprint.delete("/news/<uuid:article>/sign-up")
@residents_only
@blueprint.arguments(SignOffQuery, location="query")
@blueprint.response(204)
@operation("signOff", NotFound)
def delete(query: dict[str, Any], municipality: Municipality, article: uuid.UUID) -> Response:
    """Sign off, and leave the places to who waits"""
    who = caller()
    with transaction():
        sign_off(article_here(municipality, article), who.account_id, query["starts_at"])
    return nothing()


def event_here(municipality: Municipality, uid: uuid.UUID) -> Article:
    """An event that readers see. Raises NotFound."""
    found = article_here(municipality, uid)
    if found.published_number is None or found.kind != EVENT:
        raise NotFound
    return found


def shown(row: Any, wanted: str) -> dict[str, Any]:
    return {
        "article": row.uid,
        "title": row.content["title"][spoken(row.content, wanted)],
        "starts_at": row.starts_at,
        "state": row.state,
        "places": row.places,
        "note": row.note,
        "cancelled": row.cancelled_at is not None,
        "reason": row.reason,
    }

"""Sessions and phones over HTTP: where one is signed in, and how that ends."""

import uuid

from flask import Response

from service.db import transaction
from service.errors import NotFound
from service.http import Blueprint, answer, nothing, operation
from service.municipalities.directory import Municipality
from service.people.access import caller, signed_in
from service.people.phones import end_one, phones_of, remove_phone, sign_out_everywhere_else
from service.people.session_schemas import OwnPhonesOut, SessionsOut
from service.people.sessions import sessions_of

blueprint = Blueprint("sessions", __name__, url_prefix="/<municipality>/me", description="Where one is signed in")


@blueprint.get("/sessions")
@signed_in
@blueprint.response(200, SessionsOut)
@operation("listSessions")
def sessions(municipality: Municipality) -> Response:
    """List where one is signed in, the last used first"""
    who = caller()
    found = [
        {
            "id": row.uid,
            "how": row.how,
            "platform": row.platform,
            "phone": row.installation,
            "since": row.created_at,
            "last_used_at": row.seen_at,
            "expires_at": row.expires_at,
            "this": row.id == who.session_id,
        }
        for row in sessions_of(who.account_id)
    ]
    return answer({"sessions": found})


@blueprint.delete("/sessions/<uuid:session>")
@signed_in
@blueprint.response(204)
@operation("endSession", NotFound)
def end_session(municipality: Municipality, session: uuid.UUID) -> Response:
    """End one session

    That of another phone goes with the phone: it would come back by itself otherwise.
    """
    who = caller()
    with transaction():
        end_one(who, session)
    return nothing()


@blueprint.delete("/sessions")
@signed_in
@blueprint.response(204)
@operation("endOtherSessions")
def end_other_sessions(municipality: Municipality) -> Response:
    """Sign out everywhere else

    Only this session goes on. The secrets of all other phones are worth nothing from now on.
    """
    who = caller()
    with transaction():
        sign_out_everywhere_else(who)
    return nothing()


@blueprint.get("/phones")
@signed_in
@blueprint.response(200, OwnPhonesOut)
@operation("listPhones")
def phones(municipality: Municipality) -> Response:
    """List one's phones, the last seen first"""
    who = caller()
    found = [
        {
            "installation": row.installation,
            "platform": row.platform,
            "app_version": row.app_version,
            "pushes": row.pushes,
            "since": row.created_at,
            "last_seen_at": row.seen_at,
            "this": row.id == who.device_id,
        }
        for row in phones_of(who.account_id)
    ]
    return answer({"phones": found})


@blueprint.delete("/phones/<uuid:installation>")
@signed_in
@blueprint.response(204)
@operation("removePhone", NotFound)
def remove(municipality: Municipality, installation: uuid.UUID) -> Response:
    """Remove a phone: its sessions, its pushes and its secret end

    It can register again only as a new phone, with an account of its own.
    """
    who = caller()
    with transaction():
        remove_phone(who.account_id, installation)
    return nothing()

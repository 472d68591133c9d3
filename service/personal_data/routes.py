"""One's own data over HTTP: ask for a copy, fetch it, be erased."""

from typing import Any

from flask import Response, current_app

from service.db import transaction
from service.errors import NotFound
from service.http import Blueprint, answer, nothing, operation
from service.municipalities.directory import Municipality
from service.people.access import anybody, caller, signed_in
from service.people.contacts.codes import CodeNotRight, prove_phone
from service.people.limits import code_limit
from service.people.registering import SecretNotRight
from service.personal_data import schemas
from service.personal_data.copying import CopyNotReady, LinkNotValid, ask, copy_of, drop, give_link, opened
from service.personal_data.erasing import all_locked, erase_person
from service.personal_data.models import PersonalCopy
from service.personal_data.proving import AccountNotYours, CodeNeeded, StaffNotErased, check_meant, is_proved

blueprint = Blueprint("personal_data", __name__, url_prefix="/<municipality>", description="One's own data")


@blueprint.post("/me/copy")
@signed_in
@blueprint.response(202, schemas.CopyOut)
@operation("askForCopy")
def ask_for_copy(municipality: Municipality) -> Response:
    """Ask for a copy of everything that is held about oneself

    It is made within minutes, and its owner is told. There is one at a time: asking again shows the same.
    """
    who = caller()
    with transaction():
        copy = ask(municipality, who)
    return answer(shown(copy), 202)


@blueprint.get("/me/copy")
@signed_in
@blueprint.response(200, schemas.CopyOut)
@operation("showCopy", NotFound)
def show_copy(municipality: Municipality) -> Response:
    """Show how far the copy is"""
    return answer(shown(copy_of(caller())))


@blueprint.delete("/me/copy")
@signed_in
@blueprint.response(204)
@operation("dropCopy")
def drop_copy(municipality: Municipality) -> Response:
    """Delete the copy before its time"""
    who = caller()
    with transaction():
        drop(who)
    return nothing()


@blueprint.post("/me/copy/link")
@signed_in
@blueprint.response(201, schemas.LinkOut)
@operation("linkCopy", NotFound, CopyNotReady)
def link_copy(municipality: Municipality) -> Response:
    """Get a link to the copy

    It is good for ten minutes, needs no token, and takes the place of the one before.
    """
    who = caller()
    with transaction():
        given = give_link(municipality, who)
    address = f"/api/v1/{municipality.slug}/copies/{given.token}"
    return answer({"address": address, "until": given.until}, 201, headers={"Cache-Control": "no-store"})


@blueprint.get("/copies/<link>")
@anybody
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="application/zip")
@operation("fetchCopy", LinkNotValid)
def fetch_copy(municipality: Municipality, link: str) -> Response:
    """Fetch a copy by its link: a ZIP file"""
    length, pieces = opened(municipality, link, current_app.config["STORE"])
    headers = {
        "Content-Disposition": f'attachment; filename="{municipality.slug}.zip"',
        "Content-Length": str(length),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return Response(pieces, content_type="application/zip", headers=headers)


@blueprint.post("/me/erasure")
@signed_in
@code_limit
@blueprint.arguments(schemas.ErasureIn)
@blueprint.response(201, schemas.ErasureOut)
@operation("eraseMe", SecretNotRight, AccountNotYours, StaffNotErased, CodeNeeded, CodeNotRight)
def erase_me(body: dict[str, Any], municipality: Municipality) -> Response:
    """Erase one's account with everything about oneself

    All at once: tokens are worth nothing from now on, on every phone. It cannot be undone. A phone sends its secret.
    Who has a confirmed address or number asks for a code there (sendContactCode) and sends it along too.
    """
    who = caller()
    check_meant(who, body["account"])
    prove_phone(who, body["secret"])
    with transaction():
        all_locked(municipality, who.account)
        proved = is_proved(municipality, who, body["code_id"], body["code"])
        listed = erase_person(municipality, who.account, body["keep_public"], "person") if proved else None
    if listed is None:
        raise CodeNotRight
    return answer({"erasure": listed.uid, "at": listed.at}, 201)


def shown(copy: PersonalCopy) -> dict[str, Any]:
    return {
        "id": copy.uid,
        "state": "being_made" if copy.file_key is None else "ready",
        "done": copy.done,
        "steps": copy.steps,
        "asked_at": copy.asked_at,
        "ready_at": copy.ready_at,
        "expires_at": copy.expires_at,
        "bytes": copy.size,
    }

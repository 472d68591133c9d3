"""Notices as people see them who are not of the office: one that is prepared, by its link, and one that was sent."""

import uuid

from flask import Response

from service.db import transaction
from service.errors import NotFound
from service.http import Blueprint, answer, etag_of, language, nothing, operation, wants_a_page
from service.municipalities.directory import Municipality
from service.notices.office import answer_schemas
from service.notices.office.composing import edition_that_holds, link_of, notice_here, previewed
from service.notices.office.counting import note_opening
from service.notices.office.preview_pages import preview_page
from service.notices.office.wording import text_for
from service.pages import POLICY
from service.people.access import anybody, caller, public, signed_in

blueprint = Blueprint(
    "public_notices", __name__, url_prefix="/<municipality>", description="Notices of the office as people see them"
)
OF_PREVIEWS = {
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Language",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
}
"""Headers of the page of a preview; its address is a secret."""


@blueprint.get("/notice-previews/<token>")
@anybody
@blueprint.response(200, answer_schemas.NoticePreviewOut)
@operation("showPreview", NotFound)
def preview(municipality: Municipality, token: str) -> Response:
    """Show a notice that is prepared to who has its link

    A browser, which asks for `text/html`, gets a page with the texts as phones show them.
    """
    found = previewed(municipality, token)
    if wants_a_page():
        page = preview_page(municipality, found, municipality.language_for(language()))
        return Response(page, content_type="text/html; charset=utf-8", headers=OF_PREVIEWS)
    return answer(
        {"texts": found.texts, "emergency": found.emergency, "state": found.state, "send_at": found.send_at},
        headers={"Cache-Control": "no-store", "Vary": "Accept"},
    )


@blueprint.get("/notices/<uuid:notice>")
@public
@blueprint.response(200, answer_schemas.SentNoticeOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showNotice", NotFound)
def sent(municipality: Municipality, notice: uuid.UUID) -> Response:
    """Show a notice that was sent, as it holds now"""
    found = notice_here(municipality, notice)
    edition, spoken = edition_that_holds(found), language()
    title, body = text_for(municipality, edition.texts, spoken)
    content = {
        "id": found.uid,
        "title": title,
        "body": body,
        "language": spoken if spoken in edition.texts else municipality.main_language,
        "emergency": found.emergency,
        "subject": link_of(found),
        "edition": edition.number,
        "sent_at": found.sent_at,
        "changed_at": edition.at,
    }
    return answer(content, etag=etag_of(content))


@blueprint.post("/notices/<uuid:notice>/opened")
@signed_in
@blueprint.response(204)
@operation("noteOpening", NotFound)
def opened(municipality: Municipality, notice: uuid.UUID) -> Response:
    """Say that this person has opened a notice, for the office's figures"""
    account_id = caller().account_id
    with transaction():
        note_opening(municipality, account_id, notice)
    return nothing()

"""What staff do with a contribution that they entered, over HTTP: scans kept beside it, and taking it back."""

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Response, current_app

from service.consultation.conversation import finding, scanning
from service.consultation.conversation.contributing import NotEntered, ensure_entered
from service.consultation.conversation.finding import ContributionTakenBack
from service.consultation.conversation.opening import ConversationClosed, consultation_row
from service.consultation.conversation.routes import MAY_ANSWER
from service.consultation.conversation.scanning import ScanFormatUnknown, TooManyScans, scan_of, scans_of, store_scan
from service.consultation.conversation.staff_schemas import ScanIn, ScanOut, ScansOut, TakenBackIn, TakenBackOut
from service.consultation.conversation.taking_back import AnswerPublished, take_back_entered
from service.db import stop_reading, transaction
from service.db.types import AnyRow
from service.errors import NotFound
from service.http import (
    Blueprint,
    CursorNotValid,
    PageQuery,
    after_key,
    answer,
    nothing,
    operation,
    page_of,
    to_be_saved,
)
from service.media.attaching import DocumentNotFound
from service.media.decoding import PhotoDamaged, PhotoEmpty, PhotoTooLarge, PhotoTooManyPixels
from service.media.documents import LARGEST, DocumentDamaged, DocumentTooLarge
from service.media.finding import open_document, read_rendition
from service.media.preparing import PhotosBusy
from service.media.renditions import ENDINGS, PHOTO, Rendition
from service.municipalities.directory import Municipality
from service.people.access import SignInNeeded, caller, staff
from service.people.callers import Caller
from service.people.erasing import is_still_there
from service.storage.keeping import FileNotKept, StoreUnavailable

FOR_STAFF = "private, no-store"
ONE = "/contributions/<uuid:contribution>"

blueprint = Blueprint(
    "entered_contributions",
    __name__,
    url_prefix="/<municipality>/staff",
    description="Contributions that staff entered: their scans, and taking them back",
)


@blueprint.post(f"{ONE}/scans")
@staff(MAY_ANSWER)
@blueprint.arguments(ScanIn, location="parts", content_type="multipart/form-data")
@blueprint.response(201, ScanOut)
@operation(
    "keepScan",
    NotFound,
    ContributionTakenBack,
    NotEntered,
    TooManyScans,
    ScanFormatUnknown,
    DocumentTooLarge,
    DocumentDamaged,
    PhotoEmpty,
    PhotoTooLarge,
    PhotoTooManyPixels,
    PhotoDamaged,
    PhotosBusy,
    StoreUnavailable,
)
def keep(parts: Mapping[str, Any], municipality: Municipality, contribution: uuid.UUID) -> Response:
    """Keep a scan with a contribution that came from outside: a PDF or a picture

    Only who may enter and answer contributions sees it. The same file is kept once, however often it is sent. A picture
    is drawn anew, at most 2,048 pixels wide or high; a PDF is kept as it is, and nobody looks for viruses in it here.
    """
    who, data = caller(), parts["scan"].stream.read(LARGEST + 1)
    ensure_entered(finding.one_of(municipality, contribution).channel)
    stop_reading()
    kept = store_scan(municipality, contribution, data, current_app.config["STORE"])
    with transaction():
        ensure_there(who)
        uid = scanning.keep_scan(municipality, who, contribution, kept)
    return answer(scan_out(scan_of(municipality, contribution, uid)), 201)


@blueprint.get(f"{ONE}/scans")
@staff(MAY_ANSWER)
@blueprint.response(200, ScansOut)
@operation("listScans", NotFound, ContributionTakenBack)
def scans(municipality: Municipality, contribution: uuid.UUID) -> Response:
    """List the scans that are kept with a contribution"""
    found = finding.one_of(municipality, contribution)
    return answer(
        {"scans": [scan_out(one) for one in scans_of(municipality, found.uid)]}, headers={"Cache-Control": FOR_STAFF}
    )


@blueprint.get(f"{ONE}/scans/<uuid:scan>")
@staff(MAY_ANSWER)
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="*/*")
@operation("fetchScan", NotFound, ContributionTakenBack, DocumentNotFound, FileNotKept, StoreUnavailable)
def fetch(municipality: Municipality, contribution: uuid.UUID, scan: uuid.UUID) -> Response:
    """Fetch a scan, to save it"""
    about = finding.one_of(municipality, contribution)
    found = scan_of(municipality, contribution, scan)
    stop_reading()
    response = sent(municipality, found, f"{about.channel} {about.received_on or ''}")
    response.headers["Cache-Control"] = FOR_STAFF
    return response


@blueprint.delete(f"{ONE}/scans/<uuid:scan>")
@staff(MAY_ANSWER)
@blueprint.response(204)
@operation("removeScan", NotFound, ContributionTakenBack, DocumentNotFound)
def remove(municipality: Municipality, contribution: uuid.UUID, scan: uuid.UUID) -> Response:
    """Remove a scan, at any time: it belongs to another letter, or its writer wants it gone"""
    who = caller()
    with transaction():
        ensure_there(who)
        scanning.drop_scan(municipality, who, contribution, scan)
    return nothing()


@blueprint.post(f"{ONE}/taking-back")
@staff(MAY_ANSWER)
@blueprint.arguments(TakenBackIn)
@blueprint.response(204)
@operation("takeBackContribution", NotFound, ContributionTakenBack, NotEntered, AnswerPublished, ConversationClosed)
def take_back(body: dict[str, Any], municipality: Municipality, contribution: uuid.UUID) -> Response:
    """Take back a contribution that staff had entered by mistake

    It leaves everything that is shown and counted; whoever asks for it is told that it was taken back. What others
    replied stays, below a line without words. What has an answer stays, and so does everything when the conversation
    is over. What a resident said in the app is never taken back so.
    """
    who = caller()
    with transaction():
        ensure_there(who)
        take_back_entered(municipality, who, contribution, **body)
    return nothing()


@blueprint.get("/consultations/<uuid:consultation>/taken-back")
@staff(MAY_ANSWER)
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, TakenBackOut)
@operation("listTakenBack", NotFound, CursorNotValid)
def taken_back(query: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """List what was taken back, with what it said and why, the first one first"""
    about = consultation_row(municipality, consultation)
    after, limit = after_key(query.get("after"), int), query["limit"]
    rows, following = page_of(finding.taken_back_of(about.id, after, limit + 1), limit)
    names = ("channel", "role", "received_on", "language", "text", "reason", "entered_at", "taken_back_at")
    found = [{"id": row.uid} | {name: getattr(row, name) for name in names} for row in rows]
    return answer({"taken_back": found, "next": following}, headers={"Cache-Control": FOR_STAFF})


def ensure_there(who: Caller) -> None:
    """Refuse who was erased meanwhile, and let nobody erase them until the transaction ends. Raises SignInNeeded."""
    if not is_still_there(who):
        raise SignInNeeded


def sent(municipality: Municipality, found: AnyRow, title: str) -> Response:
    """The file to be saved: a picture in its largest size, a PDF as it came. Raises FileNotKept, StoreUnavailable."""
    store = current_app.config["STORE"]
    if found.media_type == PHOTO:
        data = read_rendition(municipality, found.uid, Rendition.LARGE, store)
        return to_be_saved(data, len(data), PHOTO, title, "jpg")
    length, pieces = open_document(municipality, found.uid, found.media_type, store)
    return to_be_saved(pieces, length, found.media_type, title, ENDINGS[found.media_type])


def scan_out(row: AnyRow) -> dict[str, Any]:
    names = ("media_type", "bytes", "width", "height")
    return {"id": row.uid, "kept_at": row.attached_at} | {name: getattr(row, name) for name in names}

"""Reports over HTTP, for residents and for everybody."""

import uuid
from typing import Any

from flask import Response, current_app

from service.crash_points import crash_here
from service.db import stop_reading, transaction
from service.errors import NotFound
from service.gis.locating import OutsideMunicipality
from service.http import (
    VARY,
    Blueprint,
    CursorNotValid,
    PageQuery,
    after_cursor,
    answer,
    cursor,
    etag_of,
    language,
    not_modified,
    operation,
    page_of,
)
from service.idempotency.keeping import KeyUsedForAnother
from service.media.attaching import PhotoNotFound, record, store_photo
from service.media.decoding import PhotoDamaged, PhotoEmpty, PhotoFormatUnknown, PhotoTooLarge, PhotoTooManyPixels
from service.media.finding import read_rendition
from service.media.limits import USUAL
from service.media.preparing import PhotosBusy
from service.media.renditions import Rendition
from service.municipalities.directory import Municipality
from service.people.access import SignInNeeded, anybody, caller, caller_or_nobody, public, signed_in
from service.people.erasing import is_still_there
from service.people.limits import intake_limit
from service.reports import finding, presenting
from service.reports.answering import AnswersNotValid
from service.reports.answers import names, show_whole
from service.reports.audience import audience_of, photo_for
from service.reports.catalogue import NoSuchCategory, category_in
from service.reports.finding import Wanted
from service.reports.history import Actor
from service.reports.intake import ReportIdTaken, Taken, take_in, take_in_whole, uploader
from service.reports.moving import MoveNotAllowed, ReasonNeeded, move_report
from service.reports.presenting import EVERYBODY, REPORTER
from service.reports.routers import NoFallbackDesk
from service.reports.routing import AssetNeeded, AssetTooFar
from service.reports.schemas.on_the_map import MapOut, MapQuery, SimilarQuery
from service.reports.schemas.sending import IdempotencyHeader, PhotoIn, ReporterMoveIn, ReportIn, ReportPartsIn
from service.reports.schemas.showing import PhotoOut, ReportOut, ReportsOut
from service.reports.schemas.starting import AppOut
from service.reports.starting import start
from service.reports.submitting import CallInstead, RegistrationNeeded, TooManyPhotos
from service.storage.keeping import FileNotKept, Store, StoreUnavailable

SIMILAR_METRES = 100
MOST_SIMILAR = 10
PHOTO_CACHE = "private, max-age=300"

PHOTO_REFUSALS = (
    PhotoEmpty,
    PhotoTooLarge,
    PhotoFormatUnknown,
    PhotoDamaged,
    PhotoTooManyPixels,
    PhotosBusy,
    StoreUnavailable,
)
INTAKE_REFUSALS = (
    NoSuchCategory,
    CallInstead,
    RegistrationNeeded,
    TooManyPhotos,
    AnswersNotValid,
    OutsideMunicipality,
    AssetNeeded,
    AssetTooFar,
    NoFallbackDesk,
    KeyUsedForAnother,
    ReportIdTaken,
)

blueprint = Blueprint("reports", __name__, url_prefix="/<municipality>", description="Problems that residents report")


@blueprint.get("/app")
@anybody
@blueprint.response(200, AppOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("startApp")
def app_start(municipality: Municipality) -> Response:
    """Give a phone what it needs at start

    Everything in all languages of the municipality, so that the form works without a network.
    """
    content = start(municipality)
    return answer(content, etag=etag_of(content))


@blueprint.post("/photos")
@public
@intake_limit
@blueprint.arguments(PhotoIn, location="parts", content_type="multipart/form-data")
@blueprint.response(201, PhotoOut)
@operation("sendPhoto", *PHOTO_REFUSALS)
def send_photo(parts: dict[str, Any], municipality: Municipality) -> Response:
    """Send a photo before its report

    It belongs to who sent it, can be used once, and is deleted after a day if nothing has taken it.
    """
    data = read_upload(parts["photo"])
    stop_reading()  # nothing is held while the photo is decoded and kept
    who = caller_or_nobody()
    kept = store_photo(municipality, uploader(who), data, store(), alt=parts["alt"])
    with transaction():
        if who is not None and not is_still_there(who):
            raise SignInNeeded
        record(kept)
    crash_here("after_photo_recorded")
    return answer({"id": kept.uid, "width": kept.width, "height": kept.height}, 201)


@blueprint.post("/reports")
@public
@intake_limit
@blueprint.arguments(IdempotencyHeader, location="headers")
@blueprint.arguments(ReportIn)
@blueprint.response(201, ReportOut)
@operation("sendReport", *INTAKE_REFUSALS, PhotoNotFound)
def submit(headers: dict[str, Any], body: dict[str, Any], municipality: Municipality) -> Response:
    """Report a problem

    The same key with the same report has the same outcome for 14 days, however often and however simultaneously it is
    sent; with another report the key is refused. A refused report leaves nothing behind, not even its key.
    """
    who = caller_or_nobody()
    return submitted(municipality, take_in(municipality, who, headers["idempotency_key"], body))


@blueprint.post("/reports/with-photos")
@public
@intake_limit
@blueprint.arguments(IdempotencyHeader, location="headers")
@blueprint.arguments(ReportPartsIn, location="parts", content_type="multipart/form-data")
@blueprint.response(201, ReportOut)
@operation("sendReportWithPhotos", *INTAKE_REFUSALS, *PHOTO_REFUSALS)
def submit_whole(headers: dict[str, Any], parts: dict[str, Any], municipality: Municipality) -> Response:
    """Report a problem with its photos in one call

    The key holds for the fields and the photos' bytes, not for how they were packed.
    """
    who = caller_or_nobody()
    photos = [read_upload(photo) for photo in parts["photos"]]
    taken = take_in_whole(municipality, who, headers["idempotency_key"], parts["report"], photos, store())
    return submitted(municipality, taken)


@blueprint.get("/reports")
@public
@blueprint.arguments(MapQuery, location="query")
@blueprint.response(200, MapOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("listReportsOnMap", CursorNotValid)
def on_the_map(query: dict[str, Any], municipality: Municipality) -> Response:
    """Show the reports on the map: in a box, around a point, or all

    Those whose place everybody may see, newest first; around a point nearest first and without further pages.
    """
    wanted, limit = finding.wanted_of(municipality, query), query["limit"]
    if "near" in query:
        after = after_cursor(query.get("after"), float, int)
        place = (after[0], after[1]) if after else None
        found = finding.around(municipality, wanted, tuple(query["near"]), query["radius"], place, limit + 1)
        rows, following = page_of(found, limit, lambda row: cursor(row.metres, row.id))
    else:
        after = after_cursor(query.get("after"), int)
        found = finding.on_the_map(municipality, wanted, query.get("box"), after[0] if after else None, limit + 1)
        rows, following = page_of(found, limit)
    content = {
        "type": "FeatureCollection",
        "features": presenting.features(municipality, rows),
        "next": following,
    }
    return answer(content, etag=etag_of(following, [(row.uid, row.version) for row in rows]))


@blueprint.get("/reports/similar")
@anybody
@blueprint.arguments(SimilarQuery, location="query")
@blueprint.response(200, MapOut)
@operation("listSimilarReports", NoSuchCategory)
def similar(query: dict[str, Any], municipality: Municipality) -> Response:
    """Show open reports of the same category nearby: is it one of these?

    Within 100 metres, nearest first, at most ten.
    """
    wanted = Wanted(category_ids=[category_in(municipality, query["category"]).id], open=True)
    place = query["longitude"], query["latitude"]
    rows = finding.around(municipality, wanted, place, SIMILAR_METRES, None, MOST_SIMILAR)
    features = presenting.features(municipality, rows)
    return answer({"type": "FeatureCollection", "features": features, "next": None})


@blueprint.get("/reports/<uuid:report>")
@public
@blueprint.response(200, ReportOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showReport", NotFound)
def show(municipality: Municipality, report: uuid.UUID) -> Response:
    """Show one report, as its reporter or as everybody may see it

    What may not be seen (yet) is null or an empty list; a private report does not exist for others.
    """
    found = finding.whole_report(municipality, report)
    audience = audience_of(caller_or_nobody(), found.row)
    return show_whole(municipality, found, REPORTER if audience == REPORTER else EVERYBODY)


@blueprint.get("/reports/<uuid:report>/photos/<uuid:photo>/<any(small, medium, large):size>")
@public
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/jpeg")
@blueprint.alt_response(304, description="The phone has it.")
@operation("showPhoto", NotFound, PhotoNotFound, FileNotKept, StoreUnavailable)
def show_photo(municipality: Municipality, report: uuid.UUID, photo: uuid.UUID, size: str) -> Response:
    """Show a photo of a report"""
    row = finding.report_row(municipality, report)
    shown = photo_for(municipality, row, photo, audience_of(caller_or_nobody(), row)).uid
    etag = etag_of(shown, size)
    if unchanged := not_modified(etag, PHOTO_CACHE):
        return unchanged
    stop_reading()  # no connection is held while the store is asked
    response = Response(read_rendition(municipality, shown, Rendition(size), store()), content_type="image/jpeg")
    response.set_etag(etag)
    response.headers["Cache-Control"] = PHOTO_CACHE
    response.headers["Vary"] = VARY
    response.headers["Content-Security-Policy"] = "default-src 'none'"
    return response


@blueprint.get("/my/reports")
@signed_in
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, ReportsOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("listMyReports", CursorNotValid)
def mine(query: dict[str, Any], municipality: Municipality) -> Response:
    """Show one's own reports, newest first"""
    account_id = caller().account_id
    after = after_cursor(query.get("after"), int)
    changed = finding.mine_changed(municipality, account_id)
    etag = etag_of("mine", account_id, changed, after, query["limit"], language(), names())
    if unchanged := not_modified(etag):
        return unchanged
    found = finding.mine(municipality, account_id, after[0] if after else None, query["limit"] + 1)
    rows, following = page_of(found, query["limit"])
    lines = presenting.summaries(municipality, rows, language(), REPORTER)
    return answer({"reports": lines, "next": following}, etag=etag)


@blueprint.post("/my/reports/<uuid:report>/moves")
@signed_in
@intake_limit
@blueprint.arguments(ReporterMoveIn)
@blueprint.response(200, ReportOut)
@operation("moveMyReport", NotFound, MoveNotAllowed, ReasonNeeded, PhotoNotFound)
def move_mine(body: dict[str, Any], municipality: Municipality, report: uuid.UUID) -> Response:
    """Withdraw one's report, answer a question about it, reopen it, or agree that it is solved

    `moves` of the report says what is possible now.
    """
    who = caller()
    with transaction():
        found = finding.report_to_change(municipality, report)
        finding.must_be_mine(found.row, who.account_id)
        step = move_report(
            municipality,
            found.row,
            body["to"],
            Actor(REPORTER, who.account_id, who.name),
            note=body["note"],
            photos=body["photos"],
            uploaded_by=uploader(who),
        )
    return show_whole(municipality, found.with_step(step), REPORTER, etag=False)


def submitted(municipality: Municipality, taken: Taken) -> Response:
    """The report as who sent it sees it; a retry gets the same, as it is now, and is told that it was one."""
    if taken.report is not None:
        response = answer(presenting.fresh(municipality, taken.report, taken.photos, language()))
    else:
        response = show_whole(municipality, finding.whole_report(municipality, taken.uid), REPORTER, etag=False)
        response.headers["Idempotency-Replayed"] = "true"
    response.status_code = 201
    response.headers["Location"] = f"/api/v1/{municipality.slug}/reports/{taken.uid}"
    return response


def read_upload(upload: Any) -> bytes:
    """The bytes of an uploaded file, one more than is allowed at most."""
    data: bytes = upload.stream.read(USUAL.bytes + 1)
    return data


def store() -> Store:
    found: Store = current_app.config["STORE"]
    return found

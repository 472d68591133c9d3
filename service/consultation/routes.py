"""Consultations over HTTP: what is asked, casting and replacing, and everything to check the result by."""

import uuid
from typing import Any

import orjson
from flask import Response, current_app

from service.consultation import log_schemas, schemas
from service.consultation.casting import (
    AlreadyVoted,
    BallotChanged,
    BallotNotValid,
    NotOpen,
    TrackerTaken,
    cast,
    cast_by_person,
    give,
    has_taken_part,
    is_secret,
    put_in_place,
    replacement,
    trackers_of_person,
)
from service.consultation.eligibility import NotEligible, participant_of
from service.consultation.feeding import MEDIA_TYPE, feed_of, newest_heads
from service.consultation.finding import fixed_one, heads_after, leaves_after, page, phases_of, whole
from service.consultation.presenting import elements_out, listed, receipt_out, results_out, shown
from service.consultation.publishing import (
    ResultsNotYet,
    answers_of,
    bundle_file,
    ensure_closed,
    votes_after,
)
from service.consultation.results.schemas import VotesOut
from service.consultation.subject_schemas import ConsultedElementsOut
from service.consultation.subjects import elements_of
from service.consultation.verifying import verifier
from service.consultation.wording import CODE
from service.crash_points import crash_here
from service.db import transaction
from service.errors import NotFound
from service.http import (
    ASK_AGAIN,
    VARY,
    Blueprint,
    CursorNotValid,
    PageQuery,
    after_key,
    answer,
    as_json,
    cursor,
    etag_of,
    language,
    not_modified,
    operation,
    page_of,
)
from service.municipalities.directory import Municipality
from service.people.access import anybody, caller, public, residents_only
from service.people.limits import casting_limit, replacing_limit
from service.plans.trees import Recent
from service.storage.keeping import StoreUnavailable

blueprint = Blueprint(
    "consultations", __name__, url_prefix="/<municipality>/consultations", description="Consultations and votes"
)
ONE = "/<uuid:consultation>"
PAGES = Recent(64)
"""Consultations as they were shown last; what is shown changes with their version only."""
NO_STORE = {"Cache-Control": "no-store"}


@blueprint.get("")
@public
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, schemas.ConsultationsOut)
@operation("listConsultations", CursorNotValid)
def consultations(query: dict[str, Any], municipality: Municipality) -> Response:
    """List consultations, the newest first"""
    spoken = language()
    rows = page(municipality, False, after_key(query.get("after"), int), query["limit"] + 1)
    found, following = page_of(rows, query["limit"])
    content = {"consultations": [listed(municipality, row, spoken) for row in found], "next": following}
    return answer(content, etag=etag_of(content))


@blueprint.get(ONE)
@public
@blueprint.response(200, schemas.ConsultationOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showConsultation", NotFound)
def one(municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Show what is asked, of whom, until when, how it is counted, and what cannot be promised

    Show `eligibility_words`, `secrecy_words` and `limits` where people vote.
    """
    row, spoken = fixed_one(municipality, consultation), language()
    etag = etag_of("consultation", row.id, row.version, spoken)
    if unchanged := not_modified(etag):
        return unchanged
    key = row.uid, row.version, municipality.main_language, spoken
    return answer(orjson.Fragment(PAGES.get(key, lambda: page_of_one(municipality, consultation, spoken))), etag=etag)


def page_of_one(municipality: Municipality, consultation: uuid.UUID, spoken: str) -> bytes:
    found = whole(municipality, consultation)
    return as_json(shown(municipality, found, phases_of(found.id), spoken))


@blueprint.get(f"{ONE}/subjects/<int:subject>/elements")
@public
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, ConsultedElementsOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("listConsultedElements", NotFound, CursorNotValid)
def consulted_elements(
    query: dict[str, Any], municipality: Municipality, consultation: uuid.UUID, subject: int
) -> Response:
    """List the elements of a branch that a consultation is about, as they stood when it was fixed"""
    found = whole(municipality, consultation)
    subjects = (found.definition or {}).get("subjects", ())
    if subject >= len(subjects):
        raise NotFound
    begin, limit = after_key(query.get("after"), int) or 0, query["limit"]
    elements = elements_of(municipality, subjects[subject], begin, begin + limit + 1)
    some, following = page_of(elements, limit, lambda _: cursor(begin + limit))
    content = {"elements": elements_out(some, language(), municipality.main_language), "next": following}
    return answer(content, etag=etag_of(content))


@blueprint.get(f"{ONE}/participation")
@residents_only
@blueprint.response(200, schemas.ParticipationOut)
@operation("showParticipation", NotFound)
def participation(municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Say whether the caller may take part, and has

    What they answered is not known to this service, or not said here.
    """
    found = fixed_one(municipality, consultation)
    if found.eligibility == CODE:
        return answer({"may": None, "reason": None, "voted": None}, headers=NO_STORE)
    try:
        voter, _ = participant_of(found, caller(), None)
    except NotEligible as refused:
        return answer({"may": False, "reason": refused.details["reason"], "voted": False}, headers=NO_STORE)
    return answer({"may": True, "reason": None, "voted": has_taken_part(found, voter)}, headers=NO_STORE)


@blueprint.post(f"{ONE}/ballots")
@residents_only
@casting_limit
@blueprint.arguments(schemas.BallotIn)
@blueprint.response(201, schemas.ReceiptOut)
@operation("castBallot", NotFound, NotOpen, NotEligible, BallotNotValid, AlreadyVoted, TrackerTaken)
def vote(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Cast a ballot

    In a secret vote the same ballot may be sent again until it is answered: its tracker is its key, and no
    Idempotency-Key is read. Else what arrives last counts.
    """
    found, who = fixed_one(municipality, consultation), caller()
    voter, group = participant_of(found, who, body["code"])
    if is_secret(found):
        ballot = bytes.fromhex(body["tracker"] or "")
        if not ballot:
            raise BallotNotValid(question=None, reason="trackers")
        trackers = {key: bytes.fromhex(value) for key, value in body["trackers"].items()}
    else:
        ballot, trackers = trackers_of_person(found, voter)
    given = give(found, body["answers"], trackers)
    with transaction():
        if is_secret(found):
            receipt = cast(found, voter, ballot, given, group=group)
        else:
            receipt = cast_by_person(found, who, voter, ballot, given, group)
    crash_here("after_cast_commit")
    return answer(receipt_out(receipt), 201, headers=NO_STORE)


@blueprint.post(f"{ONE}/ballots/replacement")
@anybody
@replacing_limit
@blueprint.arguments(schemas.ReplacementIn)
@blueprint.response(200, schemas.ReceiptOut)
@operation("replaceBallot", NotFound, NotOpen, BallotNotValid, BallotChanged)
def replace(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Replace a secret ballot, by the key of its receipt

    Send no token: who has the key need not say who they are. The same replacement may be sent again.
    """
    found = fixed_one(municipality, consultation)
    ballot, given = replacement(found, bytes.fromhex(body["receipt_key"]), body["answers"])
    with transaction():
        receipt = put_in_place(found, ballot, body["sequence"], given)
    return answer(receipt_out(receipt), headers=NO_STORE)


@blueprint.get(f"{ONE}/log")
@public
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, log_schemas.ConsultationLogOut)
@operation("listLog", NotFound, CursorNotValid)
def log(query: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Show the lines of the log that were released

    Answers appear here some time after they were cast, shuffled, and say nothing until the end.
    """
    found, after = fixed_one(municipality, consultation), after_key(query.get("after"), int)
    rows = leaves_after(found.id, after, query["limit"] + 1)
    kept, following = page_of(rows, query["limit"], lambda row: cursor(row.place))
    content = {"lines": [row.line for row in kept], "next": following}
    return answer(content, etag=etag_of(content))


@blueprint.get(f"{ONE}/heads")
@public
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, log_schemas.ConsultationHeadsOut)
@operation("listHeads", NotFound, CursorNotValid)
def heads(query: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Show the signed heads of the log

    Who keeps one can prove later that the log was not changed.
    """
    found, after = fixed_one(municipality, consultation), after_key(query.get("after"), int)
    rows = heads_after(found.id, after, query["limit"] + 1)
    kept, following = page_of(rows, query["limit"], lambda row: cursor(row.size))
    content = {"heads": [row.checkpoint for row in kept], "next": following}
    return answer(content, etag=etag_of(content))


@blueprint.get("/heads/feed")
@anybody
@blueprint.response(200, {"type": "string"}, content_type=MEDIA_TYPE)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showHeadsFeed")
def heads_feed(municipality: Municipality) -> Response:
    """Give the newest signed heads of all consultations as Atom

    Whoever subscribes keeps them where nobody here can change them: `content` of an entry is the head as it was signed.
    """
    found, spoken = newest_heads(municipality), language()
    etag = etag_of("heads", spoken, *((head.uid, head.size) for head in found))
    if unchanged := not_modified(etag):
        return unchanged
    home = f"{current_app.config['PLATEIA'].public_url.rstrip('/')}/api/v1/{municipality.slug}/consultations"
    response = Response(feed_of(municipality, found, home, spoken), content_type=f"{MEDIA_TYPE}; charset=utf-8")
    response.set_etag(etag)
    response.headers.update({"Cache-Control": ASK_AGAIN, "Vary": VARY})
    return response


@blueprint.get(f"{ONE}/results")
@public
@blueprint.response(200, schemas.ConsultationResultsOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showResults", NotFound, ResultsNotYet)
def results(municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Show the result, when the vote is over and counted"""
    content = results_out(ensure_closed(whole(municipality, consultation)))
    return answer(content, etag=etag_of(content))


@blueprint.get(f"{ONE}/votes")
@public
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, VotesOut)
@operation("listVotes", NotFound, CursorNotValid, ResultsNotYet)
def votes(query: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Show who answered what, where the vote was open and is over"""
    found, after = whole(municipality, consultation), after_key(query.get("after"), int)
    kept, following = page_of(votes_after(found, after, query["limit"] + 1), query["limit"])
    given = answers_of(found, kept)
    content = [{"name": row.name, "answers": given[bytes(row.tracker)]} for row in kept]
    return answer({"votes": content, "next": following})


@blueprint.get(f"{ONE}/bundle")
@public
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="application/zip")
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("downloadBundle", NotFound, ResultsNotYet, StoreUnavailable)
def bundle(municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Download everything that is needed to check the result: a ZIP file"""
    found = ensure_closed(whole(municipality, consultation))
    etag = etag_of("bundle", (found.bundle_digest or b"").hex())
    if unchanged := not_modified(etag):
        return unchanged
    length, pieces = bundle_file(found, current_app.config["STORE"])
    response = Response(pieces, content_type="application/zip", headers={"Content-Length": str(length)})
    response.headers["Content-Disposition"] = f'attachment; filename="{consultation}.zip"'
    response.headers["Cache-Control"] = ASK_AGAIN
    response.set_etag(etag)
    return response


@blueprint.get("/verifier")
@anybody
@blueprint.response(200, {"type": "string"}, content_type="text/x-python")
@operation("downloadVerifier")
def download_verifier(municipality: Municipality) -> Response:
    """Download the program that checks a bundle: `python3 -I verify_consultation.py bundle.zip`"""
    headers = {"Content-Disposition": 'attachment; filename="verify_consultation.py"'}
    return Response(verifier(), content_type="text/x-python; charset=utf-8", headers=headers)

"""Consultations over HTTP, for those who prepare and run them. Results they see when everybody does."""

import uuid
from typing import Any

from flask import Response, current_app

from service.consultation import staff_schemas as schemas
from service.consultation.casting import BallotNotValid, NotOpen
from service.consultation.conversation.threads import texts_of
from service.consultation.drafting import (
    ConsultationChanged,
    ConsultationFixed,
    ConsultationNotValid,
    begin,
    change,
    fix,
    make_codes,
)
from service.consultation.extending import CannotExtend, extend
from service.consultation.finding import (
    fixed_one,
    page,
    paper_batches,
    participations,
    phases_of,
    whole,
)
from service.consultation.models import DRAFT, Consultation
from service.consultation.observing import OverForObservers, set_observers
from service.consultation.paper import (
    NotOnPaper,
    Papers,
    PapersDiffer,
    SecondOfficerNeeded,
    VotersRefused,
    cancel,
    confirm,
    enter,
    given_each,
)
from service.consultation.presenting import batch_out, draft_from, listed, staff_out
from service.consultation.subjects import SubjectChanged, ensure_there, freeze, links_in
from service.db import transaction
from service.errors import NotFound
from service.http import Blueprint, CursorNotValid, PageQuery, after_key, answer, language, nothing, operation, page_of
from service.municipalities.directory import Municipality
from service.municipalities.linking import LinkNotFound
from service.people.access import caller, staff
from service.people.verified.knowing import Known

blueprint = Blueprint(
    "staff_consultations",
    __name__,
    url_prefix="/<municipality>/staff/consultations",
    description="Preparing and running consultations",
)
ONE = "/<uuid:consultation>"


@blueprint.get("")
@staff("see_consultations")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, schemas.StaffConsultationsOut)
@operation("listStaffConsultations", CursorNotValid)
def consultations(query: dict[str, Any], municipality: Municipality) -> Response:
    """List consultations with drafts, the newest first"""
    spoken = language()
    rows = page(municipality, True, after_key(query.get("after"), int), query["limit"] + 1)
    found, following = page_of(rows, query["limit"])
    return answer({"consultations": [listed(municipality, row, spoken) for row in found], "next": following})


@blueprint.post("")
@staff("manage_consultations")
@blueprint.arguments(schemas.ConsultationIn)
@blueprint.response(201, schemas.StaffConsultationOut)
@operation("draftConsultation", ConsultationNotValid, LinkNotFound)
def draft(body: dict[str, Any], municipality: Municipality) -> Response:
    """Draft a consultation"""
    who, described = caller(), draft_from(body)
    ensure_there(current_app.config["LINKS"], municipality, links_in(described.about, described.questions))
    with transaction():
        found = begin(municipality, who, described)
    return as_staff_see(found, 201)


@blueprint.get(ONE)
@staff("see_consultations")
@blueprint.response(200, schemas.StaffConsultationOut)
@operation("showStaffConsultation", NotFound)
def one(municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Show a consultation as it is prepared, and how many took part so far"""
    return as_staff_see(whole(municipality, consultation, drafts=True))


@blueprint.put(ONE)
@staff("manage_consultations")
@blueprint.arguments(schemas.ConsultationChangeIn)
@blueprint.response(200, schemas.StaffConsultationOut)
@operation("changeConsultation", NotFound, ConsultationNotValid, ConsultationChanged, ConsultationFixed, LinkNotFound)
def describe_anew(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Describe a draft anew"""
    described = draft_from(body)
    ensure_there(current_app.config["LINKS"], municipality, links_in(described.about, described.questions))
    with transaction():
        found = change(municipality, consultation, described, body["version"])
    return as_staff_see(found)


@blueprint.post(f"{ONE}/fixing")
@staff("manage_consultations")
@blueprint.arguments(schemas.ConsultationFixIn)
@blueprint.response(200, schemas.StaffConsultationOut)
@operation(
    "fixConsultation",
    NotFound,
    ConsultationNotValid,
    ConsultationChanged,
    ConsultationFixed,
    LinkNotFound,
    SubjectChanged,
)
def fix_it(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Fix what is asked and how it is counted

    From now on everybody sees it and nothing of it can change but the end, which can be moved to later. Votes are
    taken while the phase `vote` lasts; when it is over they are counted without anybody doing anything.
    """
    who, seen = caller(), whole(municipality, consultation, drafts=True)
    if (seen.state, seen.version) == (DRAFT, body["version"]):
        freeze(municipality, links_in(seen.about, seen.questions))  # plans are read before the transaction
    with transaction():
        found = fix(municipality, who, consultation, body["version"], texts_of)
    return as_staff_see(found)


@blueprint.post(f"{ONE}/extension")
@staff("manage_consultations")
@blueprint.arguments(schemas.ConsultationExtensionIn)
@blueprint.response(200, schemas.StaffConsultationOut)
@operation("extendConsultation", NotFound, CannotExtend)
def extension(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Move the end of the vote to later, for a reason that everybody sees

    Phases `review` and `results` that would begin before it move with it.
    """
    who = caller()
    with transaction():
        found = extend(municipality, who, consultation, body["closes_at"], body["reason"])
    return as_staff_see(found)


@blueprint.put(f"{ONE}/observers")
@staff("manage_consultations")
@blueprint.arguments(schemas.ObserversIn)
@blueprint.response(200, schemas.StaffConsultationOut)
@operation("setObservers", NotFound, OverForObservers)
def observers(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Say whose mailboxes get the signed heads of the log, in place of those before

    One leaves with each message to followers, and once a day while the log grows. Who is named while it runs gets the
    newest one at once, with the address of `listHeads`; no mailbox gets one twice. Name mailboxes that the municipality
    does not run: of factions of the council, a newspaper, a notary.
    """
    who = caller()
    with transaction():
        found = set_observers(municipality, who, consultation, body["addresses"])
    return as_staff_see(found)


@blueprint.post(f"{ONE}/codes")
@staff("manage_consultations")
@blueprint.arguments(schemas.PaperCodesIn)
@blueprint.response(201, schemas.PaperCodesOut)
@operation("makePaperCodes", NotFound, ConsultationNotValid, ConsultationChanged, ConsultationFixed)
def codes(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Make codes on paper, while it is a draft

    They are shown in this answer and never again.
    """
    who = caller()
    with transaction():
        found = make_codes(municipality, who, consultation, body["version"], body["count"])
    return answer({"codes": found}, 201, headers={"Cache-Control": "no-store"})


@blueprint.post(f"{ONE}/papers")
@staff("manage_consultations")
@blueprint.arguments(schemas.PapersIn)
@blueprint.response(201, schemas.PaperBatchOut)
@operation("enterPapers", NotFound, NotOpen, NotOnPaper, VotersRefused, BallotNotValid)
def papers(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Enter ballots on paper, as the first of two officers

    People and papers are entered apart, in any order, so that nobody enters whose paper is whose.
    """
    found, who = fixed_one(municipality, consultation), caller()
    scan = bytes.fromhex(body["scan_digest"]) if body["scan_digest"] else None
    entered = Papers(body["station"], scan, body["voters"], given_each(found, body["answers"]), known_in(body))
    with transaction():
        batch = enter(municipality, who, found, entered)
    return answer(batch_out(batch), 201)


@blueprint.post(f"{ONE}/papers/<uuid:batch>/confirmation")
@staff("manage_consultations")
@blueprint.arguments(schemas.PapersAgainIn)
@blueprint.response(200, schemas.PaperBatchOut)
@operation("confirmPapers", NotFound, NotOpen, SecondOfficerNeeded, PapersDiffer, VotersRefused, BallotNotValid)
def confirmation(
    body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID, batch: uuid.UUID
) -> Response:
    """Enter the same people and papers again, as the second officer: then they are counted"""
    found, who = fixed_one(municipality, consultation), caller()
    ballots = given_each(found, body["answers"])
    with transaction():
        entered = confirm(municipality, who, found, batch, body["voters"], ballots, known_in(body))
    return answer(batch_out(entered))


@blueprint.delete(f"{ONE}/papers/<uuid:batch>")
@staff("manage_consultations")
@blueprint.response(204)
@operation("cancelPapers", NotFound, NotOpen)
def cancelling(municipality: Municipality, consultation: uuid.UUID, batch: uuid.UUID) -> Response:
    """Cancel papers that no second officer has entered

    Who is on them can vote again, in the app or on paper.
    """
    found, who = fixed_one(municipality, consultation), caller()
    with transaction():
        cancel(municipality, who, found, batch)
    return nothing()


def known_in(body: dict[str, Any]) -> list[Known]:
    return [Known(**each) for each in body["known"]]


def as_staff_see(found: Consultation, status: int = 200) -> Response:
    """A consultation with its phases, how many took part, and papers."""
    return answer(staff_out(found, phases_of(found.id), participations(found.id), paper_batches(found.id)), status)

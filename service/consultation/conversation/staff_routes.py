"""Conversations over HTTP, for who runs consultations: letters, texts, the duty list, answers."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Response
from marshmallow import ValidationError

from service.consultation.conversation import finding, presenting
from service.consultation.conversation.answering import AlreadyAnswered, ContributionsNotFound, answer_together
from service.consultation.conversation.contributing import (
    KIND,
    ContributionGone,
    ContributionIdTaken,
    From,
    QuoteNotFound,
    contribute,
)
from service.consultation.conversation.duties import hand_to, promise
from service.consultation.conversation.finding import ContributionTakenBack
from service.consultation.conversation.opening import ConversationClosed, consultation_row, key_of_whole
from service.consultation.conversation.planned_texts import planned_text
from service.consultation.conversation.resembling import similar_to
from service.consultation.conversation.routes import MAY_ANSWER, said_in, shown, thread_out
from service.consultation.conversation.schemas import AnswerOut, ContributionOut, ThreadOut
from service.consultation.conversation.sheets import (
    LARGEST,
    SheetNotRead,
    enter_all,
    names_of,
    rows_of,
)
from service.consultation.conversation.staff_schemas import (
    AfterQuery,
    AnswerIn,
    DutiesOut,
    DutyQuery,
    HandIn,
    OutsideIn,
    PromiseIn,
    SheetIn,
    SheetOut,
    SimilarsOut,
    TextIn,
)
from service.consultation.conversation.threads import (
    NothingToTalkAbout,
    ensure_about,
    places_of_quotations,
    replace_text,
)
from service.consultation.drafting import ConsultationFixed
from service.consultation.finding import locked
from service.consultation.models import Consultation
from service.crash_points import crash_here
from service.db import stop_reading, transaction
from service.db.clock import now
from service.db.types import AnyRow
from service.errors import NotFound
from service.gis.locating import OutsideMunicipality, ensure_inside
from service.http import (
    Blueprint,
    CursorNotValid,
    PageQuery,
    after_key,
    answer,
    cursor,
    language,
    largest_body,
    nothing,
    operation,
    page_of,
)
from service.media.attaching import PhotoNotFound
from service.municipalities.directory import Municipality, NoSuchDepartment, department_meant
from service.people.access import caller, staff
from service.people.auditing import record
from service.text import pick, say

FROM_OUTSIDE = ("channel", "role", "received_on")
OUTSIDE = OutsideIn()

blueprint = Blueprint(
    "staff_conversation", __name__, url_prefix="/<municipality>/staff", description="Contributions and their answers"
)


@blueprint.post("/consultations/<uuid:consultation>/contributions")
@staff(MAY_ANSWER)
@blueprint.arguments(OutsideIn)
@blueprint.response(201, ContributionOut)
@operation(
    "enterContribution",
    NotFound,
    ConversationClosed,
    ContributionGone,
    ContributionTakenBack,
    NothingToTalkAbout,
    QuoteNotFound,
    ContributionIdTaken,
    PhotoNotFound,
    OutsideMunicipality,
)
def enter(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Enter a contribution that came from outside the app

    A letter that came in time may be entered later, until the vote is closed and nobody can write any more.
    """
    who = caller()
    about = consultation_row(municipality, consultation)
    said = said_in(municipality, about, body)
    outside = {name: body[name] for name in FROM_OUTSIDE}
    stop_reading()
    with transaction():
        by = From(uploader=str(who.account), entered_by_id=who.account_id, **outside)
        uid = contribute(municipality, about, said, by).uid
        facts = {"channel": body["channel"], "consultation": str(about.uid)}
        record(municipality.id, who, "contribution_entered", KIND, str(uid), facts)
    return shown(municipality, uid, who, 201)


@blueprint.put("/consultations/<uuid:consultation>/text")
@staff(MAY_ANSWER)
@blueprint.arguments(TextIn)
@blueprint.response(200, ThreadOut)
@operation("putText", NotFound, NothingToTalkAbout, ConsultationFixed)
def put(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Put a text up for discussion, or its new version

    Quoted passages are found again in it by their words; those that are not there are marked, never lost. Of a plan and
    its elements the text may be left out: it is then that of the plan's version in force. What is put up while it is a
    draft is part of what is fixed; what comes after that is a line of the log, until the vote is over.
    """
    who = caller()
    about = consultation_row(municipality, consultation, drafts=True)
    kind, target = body["kind"], body["target"] or key_of_whole(about, body["kind"])
    title, text = body["title"], body["text"]
    if text is None:
        title, text = planned_text(municipality, kind, target)
    known = places_of_quotations(about.id, kind, target, text)
    stop_reading()
    with transaction():
        about = locked(municipality, consultation)
        thread = replace_text(municipality, about, kind, target, title, text, known)
        facts = {"kind": kind, "target": target, "revision": thread.revision}
        record(municipality.id, who, "text_put_up", "consultation", str(about.uid), facts)
    return answer(thread_out(municipality, thread, language()))


@blueprint.get("/consultations/<uuid:consultation>/unanswered")
@staff("see_consultations")
@blueprint.arguments(DutyQuery, location="query")
@blueprint.response(200, DutiesOut)
@operation("listUnanswered", NotFound, CursorNotValid, NoSuchDepartment)
def unanswered(query: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """List the contributions that have no answer yet, the oldest first

    All of them, or those of one thread, of one department, of none, or that are later than was promised.
    """
    about = consultation_row(municipality, consultation)
    after, limit = after_key(query.get("after"), int), query["limit"]
    wanted = wanted_of(municipality, about, query)
    rows = finding.due_of(about.id, wanted, after, limit + 1) if wanted else []
    return duties(municipality, about.id, *page_of(rows, limit))


@blueprint.get("/consultations/<uuid:consultation>/bursts")
@staff("see_consultations")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, DutiesOut)
@operation("listBursts", NotFound, CursorNotValid)
def bursts(query: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """List the contributions on which ten or more new accounts voted

    Their votes count like all others. It may be a campaign, or a school that took part.
    """
    about = consultation_row(municipality, consultation)
    after, limit = after_key(query.get("after"), int), query["limit"]
    return duties(municipality, about.id, *page_of(finding.bursts_of(about.id, after, limit + 1), limit))


@blueprint.get("/contributions/<uuid:contribution>/similar")
@staff("see_consultations")
@blueprint.arguments(AfterQuery, location="query")
@blueprint.response(200, SimilarsOut)
@operation("listSimilar", NotFound, ContributionTakenBack, CursorNotValid)
def similar(query: dict[str, Any], municipality: Municipality, contribution: uuid.UUID) -> Response:
    """List the contributions to the same consultation that say nearly the same, the most alike first

    So that one answer is given to all of them. Of a campaign of thousands the newest come first, and more with `after`.
    """
    found = finding.one_of(municipality, contribution)
    alike, reached, more = similar_to(found, after_key(query.get("after"), int))
    days = finding.promised_days(found.consultation_id)
    shown = presenting.duties(municipality, [one.row for one in alike], caller(), language(), days)
    pairs = [{"likeness": round(one.likeness, 2), "contribution": it} for one, it in zip(alike, shown, strict=True)]
    return answer({"similar": pairs, "next": None if reached is None else cursor(reached), "more": more})


@blueprint.put("/consultations/<uuid:consultation>/promise")
@staff(MAY_ANSWER)
@blueprint.arguments(PromiseIn)
@blueprint.response(204)
@operation("promiseAnswers", NotFound)
def put_promise(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Promise within how many days each contribution is answered

    Everybody sees it. It counts from when a contribution was written or entered.
    """
    who = caller()
    about = consultation_row(municipality, consultation)
    with transaction():
        promise(municipality, who, about, body["days"])
    return nothing()


@blueprint.put("/consultations/<uuid:consultation>/duties")
@staff(MAY_ANSWER)
@blueprint.arguments(HandIn)
@blueprint.response(204)
@operation("handContributions", NotFound, NoSuchDepartment, ContributionsNotFound)
def hand(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Hand contributions to a department, which prepares their answers"""
    who = caller()
    about = consultation_row(municipality, consultation)
    with transaction():
        hand_to(municipality, who, about, body["contributions"], body["department"])
    return nothing()


@blueprint.post("/consultations/<uuid:consultation>/contributions/sheet")
@staff(MAY_ANSWER)
@largest_body(LARGEST + 100_000)
@blueprint.arguments(SheetIn, location="parts", content_type="multipart/form-data")
@blueprint.response(200, SheetOut)
@operation("enterSheet", NotFound, SheetNotRead, ConversationClosed, NothingToTalkAbout)
def enter_sheet(parts: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Enter many contributions that came from outside, from a CSV file

    First without `write`, to see what is wrong with its rows; then with it, and all or none are written. The same file
    is written once, however often it is sent; the answer says what was there already. Its columns: channel, role,
    received_on, language, text; and if need be stance, kind, target, longitude, latitude.
    """
    who = caller()
    about = consultation_row(municipality, consultation)
    content = parts["file"].read(LARGEST + 1)
    rows, ignored = rows_of(content)
    names = names_of(about, content, [number for number, _ in rows])
    faults: list[dict[str, Any]] = []
    bodies = [(number, loaded(municipality, about, number, cells, faults)) for number, cells in rows]
    outside = [
        (
            replace(said_in(municipality, about, body), uid=names[number]),
            From(entered_by_id=who.account_id, **{name: body[name] for name in FROM_OUTSIDE}),
        )
        for number, body in bodies
        if body is not None
    ]
    written, there = 0, len(finding.those_ever(names.values()))
    stop_reading()
    if parts["write"] and not faults:
        with transaction():
            written = enter_all(municipality, who, about, outside)
        crash_here("after_sheet_commit")
        there = len(rows) - written
    counts = {"rows": len(rows), "written": written, "already_there": there}
    return answer(counts | {"faults": faults, "ignored": ignored})


def loaded(
    municipality: Municipality, about: Consultation, number: int, cells: Mapping[str, str], faults: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """A row of a sheet as the body of `enterContribution`; None, and one of `faults`, where it is not."""
    place = {name: cells[name] for name in ("longitude", "latitude") if name in cells}
    body = {name: cell for name, cell in cells.items() if name not in place}
    try:
        found: dict[str, Any] = OUTSIDE.load(body | ({"place": place} if place else {}))
        ensure_about(about, found["kind"], found["target"] or key_of_whole(about, found["kind"]))
        if found["place"]:
            ensure_inside(municipality, found["place"]["longitude"], found["place"]["latitude"])
    except ValidationError as refused:
        faults += [fault_of(number, str(name), said) for name, said in dict(refused.messages_dict).items()]
    except NothingToTalkAbout as refused:
        faults.append(fault_of(number, "target", [say(language(), refused.message)]))
    except OutsideMunicipality as refused:
        faults.append(fault_of(number, "longitude", [say(language(), refused.message)]))
    else:
        return found
    return None


def fault_of(number: int, column: str, said: Any) -> dict[str, Any]:
    """What is wrong with one cell; `said` is what the schema says of it, or of the parts of a place."""
    texts = [text for part in said.values() for text in part] if isinstance(said, dict) else said
    return {"row": number, "column": column, "fault": " ".join(map(str, texts))}


@blueprint.post("/consultations/<uuid:consultation>/answers")
@staff(MAY_ANSWER)
@blueprint.arguments(AnswerIn)
@blueprint.response(201, AnswerOut)
@operation("answerContributions", NotFound, ContributionsNotFound, AlreadyAnswered)
def give_answer(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Answer one contribution, or similar ones together

    With `replace` the answer comes in place of those that were given before; without it such are refused.
    Their authors, those who replied and who follows the consultation are told.
    """
    who = caller()
    about = consultation_row(municipality, consultation)
    stop_reading()
    with transaction():
        given = answer_together(municipality, who, about, body.pop("contributions"), **body)
    spoken, main = language(), municipality.main_language
    content = {
        "id": given.uid,
        "disposition": given.disposition,
        "reason": pick(given.reason, spoken, main),
        "body": given.body,
        "changed_text": pick(given.changed_text, spoken, main) if given.changed_text else None,
        "answered_at": given.created_at,
    }
    return answer(content, 201)


def wanted_of(municipality: Municipality, about: Consultation, query: dict[str, Any]) -> finding.Wanted | None:
    """Which duties are asked for; None where there can be none. Raises NoSuchDepartment."""
    department = department_meant(municipality, query["department"]).id if query["department"] else None
    kind, days = query["kind"], finding.promised_days(about.id)
    thread = finding.thread_key(about.id, kind, query["target"] or key_of_whole(about, kind)) if kind else None
    if (kind and thread is None) or (query["overdue"] and days is None):
        return None
    late = days * finding.DAY if query["overdue"] and days is not None else None
    today = municipality.day(now())
    ended = [one.id for one in municipality.departments.values() if not one.is_valid_on(today)]
    return finding.Wanted(thread, department, query["nobodys"], late, ended)


def duties(municipality: Municipality, consultation_id: int, rows: Sequence[AnyRow], following: str | None) -> Response:
    days = finding.promised_days(consultation_id)
    return answer(
        {"contributions": presenting.duties(municipality, rows, caller(), language(), days), "next": following}
    )

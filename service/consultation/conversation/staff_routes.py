"""Conversations over HTTP, for who runs consultations: letters, texts, the duty list, answers."""

import uuid
from typing import Any

from flask import Response

from service.consultation.conversation import finding
from service.consultation.conversation.answering import ContributionsNotFound, answer_together
from service.consultation.conversation.contributing import (
    KIND,
    ContributionGone,
    ContributionIdTaken,
    From,
    QuoteNotFound,
    contribute,
)
from service.consultation.conversation.opening import ConversationClosed, consultation_row, key_of_whole
from service.consultation.conversation.routes import MAY_ANSWER, page, said_in, shown, thread_out
from service.consultation.conversation.schemas import (
    AnswerIn,
    AnswerOut,
    ContributionOut,
    ContributionsOut,
    OutsideIn,
    TextIn,
    ThreadOut,
)
from service.consultation.conversation.threads import NothingToTalkAbout, log_text, places_of_quotations, put_text
from service.consultation.finding import locked
from service.db import stop_reading, transaction
from service.errors import NotFound
from service.gis.locating import OutsideMunicipality
from service.http import Blueprint, CursorNotValid, PageQuery, after_key, answer, language, operation, page_of
from service.media.attaching import PhotoNotFound
from service.municipalities.directory import Municipality
from service.people.access import caller, staff
from service.people.auditing import record
from service.text import pick

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
    outside = {name: body[name] for name in ("channel", "role", "received_on")}
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
@operation("putText", NotFound, NothingToTalkAbout)
def put(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Put a text up for discussion, or its new version

    Quoted passages are found again in it by their words; those that are not there are marked, never lost. What is put
    up while it is a draft is part of what is fixed; what comes after that is a line of the log.
    """
    who = caller()
    about = consultation_row(municipality, consultation, drafts=True)
    target = body["target"] or key_of_whole(about, body["kind"])
    known = places_of_quotations(about.id, body["kind"], target, body["text"])
    stop_reading()
    with transaction():
        about = locked(municipality, consultation)
        thread = put_text(municipality, about, body["kind"], target, body["title"], body["text"], known)
        log_text(municipality, about, thread)
        facts = {"kind": body["kind"], "target": target, "revision": thread.revision}
        record(municipality.id, who, "text_put_up", "consultation", str(about.uid), facts)
    return answer(thread_out(municipality, thread, language()))


@blueprint.get("/consultations/<uuid:consultation>/unanswered")
@staff("see_consultations")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, ContributionsOut)
@operation("listUnanswered", NotFound, CursorNotValid)
def unanswered(query: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """List the contributions that have no answer yet, the oldest first"""
    about = consultation_row(municipality, consultation)
    after, limit = after_key(query.get("after"), int), query["limit"]
    return page(municipality, *page_of(finding.due_of(about.id, after, limit + 1), limit))


@blueprint.post("/consultations/<uuid:consultation>/answers")
@staff(MAY_ANSWER)
@blueprint.arguments(AnswerIn)
@blueprint.response(201, AnswerOut)
@operation("answerContributions", NotFound, ContributionsNotFound)
def give_answer(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Answer one contribution, or similar ones together

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

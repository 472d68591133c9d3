"""Forms on paper: of a body as it came, of a resident only when two officers have entered the same."""

import uuid
from typing import Any

from sqlalchemy import delete, select

from service.consultation.paper import PapersDiffer, refused, voters_of
from service.consultation.questionnaires.answering import (
    BodyHasAnswered,
    body_locked,
    put_body,
    respondent_of,
    row_of,
    write,
)
from service.consultation.questionnaires.asking import Given
from service.consultation.questionnaires.finding import ensure_open, written_in
from service.consultation.questionnaires.models import BODIES, OpenAnswer, QuestionnaireResponse
from service.db import session
from service.db.upserts import insert_if_absent
from service.errors import NotFound
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import Caller
from service.people.verified.knowing import Known

CHANNELS = ("form", "letter", "email", "meeting", "phone")
QUIETLY = {"synchronize_session": False}


def enter_of_body(
    municipality: Municipality,
    actor: Caller,
    questionnaire: Any,
    body: uuid.UUID,
    given: Given,
    channel: str,
    role: str,
) -> QuestionnaireResponse:
    """Write down what came from a body; its code is used up. Inside a transaction.

    Raises QuestionnaireNotOpen, NotFound, BodyHasAnswered.
    """
    ensure_open(questionnaire)
    found = body_locked(questionnaire, body)
    if found.answered_issue == found.issue:
        raise BodyHasAnswered
    kept = put_body(questionnaire, found, given.by(role), {"channel": channel, "entered_by_id": actor.account_id})
    note_down(municipality, actor, questionnaire, "questionnaire_form_entered", {"body": found.name})
    return session.get_one(QuestionnaireResponse, kept, populate_existing=True)


def enter_of_resident(
    municipality: Municipality,
    actor: Caller,
    questionnaire: Any,
    consultation: Any,
    person: tuple[str, Known],
    given: Given,
    channel: str,
) -> QuestionnaireResponse:
    """Keep the form of a resident, by their personal number or code and what the officer knows of them, until another
    officer has entered the same. Who entered it first may enter it anew. Inside a transaction.

    Raises NotFound where bodies are asked, QuestionnaireNotOpen, NotOnPaper, VotersRefused, PapersDiffer.
    """
    if questionnaire.audience == BODIES:
        raise NotFound
    ensure_open(questionnaire)
    number, known = person
    [voter] = voters_of(municipality, consultation, [number], [known])
    row = row_of(questionnaire, voter.hex(), given)
    row |= {"held": True, "channel": channel, "entered_by_id": actor.account_id}
    made = insert_if_absent(QuestionnaireResponse, [row], returning=QuestionnaireResponse.id)
    if made:
        write(questionnaire, made[0], given)
        note_down(municipality, actor, questionnaire, "questionnaire_form_entered", {"channel": channel})
        return session.get_one(QuestionnaireResponse, made[0], populate_existing=True)
    found = held_one(questionnaire, respondent=respondent_of(questionnaire, voter.hex()))
    if found is None:
        raise refused(voted=[0])
    enter_again(municipality, actor, questionnaire, found, given, channel)
    return found


def enter_again(
    municipality: Municipality,
    actor: Caller,
    questionnaire: Any,
    found: QuestionnaireResponse,
    given: Given,
    channel: str,
) -> None:
    """By the same officer: in place of what they entered. By another: it counts, if it is the same."""
    if found.entered_by_id == actor.account_id:
        found.answers, found.channel = dict(given.chosen), channel
        write(questionnaire, found.id, given)
        return
    if (found.answers, written_in(found.id), found.channel) != (given.chosen, given.written, channel):
        raise PapersDiffer
    found.held, found.second_by_id = False, actor.account_id
    session.flush()
    note_down(municipality, actor, questionnaire, "questionnaire_form_confirmed", {"channel": channel})


def held_one(questionnaire: Any, **by: Any) -> QuestionnaireResponse | None:
    """A form that waits for the second officer, locked."""
    query = select(QuestionnaireResponse).filter_by(questionnaire_id=questionnaire.id, held=True, **by)
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def cancel(municipality: Municipality, actor: Caller, questionnaire: Any, form: uuid.UUID) -> None:
    """Forget a form that no second officer has entered. Inside a transaction. Raises QuestionnaireNotOpen, NotFound."""
    ensure_open(questionnaire)
    found = held_one(questionnaire, uid=form)
    if found is None:
        raise NotFound
    forget(QuestionnaireResponse.id == found.id)
    note_down(municipality, actor, questionnaire, "questionnaire_form_cancelled", {"channel": found.channel})


def forget(which: Any) -> None:
    """Delete responses with what was written in them."""
    theirs = select(QuestionnaireResponse.id).where(which)
    session.execute(delete(OpenAnswer).where(OpenAnswer.response_id.in_(theirs)), execution_options=QUIETLY)
    session.execute(delete(QuestionnaireResponse).where(which), execution_options=QUIETLY)


def note_down(
    municipality: Municipality, actor: Caller, questionnaire: Any, action: str, facts: dict[str, str]
) -> None:
    record(municipality.id, actor, action, "questionnaire", str(questionnaire.uid), facts)

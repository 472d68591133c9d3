"""When the phase is over: no answer is taken any more, the closed ones are counted, the open ones go to moderators.

Each step may be killed and is done again: what was done is seen in the rows.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import select, update

from service.consultation.ending import GRACE
from service.consultation.models import ConsultationPhase
from service.consultation.questionnaires.counting import counted
from service.consultation.questionnaires.finding import AT_ONCE, KIND, questions_of
from service.consultation.questionnaires.forms import QUIETLY, forget
from service.consultation.questionnaires.models import (
    BODIES,
    OpenAnswer,
    Questionnaire,
    QuestionnaireResponse,
)
from service.crash_points import crash_here
from service.db import session, transaction
from service.db.clock import now, seconds_from_now
from service.moderation.awaiting import await_look
from service.people.auditing import record
from service.people.holding import held


def due() -> list[int]:
    """The questionnaires whose phase is over and that are not counted yet."""
    query = (
        select(Questionnaire.id)
        .join(
            ConsultationPhase,
            (ConsultationPhase.consultation_id == Questionnaire.consultation_id)
            & (ConsultationPhase.kind == Questionnaire.phase),
        )
        .where(
            Questionnaire.digest.is_not(None),
            Questionnaire.counted_at.is_(None),
            ConsultationPhase.closes_at <= seconds_from_now(-GRACE),
        )
    )
    return list(session.scalars(query.order_by(Questionnaire.id)))


def close(questionnaire_id: int, after_a_part: Callable[[], None] = lambda: None) -> bool:
    """Everything that is due when the phase is over; whether it is over. Opens transactions of its own."""
    with transaction():
        if not end(questionnaire_id):
            return False
        crash_here("before_questionnaire_ended")
    crash_here("after_questionnaire_ended")
    after_a_part()
    results = results_of(questionnaire_id)
    last: uuid.UUID | None = uuid.UUID(int=0)
    while last is not None:
        with transaction():
            last = put_before_moderators(questionnaire_id, last)
            crash_here("before_texts_wait")
        crash_here("after_texts_wait")
        after_a_part()
    with transaction():
        finish(questionnaire_id, results)
        crash_here("before_questionnaire_counted")
    return True


def end(questionnaire_id: int) -> bool:
    """Mark that no answer is taken any more and forget forms that no second officer entered, if the phase is over on
    the database's clock; who was answering is waited for. Whether it is over.
    """
    found = to_change(questionnaire_id)
    phase = select(ConsultationPhase.id).filter_by(consultation_id=found.consultation_id, kind=found.phase)
    session.scalars(phase.with_for_update()).one()
    if session.scalar(phase.where(ConsultationPhase.closes_at <= seconds_from_now(-GRACE))) is None:
        return False
    found.closed_at = found.closed_at or now()
    forget((QuestionnaireResponse.questionnaire_id == questionnaire_id) & QuestionnaireResponse.held.is_(True))
    return True


def to_change(questionnaire_id: int) -> Questionnaire:
    query = select(Questionnaire).filter_by(id=questionnaire_id).with_for_update(key_share=True)
    return session.scalars(query.execution_options(populate_existing=True)).one()


def results_of(questionnaire_id: int) -> dict[str, Any]:
    """What was answered, counted: the same whenever it is counted."""
    found = session.get_one(Questionnaire, questionnaire_id)
    return counted(questions_of(found), answers_in(questionnaire_id), found.audience == BODIES)


def answers_in(questionnaire_id: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Channel and answers of each response, some read at once."""
    own = QuestionnaireResponse
    query = select(own.id, own.channel, own.answers).where(own.questionnaire_id == questionnaire_id)
    after = 0
    while rows := session.execute(query.where(own.id > after).order_by(own.id).limit(AT_ONCE)).all():
        yield from ((row.channel, row.answers) for row in rows)
        after = rows[-1].id


def put_before_moderators(questionnaire_id: int, after: uuid.UUID) -> uuid.UUID | None:
    """Let some open answers wait for a moderator, who decides whether everybody sees them; the last one's id.

    Their authors are held, and what of it is still there and still theirs is read once more.
    """
    query = (
        select(OpenAnswer.uid, QuestionnaireResponse.account_id)
        .join(QuestionnaireResponse, QuestionnaireResponse.id == OpenAnswer.response_id)
        .where(OpenAnswer.questionnaire_id == questionnaire_id)
    )
    rows = session.execute(query.where(OpenAnswer.uid > after).order_by(OpenAnswer.uid).limit(AT_ONCE)).all()
    if not rows:
        return None
    held(*{row.account_id for row in rows if row.account_id is not None})
    there = session.execute(query.where(OpenAnswer.uid.in_([row.uid for row in rows])).order_by(OpenAnswer.uid))
    municipality_id = session.get_one(Questionnaire, questionnaire_id).municipality_id
    await_look(municipality_id, KIND, [(row.uid, row.account_id) for row in there])
    last: uuid.UUID = rows[-1].uid
    return last


def finish(questionnaire_id: int, results: dict[str, Any]) -> None:
    """Publish the result, once. What nobody who answered can ask for any more is forgotten: it is counted."""
    found = to_change(questionnaire_id)
    if found.counted_at is not None:
        return
    found.results, found.counted_at = results, now()
    found.version += 1
    nobodys = QuestionnaireResponse.account_id.is_(None) & QuestionnaireResponse.body_id.is_(None)
    theirs = update(QuestionnaireResponse).where(QuestionnaireResponse.questionnaire_id == questionnaire_id, nobodys)
    session.execute(theirs.values(answers={}), execution_options=QUIETLY)
    facts = {"responses": results["responses"]}
    record(found.municipality_id, None, "questionnaire_closed", "questionnaire", str(found.uid), facts)

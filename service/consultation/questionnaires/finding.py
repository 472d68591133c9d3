"""Questions about questionnaires, read only; each of one municipality."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, bindparam, func, select

from service.consultation.models import Consultation, ConsultationPhase
from service.consultation.questionnaires.asking import ROLE, Question, questions_in
from service.consultation.questionnaires.models import (
    OpenAnswer,
    Questionnaire,
    QuestionnaireBody,
    QuestionnaireResponse,
)
from service.db import session
from service.db.clock import seconds_from_now
from service.db.prepared import Prepared
from service.db.types import AnyRow
from service.errors import NotFound, Problem
from service.moderation.models import SHOWN, ModerationCase
from service.municipalities.directory import Municipality
from service.text import N_

KIND = "open_answer"
"""What somebody wrote, as moderation names it."""
AT_ONCE = 500

phases = ConsultationPhase.__table__
questionnaires, consultations = Questionnaire.__table__, Consultation.__table__

BY_UID = Prepared(
    select(
        questionnaires.c.id,
        questionnaires.c.uid,
        questionnaires.c.municipality_id,
        questionnaires.c.consultation_id,
        questionnaires.c.audience,
        questionnaires.c.phase,
        questionnaires.c.digest,
        consultations.c.uid.label("consultation"),
    )
    .join_from(questionnaires, consultations, consultations.c.id == questionnaires.c.consultation_id)
    .where(
        questionnaires.c.municipality_id == bindparam("municipality"),
        questionnaires.c.uid == bindparam("uid"),
        questionnaires.c.digest.is_not(None),
    )
)
OPEN_NOW = Prepared(
    select(phases.c.id)
    .where(
        phases.c.consultation_id == bindparam("consultation"),
        phases.c.kind == bindparam("kind"),
        phases.c.opens_at <= seconds_from_now(0),
        phases.c.closes_at > seconds_from_now(0),
    )
    .with_for_update(read=True, key_share=True)
)
"""Whether the phase is open at this moment of the database's clock; it stays as it is until the transaction ends."""


class QuestionnaireNotOpen(Problem):
    """Answers are not taken yet, or no longer."""

    status, code, message = 409, "questionnaire_not_open", N_("This questionnaire takes no answers now.")


def ensure_open(found: Any) -> None:
    """Raises QuestionnaireNotOpen; else the phase cannot close before this transaction ends."""
    if OPEN_NOW.row({"consultation": found.consultation_id, "kind": found.phase}) is None:
        raise QuestionnaireNotOpen


def fixed_one(municipality: Municipality, uid: uuid.UUID) -> AnyRow:
    """A questionnaire that everybody may know of, without its texts. Raises NotFound."""
    found = BY_UID.row({"municipality": municipality.id, "uid": uid})
    if found is None:
        raise NotFound
    return found


def whole(municipality: Municipality, uid: uuid.UUID, drafts: bool = False) -> tuple[Questionnaire, Consultation]:
    """The questionnaire with all that is said of it, and its consultation; drafts only for staff. Raises NotFound."""
    query = (
        select(Questionnaire, Consultation)
        .join(Consultation, Consultation.id == Questionnaire.consultation_id)
        .where(Questionnaire.municipality_id == municipality.id, Questionnaire.uid == uid)
    )
    found = session.execute(query).one_or_none()
    if found is None or (found[0].digest is None and not drafts):
        raise NotFound
    return found[0], found[1]


def locked(municipality: Municipality, uid: uuid.UUID) -> Questionnaire:
    """The questionnaire, drafts too, to be changed: inside a transaction. Raises NotFound."""
    query = select(Questionnaire).filter_by(municipality_id=municipality.id, uid=uid).with_for_update(key_share=True)
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound
    return found


def all_of(consultation_id: int, drafts: bool) -> Sequence[Questionnaire]:
    """Those of a consultation, in the order in which they were made."""
    query = select(Questionnaire).filter_by(consultation_id=consultation_id).order_by(Questionnaire.id)
    return session.scalars(query if drafts else query.where(Questionnaire.digest.is_not(None))).all()


def phase_of(found: Any) -> ConsultationPhase | None:
    """When it is answered; None while its consultation has no such phase."""
    return session.scalar(select(ConsultationPhase).filter_by(consultation_id=found.consultation_id, kind=found.phase))


def questions_of(found: Any) -> Mapping[str, Question]:
    """What a questionnaire that is fixed asks, by key, in its order."""
    return fixed_questions(found.uid, bytes(found.digest))


@lru_cache(maxsize=64)
def fixed_questions(uid: uuid.UUID, digest: bytes) -> Mapping[str, Question]:
    """They never change: the digest is of all that was fixed."""
    return questions_in(session.scalars(select(Questionnaire.sections).where(Questionnaire.uid == uid)).one())


def answer_of(found: Any, account_id: int) -> QuestionnaireResponse | None:
    """What this account answered; where it did so with several codes, what was begun last."""
    mine = select(QuestionnaireResponse).filter_by(questionnaire_id=found.id, account_id=account_id)
    return session.scalars(mine.order_by(QuestionnaireResponse.id.desc())).first()


def written_in(response_id: int) -> dict[str, str]:
    """What was written in a response, by question."""
    query = select(OpenAnswer.question, OpenAnswer.text).where(OpenAnswer.response_id == response_id)
    return {row[0]: row[1] for row in session.execute(query.order_by(OpenAnswer.id))}


def bodies_of(questionnaire_id: int) -> Sequence[QuestionnaireBody]:
    """The bodies that are asked, in the order in which they were named."""
    query = select(QuestionnaireBody).filter_by(questionnaire_id=questionnaire_id)
    return session.scalars(query.order_by(QuestionnaireBody.id)).all()


def responses_of_bodies(questionnaire_id: int) -> Mapping[int, QuestionnaireResponse]:
    """What bodies answered, by the body's key."""
    query = select(QuestionnaireResponse).filter_by(questionnaire_id=questionnaire_id)
    found = session.scalars(query.where(QuestionnaireResponse.body_id.is_not(None))).all()
    return {one.body_id: one for one in found if one.body_id is not None}


def written_by_bodies(municipality: Municipality, questionnaire_id: int, all_: bool) -> dict[tuple[int, str], str]:
    """What bodies wrote, by response and question; unless `all_`, only what a moderator lets everybody see."""
    query = select(OpenAnswer.response_id, OpenAnswer.question, OpenAnswer.text)
    query = query.join(QuestionnaireResponse, QuestionnaireResponse.id == OpenAnswer.response_id)
    query = query.where(
        OpenAnswer.questionnaire_id == questionnaire_id, QuestionnaireResponse.body_id.is_not(None)
    ).order_by(OpenAnswer.id)
    if not all_:
        query = query.join(ModerationCase, shown_case(municipality))
    return {(row[0], row[1]): row[2] for row in session.execute(query)}


def shown_case(municipality: Municipality) -> Any:
    """That a moderator lets everybody see an open answer."""
    return and_(
        ModerationCase.municipality_id == municipality.id,
        ModerationCase.kind == KIND,
        ModerationCase.target == OpenAnswer.uid,
        ModerationCase.state == SHOWN,
    )


def shown_after(
    municipality: Municipality, questionnaire_id: int, question: str | None, after: uuid.UUID | None, limit: int
) -> Sequence[AnyRow]:
    """What was written and everybody may see: uid, question, text, body; `limit` at most, in no order of time."""
    query = (
        select(OpenAnswer.uid, OpenAnswer.question, OpenAnswer.text, QuestionnaireBody.name.label("body"))
        .join(QuestionnaireResponse, QuestionnaireResponse.id == OpenAnswer.response_id)
        .outerjoin(QuestionnaireBody, QuestionnaireBody.id == QuestionnaireResponse.body_id)
        .join(ModerationCase, shown_case(municipality))
        .where(OpenAnswer.questionnaire_id == questionnaire_id, OpenAnswer.question != ROLE)
    )
    if question is not None:
        query = query.where(OpenAnswer.question == question)
    if after is not None:
        query = query.where(OpenAnswer.uid > after)
    return session.execute(query.order_by(OpenAnswer.uid).limit(limit)).all()


def shown_all(municipality: Municipality, questionnaire_id: int) -> Iterator[AnyRow]:
    """The same of all questions, some at once."""
    after = None
    while rows := shown_after(municipality, questionnaire_id, None, after, AT_ONCE):
        yield from rows
        after = rows[-1].uid


def how_many(questionnaire_id: int) -> dict[str, int]:
    """How many answered so far, by channel; without forms that wait for the second officer."""
    query = select(QuestionnaireResponse.channel, func.count()).where(
        QuestionnaireResponse.questionnaire_id == questionnaire_id, QuestionnaireResponse.held.is_(False)
    )
    grouped = query.group_by(QuestionnaireResponse.channel).order_by(QuestionnaireResponse.channel)
    return {channel: int(number) for channel, number in session.execute(grouped)}


def waiting_forms(questionnaire_id: int) -> Sequence[QuestionnaireResponse]:
    """Forms on paper that wait for the second officer."""
    query = select(QuestionnaireResponse).filter_by(questionnaire_id=questionnaire_id, held=True)
    return session.scalars(query.order_by(QuestionnaireResponse.id)).all()

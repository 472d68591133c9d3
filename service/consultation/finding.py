"""Questions about consultations, read only; each of one municipality."""

import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, func, select

from service.consultation.ballots.asking import Option, Question
from service.consultation.models import (
    DRAFT,
    HELD,
    VOTE,
    Consultation,
    ConsultationPhase,
    LogHead,
    LogLeaf,
    PaperBatch,
    Participation,
)
from service.db import session
from service.db.clock import seconds_from_now
from service.db.prepared import Prepared
from service.db.types import AnyRow, AnySelect
from service.errors import NotFound
from service.municipalities.directory import Municipality

consultations, phases = Consultation.__table__, ConsultationPhase.__table__

BY_UID = Prepared(
    select(
        consultations.c.id,
        consultations.c.uid,
        consultations.c.municipality_id,
        consultations.c.state,
        consultations.c.version,
        consultations.c.secrecy,
        consultations.c.eligibility,
        consultations.c.among,
        consultations.c.definition_digest,
    ).where(
        consultations.c.municipality_id == bindparam("municipality"),
        consultations.c.uid == bindparam("uid"),
        consultations.c.state != DRAFT,
    )
)

OPEN_NOW = Prepared(
    select(phases.c.id)
    .where(
        phases.c.consultation_id == bindparam("consultation"),
        phases.c.kind == VOTE,
        phases.c.opens_at <= seconds_from_now(0),
        phases.c.closes_at > seconds_from_now(0),
    )
    .with_for_update(read=True, key_share=True)
)
"""Whether votes are taken at this moment of the database's clock. On PostgreSQL the phase stays as it is until the end
of the transaction, so that the closing waits for who was in time."""


def fixed_one(municipality: Municipality, uid: uuid.UUID) -> AnyRow:
    """A consultation that everybody may know of, without its texts. Raises NotFound."""
    found = BY_UID.row({"municipality": municipality.id, "uid": uid})
    if found is None:
        raise NotFound
    return found


def is_public(municipality: Municipality, uid: str) -> bool:
    """Whether everybody may know of a consultation with this id."""
    try:
        return BY_UID.row({"municipality": municipality.id, "uid": uuid.UUID(uid)}) is not None
    except ValueError:
        return False


def whole(municipality: Municipality, uid: uuid.UUID, drafts: bool = False) -> Consultation:
    """The consultation with all that is said of it; drafts only for staff. Raises NotFound."""
    found: Consultation | None = session.scalar(of_one(municipality, uid))
    if found is None or (found.state == DRAFT and not drafts):
        raise NotFound
    return found


def locked(municipality: Municipality, uid: uuid.UUID) -> Consultation:
    """The same, drafts too, to be changed: inside a transaction. Who casts meanwhile does not wait. Raises NotFound."""
    query = of_one(municipality, uid).with_for_update(key_share=True).execution_options(populate_existing=True)
    found: Consultation | None = session.scalar(query)
    if found is None:
        raise NotFound
    return found


def of_one(municipality: Municipality, uid: uuid.UUID) -> Any:
    return select(Consultation).where(Consultation.municipality_id == municipality.id, Consultation.uid == uid)


def page(municipality: Municipality, drafts: bool, after: int | None, limit: int) -> Sequence[AnyRow]:
    """The newest first, `limit` at most, with the times of the phase with whose end each is over."""
    query: AnySelect = (
        select(
            Consultation.id,
            Consultation.uid,
            Consultation.state,
            Consultation.version,
            Consultation.title,
            Consultation.about,
            ConsultationPhase.opens_at,
            ConsultationPhase.closes_at,
        )
        .join(ConsultationPhase, ConsultationPhase.consultation_id == Consultation.id)
        .where(Consultation.municipality_id == municipality.id, ConsultationPhase.kind == Consultation.ends_with)
        .order_by(Consultation.id.desc())
        .limit(limit)
    )
    if not drafts:
        query = query.where(Consultation.state != DRAFT)
    if after is not None:
        query = query.where(Consultation.id < after)
    return session.execute(query).all()


def phases_of(consultation_id: int) -> Sequence[ConsultationPhase]:
    """All its phases, by their beginning."""
    query = select(ConsultationPhase).filter_by(consultation_id=consultation_id)
    return session.scalars(query.order_by(ConsultationPhase.opens_at, ConsultationPhase.id)).all()


def participations(consultation_id: int) -> dict[str, int]:
    """How many took part, by channel; without those whose papers wait for the second officer."""
    query = select(Participation.channel, func.count()).where(
        Participation.consultation_id == consultation_id, Participation.channel != HELD
    )
    return {channel: int(number) for channel, number in session.execute(query.group_by(Participation.channel))}


def leaves_after(consultation_id: int, after: int | None, limit: int) -> Sequence[AnyRow]:
    """Lines of the log behind this place, in their order."""
    query = select(LogLeaf.place, LogLeaf.line).where(LogLeaf.consultation_id == consultation_id)
    if after is not None:
        query = query.where(LogLeaf.place > after)
    return session.execute(query.order_by(LogLeaf.place).limit(limit)).all()


def heads_after(consultation_id: int, after: int | None, limit: int) -> Sequence[AnyRow]:
    """Signed heads of more than so many lines, in their order."""
    query = select(LogHead.size, LogHead.checkpoint).where(LogHead.consultation_id == consultation_id)
    if after is not None:
        query = query.where(LogHead.size > after)
    return session.execute(query.order_by(LogHead.size).limit(limit)).all()


def paper_batches(consultation_id: int) -> Sequence[PaperBatch]:
    """All batches of ballots on paper, the newest first."""
    query = select(PaperBatch).filter_by(consultation_id=consultation_id)
    return session.scalars(query.order_by(PaperBatch.id.desc())).all()


def questions_of(row: Any) -> Mapping[str, Question]:
    """What a consultation that is fixed asks, by key, in its order."""
    return fixed_questions(row.id, bytes(row.definition_digest))


@lru_cache(maxsize=64)
def fixed_questions(consultation_id: int, digest: bytes) -> Mapping[str, Question]:
    """They never change: the digest is of all that was fixed."""
    query = select(Consultation.questions).where(Consultation.id == consultation_id)
    return asked(session.scalars(query).one())


def asked(questions: Sequence[Mapping[str, Any]]) -> dict[str, Question]:
    """The questions that are voted on as they are counted, of those that are kept; by key, in their order."""
    return {question["key"]: question_of(question["ask"]) for question in questions if question["ask"]}


def question_of(ask: Mapping[str, Any]) -> Question:
    """The question that this JSON asks."""
    options = tuple(Option(option["key"], option["cost"]) for option in ask["options"])
    return Question(ask["kind"], options, ask["most"], ask["highest"], ask["budget"], ask["fits"])

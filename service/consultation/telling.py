"""Followers of a consultation are told when a phase begins, the end moves or is near, and the result is out.

Each of it is owed once: the outbox knows the same kind, subject and version again. What begins by the clock alone is
owed by a sweep, soon after; whoever looks at the consultation sees it at once.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select

from service.consultation.ending import its_end
from service.consultation.models import CLOSED, DRAFT, FIXED, Consultation, ConsultationPhase, LogHead
from service.consultation.observing import send_head
from service.consultation.phases import AFTERWARDS, PHASES
from service.db import session
from service.db.clock import seconds_from_now
from service.notices.following import PLAN, PLAN_ELEMENT
from service.outbox.models import Event
from service.outbox.posting import owe

TELL_CONSULTATIONS = "tell_consultations"
CONSULTATION = "consultation"
PHASE_BEGUN, EXTENDED, ENDING_SOON, RESULT_OUT = KINDS = (
    "consultation_phase_begun",
    "consultation_extended",
    "consultation_ending_soon",
    "consultation_result_out",
)
"""Kinds of event."""
DAY = 86400.0
"""So many seconds before the end it is told that it is near; later than this after a beginning nobody is told of it."""


def tell_begun(consultation_id: int | None = None) -> int:
    """Owe which phases of a consultation are open, or of all those that began since yesterday; how much was not owed
    before. Inside a transaction. Of what comes afterwards nobody is told before the result is out.
    """
    since = ConsultationPhase.opens_at > seconds_from_now(-DAY)
    query = (
        select(Consultation, ConsultationPhase)
        .join(ConsultationPhase, ConsultationPhase.consultation_id == Consultation.id)
        .where(
            since if consultation_id is None else Consultation.id == consultation_id,
            Consultation.state != DRAFT,
            ConsultationPhase.kind.not_in(AFTERWARDS) | (Consultation.state == CLOSED),
            ConsultationPhase.opens_at <= seconds_from_now(0),
            ConsultationPhase.closes_at > seconds_from_now(0),
        )
        .order_by(ConsultationPhase.opens_at, ConsultationPhase.id)
    )
    begun = [(found, PHASE_BEGUN, PHASES.index(phase.kind), phase) for found, phase in session.execute(query)]
    return sum(tell(found, kind, version, phase.closes_at, phase=phase.kind) for found, kind, version, phase in begun)


def tell_ending_soon() -> int:
    """Owe that the end of some is near; how much was not owed before. Inside a transaction.

    Of one that lasts no longer than a day it is not told.
    """
    ends = (
        its_end()
        .with_only_columns(Consultation, ConsultationPhase.closes_at)
        .where(
            Consultation.state == FIXED,
            ConsultationPhase.closes_at > seconds_from_now(0),
            ConsultationPhase.closes_at <= seconds_from_now(DAY),
            ConsultationPhase.opens_at <= seconds_from_now(-DAY),
        )
        .order_by(Consultation.id)
    )
    return sum(tell(found, ENDING_SOON, len(found.extensions), closes_at) for found, closes_at in session.execute(ends))


def anything_to_tell() -> bool:
    """Whether a sweep could owe anything, by a plain read."""
    opened = ConsultationPhase.opens_at.between(seconds_from_now(-DAY), seconds_from_now(0))
    ends = ConsultationPhase.closes_at.between(seconds_from_now(0), seconds_from_now(DAY))
    return bool(session.scalar(select(exists().where(opened | ends))))


def tell(found: Consultation, kind: str, version: int, closes_at: datetime | None = None, **more: Any) -> bool:
    """Owe one of KINDS; whether it was not owed before. Inside a transaction, the consultation's own texts frozen."""
    subject = f"consultation:{found.uid}"
    there = select(Event.id).filter_by(kind=kind, subject=subject, version=version)
    if session.scalar(there) is not None:
        return False
    payload = {
        "consultation": str(found.uid),
        "title": dict(found.title),
        "topics": [list(topic) for topic in topics_of(found)],
        "closes_at": closes_at.isoformat() if closes_at else None,
        "head": newest_head(found.id),
        **more,
    }
    send_head(found)
    return owe(found.municipality_id, kind, subject, version, payload) is not None


def topics_of(found: Any) -> list[tuple[str, str]]:
    """The follows of those who are told: of the consultation, and of the plans and elements that it is about."""
    subjects: list[Mapping[str, Any]] = found.definition.get("subjects", [])
    whole = {(PLAN, one["within"] or one["id"]) for one in subjects}
    elements = {(PLAN_ELEMENT, one["id"]) for one in subjects if one["kind"] == PLAN_ELEMENT}
    return [(CONSULTATION, str(found.uid)), *sorted(whole | elements)]


def newest_head(consultation_id: int) -> str | None:
    """The newest signed head of its log: it goes to every phone with the message, so that none can be taken back."""
    heads = select(LogHead.checkpoint).filter_by(consultation_id=consultation_id)
    return session.scalar(heads.order_by(LogHead.size.desc()).limit(1))

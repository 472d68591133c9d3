"""When a consultation is over: its closing is planned, once for each end, and planned again where it was lost."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from service.consultation.models import COUNTED, FIXED, Consultation, ConsultationPhase
from service.db import session
from service.db.clock import seconds_from_now
from service.db.types import AnySelect
from service.jobs.models import Job
from service.jobs.planning import plan, unplan

CLOSE, PLAN_CLOSINGS = "close_consultation", "plan_closings"
GRACE = 1.0
"""Seconds after the end before the closing begins: who was in time has the phase locked by then."""
LATEST = 3600.0
"""A closing that is over and is planned for later than in so many seconds was lost."""


class NotOverYet(Exception):
    """The closing came too early; it is tried again."""


def its_end() -> AnySelect:
    """The phases with whose ends consultations are over, joined with those."""
    return select(ConsultationPhase).join(
        Consultation,
        (Consultation.id == ConsultationPhase.consultation_id) & (Consultation.ends_with == ConsultationPhase.kind),
    )


def is_over(consultation_id: int) -> bool:
    """Whether the end is past on the database's clock; who was casting is waited for. Inside a transaction."""
    ends = its_end().with_only_columns(ConsultationPhase.id).where(Consultation.id == consultation_id)
    phase = session.scalars(ends.with_for_update(of=ConsultationPhase)).one()
    query = select(ConsultationPhase.id).where(
        ConsultationPhase.id == phase, ConsultationPhase.closes_at <= seconds_from_now(-GRACE)
    )
    return session.scalar(query) is not None


def plan_closing(consultation: Consultation, closes_at: datetime) -> None:
    """The closing begins a moment after the end, wherever it was planned before."""
    unplan(CLOSE, consultation.uid.hex)
    plan(
        CLOSE,
        consultation.uid.hex,
        run_at=closes_at.astimezone(UTC) + timedelta(seconds=GRACE),
        payload={"consultation": str(consultation.uid)},
        municipality_id=consultation.municipality_id,
    )


def plan_lost() -> int:
    """Plan the closing of each consultation that is over and has no result, if nothing works or waits to close it soon.

    How many there were, of all municipalities. Inside a transaction.
    """
    over = session.execute(
        its_end()
        .with_only_columns(Consultation, ConsultationPhase.closes_at)
        .where(Consultation.state.in_((FIXED, COUNTED)), ConsultationPhase.closes_at <= seconds_from_now(-GRACE))
        .order_by(Consultation.id)
    ).all()
    known = coming() if over else set()
    lost = [(found, closes_at) for found, closes_at in over if found.uid.hex not in known]
    for found, closes_at in lost:
        plan_closing(found, closes_at)
    return len(lost)


def coming() -> set[str]:
    """Of which consultations the closing is under way, or will be soon."""
    soon = (Job.state == "running") | (Job.state == "waiting") & (Job.run_at <= seconds_from_now(LATEST))
    return set(session.scalars(select(Job.unique_key).where(Job.kind == CLOSE, soon)))

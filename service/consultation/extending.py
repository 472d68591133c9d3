"""The end of a consultation is moved to a later moment, with a reason that everybody sees."""

import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from service.consultation.appending import append
from service.consultation.drafting import written
from service.consultation.ending import its_end, plan_closing
from service.consultation.finding import locked, participations, phases_of
from service.consultation.leaves import event_line
from service.consultation.models import FIXED, Consultation, ConsultationPhase
from service.consultation.phases import AFTERWARDS
from service.consultation.telling import EXTENDED, tell
from service.db import session
from service.db.clock import now, seconds_from_now
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import Caller
from service.text import N_


class CannotExtend(Problem):
    """It is over or not fixed yet, or the new end is no later than the one it has (`closes_at`)."""

    status, code = 409, "consultation_not_extended"
    message = N_("The end can only be moved to a later moment, and only before it has come.")


def extend(
    municipality: Municipality, actor: Caller, uid: uuid.UUID, closes_at: datetime, reason: Mapping[str, str]
) -> Consultation:
    """Move the end, and with it what comes afterwards; who is casting meanwhile is waited for.

    Raises NotFound, CannotExtend.
    """
    phase = phase_to_change(municipality, uid)
    found = locked(municipality, uid)
    ahead = phase is not None and session.scalar(
        select(ConsultationPhase.closes_at > seconds_from_now(0)).where(ConsultationPhase.id == phase.id)
    )
    if phase is None or not ahead or found.state != FIXED or closes_at <= phase.closes_at:
        raise CannotExtend(closes_at=written(phase.closes_at) if phase else None)
    before, phase.closes_at = phase.closes_at, closes_at
    move_what_follows(found, closes_at)
    facts = {"closes_at": written(closes_at), "reason": dict(reason)}
    found.extensions = [*found.extensions, {**facts, "at": written(now()), "before": written(before)}]
    found.version += 1
    line = event_line(found.uid.hex, "extend", facts)
    append(found, municipality.slug, [line], sum(participations(found.id).values()))
    plan_closing(found, closes_at)
    tell(found, EXTENDED, len(found.extensions), closes_at, reason=dict(reason))
    record(municipality.id, actor, "consultation_extended", "consultation", str(uid), {"closes_at": facts["closes_at"]})
    return found


def move_what_follows(found: Consultation, closes_at: datetime) -> None:
    """The phases that come afterwards, all by as much as the first of them would begin before the new end."""
    following = [phase for phase in phases_of(found.id) if phase.kind in AFTERWARDS]
    if found.ends_with not in AFTERWARDS and following and following[0].opens_at < closes_at:
        later = closes_at - following[0].opens_at
        for phase in following:
            phase.opens_at, phase.closes_at = phase.opens_at + later, phase.closes_at + later


def phase_to_change(municipality: Municipality, uid: uuid.UUID) -> ConsultationPhase | None:
    """The phase with whose end it is over, locked against every cast and contribution; None where there is none."""
    mine = its_end().where(Consultation.municipality_id == municipality.id, Consultation.uid == uid)
    found: ConsultationPhase | None = session.scalar(
        mine.with_for_update(of=ConsultationPhase).execution_options(populate_existing=True)
    )
    return found

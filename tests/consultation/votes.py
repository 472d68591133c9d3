"""Votes made by the rules, for tests of other things."""

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from service.consultation.drafting import Draft, begin, fix
from service.consultation.ending import CLOSE
from service.consultation.models import ConsultationPhase
from service.consultation.presenting import kept
from service.db import session, transaction
from service.db.clock import now, seconds_from_now
from service.jobs.models import Job
from service.municipalities.directory import Municipality
from service.people.callers import find_caller
from tests.factories.people import Person

QUESTION: dict[str, Any] = {
    "key": "trees",
    "text": {"en": "Trees"},
    "about": None,
    "kind": "stance",
    "options": [],
    **dict.fromkeys(("most", "highest", "budget")),
    "fits": False,
}


def new_vote(here: Municipality, who: Person, fixed: bool = True, **changed: Any) -> uuid.UUID:
    """A secret vote that is open, or a draft of one."""
    phases = [("vote", now() - timedelta(hours=1), now() + timedelta(days=1))]
    described = Draft({"en": "Square"}, {"en": "What?"}, [], "secret", "anyone", None, [kept(QUESTION)], phases)
    actor = find_caller(here.id, who.token)
    assert actor is not None
    with transaction():
        made = begin(here, actor, replace(described, **changed))
        if fixed:
            fix(here, actor, made.uid, 1)
        return made.uid


def an_overdue_vote(here: Municipality, who: Person) -> None:
    """A vote that is over and waits to be counted."""
    new_vote(here, who)
    with transaction():
        session.execute(update(ConsultationPhase).values(closes_at=seconds_from_now(-5)))
        session.execute(update(Job).where(Job.kind == CLOSE).values(run_at=seconds_from_now(0)))

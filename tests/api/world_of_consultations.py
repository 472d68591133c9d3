"""Consultations for whoever asks."""

import uuid
from datetime import timedelta
from typing import Any

from service.consultation.drafting import Draft, begin, fix
from service.consultation.presenting import kept
from service.db import transaction
from service.db.clock import now
from service.people.callers import find_caller

QUESTION: dict[str, Any] = {
    "key": "trees",
    "text": {"en": "Trees"},
    "about": None,
    "kind": "stance",
    "options": [],
    **dict.fromkeys(("most", "highest", "budget")),
    "fits": False,
}


def new_consultation(world: Any, fixed: bool) -> uuid.UUID:
    """A vote that is open; or a draft."""
    phases = [("vote", now() - timedelta(hours=1), now() + timedelta(days=1))]
    described = Draft({"en": "Square"}, {"en": "What?"}, [], "secret", "anyone", None, [kept(QUESTION)], phases)
    with transaction():
        actor = find_caller(world.here.id, world.people["administrator"].token)
        assert actor is not None
        made = begin(world.here, actor, described)
        if fixed:
            fix(world.here, actor, made.uid, 1)
        return made.uid

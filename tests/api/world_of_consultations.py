"""Consultations for whoever asks."""

import uuid
from typing import Any

from tests.consultation.votes import new_vote


def new_consultation(world: Any, fixed: bool) -> uuid.UUID:
    """A vote that is open; or a draft."""
    return new_vote(world.here, world.people["administrator"], fixed)

"""The phases of a consultation: which there are, in what order, and with whose end it is over."""

from collections.abc import Sequence
from datetime import datetime

from service.consultation.models import VOTE

PHASES = ("inform", "propose", "comment", "deliberate", VOTE, "review", "results")
WRITING = ("propose", "comment", "deliberate")
"""Phases in which people write."""
AFTERWARDS = ("review", "results")
"""Phases that come when all was said."""

Phase = tuple[str, datetime, datetime]
"""Kind, from when, until before when."""


def fault_in(phases: Sequence[Phase]) -> str | None:
    """Why there cannot be just these phases, as a stable word: `phases`, `times`, `order`; None: there can.

    What comes afterwards begins when all is over, not before.
    """
    kinds = [kind for kind, _, _ in phases]
    if not kinds or len(set(kinds)) != len(kinds):
        return "phases"
    if any(opens_at >= closes_at for _, opens_at, closes_at in phases):
        return "times"
    begins = [opens_at for kind, opens_at, _ in sorted(phases, key=lambda phase: PHASES.index(phase[0]))]
    return "order" if begins != sorted(begins) or begins_early(phases) else None


def begins_early(phases: Sequence[Phase]) -> bool:
    """Whether one that comes afterwards begins before that with whose end it is over ends."""
    last = ending(phases)
    end = next(closes_at for kind, _, closes_at in phases if kind == last)
    return last not in AFTERWARDS and any(kind in AFTERWARDS and opens_at < end for kind, opens_at, _ in phases)


def ending(phases: Sequence[Phase]) -> str:
    """The kind of the phase with whose end the result is due.

    That is the vote; where nobody votes, of the phases in which people write the one that ends last; where nobody
    writes either, the last one before all that comes afterwards.
    """
    groups = (
        [phase for phase in phases if phase[0] == VOTE],
        [phase for phase in phases if phase[0] in WRITING],
        [phase for phase in phases if phase[0] not in AFTERWARDS],
        list(phases),
    )
    return max(next(group for group in groups if group), key=lambda phase: phase[2])[0]

"""How a notice goes from a draft to phones. A table that can be read aloud.

from                                     act       to         who
draft                                    submit    waiting    who writes
waiting                                  refuse    draft      who approves, with a reason; a correction: to what it was
scheduled                                refuse    draft      who approves
draft                                    send      scheduled  who writes, where no second person is needed
waiting                                  approve   scheduled  who approves and has not written it
scheduled                                begin     sending    the worker, when its time has come
sending                                  finish    sent       the worker, when everybody has it or never will
sending                                  refuse    cancelled  who approves
draft, waiting, scheduled, sending       cancel    cancelled  who writes
sending, sent, corrected, cancelled      correct   draft      who writes: what was still going out stops at once
sent, corrected                          repeat    draft      who writes: to those who were not reached

What has been sent before becomes `corrected` in place of `sent`, and `cancelled` again where a correction is given up.
"""

from collections.abc import Mapping

from service.errors import Problem
from service.text import N_

DRAFT, WAITING, SCHEDULED, SENDING = "draft", "waiting", "scheduled", "sending"
SENT, CORRECTED, CANCELLED = "sent", "corrected", "cancelled"
STATES = (DRAFT, WAITING, SCHEDULED, SENDING, SENT, CORRECTED, CANCELLED)

FIRST, CORRECTION, AGAIN = "first", "correction", "again"
MODES = (FIRST, CORRECTION, AGAIN)

TRANSITIONS: Mapping[tuple[str, str], str] = {
    (DRAFT, "submit"): WAITING,
    (WAITING, "refuse"): DRAFT,
    (SCHEDULED, "refuse"): DRAFT,
    (DRAFT, "send"): SCHEDULED,
    (WAITING, "approve"): SCHEDULED,
    (SCHEDULED, "begin"): SENDING,
    (SENDING, "finish"): SENT,
    (SENDING, "refuse"): CANCELLED,
    **dict.fromkeys([(state, "cancel") for state in (DRAFT, WAITING, SCHEDULED, SENDING)], CANCELLED),
    **dict.fromkeys([(state, "correct") for state in (SENDING, SENT, CORRECTED, CANCELLED)], DRAFT),
    **dict.fromkeys([(state, "repeat") for state in (SENT, CORRECTED)], DRAFT),
}


class NotNow(Problem):
    """A notice in this `state` does not allow this `act`."""

    status, code, message = 409, "notice_not_now", N_("This cannot be done with the notice as it stands.")


def next_state(state: str, act: str) -> str:
    """Where the act leads. Raises NotNow."""
    try:
        return TRANSITIONS[state, act]
    except KeyError:
        raise NotNow(state=state, act=act) from None

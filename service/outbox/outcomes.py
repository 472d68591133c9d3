"""How an attempt to send can end, and what then becomes of the delivery, its target and its channel.

outcome          the delivery                      the target   the channel
sent             sent
retry            waits, back-off                                           a fault of the provider, or with this target
uncertain        waits, back-off, uncertain + 1                            it may have arrived: same tag again
dead target      failed                            retired                 nobody is reached there any more
bad message      failed                                                    this message can never be sent
channel pause    waits, the attempt not counted                 rests      too fast, or nobody answers
configuration    waits, the attempt not counted                 rests      our credentials are refused: tell a person
untried          waits, the attempt not counted                            the channel paused before its turn
put off          waits as long as is said, the attempt not counted         quiet hours; a server that rests
expired          expired                                                   worth nothing any more
cancelled        cancelled                                                 what it tells of was taken back
"""

import random
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How an attempt ended."""

    SENT = "sent"
    RETRY = "retry"
    UNCERTAIN = "uncertain"
    DEAD_TARGET = "dead target"
    BAD_MESSAGE = "bad message"
    CHANNEL_PAUSE = "channel pause"
    CONFIGURATION = "configuration"
    UNTRIED = "untried"
    PUT_OFF = "put off"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Treatment:
    """What an outcome means: the state that the delivery gets and what else follows."""

    state: str
    counts: bool = True
    uncertain: bool = False
    retires_target: bool = False
    pauses_channel: bool = False
    waits_as_told: bool = False


TREATMENTS = {
    Outcome.SENT: Treatment("sent"),
    Outcome.RETRY: Treatment("pending"),
    Outcome.UNCERTAIN: Treatment("pending", uncertain=True),
    Outcome.DEAD_TARGET: Treatment("failed", retires_target=True),
    Outcome.BAD_MESSAGE: Treatment("failed"),
    Outcome.CHANNEL_PAUSE: Treatment("pending", counts=False, pauses_channel=True),
    Outcome.CONFIGURATION: Treatment("pending", counts=False, pauses_channel=True),
    Outcome.UNTRIED: Treatment("pending", counts=False),
    Outcome.PUT_OFF: Treatment("pending", counts=False, waits_as_told=True),
    Outcome.EXPIRED: Treatment("expired"),
    Outcome.CANCELLED: Treatment("cancelled"),
}


@dataclass(frozen=True)
class Result:
    """How one attempt ended. `retry_after`: the seconds that the provider asked for, or for which it is put off."""

    outcome: Outcome
    message_id: str | None = None
    error: str | None = None
    retry_after: float | None = None

    @property
    def treatment(self) -> Treatment:
        """What follows from it."""
        return TREATMENTS[self.outcome]


@dataclass(frozen=True)
class BackOff:
    """Pauses between attempts, in seconds: at least `first`, then full jitter under a ceiling that doubles to `cap`."""

    first: float = 10.0
    cap: float = 3600.0

    def pause(self, attempt: int) -> float:
        """How long to wait after this attempt (the first is 1)."""
        ceiling = min(self.cap, self.first * 2.0 ** min(attempt, 30))
        return self.first + random.uniform(0, max(0.0, ceiling - self.first))

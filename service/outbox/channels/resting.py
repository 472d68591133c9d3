"""Servers of others that ail are left alone for a while, each by itself, so that they do not hold our threads."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from service.outbox.outcomes import BackOff

IN_A_ROW = 3
"""Faults after which a server rests that has not said itself for how long."""
MOST = 1_000
"""Servers that are remembered; anybody can name one."""


@dataclass
class Ailing:
    """How often in a row a server has failed, and until when (monotonic clock) it is not asked."""

    times: int = 0
    until: float = 0.0


class Resting:
    """Which servers rest, as this process has seen it. Safe to share between threads."""

    def __init__(self, back_off: BackOff, clock: Callable[[], float] = time.monotonic) -> None:
        self.back_off, self.clock, self.lock = back_off, clock, threading.Lock()
        self.ailing: dict[str, Ailing] = {}

    def left(self, server: str) -> float:
        """For how many seconds more it is not asked; 0: it is."""
        with self.lock:
            found = self.ailing.get(server)
            return 0.0 if found is None else max(0.0, found.until - self.clock())

    def failed(self, server: str, asked: float | None) -> None:
        """It has failed; `asked`: the seconds for which it wants to be left alone, if it said so."""
        with self.lock:
            found = self.ailing.setdefault(server, Ailing())
            found.times += 1
            rest = asked or 0.0
            if found.times >= IN_A_ROW:
                rest = max(rest, self.back_off.pause(found.times - IN_A_ROW + 1))
            found.until = max(found.until, self.clock() + rest)
            if len(self.ailing) > MOST:
                del self.ailing[min(self.ailing, key=lambda name: self.ailing[name].until)]

    def answered(self, server: str) -> None:
        """It has answered as it should."""
        with self.lock:
            self.ailing.pop(server, None)

"""How fast a channel may send: a bucket of tokens that fills slowly at first, as providers ask of large sendings."""

import threading
import time
from collections.abc import Callable

RAMP = 60.0
"""Seconds from the first message to full speed; also how long a channel may rest before it begins slowly again."""
AT_FIRST = 0.1
"""The share of full speed with which it begins."""
BURST = 1.0
"""Seconds of full speed that may be saved up."""


class Pace:
    """Gives so many tokens a minute; None: as many as are asked for. Safe to share between threads."""

    def __init__(self, per_minute: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second = None if per_minute is None else per_minute / 60
        self.clock, self.lock = clock, threading.Lock()
        self.began = self.looked = clock()
        self.used: float | None = None
        self.saved = 0.0

    def speed(self, moment: float) -> float:
        """Tokens a second that are given at this moment."""
        share = AT_FIRST + (1 - AT_FIRST) * min(1.0, (moment - self.began) / RAMP)
        return (self.per_second or 0.0) * share

    def take(self, wanted: int) -> int:
        """How many of so many may be sent now."""
        if self.per_second is None:
            return wanted
        with self.lock:
            moment = self.clock()
            if self.used is None or moment - self.used > RAMP:
                self.restart(moment)
            speed = self.speed(moment)
            self.saved = min(self.saved + (moment - self.looked) * speed, max(1.0, speed * BURST))
            self.looked = moment
            given = min(wanted, int(self.saved))
            self.saved -= given
            if given:
                self.used = moment
            return given

    def give_back(self, count: int) -> None:
        """These were taken and not used."""
        with self.lock:
            self.saved += count

    def begin_anew(self) -> None:
        """The provider is asked too much: begin slowly again."""
        with self.lock:
            self.restart(self.clock())

    def restart(self, moment: float) -> None:
        """Begin slowly, with what that gives in a second."""
        self.began = self.looked = self.used = moment
        self.saved = max(1.0, self.speed(moment) * BURST)

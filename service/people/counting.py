"""Where limits are counted: in the memory of one process, or in a Redis that several processes share.

When that Redis is away, each process counts for itself, so that neither the service goes down with it nor the gates of
signing in stand open; it is asked again every few seconds.
"""

import math
import threading
import time
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

import structlog
from limits import RateLimitItem
from limits.errors import StorageError
from limits.storage import Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from service.config import SettingsRefused
from service.errors import Problem
from service.text import N_

PATIENCE = 60.0
NEVER = (0, 0.0)

LONGEST = 0.5
"""Seconds that a request waits for Redis."""

PAUSE = 5.0
"""Seconds after which a Redis that was away is asked again, by one request."""

SCHEMES = ("redis", "rediss", "redis+unix")

log = structlog.get_logger()
Found = TypeVar("Found", int, float)


class TooOften(Problem):
    """A limit was reached; `retry_after` says in how many seconds to come back."""

    status, code, message = 429, "too_many_requests", N_("This was tried too often. Please wait a little.")


def counter(url: str) -> FixedWindowRateLimiter:
    """What counts there: `memory://` is this process's memory, every other address a Redis. Raises SettingsRefused."""
    return FixedWindowRateLimiter(Counted() if url.startswith("memory:") else Shared(shared(url)))


def shared(url: str) -> Storage:
    """The library's storage for this address, which is tried once and shortly; nothing is contacted yet.

    Raises SettingsRefused, without the address, which may hold a password.
    """
    if urlsplit(url).scheme not in SCHEMES:
        raise SettingsRefused(f"PLATEIA_LIMITS_URL begins with memory://, or with one of: {', '.join(SCHEMES)}.")
    storage = storage_from_string(url, wrap_exceptions=True, socket_timeout=LONGEST, socket_connect_timeout=LONGEST)
    assert isinstance(storage, Storage)  # not one of its asynchronous ones
    return storage


def seconds_to_wait(counts: FixedWindowRateLimiter, window: RateLimitItem, key: tuple[str, str]) -> int:
    """Until the window is open again, with a second to spare, because Redis rounds; at least one."""
    left = counts.get_window_stats(window, *key).reset_time - time.time()
    return max(1, math.ceil(left) + 1)


class Counted(Storage):
    """Counts in memory, and forgets once a minute what has expired.

    The library's own starts a thread for that with nearly every request, and goes through every caller of the last
    hour.
    """

    base_exceptions: type[Exception] = ValueError

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.windows: dict[str, tuple[int, float]] = {}
        self.swept_at = time.monotonic()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count one more in the window of this key, which begins with the first."""
        now = time.monotonic()
        with self.lock:
            if now - self.swept_at > PATIENCE:
                self.windows = {known: window for known, window in self.windows.items() if window[1] > now}
                self.swept_at = now
            count, end = self.windows.get(key, NEVER)
            if end <= now:
                count, end = 0, now + expiry
            count += amount
            self.windows[key] = (count, end)
        return count

    def get(self, key: str) -> int:
        """How many the window of this key has counted."""
        count, end = self.windows.get(key, NEVER)
        return count if end > time.monotonic() else 0

    def get_expiry(self, key: str) -> float:
        """When the window of this key ends, in seconds since 1970; now where none is open."""
        _, end = self.windows.get(key, NEVER)
        return time.time() + max(0.0, end - time.monotonic())

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything, and say how much that was."""
        with self.lock:
            forgotten, self.windows = self.windows, {}
        return len(forgotten)

    def clear(self, key: str) -> None:
        """Forget one key."""
        with self.lock:
            self.windows.pop(key, None)


class Shared(Storage):
    """Counts where several processes share, and in this one's memory while that is away."""

    base_exceptions: type[Exception] = StorageError

    def __init__(self, there: Storage) -> None:
        super().__init__()
        self.there = there
        self.own = Counted()
        self.lock = threading.Lock()
        self.away_until = 0.0

    def ask(self, question: Callable[[Storage], Found]) -> Found:
        """The answer of those who share; of our own memory while they are away."""
        if not self.is_turn():
            return question(self.own)
        try:
            found = question(self.there)
        except StorageError as error:
            self.away_until = time.monotonic() + PAUSE
            log.warning("limits_counted_alone", error=type(error.storage_error).__name__)
            return question(self.own)
        if self.away_until:
            self.away_until = 0.0
            log.info("limits_shared_again")
        return found

    def is_turn(self) -> bool:
        """Whether this request asks those who share: every one does, or one in PAUSE seconds while they are away."""
        now = time.monotonic()
        with self.lock:
            if self.away_until > now:
                return False
            if self.away_until:
                self.away_until = now + PAUSE
        return True

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count one more in the window of this key."""
        return self.ask(lambda storage: storage.incr(key, expiry, amount))

    def get(self, key: str) -> int:
        """How many the window of this key has counted."""
        return self.ask(lambda storage: storage.get(key))

    def get_expiry(self, key: str) -> float:
        """When the window of this key ends, in seconds since 1970."""
        return self.ask(lambda storage: storage.get_expiry(key))

    def check(self) -> bool:
        """Whether those who share answer."""
        return self.there.check()

    def reset(self) -> int | None:
        """Forget everything, there and here."""
        self.own.reset()
        return self.there.reset()

    def clear(self, key: str) -> None:
        """Forget one key, there and here."""
        self.own.clear(key)
        self.there.clear(key)

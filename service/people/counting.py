"""Where limits are counted: in the memory of one process, or in what several processes share."""

import math
import threading
import time

from limits import RateLimitItem
from limits.storage import Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from service.errors import Problem
from service.text import N_

PATIENCE = 60.0
NEVER = (0, 0.0)


class TooOften(Problem):
    """A limit was reached; `retry_after` says in how many seconds to come back."""

    status, code, message = 429, "too_many_requests", N_("This was tried too often. Please wait a little.")


def counter(url: str) -> FixedWindowRateLimiter:
    """What counts there. `memory://` is this process's memory; every other address is the library's."""
    return FixedWindowRateLimiter(Counted() if url.startswith("memory:") else storage_from_string(url))


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

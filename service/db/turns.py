"""Much work on the database in parts, so that nobody waits long for SQLite's one writer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from service.db import transaction

LONGEST_PAUSE = 0.5
"""Seconds."""


@contextmanager
def turn() -> Iterator[None]:
    """A transaction, and after it a pause of the same length, in which others get the one writer of SQLite."""
    begun = time.monotonic()
    with transaction():
        yield
    time.sleep(min(time.monotonic() - begun, LONGEST_PAUSE))

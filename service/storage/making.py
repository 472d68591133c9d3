"""Of many who ask for a file that is not kept, one makes it; the others wait and get what was made.

Threads of one process wait at a lock, processes for a claim: a row that ends on the database's clock. Who dies lets its
claim run out, and the next one makes the file. A key names all that its file is made of: made twice, it is the same.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import IO
from zlib import crc32

import structlog
from sqlalchemy import delete, exists, select, update

from service.crash_points import crash_here
from service.db import session, stop_reading, transaction
from service.db.clock import seconds_from_now
from service.db.leases import changed
from service.db.upserts import insert_if_absent
from service.storage.keeping import PIECE, FileNotKept, Store
from service.storage.models import FileMaking

log = structlog.get_logger()

LEASE = 30.0
"""Seconds after which a maker counts as dead. One that is only slow does no harm: the file is the same."""
LOOK_AGAIN = 0.2
"""Seconds after which a process that waits for another one looks again."""
LOCKS = [Lock() for _ in range(64)]
"""One of them for each key; some share one, and then wait for each other."""

Opened = tuple[int, Iterator[bytes]]
"""Length and bytes of a file, piece by piece."""
Make = Callable[[IO[bytes]], None]
"""Writes the file to where it is told. It may read before it works, and holds no connection while it works."""


def made_once(store: Store, municipality_id: int, key: str, make: Make) -> Opened:
    """The file that is kept under this key, made where it is not; outside a transaction, without a connection.

    Raises StoreUnavailable, and whatever `make` raises.
    """
    stop_reading()
    if there := opened(store, key):
        return there
    with LOCKS[crc32(key.encode()) % len(LOCKS)]:
        return awaited(store, municipality_id, key, make)


def awaited(store: Store, municipality_id: int, key: str, make: Make) -> Opened:
    """The same, while no other thread of this process is at this key."""
    owner = uuid.uuid4()
    while True:
        if there := opened(store, key):
            return there
        if claim(municipality_id, key, owner):
            break
        time.sleep(LOOK_AGAIN)
    try:
        crash_here("after_making_claimed")
        there = opened(store, key)  # whoever made it may have ended between the two looks
        if there is None:
            make_and_keep(store, key, make)
            crash_here("after_made_file_kept")
    finally:
        give_back(key, owner)
    return there or store.open(key)


def opened(store: Store, key: str) -> Opened | None:
    """The file, if it is kept."""
    try:
        return store.open(key)
    except FileNotKept:
        return None


def make_and_keep(store: Store, key: str, make: Make) -> None:
    """Make the file beside the store, in memory while it is small, and keep it whole."""
    begun = time.perf_counter()
    with SpooledTemporaryFile(PIECE) as target:
        make(target)
        stop_reading()
        length = keep_written(store, key, target)
    log.info("file_made", key=key, bytes=length, seconds=round(time.perf_counter() - begun, 3))


def keep_written(store: Store, key: str, written: IO[bytes]) -> int:
    """Keep what was written up to here, whole; how many bytes."""
    length = written.tell()
    written.seek(0)
    if length > PIECE:
        store.keep_stream(key, written)
    else:
        store.keep(key, written.read())
    return length


def claim(municipality_id: int, key: str, owner: uuid.UUID) -> bool:
    """Whether the file is now ours to make; committed when this returns. Who only waits takes no write lock."""
    mine = FileMaking.key == key
    is_taken = session.scalar(select(exists().where(mine, FileMaking.until > seconds_from_now(0))))
    stop_reading()
    if is_taken:
        return False
    with transaction():
        until = seconds_from_now(LEASE)
        row = {"municipality_id": municipality_id, "key": key, "owner": owner, "until": until}
        if insert_if_absent(FileMaking, [row], returning=FileMaking.id):
            return True
        dead = update(FileMaking).where(mine, FileMaking.until <= seconds_from_now(0))
        return changed(dead.values(owner=owner, until=until)) == 1


def give_back(key: str, owner: uuid.UUID) -> None:
    """The file is made, or could not be."""
    with transaction():
        mine = delete(FileMaking).where(FileMaking.key == key, FileMaking.owner == owner)
        session.execute(mine.execution_options(synchronize_session=False))


def forget_dead() -> int:
    """Delete claims of who died and whose file nobody asked for since; inside a transaction. How many there were."""
    return changed(delete(FileMaking).where(FileMaking.until <= seconds_from_now(0)))

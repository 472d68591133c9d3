"""Delete what nobody names: rows that were never attached, and files without a row.

Rows go first and are committed before their files, so that being killed at any point leaves at worst a file without
a row, which the next sweep finds by its age.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import delete, select

from service.crash_points import crash_here
from service.db import session, transaction
from service.db.clock import now
from service.media.models import Attachment
from service.media.renditions import uid_in
from service.storage.keeping import Store

AT_A_TIME = 500
USUAL_AGE = timedelta(hours=24)


@dataclass(frozen=True)
class Swept:
    """How many rows, files and half-written files a sweep deleted."""

    rows: int
    files: int
    partials: int


def sweep(store: Store, older_than: timedelta = USUAL_AGE, after_a_part: Callable[[], None] = lambda: None) -> Swept:
    """Delete photos that were sent and never attached, and files that no row names, when they are older than that.

    For a job or a command: it opens transactions of its own, short ones. `older_than` must be longer than any request
    takes, because a file is kept before its row is written. Files that are not photos of ours are left alone.
    `after_a_part` is called outside a transaction after every few hundred rows and files, and may end the sweep by
    raising: the next one finds what is left.
    """
    before = now() - older_than
    rows = files = 0
    while gone := drop_unattached(before):
        rows += gone
        after_a_part()
    crash_here("after_rows_swept")
    for keys in in_parts(old_photo_keys(store, before)):
        files += drop_unnamed(store, keys)
        after_a_part()
    return Swept(rows, files, store.drop_partials(before))


def drop_unattached(before: datetime) -> int:
    """Delete some rows about photos that were recorded before that moment and never attached; how many."""
    some = (
        select(Attachment.id)
        .where(Attachment.owner.is_(None), Attachment.created_at < before)
        .order_by(Attachment.created_at)
        .limit(AT_A_TIME)
    )
    with transaction():
        gone = session.scalars(
            delete(Attachment)
            .where(Attachment.id.in_(some), Attachment.owner.is_(None))
            .returning(Attachment.id)
            .execution_options(synchronize_session=False)
        )
        return len(gone.all())


def old_photo_keys(store: Store, before: datetime) -> Iterator[tuple[uuid.UUID, str]]:
    """(photo, key) of every rendition that was kept before that moment."""
    for key, modified, _ in store.keys_with_age():
        uid = uid_in(key)
        if uid and modified < before:
            yield uid, key


def drop_unnamed(store: Store, keys: Sequence[tuple[uuid.UUID, str]]) -> int:
    """Delete those files that no committed row names; how many."""
    named = set(session.scalars(select(Attachment.uid).where(Attachment.uid.in_({uid for uid, _ in keys}))))
    session.rollback()
    unnamed = [key for uid, key in keys if uid not in named]
    for key in unnamed:
        store.delete(key)
    return len(unnamed)


def in_parts(keys: Iterator[tuple[uuid.UUID, str]]) -> Iterator[list[tuple[uuid.UUID, str]]]:
    """The keys, so many at a time."""
    while part := list(islice(keys, AT_A_TIME)):
        yield part

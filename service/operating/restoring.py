"""Put a backup back: into an empty database, or in place of what there is.

The backup is read and checked as a whole before anything changes; then its files are kept; then its rows come in one
transaction together with their schema. Killed at any point the database is what it was, and what files were kept too
many are swept later.

What people had erased after the backup was made comes back with it. Erasing keeps no list yet; when it does, the list
is applied in `finish`, inside the same transaction.
"""

import uuid
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, delete

from service.media.models import Attachment
from service.operating.archives import Manifest, check, files_in, rows_in
from service.operating.filling import fill, must_be_empty, must_be_known
from service.operating.shapes import AT_A_TIME, Counted
from service.storage.keeping import Store


def restore(path: Path, url: str, store: Store, replace: bool = False) -> tuple[list[Counted], Manifest]:
    """Restore this backup; returns what was counted in the database and what the backup says. Raises Refused.

    Refused too is a database that has a municipality, unless it is to be replaced. A service that runs over it reads
    everything anew within a second; on PostgreSQL it waits meanwhile, so it is better stopped.
    """
    head, manifest = check(path)
    must_be_known(head.revision)
    if not replace:
        must_be_empty(url)
    for key, content in files_in(path):
        store.keep(key, content)
    found = fill(
        url,
        head.revision,
        head.tables,
        partial(rows_in, path, head.tables),
        lambda: manifest.tables,
        partial(finish, manifest.gone),
        replace=replace,
    )
    return found, manifest


def finish(gone: list[str], connection: Connection) -> None:
    """Delete the rows of photos that were deleted while the backup was made: their files are not in it."""
    for first in range(0, len(gone), AT_A_TIME):
        some = [uuid.UUID(text) for text in gone[first : first + AT_A_TIME]]
        connection.execute(delete(Attachment.__table__).where(Attachment.uid.in_(some)))  # type: ignore[arg-type]

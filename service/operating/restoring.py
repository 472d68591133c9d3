"""Put a backup back: into an empty database, or in place of what there is.

The backup is read and checked as a whole before anything changes; then its files are kept; then its rows come in one
transaction together with their schema. Killed at any point the database is what it was, and what files were kept too
many are swept later.

Who was erased after the backup was made would come back with it. The list of erasures is gathered from the store, from
the database that is replaced and from the backup, and applied in `finish`, inside the same transaction.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flask import Flask
from sqlalchemy import Connection, delete
from sqlalchemy.orm import Session

from service.db import session
from service.db.standstill import own_tables
from service.media.models import Attachment
from service.municipalities.directory import municipalities
from service.operating.archives import Manifest, check, files_in, rows_in
from service.operating.filling import fill, must_be_empty, must_be_known
from service.operating.shapes import AT_A_TIME, Counted
from service.personal_data.erasing import Listed, erase_again, listed_here, listed_in
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
    erased = Erased(list(listed_in(store)))
    found = fill(
        url,
        head.revision,
        head.tables,
        partial(rows_in, path, head.tables),
        lambda: manifest.tables,
        partial(finish, manifest.gone, erased),
        replace=replace,
        before=erased.note,
    )
    return found, manifest


@dataclass
class Erased:
    """The list of erasures, as far as it is known outside the backup."""

    listed: list[Listed]

    def note(self, connection: Connection) -> None:
        """Add what the database that is replaced knows; called before its rows go."""
        if "erasures" in own_tables(connection):
            with speaking(connection):
                self.listed += listed_here()

    def apply(self, connection: Connection) -> None:
        """Erase them again, and see that the database has the whole list."""
        with speaking(connection):
            erase_again(municipalities().values(), [*self.listed, *listed_here()])


@contextmanager
def speaking(connection: Connection) -> Iterator[None]:
    """Inside, the rules of the service read and write by this connection, in its transaction."""
    with Flask("restoring").app_context():
        bound = Session(bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        session.registry.set(bound)
        try:
            yield
            bound.commit()
        finally:
            session.remove()


def finish(gone: list[str], erased: Erased, connection: Connection) -> None:
    """Delete the rows of photos that were deleted while the backup was made: their files are not in it. Erase again
    who was erased.
    """
    for first in range(0, len(gone), AT_A_TIME):
        some = [uuid.UUID(text) for text in gone[first : first + AT_A_TIME]]
        connection.execute(delete(Attachment.__table__).where(Attachment.uid.in_(some)))  # type: ignore[arg-type]
    erased.apply(connection)

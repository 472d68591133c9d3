"""Move the database to another one, from a SQLite file to PostgreSQL or back; the files stay where they are.

From the first step on nobody can write to the old database: whoever tries is told 503 `moving` and to come back, and
a phone does, with the same key. Reading goes on. Then everything is copied and compared. The old database stays
closed for good, so that no report is acknowledged where nobody will look for it; the service is started again over
the new one, and the phones' retries arrive there. When anything fails, the old database is opened again.
"""

from sqlalchemy.exc import OperationalError

from service.db.standstill import go_on, stand_still, stands_still
from service.operating.filling import Parts, fill, must_be_empty
from service.operating.shapes import Counted, Tally, rows_of, shapes
from service.operating.snapshots import Refused, changing, revision_of, shown, snapshot

ATTEMPTS = 5  # two that wait for each other's tables: PostgreSQL ends one of them, and it may be us


def move(source: str, target: str) -> list[Counted]:
    """Move everything; what was found in the new database, which equals the old one. Raises Refused."""
    must_be_readable(source)
    must_be_empty(target)
    close(source)
    try:
        return copy(source, target)
    except BaseException:
        reopen(source)
        raise


def rehearse(source: str, target: str) -> list[Counted]:
    """Do it all but for closing the old database and committing in the new one, to learn how long it takes."""
    must_be_readable(source)
    must_be_empty(target)
    return copy(source, target, keep=False)


def must_be_readable(url: str) -> None:
    """Raises Refused for a database that is not there, not of this version, or closed already."""
    with snapshot(url) as connection:
        if stands_still(connection):
            raise Refused(
                f"{shown(url)} is closed: a move of it was finished, or broken off in the middle."
                " The new database is whole or empty. If the service does not use the new one:"
                " plateia move --cancel opens this one again."
            )


def close(url: str) -> None:
    """Refuse whoever writes to this database, from now on."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with changing(url) as connection:
                stand_still(connection)
            return
        except OperationalError as error:
            if attempt == ATTEMPTS:
                raise Refused(f"The database is too busy to be closed: {type(error.orig).__name__}.") from error


def reopen(url: str) -> None:
    """Let the service write to this database again."""
    with changing(url) as connection:
        go_on(connection)


def copy(source: str, target: str, keep: bool = True) -> list[Counted]:
    """Fill the target with a snapshot of the source, and compare."""
    tables = shapes()
    tallies = {each.name: Tally(each.name) for each in tables}
    with snapshot(source) as connection:

        def parts() -> Parts:
            for shape in tables:
                for rows in rows_of(connection, shape):
                    tallies[shape.name].add(rows)
                    yield shape, rows

        revision = str(revision_of(connection))
        return fill(target, revision, tables, parts, lambda: [each.counted() for each in tallies.values()], keep=keep)

"""Connections of an operator's commands: a snapshot to read from, a database to fill."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text

from service.db import engine, writing
from service.schema_version import newest


class Refused(Exception):
    """A command cannot do this, or not safely; the message says why, to an operator."""


@contextmanager
def snapshot(url: str) -> Iterator[Connection]:
    """Everything as it was at one moment, while others go on writing. Raises Refused.

    Only for a database with the schema of this version, because the tables are read as its models describe them.
    """
    with connected(url) as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            take_your_time(connection)
            revision = revision_of(connection)
            if revision != newest():
                raise Refused(f"The database has revision {revision}, this program {newest()}: plateia migrate first.")
            yield connection


@contextmanager
def changing(url: str, keep: bool = True) -> Iterator[Connection]:
    """One transaction that nobody else writes beside, committed at the end or rolled back (always without `keep`).

    Foreign keys are not enforced on SQLite meanwhile, so that migrations may rebuild tables.
    """
    with connected(url) as connection:
        if connection.dialect.name == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        token = writing.set(True)
        try:
            with connection.begin() as open_transaction:
                take_your_time(connection)
                yield connection
                if not keep:
                    open_transaction.rollback()
        finally:
            writing.reset(token)


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection of its own to a database that exists. Raises Refused."""
    parsed = engine.driver_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).exists():
        raise Refused(f"There is no database at {shown(url)}.")
    made = create_engine(parsed, **engine.options(url, 1))
    engine.prepare(made)
    try:
        with made.connect() as connection:
            yield connection
    finally:
        made.dispose()


def take_your_time(connection: Connection) -> None:
    """The service's limits are for people who wait."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def revision_of(connection: Connection) -> str | None:
    """The revision of a database's schema; None where there is none."""
    return MigrationContext.configure(connection).get_current_revision()


def shown(url: str) -> str:
    """The URL without its password."""
    return engine.driver_url(url).render_as_string()

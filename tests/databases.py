"""PostgreSQL databases that tests make for themselves, and what the service does with its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import create_engine, event, text

from service.db import db, engine


@contextmanager
def new_postgres(server: str, name: str) -> Iterator[str]:
    """The URL of a database of this name in which there is nothing yet, gone afterwards."""
    run_on(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    run_on(server, f"CREATE DATABASE {name}")
    try:
        yield engine.driver_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        run_on(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def run_on(server: str, statement: str) -> None:
    """Run a statement outside any transaction."""
    admin = create_engine(engine.driver_url(server), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(statement))
    admin.dispose()


@contextmanager
def watched(name: str, note: Callable[..., None]) -> Iterator[None]:
    """Meanwhile `note` is called at each event of this name of the service's own engine."""
    watched_engine = db.engine
    event.listen(watched_engine, name, note)
    try:
        yield
    finally:
        event.remove(watched_engine, name, note)


def statements(act: Callable[[], object]) -> list[str]:
    """What this sends to the database, in its order."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    with watched("before_cursor_execute", note):
        act()
    return seen

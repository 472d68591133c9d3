"""Databases that tests make for themselves, and what the service does with its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Executable, create_engine, event, text

from service.db import db, engine, session
from tests.migrated_once import copy_database, copy_file


@contextmanager
def migrated(kind: str, server: Callable[[], str], name: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database of this name with the newest schema; one of PostgreSQL is gone afterwards."""
    if kind == "sqlite":
        path = folder / f"{name}.sqlite"
        copy_file(path)
        yield f"sqlite:///{path}"
        return
    with new_postgres(server(), name, copy_database) as url:
        yield url


def create_database(server: str, name: str) -> None:
    """Make a database in which there is nothing yet."""
    run_on(server, f"CREATE DATABASE {name}")


@contextmanager
def new_postgres(server: str, name: str, create: Callable[[str, str], None] = create_database) -> Iterator[str]:
    """The URL of a database of this name, gone afterwards."""
    run_on(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    create(server, name)
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


UNWANTED = ("seqscan", "sort", "bitmapscan")


def plan_in_order(statement: Executable) -> str:
    """The database's plan of a statement; PostgreSQL's is one that sorts only where no index has the order.

    Of tables that are small it would sort by itself.
    """
    literal = str(statement.compile(db.engine, compile_kwargs={"literal_binds": True}))
    if db.engine.dialect.name == "sqlite":
        return " ".join(row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {literal}")))
    for name in UNWANTED:
        session.execute(text(f"SET LOCAL enable_{name} = off"))
    plan = " ".join(row[0] for row in session.execute(text(f"EXPLAIN {literal}")))
    session.rollback()
    return plan


def is_sorted(plan: str) -> bool:
    """Whether a plan collects rows to sort them."""
    return "TEMP B-TREE" in plan or "Sort" in plan

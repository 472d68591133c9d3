"""Triggers that keep rows from being changed, lifted for the moment in which a whole database is replaced."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from service.db.spatialite.columns import quoted


def of_plans(table: str) -> tuple[str, ...]:
    """The triggers that every table of plans which is guarded has on one database or the other."""
    return tuple(f"{table}_are_{what}" for what in ("final", "not_replaced", "not_displaced", "not_truncated"))


GUARDS = {
    "audit_entries": ("audit_entries_are_final", "audit_entries_are_kept"),
    "audit_details": ("audit_details_are_final",),
    "plan_versions": (*of_plans("plan_versions"), "plan_versions_are_kept"),
    "plan_elements": of_plans("plan_elements"),
    **{
        table: (*of_plans(table), *(f"{table}_are_final_{act}" for act in ("insert", "update", "delete")))
        for table in ("plan_revisions", "plan_changes", "plan_progress_reports", "plan_progress_entries")
    },
}
"""Table → the triggers that guard its rows; the migration that makes the table makes them."""


@contextmanager
def lifted(connection: Connection) -> Iterator[None]:
    """Inside, guarded rows can be deleted; for this transaction only, and not at all where it is rolled back."""
    if connection.dialect.name == "sqlite":
        yield from lifted_on_sqlite(connection)
    else:
        yield from lifted_on_postgresql(connection)


def lifted_on_sqlite(connection: Connection) -> Iterator[None]:
    names = ", ".join(f"'{name}'" for guards in GUARDS.values() for name in guards)
    query = f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name IN ({names})"  # noqa: S608
    triggers = connection.execute(text(query)).all()
    for name, _ in triggers:
        connection.execute(text(f"DROP TRIGGER {quoted(name)}"))
    yield
    for _, sql in triggers:
        connection.exec_driver_sql(sql)


def lifted_on_postgresql(connection: Connection) -> Iterator[None]:
    query = "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname = ANY(:names)"
    names = [name for guards in GUARDS.values() for name in guards]
    triggers = connection.execute(text(query), {"names": names}).all()
    for table, name in triggers:
        connection.execute(text(f"ALTER TABLE {quoted(table)} DISABLE TRIGGER {quoted(name)}"))
    yield
    for table, name in triggers:
        connection.execute(text(f"ALTER TABLE {quoted(table)} ENABLE TRIGGER {quoted(name)}"))

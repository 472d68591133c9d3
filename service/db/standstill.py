"""Let nobody write, while everybody reads on: while the database moves away, and after it has moved.

Triggers on every table refuse whatever would change a row, so it holds for every process and every program, also for
one that had begun before: the triggers appear between two transactions, never inside one, and what they refuse is
undone as a whole. The application answers such a refusal with 503 `moving`; phones try again with the same key.
"""

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from service.db import Base
from service.db.spatialite.columns import quoted

MARK = "plateia_stands_still"
CANNOT_CONNECT_NOW = "57P03"  # the SQLSTATE of a server that is there and not ready to work
EVENTS = ("INSERT", "UPDATE", "DELETE")


def stand_still(connection: Connection) -> None:
    """Refuse every write from this transaction's commit on; waits for those that run."""
    tables = own_tables(connection)
    if connection.dialect.name == "sqlite":
        for table in tables:
            for event in EVENTS:
                connection.execute(text(_sqlite_trigger(table, event)))
        return
    named = ", ".join(quoted(table) for table in tables)
    connection.execute(text(f"LOCK TABLE {named} IN SHARE ROW EXCLUSIVE MODE"))
    connection.execute(
        text(
            f"CREATE OR REPLACE FUNCTION {MARK}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{MARK}' USING ERRCODE = '{CANNOT_CONNECT_NOW}'; END $$"
        )
    )
    for table in tables:
        connection.execute(
            text(
                f"CREATE TRIGGER {MARK} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {quoted(table)}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {MARK}()"
            )
        )


def go_on(connection: Connection) -> None:
    """Let everybody write again from this transaction's commit on; nothing happens where they may."""
    if connection.dialect.name == "sqlite":
        triggers = text(f"SELECT name FROM sqlite_master WHERE name LIKE '{MARK}%'")  # noqa: S608  (a constant)
        for name in connection.scalars(triggers).all():
            connection.execute(text(f"DROP TRIGGER {quoted(name)}"))
        return
    connection.execute(text(f"DROP FUNCTION IF EXISTS {MARK}() CASCADE"))


def stands_still(connection: Connection) -> bool:
    """Whether writes are refused."""
    where = "pg_trigger WHERE tgname" if connection.dialect.name == "postgresql" else "sqlite_master WHERE name"
    return connection.execute(text(f"SELECT 1 FROM {where} LIKE '{MARK}%' LIMIT 1")).first() is not None  # noqa: S608


def was_refused(error: DBAPIError) -> bool:
    """Whether this error of a statement is such a refusal."""
    return MARK in str(error.orig)


def own_tables(connection: Connection) -> list[str]:
    """Those of the service's tables that are there."""
    there = set(inspect(connection).get_table_names())
    return [table.name for table in Base.metadata.sorted_tables if table.name in there]


def _sqlite_trigger(table: str, event: str) -> str:
    return (
        f"CREATE TRIGGER {quoted(f'{MARK}_{table}_{event}')} BEFORE {event} ON {quoted(table)}"
        f" BEGIN SELECT RAISE(ABORT, '{MARK}'); END"
    )

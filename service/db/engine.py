"""How the service connects: what SQLite and PostgreSQL need before the first statement."""

import select
import sqlite3
from typing import Any, cast

import orjson
import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import DisconnectionError

from service.db import spatialite, writing
from service.db.driver import run

OLDEST_SQLITE = (3, 35, 0)  # UPDATE … RETURNING


def options(url: str, pool_size: int) -> dict[str, Any]:
    """Keyword arguments of `create_engine` for this database."""
    common: dict[str, Any] = {
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": orjson.loads,
        "pool_size": pool_size,
        "max_overflow": pool_size,
    }
    if driver_url(url).get_backend_name() == "sqlite":
        return common | {"connect_args": {"timeout": 30, "check_same_thread": False, "cached_statements": 512}}
    return common | {
        "connect_args": {
            "connect_timeout": 10,
            "options": "-c timezone=UTC -c statement_timeout=60000",
            "prepare_threshold": 2,
        },
    }


def driver_url(url: str) -> URL:
    """The URL with the driver that we use: psycopg 3 for PostgreSQL, the standard library's for SQLite."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def prepare(engine: Engine) -> None:
    """Install what each new connection needs. Call once per engine."""
    if engine.dialect.name != "sqlite":
        event.listen(engine, "checkout", refuse_closed)
        return
    check_sqlite()
    event.listen(engine, "connect", prepare_sqlite_connection)
    event.listen(engine, "handle_error", spatialite.name_fault, retval=True)
    event.listen(engine, "begin", begin_sqlite)


def read_without_transactions(engine: Engine) -> None:
    """Let PostgreSQL read without BEGIN and ROLLBACK around it, and refuse to write outside `transaction()`.

    They cost a way to the server each. On SQLite they cost nothing.
    """
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", read_only_unless_told)
        event.listen(engine, "begin", begin_postgres)


def read_only_unless_told(connection: psycopg.Connection[Any], _record: object) -> None:
    connection.autocommit = True
    connection.execute("SET default_transaction_read_only = on")


def begin_postgres(connection: Connection) -> None:
    """The driver commits each statement by itself; what `transaction()` begins it commits or rolls back as usual."""
    if writing.get():
        run(connection, "BEGIN READ WRITE")


def refuse_closed(connection: psycopg.Connection[Any], _record: object, _proxy: object) -> None:
    """A server that was restarted has hung up, which can be seen without asking it: the pool takes a new connection."""
    silence = select.poll()
    silence.register(connection, select.POLLIN)
    if silence.poll(0):
        raise DisconnectionError


def prepare_sqlite_connection(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy says BEGIN, so that DDL is transactional too
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")  # what is erased is overwritten
    cursor.execute("PRAGMA cache_size=-65536")
    cursor.close()
    spatialite.install(connection)


def begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock first: an upgraded read lock would fail at once with "database is locked"."""
    if writing.get():
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        cast("sqlite3.Connection", connection.connection.driver_connection).execute("BEGIN")


def empty_write_ahead_log(engine: Engine) -> bool:
    """Bring SQLite's write-ahead log into the file and cut it to nothing; whether nobody was reading just then. On
    PostgreSQL there is nothing to do.
    """
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect() as connection:
        driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        return bool(driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)


def check_sqlite() -> None:
    """Say what this Python's SQLite lacks, before anything else fails in a stranger way."""
    missing = []
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        missing.append(f"SQLite {'.'.join(map(str, OLDEST_SQLITE))} or later (this is {sqlite3.sqlite_version})")
    probe = sqlite3.connect(":memory:")
    for name, statement in (
        ("R*Tree", "CREATE VIRTUAL TABLE probe_rtree USING rtree(id, a, b)"),
        ("FTS5", "CREATE VIRTUAL TABLE probe_fts USING fts5(a)"),
    ):
        try:
            probe.execute(statement)
        except sqlite3.OperationalError:
            missing.append(name)
    probe.close()
    if missing:
        raise SystemExit(f"The sqlite3 module of this Python lacks: {', '.join(missing)}.")

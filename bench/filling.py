"""Databases to measure on: made anew, migrated, with the sample municipalities and a past of so many reports."""

import os
import sqlite3
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import text

from bench.rows import REPORT_TABLES, RESIDENT_TABLES, Row, Size, reports, residents
from service.app import create_app
from service.config import Settings
from service.db import db, engine, session, spatialite, transaction
from service.db.spatialite.blob import encode_point
from service.municipalities.directory import Municipality, municipality
from service.people.signing_in import sign_in
from service.samples.loading import load_all
from service.schema_version import migrate

PREFIX = f"plateia_bench_{os.getpid()}"
TABLES = RESIDENT_TABLES | REPORT_TABLES
EWKB_POINT = struct.Struct("<BII2d")
RESIDENTS_PER_REPORT = 1 / 20


@dataclass(frozen=True)
class Filled:
    """A database that is ready: its URL, the folder beside it, how many reports, and tokens of staff by name."""

    url: str
    home: Path
    reports: int
    residents: int
    staff: dict[str, str]
    seconds: float

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")


def settings_of(home: Path, url: str) -> Settings:
    """Settings of a service over this database."""
    return Settings(home=home, database_url=url, log_level="ERROR")


def fill(home: Path, server: str | None, size: int) -> Filled:
    """Make a database with so many reports: on this PostgreSQL server, or as a file in this folder."""
    begun = time.monotonic()
    home.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{home / 'plateia.sqlite'}" if server is None else create_database(server, f"{PREFIX}_{size}")
    migrate(url)
    app = create_app(settings_of(home, url))
    with app.app_context():
        load_all()
        here = municipality("kozani")
        first = int(session.scalar(text("SELECT coalesce(max(id), 0) FROM accounts")) or 0) + 1
        session.rollback()
        planned = Size(size, max(400, int(size * RESIDENTS_PER_REPORT)), first)
        staff = tokens_of_staff()
        (put_into_postgres if server else put_into_sqlite)(url, here, planned)
        session.remove()
        db.engine.dispose()
    return Filled(url, home, size, planned.residents, staff, time.monotonic() - begun)


def tokens_of_staff() -> dict[str, str]:
    """A token for each of the sample staff of Kozani, by the first part of the address."""
    known = session.execute(text("SELECT id, email FROM accounts WHERE email LIKE '%@staff.kozani.example'")).all()
    tokens = {}
    for row in known:
        with transaction():
            tokens[row.email.split("@")[0]] = sign_in(row.id).token
    return tokens


def create_database(server: str, name: str) -> str:
    """An empty database of this name on the server; its URL."""
    parsed = engine.driver_url(server)
    with psycopg.connect(plain(server), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {name}".encode())
    return parsed.set(database=name, drivername="postgresql").render_as_string(hide_password=False)


def drop_databases(server: str) -> None:
    """Take away what `fill` made on this server."""
    with psycopg.connect(plain(server), autocommit=True) as connection:
        found = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (f"{PREFIX}_",))
        for (name,) in found.fetchall():
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


def plain(url: str) -> str:
    """The URL as the driver itself reads it."""
    return engine.driver_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def place_in_sqlite(longitude: float, latitude: float) -> bytes:
    return encode_point(longitude, latitude, 4326)


def place_in_postgres(longitude: float, latitude: float) -> str:
    return EWKB_POINT.pack(1, 0x20000001, 4326, longitude, latitude).hex()


def put_into_sqlite(url: str, here: Municipality, size: Size) -> None:
    """The past into an embedded file, with its R*Tree; one transaction."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    spatialite.install(connection)
    connection.execute("BEGIN IMMEDIATE")
    for portion in (*residents(here, size), *reports(here, size, place_in_sqlite)):
        for table, rows in portion.items():
            columns = TABLES[table]
            marks = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)
    set_counter(connection.execute, here, size, "?")
    connection.execute("COMMIT")
    connection.execute("ANALYZE")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def put_into_postgres(url: str, here: Municipality, size: Size) -> None:
    """The past into PostGIS: rows by COPY without the secondary indexes, then those in bulk. Needs a superuser."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET timezone = 'UTC'")
        connection.execute("SET maintenance_work_mem = '512MB'")
        with without_indexes(connection):
            for portion in residents(here, size):
                copy_in(connection, portion)
            for portion in reports(here, size, place_in_postgres):
                copy_in(connection, portion)
        set_counter(connection.execute, here, size, "%s")
        for table in TABLES:
            keys = f"pg_get_serial_sequence('{table}', 'id')"
            connection.execute(f"SELECT setval({keys}, (SELECT coalesce(max(id), 0) + 1 FROM {table}))".encode())
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


@contextmanager
def without_indexes(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """The indexes that are no constraints are away meanwhile."""
    found = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexname LIKE ANY(%s)",
        (list(REPORT_TABLES), ["ix_%", "idx_%"]),
    ).fetchall()
    for name, _ in found:
        connection.execute(f"DROP INDEX {name}".encode())
    yield
    for _, definition in found:
        connection.execute(definition.encode())


def copy_in(connection: psycopg.Connection[Any], portion: dict[str, list[Row]]) -> None:
    for table, rows in portion.items():
        statement = f"COPY {table} ({', '.join(TABLES[table])}) FROM STDIN"
        with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            copy.write(as_copy_text(rows))


def as_copy_text(rows: Iterable[Row]) -> str:
    """Rows as COPY reads them."""
    return "".join("\t".join(map(in_copy, row)) + "\n" for row in rows)


def in_copy(value: Any) -> str:
    if value is None:
        return "\\N"
    if type(value) is str:
        return value.replace("\\", "\\\\") if "\\" in value else value
    return f"\\\\x{value.hex()}" if type(value) is bytes else repr(value)


def set_counter(execute: Any, here: Municipality, size: Size, mark: str) -> None:
    """The numbers of this year go on after those that are there, so that none is given twice."""
    year = time.gmtime().tm_year
    for one in (year, year + 1):
        execute(
            f"INSERT INTO report_counters (municipality_id, year, last) VALUES ({mark}, {mark}, {mark})",
            (here.id, one, size.reports),
        )

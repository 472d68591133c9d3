"""What every slice stands on refuses what would go wrong later in a stranger way."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime

import psycopg
import pytest
from flask import Flask
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DisconnectionError

from service.db import engine, spatialite, transaction
from service.db.generations import Generation
from service.db.types import Instant
from service.db.upserts import insert_if_absent
from tests.conftest import postgres_server


@pytest.fixture
def postgres() -> Iterator[psycopg.Connection[object]]:
    """Somebody who can end the connections of others."""
    with psycopg.connect(postgres_server(), autocommit=True) as connection:
        yield connection


def test_an_instant_without_its_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Instant().process_bind_param(datetime(2026, 11, 21, 9, 30), sqlite.dialect())


def test_several_rows_are_inserted_at_once_but_for_those_that_are_there(app: Flask) -> None:
    with transaction():
        assert insert_if_absent(Generation, [], returning=Generation.subject) == []
        row = {"subject": "of this test", "value": 1}
        assert insert_if_absent(Generation, [row], returning=Generation.subject) == ["of this test"]
        rows = [row, {"subject": "of this test too", "value": 1}]
        assert insert_if_absent(Generation, rows, returning=Generation.subject) == ["of this test too"]


def test_a_connection_that_the_server_has_closed_is_not_used_again(postgres: psycopg.Connection[object]) -> None:
    with psycopg.connect(postgres_server(), autocommit=True) as kept:
        engine.refuse_closed(kept, None, None)
        postgres.execute("SELECT pg_terminate_backend(%s, 5000)", (kept.info.backend_pid,))
        with pytest.raises(DisconnectionError):
            engine.refuse_closed(kept, None, None)


def test_a_python_whose_sqlite_is_too_old_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "OLDEST_SQLITE", (99, 0, 0))
    with pytest.raises(SystemExit, match=r"99\.0\.0 or later"):
        engine.check_sqlite()


def test_a_file_whose_spatial_tables_are_not_spatialites_is_left_as_it_was() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE spatial_ref_sys (other INTEGER)")
    with pytest.raises(sqlite3.OperationalError):
        spatialite.install(connection)
    assert not connection.in_transaction
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("spatial_ref_sys",)]
    connection.close()

"""What every slice stands on refuses what would go wrong later in a stranger way."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, func, null, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DisconnectionError, IntegrityError

from service.consultation.models import BallotAnswer, Consultation
from service.db import engine, session, spatialite, transaction
from service.db.generations import Generation
from service.db.keys import new_uid
from service.db.types import Instant
from service.db.upserts import insert_all_if_absent, insert_if_absent
from service.municipalities.directory import Municipality
from service.plans.writing import put_in
from tests.conftest import postgres_server
from tests.consultation.votes import new_vote
from tests.factories.people import make_staff


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


@pytest.mark.measured_on_both
def test_many_rows_are_one_statement_that_leaves_out_what_is_there(app: Flask, here: Municipality) -> None:
    new_vote(here, make_staff(here, "olga", [("consultation_manager", None)]))
    answers = BallotAnswer.__table__
    common = {"consultation_id": session.scalars(select(Consultation.id)).one(), "sequence": 1, "ballot": b"b" * 32}
    common |= {"channel": "app", "blind": bytes(range(240, 256)), "commitment": b"c" * 32}
    rows = [
        common | {"tracker": bytes([number]) * 32, "question": f"q{number}", "answer": answer, "salt": salt}
        for number, (answer, salt) in enumerate(
            [("Ναι 'όχι' %s", b"\x00" * 16), ([1, {"a": None}], None), (None, b"s")]
        )
    ]
    with transaction():
        assert insert_all_if_absent(answers, []) == 0
        assert insert_all_if_absent(answers, rows[:2]) == 2
        assert insert_all_if_absent(answers, rows) == 1
    there = session.execute(select(answers).order_by(answers.c.question)).mappings().all()
    assert [{name: row[name] for name in rows[0]} for row in there] == rows
    assert session.scalar(select(func.count()).where(answers.c.answer.is_(null()))) == 0, "a blank one was given"


@pytest.mark.measured_on_both
def test_rows_of_a_plan_are_given_at_once_seen_by_who_listens_and_a_fault_has_its_name(app: Flask) -> None:
    heard: list[str] = []
    mine = str(new_uid())
    rows = [{"subject": f"{mine} {number}", "value": number} for number in range(3)]
    with transaction():
        put_in(Generation, [])
        event.listen(session.connection(), "before_cursor_execute", lambda *said: heard.append(said[2]))
        put_in(Generation, rows)
    assert len(heard) == 1 and "generations" in heard[0]
    there = select(Generation.value).where(Generation.subject.startswith(mine)).order_by(Generation.value)
    assert session.scalars(there).all() == [0, 1, 2]
    with pytest.raises(IntegrityError), transaction():
        put_in(Generation, [{"subject": f"{mine} 9", "value": 9}, rows[0]])
    assert session.scalars(there).all() == [0, 1, 2], "all or nothing"


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

"""Prepared statements say what SQLAlchemy's own way says: values, types, transactions, errors and events."""

import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, bindparam, column, event, insert, select, text
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from service.db import db, session, transaction
from service.db.prepared import Prepared, fitting
from service.municipalities.directory import Municipality
from service.reports.models import Report
from tests.factories.people import Person
from tests.factories.reports import make_report

reports: Any = Report.__table__

COLUMNS = [column for column in reports.c if column.key != "place"]
BY_UID = Prepared(select(*COLUMNS).where(reports.c.uid == bindparam("uid")))
AMONG = Prepared(select(reports.c.id).where(reports.c.id.in_(bindparam("ids", expanding=True))).order_by(reports.c.id))


def test_a_row_has_the_values_that_sqlalchemy_reads(here: Municipality, alice: Person) -> None:
    uid = make_report(here, alice).uid
    read = session.execute(select(*COLUMNS).where(reports.c.uid == uid)).one()
    row = BY_UID.row({"uid": uid})
    assert row is not None
    assert tuple(row) == tuple(read)
    assert [type(value) for value in row] == [type(value) for value in read]
    assert (row.uid, row.created_at.tzinfo) == (uid, UTC)


def test_what_is_not_there_is_none(app: Flask) -> None:
    assert BY_UID.row({"uid": uuid.uuid4()}) is None
    assert BY_UID.value({"uid": uuid.uuid4()}) is None
    assert BY_UID.rows({"uid": uuid.uuid4()}) == []


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 9])
def test_a_list_may_have_any_length(here: Municipality, alice: Person, size: int) -> None:
    ids = [make_report(here, alice).id for _ in range(5)]
    asked = [*ids, 10_001, 10_002, 10_003, 10_004][:size]
    assert [row.id for row in AMONG.rows({"ids": asked})] == [one for one in asked if one in ids]


def test_lists_of_many_lengths_make_few_forms(app: Flask) -> None:
    among = Prepared(AMONG.statement)
    for size in range(1, 65):
        among.rows({"ids": range(size) and list(range(size))})
    assert len(among.compiled) == 7  # 1, 2, 4 … 64


def test_an_instant_of_another_zone_is_the_same_instant(here: Municipality, alice: Person) -> None:
    make_report(here, alice)
    before = Prepared(select(reports.c.id).where(reports.c.created_at < bindparam("moment")))
    moment = session.scalars(select(Report.created_at)).one()
    elsewhere = timezone(timedelta(hours=9))
    assert before.rows({"moment": (moment + timedelta(seconds=1)).astimezone(elsewhere)})
    assert not before.rows({"moment": moment.astimezone(elsewhere)})
    with pytest.raises(ValueError, match="time zone"):
        before.rows({"moment": datetime(2026, 1, 1)})


def test_it_is_part_of_the_transaction(here: Municipality, alice: Person) -> None:
    uid = make_report(here, alice).uid
    erase = Prepared(reports.delete().where(reports.c.uid == bindparam("uid")))
    writing = transaction()
    writing.__enter__()
    session.execute(text("DELETE FROM report_entries"))
    assert erase.rows({"uid": uid}) == []
    assert BY_UID.row({"uid": uid}) is None
    assert not writing.__exit__(KeyError, KeyError(), None)
    assert BY_UID.row({"uid": uid}) is not None


def test_faults_are_those_of_sqlalchemy(here: Municipality) -> None:
    counters: Any = db.metadata.tables["report_counters"]
    add = Prepared(insert(counters).returning(counters.c.id))
    row = {"municipality_id": here.id, "year": 1999, "last": 1}
    writing = transaction()
    writing.__enter__()
    add.value(row)
    with pytest.raises(IntegrityError) as caught:
        add.value(row)
    assert not writing.__exit__(IntegrityError, caught.value, None)
    assert "year" in str(caught.value.orig)
    assert Prepared(select(counters.c.id)).rows({}) == []


def test_many_rows_are_written_at_once_or_none_is(here: Municipality) -> None:
    rules: Any = db.metadata.tables["routing_rules"]
    add = Prepared(insert(rules).inline())
    about = {"municipality_id": here.id, "relation": "in", "layer": "areas", "metres": None}
    rows = [about | {"position": 900 + n, "categories": fitting(rules.c.categories)(["a", str(n)])} for n in range(3)]
    heard: list[Any] = []
    with transaction():
        event.listen(session.connection(), "before_cursor_execute", lambda *said: heard.append(said[2:6:3]))
        add.many([])
        add.many(rows, ready=("categories",))
        add.many([about | {"position": 999, "categories": ["b"]}])
    assert [(sql.split()[0], many) for sql, many in heard] == [("INSERT", True)] * 2
    kept = select(rules.c.position, rules.c.categories).where(rules.c.position >= 900).order_by(rules.c.position)
    expected = [(900, ["a", "0"]), (901, ["a", "1"]), (902, ["a", "2"]), (999, ["b"])]
    assert [tuple(row) for row in session.execute(kept)] == expected
    change = Prepared(
        rules.update().where(rules.c.position == bindparam("of")).values(layer=bindparam("to"), metres=bindparam("far"))
    )
    with transaction():
        change.many([{"of": 900, "to": "roads", "far": 5}, {"of": 901, "to": "parks", "far": None}])
    layers = select(rules.c.layer, rules.c.metres).where(rules.c.position.in_((900, 901))).order_by(rules.c.position)
    assert [tuple(row) for row in session.execute(layers)] == [("roads", 5.0), ("parks", None)]
    with pytest.raises(IntegrityError), transaction():
        add.many([about | {"position": 950, "categories": ["c"]}, about | {"position": None, "categories": ["c"]}])
    assert [tuple(row) for row in session.execute(kept)] == expected


def test_a_list_that_is_a_value_stays_as_it_is(here: Municipality) -> None:
    rules: Any = db.metadata.tables["routing_rules"]
    row = {
        "municipality_id": here.id,
        "position": 999,
        "relation": "in",
        "layer": "areas",
        "categories": ["a", "b", "c"],
    }
    with transaction():
        key = Prepared(insert(rules).returning(rules.c.id)).value(row)
    kept = Prepared(select(rules.c.categories).where(rules.c.id == bindparam("key")))
    assert kept.value({"key": key}) == ["a", "b", "c"]


@pytest.mark.parametrize("collection", [{1: "a", 2: "b"}.keys(), range(1, 3), (1, 2), {1, 2}])
def test_any_collection_is_a_list(app: Flask, collection: Any) -> None:
    assert AMONG.rows({"ids": collection}) == AMONG.rows({"ids": [1, 2]})


def test_a_fault_in_a_later_row_has_its_name_too(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("only SQLite's functions are ours")
    texts = "SELECT 'SRID=4326;POINT(1 2)' AS t UNION ALL SELECT 'SRID=4326;POINT(1 NOTHING)'"
    fault = Prepared(text(f"SELECT GeomFromEWKT(t) AS g FROM ({texts})").columns(column("g")))
    with pytest.raises(DataError, match="GeomFromEWKT: unreadable"):
        fault.rows({})


def test_a_connection_that_breaks_at_the_beginning_of_a_change_is_a_fault_of_the_database(here: Municipality) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no connections that break")

    def break_it(connection: Connection) -> None:
        connection.connection.driver_connection.close()  # type: ignore[union-attr]

    event.listen(db.engine, "begin", break_it, insert=True, once=True)
    with pytest.raises(OperationalError), transaction():
        session.connection()
    assert session.scalar(text("SELECT 1")) == 1


def test_a_spatial_fault_has_its_name(app: Flask) -> None:
    fault = Prepared(text("SELECT GeomFromEWKT('SRID=4326;POINT(1 NOTHING)')").columns())
    if db.engine.dialect.name != "sqlite":
        pytest.skip("only SQLite's functions are ours")
    with pytest.raises(DataError, match="GeomFromEWKT: unreadable"):
        fault.rows({})


def test_who_listens_to_statements_hears_of_it(app: Flask) -> None:
    heard = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        heard.append(statement)

    event.listen(db.engine, "before_cursor_execute", hear)
    AMONG.rows({"ids": [1, 2]})
    event.remove(db.engine, "before_cursor_execute", hear)
    assert len(heard) == 1 and "FROM reports" in heard[0]

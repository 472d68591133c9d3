"""Insert rows without the session's bookkeeping, and let a unique constraint decide what may happen once."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
import sqlalchemy
from sqlalchemy import (
    JSON,
    ClauseElement,
    ColumnElement,
    LargeBinary,
    Text,
    bindparam,
    column,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute

from service.db import Base, dialect, session
from service.db.prepared import Prepared

INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert(model: type[Base]) -> Any:
    """The dialect's own `insert`, which knows ON CONFLICT."""
    return INSERT[dialect()](model)


def on_both(make: Callable[[Any], Any]) -> Prepared:
    """The statement that `make` makes of a dialect's `insert`, for both databases."""
    return Prepared({name: make(insert) for name, insert in INSERT.items()})


def add(model: type[Base], row: Mapping[str, Any]) -> int:
    """Insert one row; its key."""
    return int(adding(model.__table__).value(row))


@cache
def adding(table: Any) -> Prepared:
    """The statement, made once: that costs more than to run it."""
    return Prepared(sqlalchemy.insert(table).returning(table.c.id))


def insert_if_absent(
    model: type[Base],
    rows: Sequence[dict[str, Any]],
    returning: InstrumentedAttribute[Any] | ColumnElement[Any],
) -> list[Any]:
    """Insert those of the rows that no unique constraint refuses; what `returning` says of the inserted ones."""
    if not rows:
        return []
    if len(rows) > 1:
        return list(session.scalars(insert(model).values(list(rows)).on_conflict_do_nothing().returning(returning)))
    statement, row = adding_if_absent(model.__table__, str(returning.key)), rows[0]
    computed = {name: value for name, value in row.items() if isinstance(value, ClauseElement)}
    if not computed:
        return [found[0] for found in statement.rows(row)]
    given = {name: value for name, value in row.items() if name not in computed}
    return list(session.scalars(statement.spoken(dialect()).values(computed), given))


@cache
def adding_if_absent(table: Any, returning: str) -> Prepared:
    """The statement, made once."""
    return on_both(lambda insert: insert(table).on_conflict_do_nothing().returning(table.c[returning]))


def insert_all_if_absent(table: Any, rows: Sequence[Mapping[str, Any]]) -> int:
    """The same for rows that name the same columns, in a statement that is made once; of numbers, text, bytes and JSON.

    How many were inserted. PostgreSQL gets them as one value, because its driver reads a statement with hundreds of
    parameters anew each time; SQLite gets one after the other.
    """
    if not rows:
        return 0
    if dialect() != "postgresql":
        return adding_each(table).many(rows)
    given = orjson.dumps(rows, default=bytes.hex).decode()
    return len(adding_as_one(table, tuple(rows[0])).rows({"rows": given}))


@cache
def adding_each(table: Any) -> Prepared:
    """The statement for one row after the other; of SQLite."""
    return Prepared(sqlite.insert(table).on_conflict_do_nothing().inline())


@cache
def adding_as_one(table: Any, names: tuple[str, ...]) -> Prepared:
    """The statement for rows that are a list of objects in JSON, with bytes in hexadecimal; of PostgreSQL."""
    columns = [table.c[name] for name in names]
    kinds = [column(one.name, Text() if isinstance(one.type, LargeBinary) else one.type) for one in columns]
    given = func.json_to_recordset(sqlalchemy.cast(bindparam("rows", type_=Text()), postgresql.JSON()))
    there = given.table_valued(*kinds).render_derived(name="given", with_types=True)
    values = [as_given(there.c[one.name], one.type) for one in columns]
    statement = postgresql.insert(table).from_select(list(names), select(*values), include_defaults=False)
    return Prepared(statement.on_conflict_do_nothing().returning(*table.primary_key.columns[:1]))


def as_given(value: ColumnElement[Any], kind: Any) -> ColumnElement[Any]:
    """Bytes from hexadecimal; nothing in a column of JSON is JSON's own null, as SQLAlchemy writes it."""
    if isinstance(kind, LargeBinary):
        return func.decode(value, "hex")
    return func.coalesce(value, sqlalchemy.cast(literal_column("'null'"), kind)) if isinstance(kind, JSON) else value

"""Insert rows without the session's bookkeeping, and let a unique constraint decide what may happen once."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy
from sqlalchemy import ClauseElement, ColumnElement
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

"""Insert rows without the session's bookkeeping, and let a unique constraint decide what may happen once."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, FromClause
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute

from service.db import Base, dialect, session

INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert(model: type[Base]) -> Any:
    """The dialect's own `insert`, which knows ON CONFLICT."""
    return INSERT[dialect()](model)


def add(model: type[Base], row: Mapping[str, Any]) -> int:
    """Insert one row; its key."""
    return int(session.scalar(adding(dialect(), model.__table__), dict(row)))


@cache
def adding(name: str, table: FromClause) -> Any:
    """The statement, made once: that costs more than to run it."""
    return INSERT[name](table).returning(table.c.id)


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
    statement, row = adding_if_absent(dialect(), model.__table__, str(returning.key)), rows[0]
    computed = {name: value for name, value in row.items() if isinstance(value, ClauseElement)}
    if computed:
        statement = statement.values(computed)
    return list(session.scalars(statement, {name: value for name, value in row.items() if name not in computed}))


@cache
def adding_if_absent(name: str, table: FromClause, returning: str) -> Any:
    """The statement, made once."""
    return INSERT[name](table).on_conflict_do_nothing().returning(table.c[returning])

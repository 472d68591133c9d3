"""Let a unique constraint decide what may happen once."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute

from service.db import Base, dialect, session

INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert(model: type[Base]) -> Any:
    """The dialect's own `insert`, which knows ON CONFLICT."""
    return INSERT[dialect()](model)


def insert_if_absent(
    model: type[Base],
    rows: Sequence[dict[str, Any]],
    returning: InstrumentedAttribute[Any] | ColumnElement[Any],
) -> list[Any]:
    """Insert those of the rows that no unique constraint refuses; what `returning` says of the inserted ones."""
    if not rows:
        return []
    values = rows[0] if len(rows) == 1 else list(rows)  # SQLAlchemy compiles lists of rows anew each time
    statement = insert(model).values(values).on_conflict_do_nothing().returning(returning)
    return list(session.scalars(statement))

"""What time it is: ours for what we write down, the database's for deadlines and leases."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

from service.db.types import Instant


def now() -> datetime:
    """This moment by the clock of this machine, in UTC."""
    return datetime.now(UTC)


class seconds_from_now(ColumnElement[datetime]):  # noqa: N801  (reads as the SQL expression that it is)
    """The database's clock plus so many seconds (negative: ago).

    One moment for the whole statement: a clock that moves while a statement runs could not be looked up in an index.
    """

    inherit_cache = True
    _traverse_internals = [("seconds", InternalTraversal.dp_clauseelement)]  # noqa: RUF012  (SQLAlchemy's own shape)
    type = Instant()

    def __init__(self, seconds: float | ColumnElement[Any]) -> None:
        self.seconds = seconds if isinstance(seconds, ColumnElement) else bindparam(None, float(seconds), type_=Float())


@compiles(seconds_from_now, "postgresql")
def _on_postgresql(element: seconds_from_now, compiler: SQLCompiler, **options: Any) -> str:
    return f"(statement_timestamp() + make_interval(secs => {compiler.process(element.seconds, **options)}))"


@compiles(seconds_from_now, "sqlite")
def _on_sqlite(element: seconds_from_now, compiler: SQLCompiler, **options: Any) -> str:
    seconds = compiler.process(element.seconds, **options)
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', ({seconds}) || ' seconds')"

"""What tables hold, in a form that is equal on SQLite and on PostgreSQL, value for value.

A row is a JSON array: integers, numbers and booleans as they are, everything else as text: instants in UTC with
microseconds, UUIDs with hyphens, bytes and geometries (EWKB, little-endian) in hexadecimal digits, JSON with sorted
keys. So a digest over the rows compares two databases, and a backup of one is loaded into the other.
"""

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from geoalchemy2 import Geometry
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Date,
    Double,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
    cast,
    column,
    func,
    select,
    table,
)
from sqlalchemy.types import TypeEngine

from service import app as _tables  # noqa: F401  (every slice's tables)
from service.db import Base
from service.db.spatialite.columns import quoted
from service.db.types import Instant

AT_A_TIME = 2000
BARE_EXPONENT_OR_MINUS_ZERO = re.compile(r"\de\+?\d|-0\.0")

Row = list[Any]
Convert = Callable[[Any], Any]

KINDS: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (Geometry, "geometry"),
    (JSON, "json"),
    (Uuid, "uuid"),
    (LargeBinary, "bytes"),
    (Boolean, "boolean"),
    (Integer, "integer"),
    (Float, "number"),
    (Instant, "instant"),
    (Date, "day"),
    (String, "text"),
)
"""Type of a model's column → kind of value."""

TYPES: dict[str, TypeEngine[Any]] = {
    "uuid": Uuid(),
    "bytes": LargeBinary(),
    "boolean": Boolean(),
    "integer": BigInteger(),
    "number": Double(),
    "instant": Instant(),
    "day": Date(),
    "text": Text(),
}
"""Kind of value → how it is read; geometries and JSON are read as text."""


@dataclass(frozen=True)
class Shape:
    """A table: its columns as (name, kind), and those of its primary key, by which its rows are in order."""

    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]


@dataclass(frozen=True)
class Counted:
    """How many rows a table has, and the SHA-256 (hex) over all of them in their order."""

    name: str
    rows: int
    sha256: str


class Tally:
    """The same while it is being counted."""

    def __init__(self, name: str) -> None:
        self.name, self.rows, self.digest = name, 0, hashlib.sha256()

    def add(self, rows: Iterable[Row]) -> bytes:
        """Count these rows too; returns them as lines of JSON."""
        content = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
        self.add_lines(content)
        return content

    def add_lines(self, content: bytes) -> None:
        """Count rows that are lines of JSON already."""
        self.rows += content.count(b"\n")
        self.digest.update(content)

    def counted(self) -> Counted:
        return Counted(self.name, self.rows, self.digest.hexdigest())


def shapes() -> list[Shape]:
    """Every table of the service, each after those that it points at."""
    return [shape_of(each) for each in Base.metadata.sorted_tables]


def shape_of(each: Table) -> Shape:
    """The shape of a model's table. Raises TypeError for a column of a type that has no kind."""
    columns = tuple((found.name, kind_of(found.type)) for found in each.columns)
    return Shape(each.name, columns, tuple(found.name for found in each.primary_key))


def kind_of(found: TypeEngine[Any]) -> str:
    for known, kind in KINDS:
        if isinstance(found, known):
            return kind
    raise TypeError(f"no kind of value for a column of type {found!r}: add one to KINDS")


def rows_of(connection: Connection, shape: Shape) -> Iterator[list[Row]]:
    """All rows of a table in the order of its key, some at a time, however many there are."""
    dialect = connection.dialect.name
    statement = (
        select(*(selected(name, kind, dialect) for name, kind in shape.columns))
        .select_from(table(shape.name))
        .order_by(*(in_order(name, dict(shape.columns)[name], dialect) for name in shape.key))
    )
    writers = [WRITERS.get(kind, as_it_is) for _, kind in shape.columns]
    found = connection.execute(statement, execution_options={"yield_per": AT_A_TIME})
    for part in found.partitions():
        yield [each_through(writers, row) for row in part]


def selected(name: str, kind: str, dialect: str) -> ColumnElement[Any]:
    """The column as it is read. SQL's NULL and JSON's null stay two things."""
    if kind == "json":
        return cast(column(name), Text)
    if kind == "geometry" and dialect == "sqlite":
        return func.lower(func.AsEWKB(column(name)), type_=Text)
    if kind == "geometry":
        return func.encode(func.ST_AsEWKB(column(name), "NDR"), "hex", type_=Text)
    return column(name, TYPES[kind])


def in_order(name: str, kind: str, dialect: str) -> ColumnElement[Any]:
    """Texts are ordered by their bytes on both databases."""
    found: ColumnElement[Any] = column(name, TYPES[kind])
    return found.collate("C") if kind == "text" and dialect == "postgresql" else found


def load(connection: Connection, shape: Shape, rows: Iterable[Row]) -> None:
    """Insert rows that `rows_of` has read, on either database."""
    names = ", ".join(quoted(name) for name, _ in shape.columns)
    if connection.dialect.name == "sqlite":
        places = ", ".join("GeomFromEWKB(?)" if kind == "geometry" else "?" for _, kind in shape.columns)
        ready = [tuple(row) for row in converted(shape, rows, TO_SQLITE)]
        connection.exec_driver_sql(f"INSERT INTO {quoted(shape.name)} ({names}) VALUES ({places})", ready)  # noqa: S608
        return
    cursor = connection.connection.cursor()
    with cursor.copy(f"COPY {quoted(shape.name)} ({names}) FROM STDIN") as copy:
        for row in converted(shape, rows, TO_POSTGRESQL):
            copy.write_row(row)


def converted(shape: Shape, rows: Iterable[Row], converters: dict[str, Convert]) -> Iterator[Row]:
    convert = [converters.get(kind, as_it_is) for _, kind in shape.columns]
    for row in rows:
        yield each_through(convert, row)


def each_through(functions: Sequence[Convert], row: Sequence[Any]) -> Row:
    return [None if value is None else function(value) for function, value in zip(functions, row, strict=True)]


def as_it_is(value: Any) -> Any:
    return value


def written_number(value: float) -> float | str:
    """JSON has no infinity, and SQLite no minus zero."""
    return value + 0.0 if math.isfinite(value) else repr(value)


def written_json(text: str) -> str:
    """JSON with sorted keys, its numbers as JSONB gives them back."""
    value = orjson.loads(text)
    written = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    if not BARE_EXPONENT_OR_MINUS_ZERO.search(written):
        return written
    return orjson.dumps(even(value), option=orjson.OPT_SORT_KEYS).decode()


def even(value: Any) -> Any:
    """JSONB writes large whole numbers without an exponent, so that they come back as integers; it has no -0.0."""
    if isinstance(value, dict):
        return {key: even(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [even(inner) for inner in value]
    if isinstance(value, float):
        return int(value) if abs(value) >= 1e16 and -(2**63) <= value < 2**64 else value + 0.0
    return value


WRITERS: dict[str, Convert] = {
    "uuid": str,
    "bytes": bytes.hex,
    "number": written_number,
    "instant": lambda value: value.isoformat(timespec="microseconds"),
    "day": lambda value: value.isoformat(),
    "json": written_json,
}
"""Kind of value → its portable form."""

TO_SQLITE: dict[str, Convert] = {
    "uuid": lambda text: text.replace("-", ""),
    "bytes": bytes.fromhex,
    "number": float,
    "instant": lambda text: f"{text[:10]} {text[11:26]}",
}
"""Kind of value → what SQLite keeps, as SQLAlchemy's types write it."""

TO_POSTGRESQL: dict[str, Convert] = {"bytes": lambda text: f"\\x{text}"}
"""Kind of value → what COPY reads."""

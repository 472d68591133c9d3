"""Geometry columns and their R*Tree: the management functions that GeoAlchemy2 and its Alembic helpers call.

A column is a row of geometry_columns and two triggers (ggi_, ggu_) that refuse another type or SRID; its index is an
R*Tree idx_<table>_<column>(pkid, xmin, xmax, ymin, ymax) and three triggers (gii_, giu_, gid_). Names are
SpatiaLite's. The triggers abort the statement where SpatiaLite's would roll back the whole transaction, so that a
savepoint behaves as on PostgreSQL.
"""

# ruff: noqa: S608  (a table or a column cannot be a bound parameter; every name goes through `quoted`)

import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from service.db.spatialite.blob import GEOMETRY_TYPES
from service.db.spatialite.faults import Fault, SpatialFault
from service.db.spatialite.metadata import SYSTEMS

CONSTRAINT_TRIGGERS = ("ggi", "ggu")
INDEX_TRIGGERS = ("gii", "giu", "gid")
DONE = 1


class GeometryColumn(NamedTuple):
    """A row of geometry_columns."""

    name: str
    type_number: int
    srid: int
    indexed: bool


def geometry_columns(connection: sqlite3.Connection, table: str) -> list[GeometryColumn]:
    """The registered geometry columns of a table."""
    rows = connection.execute(
        "SELECT f_geometry_column, geometry_type, srid, spatial_index_enabled FROM geometry_columns"
        " WHERE f_table_name = lower(?) ORDER BY f_geometry_column",
        (table,),
    ).fetchall()
    return [GeometryColumn(name, number, srid, bool(indexed)) for name, number, srid, indexed in rows]


def add_column(
    connection: sqlite3.Connection,
    table: str,
    column: str,
    srid: int,
    geometry_type: str,
    dimension: str | int,
    not_null: int,
) -> int:
    """Add a column and register it. A required one gets a default that its own trigger refuses, as in SpatiaLite."""
    _type_number(geometry_type, dimension)
    rule = " NOT NULL DEFAULT ''" if not_null else ""
    connection.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(column)} {geometry_type.upper()}{rule}")
    return recover_column(connection, table, column, srid, geometry_type, dimension)


def recover_column(
    connection: sqlite3.Connection, table: str, column: str, srid: int, geometry_type: str, dimension: str | int
) -> int:
    """Register a column that exists. Raises SpatialFault when its rows have another type or SRID."""
    number = _type_number(geometry_type, dimension)
    if srid not in SYSTEMS:
        raise SpatialFault(Fault.UNKNOWN_SRID)
    misfit = f"GeometryConstraints({{}}{quoted(column)}, {number}, {srid}) <> 1"
    if connection.execute(f"SELECT 1 FROM {quoted(table)} WHERE {misfit.format('')} LIMIT 1").fetchone():
        raise SpatialFault(Fault.ROWS_DO_NOT_FIT)
    connection.execute(
        "INSERT OR REPLACE INTO geometry_columns VALUES (lower(?), lower(?), ?, 2, ?, 0)", (table, column, number, srid)
    )
    _drop_triggers(connection, CONSTRAINT_TRIGGERS, table, column)
    for prefix, moment in zip(CONSTRAINT_TRIGGERS, ("INSERT", f"UPDATE OF {quoted(column)}"), strict=True):
        connection.execute(
            f"CREATE TRIGGER {_object(prefix, table, column)} BEFORE {moment} ON {quoted(table)}"
            f" FOR EACH ROW WHEN {misfit.format('NEW.')} BEGIN SELECT RAISE(ABORT, {_refusal(table, column)}); END"
        )
    return DONE


def discard_column(connection: sqlite3.Connection, table: str, column: str) -> int:
    """Forget a geometry column, its triggers and its index; the column itself stays."""
    disable_index(connection, table, column)
    _drop_triggers(connection, CONSTRAINT_TRIGGERS, table, column)
    connection.execute(
        "DELETE FROM geometry_columns WHERE f_table_name = lower(?) AND f_geometry_column = lower(?)", (table, column)
    )
    return DONE


def create_index(connection: sqlite3.Connection, table: str, column: str) -> int:
    """Build the R*Tree from the rows and keep it by triggers. Raises SpatialFault for an unregistered column."""
    _registered(connection, table, column)
    disable_index(connection, table, column)
    index = _object("idx", table, column)
    connection.execute(f"CREATE VIRTUAL TABLE {index} USING rtree(pkid, xmin, xmax, ymin, ymax)")
    connection.execute(
        f"INSERT INTO {index} SELECT rowid, {_box(quoted(column))} FROM {quoted(table)}"
        f" WHERE {quoted(column)} IS NOT NULL"
    )
    for trigger in _index_triggers(table, column):
        connection.execute(trigger)
    _mark_indexed(connection, table, column, 1)
    return DONE


def check_index(connection: sqlite3.Connection, table: str, column: str) -> int | None:
    """1 when the column has an R*Tree, NULL when it has none."""
    indexed = [found.indexed for found in geometry_columns(connection, table) if found.name == column.lower()]
    return DONE if any(indexed) else None


def disable_index(connection: sqlite3.Connection, table: str, column: str) -> int:
    """Take the R*Tree and its triggers away; nothing happens when there is none."""
    _drop_triggers(connection, INDEX_TRIGGERS, table, column)
    connection.execute(f"DROP TABLE IF EXISTS {_object('idx', table, column)}")
    _mark_indexed(connection, table, column, 0)
    return DONE


def rename_table(connection: sqlite3.Connection, _database: None, old: str, new: str) -> int:
    """Rename a table; its geometry columns and indexes are registered anew under the new name."""
    columns = geometry_columns(connection, old)
    for column in columns:
        discard_column(connection, old, column.name)
    connection.execute(f"ALTER TABLE {quoted(old)} RENAME TO {quoted(new)}")
    for column in columns:
        restore_column(connection, new, column)
    return DONE


def drop_table(connection: sqlite3.Connection, _database: None, table: str) -> int:
    """Drop a table with what belongs to its geometry columns."""
    for column in geometry_columns(connection, table):
        discard_column(connection, table, column.name)
    connection.execute(f"DROP TABLE {quoted(table)}")
    return DONE


def restore_column(connection: sqlite3.Connection, table: str, column: GeometryColumn) -> None:
    """Register a column as it was registered before, with its index when it had one."""
    recover_column(connection, table, column.name, column.srid, GEOMETRY_TYPES[column.type_number], "XY")
    if column.indexed:
        create_index(connection, table, column.name)


MANAGEMENT: tuple[tuple[str, int, Callable[..., int | None]], ...] = (
    ("AddGeometryColumn", 6, add_column),
    ("RecoverGeometryColumn", 5, recover_column),
    ("DiscardGeometryColumn", 2, discard_column),
    ("CreateSpatialIndex", 2, create_index),
    ("CheckSpatialIndex", 2, check_index),
    ("DisableSpatialIndex", 2, disable_index),
    ("RenameTable", 3, rename_table),
    ("DropTable", 2, drop_table),
)
"""(SQL name, number of its arguments, function of the connection and these) of all that change or ask the schema."""


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _type_number(geometry_type: str, dimension: str | int) -> int:
    if geometry_type.upper() not in GEOMETRY_TYPES or dimension not in ("XY", 2):
        raise SpatialFault(Fault.UNKNOWN_TYPE)
    return GEOMETRY_TYPES.index(geometry_type.upper())


def _registered(connection: sqlite3.Connection, table: str, column: str) -> None:
    if column.lower() not in {found.name for found in geometry_columns(connection, table)}:
        raise SpatialFault(Fault.NO_SUCH_COLUMN)


def _mark_indexed(connection: sqlite3.Connection, table: str, column: str, indexed: int) -> None:
    connection.execute(
        "UPDATE geometry_columns SET spatial_index_enabled = ? WHERE f_table_name = lower(?)"
        " AND f_geometry_column = lower(?)",
        (indexed, table, column),
    )


def _index_triggers(table: str, column: str) -> tuple[str, str, str]:
    """A row is taken out of the tree before it goes in, because INSERT OR REPLACE fires no DELETE trigger."""
    index, place, new = _object("idx", table, column), quoted(table), f"NEW.{quoted(column)}"
    enter = (
        f"DELETE FROM {index} WHERE pkid = NEW.rowid;"
        f" INSERT INTO {index} SELECT NEW.rowid, {_box(new)} WHERE {new} IS NOT NULL;"
    )
    leave = f"DELETE FROM {index} WHERE pkid = OLD.rowid;"
    insert, update, delete = (_object(prefix, table, column) for prefix in INDEX_TRIGGERS)
    return (
        f"CREATE TRIGGER {insert} AFTER INSERT ON {place} FOR EACH ROW BEGIN {enter} END",
        f"CREATE TRIGGER {update} AFTER UPDATE OF {quoted(column)} ON {place} FOR EACH ROW BEGIN {leave} {enter} END",
        f"CREATE TRIGGER {delete} AFTER DELETE ON {place} FOR EACH ROW BEGIN {leave} END",
    )


def _drop_triggers(connection: sqlite3.Connection, prefixes: tuple[str, ...], table: str, column: str) -> None:
    for prefix in prefixes:
        connection.execute(f"DROP TRIGGER IF EXISTS {_object(prefix, table, column)}")


def _box(geometry: str) -> str:
    return ", ".join(f"Mbr{edge}({geometry})" for edge in ("MinX", "MaxX", "MinY", "MaxY"))


def _object(prefix: str, table: str, column: str) -> str:
    return quoted(f"{prefix}_{table}_{column}")


def _refusal(table: str, column: str) -> str:
    message = f"{table}.{column} violates Geometry constraint [geom-type or SRID not allowed]"
    return "'" + message.replace("'", "''") + "'"

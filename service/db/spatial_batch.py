"""Alembic's batch_alter_table for tables with geometry columns.

On SQLite a batch copies the table and drops the old one. Alembic knows nothing of SpatiaLite's metadata, so it
silently leaves the triggers and the R*Tree with a table that is gone. Here the geometry columns are plain while the
batch runs, and are registered anew after it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import op
from alembic.operations.base import BatchOperations
from geoalchemy2 import Geometry
from sqlalchemy import Connection, text
from sqlalchemy.types import UserDefinedType

from service.db.spatialite.blob import GEOMETRY_TYPES
from service.db.spatialite.columns import quoted


class UnregisteredGeometry(RuntimeError):
    """The batch added or renamed a geometry column. Add one with op.add_geospatial_column, outside the batch."""


class _Plain(UserDefinedType[Any]):
    """A geometry column whose BLOBs are copied as they are."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        return "GEOMETRY"


@contextmanager
def spatial_batch(table_name: str, **options: Any) -> Iterator[BatchOperations]:
    """`op.batch_alter_table(table_name, **options)` that keeps the geometry columns right; nothing more on PostGIS.

    Other columns may be added, changed and dropped, and a geometry column may be dropped. Raises
    UnregisteredGeometry when the batch leaves a geometry column that was not there before. Foreign keys must not be
    enforced meanwhile (PRAGMA foreign_keys=OFF), because the old table is dropped.
    """
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        with op.batch_alter_table(table_name, **options) as batch:
            yield batch
        return
    registered = _registered(connection, table_name)
    for column in registered:
        named = {"table": table_name, "column": column}
        connection.execute(text("SELECT DiscardGeometryColumn(:table, :column)"), named)
    plain = {"listeners": [("column_reflect", _make_plain)]}
    with op.batch_alter_table(table_name, reflect_kwargs=plain, **options) as batch:
        yield batch
    left = _geometry_columns_of_the_table(connection, table_name)
    if left - registered.keys():
        raise UnregisteredGeometry(f"{table_name}: {', '.join(sorted(left - registered.keys()))}")
    for column in sorted(left):
        _register(connection, table_name, column, *registered[column])


def _registered(connection: Connection, table_name: str) -> dict[str, tuple[int, int, bool]]:
    """column → (type number, SRID, indexed)."""
    statement = text(
        "SELECT f_geometry_column, geometry_type, srid, spatial_index_enabled FROM geometry_columns"
        " WHERE f_table_name = lower(:table)"
    )
    rows = connection.execute(statement, {"table": table_name})
    return {column: (number, srid, bool(indexed)) for column, number, srid, indexed in rows}


def _geometry_columns_of_the_table(connection: Connection, table_name: str) -> set[str]:
    columns = connection.exec_driver_sql(f"PRAGMA table_info({quoted(table_name)})")
    return {column.name.lower() for column in columns if column.type.upper() in GEOMETRY_TYPES}


def _make_plain(_inspector: Any, _table: Any, column: dict[str, Any]) -> None:
    if isinstance(column["type"], Geometry):
        column["type"] = _Plain()


def _register(
    connection: Connection,
    table_name: str,
    column: str,
    number: int,
    srid: int,
    indexed: bool,
) -> None:
    named = {"table": table_name, "column": column}
    connection.execute(
        text("SELECT RecoverGeometryColumn(:table, :column, :srid, :type, 'XY')"),
        named | {"srid": srid, "type": GEOMETRY_TYPES[number]},
    )
    if indexed:
        connection.execute(text("SELECT CreateSpatialIndex(:table, :column)"), named)

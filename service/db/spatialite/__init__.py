"""The part of SpatiaLite that the service needs, for any sqlite3 module: no extension is loaded.

GeoAlchemy2's SQLite dialect calls SQL functions of SpatiaLite. Those that it and our own queries really call are
registered here as Python functions over shapely and pyproj; geometries lie in the file as SpatiaLite's BLOBs beside
its metadata tables and R*Trees, so QGIS, GDAL and SpatiaLite itself read the file. A fault reaches the caller as
`sqlite3.OperationalError`; see `faults` for its name.
"""

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any

from service.db.spatialite.columns import MANAGEMENT
from service.db.spatialite.faults import Fault, SpatialFault, last_fault, name_fault, named
from service.db.spatialite.functions import DETERMINISTIC, fits_column
from service.db.spatialite.metadata import ensure_metadata

__all__ = ["FUNCTIONS", "Fault", "SpatialFault", "install", "last_fault", "name_fault"]


def install(connection: sqlite3.Connection) -> None:
    """Register the functions on a new connection and make the metadata tables when the file has none.

    The connection's transaction and isolation level are left as they are. The management functions hold the
    connection, so it must be closed explicitly, as an engine's pool does.
    """
    for name, count, function in DETERMINISTIC:
        connection.create_function(name, count, _null_for_null(named(name, function)), deterministic=True)
    connection.create_function("GeometryConstraints", 3, fits_column, deterministic=True)
    for name, count, manage in MANAGEMENT:
        connection.create_function(name, count, named(name, partial(manage, connection)))
    ensure_metadata(connection)


def _null_for_null(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        return None if None in arguments else function(*arguments)

    return call


FUNCTIONS = frozenset(
    {name for name, _, _ in DETERMINISTIC} | {name for name, _, _ in MANAGEMENT} | {"GeometryConstraints"}
)
"""The SQL names that `install` registers: those found in compiled statements, migrations and triggers, no others."""

"""The two metadata tables of SpatiaLite by which QGIS and GDAL know the file: reference systems, geometry columns."""

import sqlite3

from pyproj import CRS

SYSTEMS: dict[int, str] = {
    4326: "+proj=longlat +datum=WGS84 +no_defs",
    3857: "+proj=merc +a=6378137 +b=6378137 +lat_ts=0.0 +lon_0=0.0 +x_0=0.0 +y_0=0 +k=1.0 +units=m"
    " +nadgrids=@null +wktext +no_defs",
    2100: "+proj=tmerc +lat_0=0 +lon_0=24 +k=0.9996 +x_0=500000 +y_0=0 +ellps=GRS80"
    " +towgs84=-199.87,74.79,246.62,0,0,0,0 +units=m +no_defs",
    3346: "+proj=tmerc +lat_0=0 +lon_0=24 +k=0.9998 +x_0=500000 +y_0=0 +ellps=GRS80"
    " +towgs84=0,0,0,0,0,0,0 +units=m +no_defs",
    7801: "+proj=lcc +lat_1=42 +lat_2=43.33333333333334 +lat_0=42.66787568333333 +lon_0=25.5 +x_0=500000"
    " +y_0=4725824.3591 +ellps=GRS80 +units=m +no_defs",
}
"""EPSG code → PROJ text: WGS 84, Web Mercator, and the grids of Greece, Lithuania and Bulgaria.

The texts are those of SpatiaLite's own EPSG table."""

TABLES = (
    """CREATE TABLE IF NOT EXISTS spatial_ref_sys (
        srid INTEGER NOT NULL PRIMARY KEY,
        auth_name TEXT NOT NULL,
        auth_srid INTEGER NOT NULL,
        ref_sys_name TEXT NOT NULL DEFAULT 'Unknown',
        proj4text TEXT NOT NULL,
        srtext TEXT NOT NULL DEFAULT 'Undefined')""",
    """CREATE TABLE IF NOT EXISTS geometry_columns (
        f_table_name TEXT NOT NULL,
        f_geometry_column TEXT NOT NULL,
        geometry_type INTEGER NOT NULL,
        coord_dimension INTEGER NOT NULL,
        srid INTEGER NOT NULL,
        spatial_index_enabled INTEGER NOT NULL,
        CONSTRAINT pk_geom_cols PRIMARY KEY (f_table_name, f_geometry_column),
        CONSTRAINT fk_gc_srs FOREIGN KEY (srid) REFERENCES spatial_ref_sys (srid),
        CONSTRAINT ck_gc_rtree CHECK (spatial_index_enabled IN (0,1,2)))""",
)


def ensure_metadata(connection: sqlite3.Connection) -> None:
    """Make what is absent, in a transaction of its own unless one is open. A complete file is only read."""
    if _is_complete(connection):
        return
    if connection.in_transaction:
        _make(connection)
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _make(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _is_complete(connection: sqlite3.Connection) -> bool:
    found = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('spatial_ref_sys', 'geometry_columns')"
    ).fetchone()[0]
    if found < len(TABLES):
        return False
    places = ",".join("?" * len(SYSTEMS))
    statement = f"SELECT count(*) FROM spatial_ref_sys WHERE srid IN ({places})"  # noqa: S608  (question marks alone)
    return bool(connection.execute(statement, tuple(SYSTEMS)).fetchone()[0] == len(SYSTEMS))


def _make(connection: sqlite3.Connection) -> None:
    for table in TABLES:
        connection.execute(table)
    for code, proj_text in SYSTEMS.items():
        system = CRS.from_epsg(code)
        connection.execute(
            "INSERT OR IGNORE INTO spatial_ref_sys VALUES (?, 'epsg', ?, ?, ?, ?)",
            (code, code, system.name, proj_text, system.to_wkt("WKT1_GDAL")),
        )

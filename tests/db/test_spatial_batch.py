"""A batch migration leaves geometry columns as they were: their rules, their R*Tree, their rows."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from geoalchemy2 import Geometry, alembic_helpers
from geoalchemy2.shape import to_shape
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    column,
    create_engine,
    func,
    select,
    table,
    text,
)
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.schema import CreateSchema, DropSchema

from service.db.engine import driver_url
from service.db.spatial_batch import UnregisteredGeometry, spatial_batch
from tests.db.spatial_peers import postgis, postgres_url, real_spatialite, sqlite_engine

SCHEMA = f"spatial_batch_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


def on_sqlite(folder: Path) -> Iterator[Connection]:
    engine = sqlite_engine(folder)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def on_postgis() -> Iterator[Connection]:
    with postgis():
        engine = create_engine(driver_url(postgres_url()))
    with engine.connect() as connection:
        connection.execute(CreateSchema(SCHEMA))
        connection.execute(text(f"SET LOCAL search_path TO {SCHEMA}, public"))
        yield connection
        connection.rollback()
        connection.execute(DropSchema(SCHEMA, cascade=True, if_exists=True))
    engine.dispose()


def migrating(connection: Connection) -> Iterator[Connection]:
    """A table of two rows, with a migration under way."""
    with Operations.context(MigrationContext.configure(connection)):
        features = Table(
            "features",
            MetaData(),
            Column("id", Integer, primary_key=True),
            Column("name", String(40)),
            Column("place", Geometry("POINT", srid=4326, spatial_index=True)),
            Column("area", Geometry("GEOMETRY", srid=4326, spatial_index=False)),
        )
        features.create(connection)
        tree = {"id": 1, "name": "tree", "place": "SRID=4326;POINT(23 38)", "area": None}
        bench = {"id": 2, "name": "bench", "place": "SRID=4326;POINT(24 39)", "area": "SRID=4326;LINESTRING(1 2,3 4)"}
        connection.execute(features.insert(), [tree, bench])
        yield connection


@pytest.fixture(params=["sqlite", "postgresql"])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    for found in on_sqlite(tmp_path) if request.param == "sqlite" else on_postgis():
        yield from migrating(found)


@pytest.fixture
def sqlite_connection(tmp_path: Path) -> Iterator[Connection]:
    for found in on_sqlite(tmp_path):
        yield from migrating(found)


def is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def metadata(connection: Connection) -> list[Any]:
    rows = connection.exec_driver_sql("SELECT * FROM geometry_columns ORDER BY f_geometry_column")
    return [tuple(row) for row in rows]


def objects(connection: Connection) -> set[str]:
    rows = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
    return {row[0] for row in rows}


def test_rows_and_rules_survive_a_batch(connection: Connection) -> None:
    with spatial_batch("features", recreate="auto") as batch:
        batch.alter_column("name", new_column_name="title", existing_type=String(40))
        batch.add_column(Column("note", String(80)))
    features = table(
        "features", *map(column, ("id", "title", "note", "area")), column("place", Geometry("POINT", srid=4326))
    )
    question = select(features.c.id, features.c.title, features.c.place, features.c.note).order_by(features.c.id)
    rows = [(key, title, to_shape(place).coords[0], note) for key, title, place, note in connection.execute(question)]
    assert rows == [(1, "tree", (23, 38), None), (2, "bench", (24, 39), None)]
    for name, misfit in (("place", "SRID=4326;LINESTRING(1 2, 3 4)"), ("area", "SRID=3857;POINT(1 2)")):
        with pytest.raises((IntegrityError, DataError)), connection.begin_nested():
            connection.execute(features.update().values({name: func.ST_GeomFromEWKT(misfit)}))


def test_metadata_and_objects_are_the_same_after_a_batch(sqlite_connection: Connection) -> None:
    before = (metadata(sqlite_connection), objects(sqlite_connection))
    with spatial_batch("features", recreate="always"):
        pass
    assert (metadata(sqlite_connection), objects(sqlite_connection)) == before


def test_the_index_follows_after_a_batch(sqlite_connection: Connection) -> None:
    with spatial_batch("features", recreate="always") as batch:
        batch.alter_column("name", nullable=False, existing_type=String(40))
    sqlite_connection.execute(text("INSERT INTO features (name, place) VALUES ('well', MakePoint(25, 40, 4326))"))
    sqlite_connection.execute(text("DELETE FROM features WHERE id = 1"))
    assert sqlite_connection.execute(text("SELECT pkid, xmin FROM idx_features_place ORDER BY 1")).all() == [
        (2, 24),
        (3, 25),
    ]


def test_a_geometry_column_may_be_dropped(connection: Connection) -> None:
    with spatial_batch("features") as batch:
        batch.drop_column("place")
    assert connection.execute(text("SELECT * FROM features WHERE id = 1")).one()._fields == ("id", "name", "area")
    if is_sqlite(connection):
        assert [row[1] for row in metadata(connection)] == ["area"]
        assert not {name for name in objects(connection) if name.endswith("place")}


def test_a_geometry_column_that_would_be_forgotten_is_refused(sqlite_connection: Connection) -> None:
    with pytest.raises(UnregisteredGeometry, match="features: spot"), spatial_batch("features") as batch:
        batch.alter_column("place", new_column_name="spot")


def test_the_helpers_of_geoalchemy_add_and_drop_columns_and_indexes(connection: Connection) -> None:
    with Operations.context(MigrationContext.configure(connection)) as operations:
        added = Column("border", Geometry("POLYGON", srid=4326, spatial_index=False))
        operations.add_geospatial_column("features", added)  # type: ignore[attr-defined]
        operations.create_geospatial_index("idx_features_border", "features", ["border"], postgresql_using="gist")  # type: ignore[attr-defined]
        features = table("features", column("id"), column("border"))
        triangle = func.ST_GeomFromEWKT("SRID=4326;POLYGON((0 0, 1 0, 1 1, 0 0))")
        connection.execute(features.update().where(features.c.id == 1).values(border=triangle))
        if is_sqlite(connection):
            assert connection.execute(text("SELECT pkid FROM idx_features_border")).all() == [(1,)]
        operations.drop_geospatial_index("idx_features_border", "features", "border")  # type: ignore[attr-defined]
        with spatial_batch("features") as batch:
            batch.drop_column("border")
        if is_sqlite(connection):
            assert not {name for name in objects(connection) if name.endswith("border")}


def test_a_table_made_and_dropped_by_the_helpers_leaves_nothing(connection: Connection) -> None:
    place = Column("place", Geometry("POINT", srid=4326, spatial_index=False))
    with Operations.context(MigrationContext.configure(connection)) as operations:
        operations.create_geospatial_table("trees", Column("id", Integer, primary_key=True), place)  # type: ignore[attr-defined]
        operations.create_geospatial_index("idx_trees_place", "trees", ["place"], postgresql_using="gist")  # type: ignore[attr-defined]
        operations.drop_geospatial_table("trees")  # type: ignore[attr-defined]
    alembic_helpers._SPATIAL_TABLES.discard("trees")
    if is_sqlite(connection):
        assert not {name for name in objects(connection) if "trees" in name}
        assert "trees" not in {row[0] for row in metadata(connection)}


def test_spatialite_finds_the_file_whole_after_a_batch(sqlite_connection: Connection, tmp_path: Path) -> None:
    with spatial_batch("features", recreate="always"):
        pass
    sqlite_connection.commit()
    with real_spatialite(f"{tmp_path}/plateia.sqlite") as real:
        assert real.value("SELECT CheckSpatialIndex('features', 'place')") == 1
        assert real.rows("SELECT ST_AsText(place) FROM features WHERE id = 1") == [["POINT(23 38)"]]

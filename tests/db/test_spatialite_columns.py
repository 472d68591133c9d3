"""Geometry columns refuse what does not belong, their R*Tree follows every change, and files are as SpatiaLite's."""

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from geoalchemy2 import Geometry
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, inspect

from service.db import spatialite
from service.db.spatialite.blob import GEOMETRY_TYPES, type_number
from service.db.spatialite.metadata import SYSTEMS
from tests.db.spatial_peers import Ours, program, real_spatialite, sqlite_engine

POINT = "MakePoint(?, ?, 4326)"
SQUARE = "SRID=4326;POLYGON((23 38, 24 38, 24 39, 23 39, 23 38))"


@pytest.fixture
def ours() -> Iterator[Ours]:
    connection = Ours()
    connection.rows("CREATE TABLE reports (id INTEGER PRIMARY KEY, title TEXT, place GEOMETRY)")
    connection.rows("SELECT RecoverGeometryColumn('reports', 'place', 4326, 'POINT', 'XY')")
    connection.rows("SELECT CreateSpatialIndex('reports', 'place')")
    yield connection
    connection.close()


def report(ours: Ours, number: int, lon: float, lat: float) -> None:
    ours.rows(f"INSERT INTO reports (id, place) VALUES (?, {POINT})", number, lon, lat)


def indexed(ours: Ours) -> dict[int, tuple[float, float]]:
    """id → (longitude, latitude) as the R*Tree has it."""
    return {
        row[0]: (round(row[1], 4), round(row[2], 4))
        for row in ours.rows("SELECT pkid, xmin, ymin FROM idx_reports_place")
    }


def kind_of(blob: bytes) -> str:
    return GEOMETRY_TYPES[type_number(blob)]


def objects(ours: Ours) -> set[str]:
    return {row[0] for row in ours.rows("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")}


@pytest.mark.parametrize("value", ["MakePoint(23, 38, 2100)", f"GeomFromEWKT('{SQUARE}')", "'text'", "x'00'", "3"])
def test_a_column_refuses_another_system_another_type_and_no_geometry(ours: Ours, value: str) -> None:
    report(ours, 1, 23, 38)
    for statement in (f"INSERT INTO reports (place) VALUES ({value})", f"UPDATE reports SET place = {value}"):
        with pytest.raises(sqlite3.IntegrityError, match=r"reports\.place violates Geometry constraint"):
            ours.rows(statement)
    assert indexed(ours) == {1: (23, 38)}


def test_a_report_without_a_place_is_allowed_and_not_indexed(ours: Ours) -> None:
    ours.rows("INSERT INTO reports (title) VALUES ('somewhere')")
    assert indexed(ours) == {}


def test_a_refused_statement_leaves_the_transaction_alive(ours: Ours) -> None:
    ours.rows("BEGIN")
    report(ours, 1, 23, 38)
    with pytest.raises(sqlite3.IntegrityError):
        ours.rows("INSERT INTO reports (place) VALUES (MakePoint(23, 38, 2100))")
    ours.rows("COMMIT")
    assert indexed(ours) == {1: (23, 38)}


def test_the_index_follows_insert_update_delete_and_replace(ours: Ours) -> None:
    report(ours, 1, 23, 38)
    report(ours, 2, 24, 39)
    assert indexed(ours) == {1: (23, 38), 2: (24, 39)}
    ours.rows(f"UPDATE reports SET place = {POINT} WHERE id = 1", 25, 40)
    ours.rows("UPDATE reports SET title = 'pothole' WHERE id = 2")
    assert indexed(ours) == {1: (25, 40), 2: (24, 39)}
    ours.rows(f"INSERT OR REPLACE INTO reports (id, place) VALUES (2, {POINT})", 26, 41)
    assert indexed(ours) == {1: (25, 40), 2: (26, 41)}
    ours.rows("UPDATE reports SET place = NULL WHERE id = 1")
    assert indexed(ours) == {2: (26, 41)}
    ours.rows("DELETE FROM reports")
    assert indexed(ours) == {}


def test_the_index_follows_rollback_and_savepoints(ours: Ours) -> None:
    report(ours, 1, 23, 38)
    ours.rows("BEGIN")
    report(ours, 2, 24, 39)
    ours.rows("SAVEPOINT inner_part")
    ours.rows("DELETE FROM reports")
    assert indexed(ours) == {}
    ours.rows("ROLLBACK TO inner_part")
    assert indexed(ours) == {1: (23, 38), 2: (24, 39)}
    ours.rows("ROLLBACK")
    assert indexed(ours) == {1: (23, 38)}


def test_the_number_of_the_new_row_is_not_confused_by_the_index(ours: Ours) -> None:
    report(ours, 7, 23, 38)
    cursor = ours.connection.execute(f"INSERT INTO reports (place) VALUES ({POINT})", (24, 39))
    assert cursor.lastrowid == 8


def test_an_index_made_later_holds_the_rows_that_were_there(ours: Ours) -> None:
    ours.rows("SELECT DisableSpatialIndex('reports', 'place')")
    report(ours, 1, 23, 38)
    assert ours.value("SELECT CheckSpatialIndex('reports', 'place')") is None
    ours.rows("SELECT CreateSpatialIndex('reports', 'place')")
    assert ours.value("SELECT CheckSpatialIndex('reports', 'place')") == 1
    assert indexed(ours) == {1: (23, 38)}


def test_making_an_index_twice_makes_it_once(ours: Ours) -> None:
    report(ours, 1, 23, 38)
    before = objects(ours)
    ours.rows("SELECT CreateSpatialIndex('reports', 'place')")
    assert (objects(ours), indexed(ours)) == (before, {1: (23, 38)})


def test_a_column_whose_rows_do_not_fit_is_not_registered(ours: Ours) -> None:
    ours.rows("SELECT DiscardGeometryColumn('reports', 'place')")
    ours.rows("INSERT INTO reports (place) VALUES (MakePoint(1, 2, 2100))")
    refused = ours.fault("SELECT RecoverGeometryColumn('reports', 'place', 4326, 'POINT', 'XY')")
    assert refused.fault is spatialite.Fault.ROWS_DO_NOT_FIT


def test_a_renamed_table_keeps_its_rules_and_its_index(ours: Ours) -> None:
    report(ours, 1, 23, 38)
    ours.rows("SELECT RenameTable(NULL, 'reports', 'matters')")
    assert not {name for name in objects(ours) if "reports" in name}
    ours.rows(f"INSERT INTO matters (id, place) VALUES (2, {POINT})", 24, 39)
    assert ours.rows("SELECT pkid FROM idx_matters_place ORDER BY 1") == [(1,), (2,)]
    with pytest.raises(sqlite3.IntegrityError, match=r"matters\.place violates"):
        ours.rows("INSERT INTO matters (place) VALUES (MakePoint(1, 2, 2100))")


def test_a_dropped_table_leaves_nothing(ours: Ours) -> None:
    ours.rows("SELECT DropTable(NULL, 'reports')")
    assert objects(ours) == {"spatial_ref_sys", "geometry_columns"}
    assert ours.rows("SELECT * FROM geometry_columns") == []


def test_a_required_column_added_later_must_be_filled(ours: Ours) -> None:
    ours.rows("SELECT AddGeometryColumn('reports', 'area', 4326, 'POLYGON', 2, 1)")
    with pytest.raises(sqlite3.IntegrityError, match=r"reports\.area violates"):
        ours.rows(f"INSERT INTO reports (place) VALUES ({POINT})", 23, 38)
    ours.rows(f"INSERT INTO reports (place, area) VALUES ({POINT}, GeomFromEWKT(?))", 23, 38, SQUARE)
    assert kind_of(ours.value("SELECT area FROM reports")) == "POLYGON"


def test_names_that_need_quoting_are_quoted() -> None:
    ours = Ours()
    ours.rows('CREATE TABLE "the order" (id INTEGER PRIMARY KEY, "group" GEOMETRY)')
    ours.rows("SELECT RecoverGeometryColumn('the order', 'group', 4326, 'POINT', 'XY')")
    ours.rows("SELECT CreateSpatialIndex('the order', 'group')")
    ours.rows(f'INSERT INTO "the order" ("group") VALUES ({POINT})', 23, 38)
    assert ours.value('SELECT count(*) FROM "idx_the order_group"') == 1
    ours.close()


# installing


def test_installing_again_changes_nothing_and_leaves_no_transaction(tmp_path: Path) -> None:
    path = str(tmp_path / "plateia.sqlite")
    for isolation_level in (None, "", "IMMEDIATE"):
        connection = sqlite3.connect(path, isolation_level=isolation_level)  # type: ignore[arg-type]
        spatialite.install(connection)
        assert not connection.in_transaction
        assert connection.isolation_level == isolation_level
        assert connection.execute("SELECT count(*) FROM spatial_ref_sys").fetchone() == (len(SYSTEMS),)
        connection.close()


def test_installing_inside_a_transaction_is_part_of_it(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "plateia.sqlite", isolation_level=None)
    connection.execute("BEGIN")
    spatialite.install(connection)
    connection.execute("ROLLBACK")
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()


def test_a_complete_file_can_be_opened_read_only(tmp_path: Path) -> None:
    Ours(str(tmp_path / "plateia.sqlite")).close()
    connection = sqlite3.connect(f"file:{tmp_path}/plateia.sqlite?mode=ro", uri=True)
    spatialite.install(connection)
    assert connection.execute("SELECT MbrMinX(MakePoint(23, 38, 4326))").fetchone() == (23.0,)
    connection.close()


# GeoAlchemy2


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = sqlite_engine(tmp_path)
    yield engine
    engine.dispose()


def features() -> Table:
    return Table(
        "features",
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("name", String(40)),
        Column("geometry", Geometry("GEOMETRY", srid=4326, spatial_index=True), nullable=False),
    )


def test_geoalchemy_makes_and_drops_a_table_without_leavings(engine: Engine) -> None:
    table = features()
    table.create(engine)
    assert {"features", "idx_features_geometry"} <= set(inspect(engine).get_table_names())
    reflected = Table("features", MetaData(), autoload_with=engine).c.geometry.type
    assert isinstance(reflected, Geometry)
    assert (reflected.geometry_type, reflected.srid, reflected.spatial_index) == ("GEOMETRY", 4326, True)
    table.drop(engine)
    assert set(inspect(engine).get_table_names()) == {"spatial_ref_sys", "geometry_columns"}


def test_making_a_table_can_be_rolled_back(engine: Engine) -> None:
    with engine.connect() as connection:
        features().create(connection)
        connection.rollback()
    assert set(inspect(engine).get_table_names()) == {"spatial_ref_sys", "geometry_columns"}


# other programs


@pytest.fixture
def file_of_ours(engine: Engine, tmp_path: Path) -> str:
    table = features()
    table.create(engine)
    with engine.begin() as connection:
        connection.execute(
            table.insert(),
            [
                {"name": "Αθήνα", "geometry": "SRID=4326;POINT(23.7275 37.9838)"},
                {"name": "τετράγωνο", "geometry": SQUARE},
                {"name": "δρόμος", "geometry": "SRID=4326;MULTILINESTRING((22 37, 23 38), (23 38, 25 40))"},
            ],
        )
    return str(tmp_path / "plateia.sqlite")


def test_gdal_opens_a_file_of_ours(file_of_ours: str) -> None:
    told = subprocess.run(
        [program("ogrinfo"), "-json", "-ro", file_of_ours, "features"], capture_output=True, text=True, check=False
    )
    if told.returncode == 0 and told.stdout.startswith("{"):
        layer = json.loads(told.stdout)["layers"][0]
        assert layer["featureCount"] == 3
        assert layer["geometryFields"][0]["extent"] == [22, 37, 25, 40]
        return
    words = subprocess.run(
        [program("ogrinfo"), "-ro", "-so", file_of_ours, "features"], capture_output=True, text=True, check=True
    ).stdout
    assert "Feature Count: 3" in words
    assert "Extent: (22.000000, 37.000000) - (25.000000, 40.000000)" in words
    assert 'ID["EPSG",4326]' in words


def test_spatialite_takes_a_file_of_ours_for_its_own(file_of_ours: str) -> None:
    with real_spatialite(file_of_ours) as real:
        assert real.value("SELECT CheckSpatialMetaData()") == 3
        assert real.value("SELECT CheckSpatialIndex('features', 'geometry')") == 1
        assert real.rows("SELECT ST_AsText(geometry) FROM features WHERE id = 1") == [["POINT(23.7275 37.9838)"]]
        assert real.value("SELECT count(*) FROM features WHERE ST_IsValid(geometry) = 1") == 3
        there = real.value("SELECT ST_AsText(ST_Transform(geometry, 2100)) FROM features WHERE id = 1")
        assert there.startswith("POINT(475920.26")


def test_what_spatialite_writes_is_ours_too(file_of_ours: str) -> None:
    line = "MULTIPOLYGON(((1 1, 2 1, 2 2, 1 1)), ((3 3, 4 3, 4 4, 3 3)))"
    with real_spatialite(file_of_ours) as real:
        real.rows("INSERT INTO features (geometry) VALUES (ST_GeomFromText(?, 4326))", line)
        with pytest.raises(sqlite3.OperationalError, match=r"features\.geometry violates Geometry constraint"):
            real.rows("INSERT INTO features (geometry) VALUES (MakePoint(1, 2, 2100))")
    ours = Ours(file_of_ours)
    assert kind_of(ours.value("SELECT geometry FROM features WHERE id = 4")) == "MULTIPOLYGON"
    assert ours.rows("SELECT xmin, xmax, ymin, ymax FROM idx_features_geometry WHERE pkid = 4") == [(1, 4, 1, 4)]
    ours.close()


def test_a_file_made_by_spatialite_is_used_as_it_is(tmp_path: Path) -> None:
    path = str(tmp_path / "theirs.sqlite")
    with real_spatialite(path) as real:
        real.rows("SELECT InitSpatialMetaData(1, 'EMPTY')")
        real.rows("SELECT InsertEpsgSrid(4326)")
        real.rows("CREATE TABLE trees (id INTEGER PRIMARY KEY)")
        real.rows("SELECT AddGeometryColumn('trees', 'place', 4326, 'POINT', 'XY')")
        real.rows("INSERT INTO trees (place) VALUES (MakePoint(23.5, 38.5, 4326))")
    ours = Ours(path)
    assert ours.rows("SELECT MbrMinX(place), MbrMinY(place) FROM trees") == [(23.5, 38.5)]
    assert ours.value("SELECT count(*) FROM spatial_ref_sys WHERE srid IN (4326, 3857, 2100, 3346, 7801)") == 5
    ours.close()


def test_reference_systems_are_described_as_spatialite_describes_them() -> None:
    ours = Ours()
    with real_spatialite() as real:
        real.rows("SELECT InitSpatialMetaData(1, 'EMPTY')")
        for code in SYSTEMS:
            real.rows("SELECT InsertEpsgSrid(?)", code)
            statement = "SELECT auth_name, auth_srid, ref_sys_name, proj4text FROM spatial_ref_sys WHERE srid = ?"
            assert list(ours.rows(statement, code)[0]) == real.rows(statement, code)[0]
    ours.close()

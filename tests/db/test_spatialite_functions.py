"""Every spatial function answers as PostGIS and as the real SpatiaLite do, and says so when it cannot answer."""

import math
import sqlite3
import struct
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry
from sqlalchemy import create_engine, event, func, select
from sqlalchemy.exc import DataError

from service.db import spatialite
from service.db.spatialite.functions import DETERMINISTIC
from tests.db.spatial_geometries import collections, geometries, points
from tests.db.spatial_peers import Ours, RealSpatialite, postgis, real_spatialite

METRES_APART = 1e-6  # relative; PostGIS and PROJ measure the same ellipsoid
EDGES_APART = 0.002  # relative; PostGIS's edges are great circles, ours straight in longitude and latitude
BULGE = 2.4  # metres; an edge of a tenth of a degree lies so far from its great circle at 38° (1.2), and there are two
compared = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def ours() -> Iterator[Ours]:
    connection = Ours()
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def real() -> Iterator[RealSpatialite]:
    with real_spatialite() as process:
        process.rows("SELECT InitSpatialMetaData(1, 'EMPTY')")
        for code in (4326, 3857, 2100, 3346, 7801):
            process.rows("SELECT InsertEpsgSrid(?)", code)
        yield process


@pytest.fixture(scope="module")
def post() -> Iterator[psycopg.Connection[Any]]:
    with postgis() as connection:
        yield connection


def of_postgis(post: psycopg.Connection[Any], expression: str, *values: Any) -> Any:
    row = post.execute(f"SELECT {expression}", values).fetchone()
    assert row is not None
    return row[0]


def ewkt(geometry: BaseGeometry, srid: int = 4326) -> str:
    return f"SRID={srid};{geometry.wkt}"


METRES_OF_POSTGIS = "ST_Distance(ST_GeomFromEWKT(%s)::geography, ST_GeomFromEWKT(%s)::geography)"
METRES = "SELECT ST_Distance(GeomFromEWKT(?), GeomFromEWKT(?), 1)"


@compared
@given(st.tuples(st.floats(-170, 170), st.floats(-80, 80)), st.tuples(st.floats(-170, 170), st.floats(-80, 80)))
def test_metres_between_points_are_those_of_the_ellipsoid_anywhere(
    ours: Ours, post: psycopg.Connection[Any], here: tuple[float, float], there: tuple[float, float]
) -> None:
    pair = (ewkt(shapely.Point(here)), ewkt(shapely.Point(there)))
    expected = of_postgis(post, METRES_OF_POSTGIS, *pair)
    assert ours.value(METRES, *pair) == pytest.approx(expected, rel=METRES_APART, abs=0.001)


@compared
@given(points(), points())
def test_metres_between_points_are_those_of_spatialite(
    ours: Ours, real: RealSpatialite, here: shapely.Point, there: shapely.Point
) -> None:
    statement = "SELECT ST_Distance(MakePoint(?, ?, 4326), MakePoint(?, ?, 4326), 1)"
    four = (here.x, here.y, there.x, there.y)
    assert ours.value(statement, *four) == pytest.approx(real.value(statement, *four), rel=METRES_APART, abs=0.001)


@compared
@given(geometries(), geometries())
def test_metres_between_any_geometries_agree_within_a_municipality(
    ours: Ours, post: psycopg.Connection[Any], one: BaseGeometry, other: BaseGeometry
) -> None:
    expected = of_postgis(post, METRES_OF_POSTGIS, ewkt(one), ewkt(other))
    found = ours.value(METRES, ewkt(one), ewkt(other))
    assert found == pytest.approx(expected, rel=EDGES_APART, abs=BULGE)


def test_there_is_no_way_to_go_to_a_polygon_from_inside(ours: Ours) -> None:
    square = "SRID=4326;POLYGON((23 38, 24 38, 24 39, 23 39, 23 38))"
    assert ours.value(METRES, square, "SRID=4326;POINT(23.5 38.5)") == 0


@compared
@given(points())
def test_a_point_is_made_as_spatialite_makes_it(ours: Ours, real: RealSpatialite, point: shapely.Point) -> None:
    statement = "SELECT MakePoint(?, ?, 4326)"
    assert ours.value(statement, point.x, point.y) == real.value(statement, point.x, point.y)


@compared
@given(geometries() | collections())
def test_boxes_agree(ours: Ours, real: RealSpatialite, geometry: BaseGeometry) -> None:
    blob = ours.value("SELECT GeomFromEWKT(?)", ewkt(geometry))
    for edge, expected in zip(("MinX", "MinY", "MaxX", "MaxY"), geometry.bounds, strict=True):
        assert ours.value(f"SELECT Mbr{edge}(?)", blob) == real.value(f"SELECT Mbr{edge}(?)", blob) == expected


@compared
@given(geometries() | collections())
def test_every_way_in_and_out_agrees(
    ours: Ours, real: RealSpatialite, post: psycopg.Connection[Any], geometry: BaseGeometry
) -> None:
    blob = ours.value("SELECT GeomFromEWKT(?)", ewkt(geometry))
    assert blob == real.value("SELECT ST_GeomFromText(?, 4326)", geometry.wkt)
    wkb = shapely.to_wkb(geometry)
    for database in (ours, real):
        assert blob == database.value("SELECT GeomFromWKB(?, 4326)", wkb)
    ewkb = shapely.to_wkb(shapely.set_srid(geometry, 4326), include_srid=True)
    assert blob == ours.value("SELECT GeomFromEWKB(?)", ewkb) == ours.value("SELECT GeomFromEWKB(?)", ewkb.hex())
    found = ours.value("SELECT AsEWKB(?)", blob)
    assert found == real.value("SELECT AsEWKB(?)", blob)
    of_post = of_postgis(post, "encode(ST_AsEWKB(ST_GeomFromEWKT(%s), 'NDR'), 'hex')", ewkt(geometry))
    assert found == of_post.upper()


def test_a_column_takes_its_own_type_and_system_as_spatialite_decides(ours: Ours, real: RealSpatialite) -> None:
    values: list[Any] = [None, b"\x00", "text", 3]
    values += [
        real.value("SELECT ST_GeomFromText(?, ?)", text, srid)
        for text in ("POINT(1 2)", "LINESTRING(1 2, 3 4)")
        for srid in (4326, 2100)
    ]
    for value in values:
        for number in (0, 1, 2):
            answer = ours.value("SELECT GeometryConstraints(?, ?, 4326)", value, number)
            assert answer == real.value("SELECT GeometryConstraints(?, ?, 4326)", value, number), (value, number)


@pytest.mark.parametrize(("name", "count"), [(name, count) for name, count, _ in DETERMINISTIC])
def test_every_function_is_null_for_null(ours: Ours, name: str, count: int) -> None:
    point = ours.value("SELECT MakePoint(23, 38, 4326)")
    for place in range(count):
        arguments = [None if place == other else point for other in range(count)]
        assert ours.value(f"SELECT {name}({','.join('?' * count)})", *arguments) is None


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("GeomFromEWKT('SRID=x;POINT(1 2)')", "GeomFromEWKT: unreadable"),
        ("GeomFromEWKT('POINT(1')", "GeomFromEWKT: unreadable"),
        ("GeomFromEWKT('SRID=4326;POINT EMPTY')", "GeomFromEWKT: unstorable"),
        ("GeomFromEWKT('SRID=4326;POINT(1 2 3)')", "GeomFromEWKT: unstorable"),
        ("GeomFromEWKT('SRID=4326;CIRCULARSTRING(0 0, 1 1, 2 0)')", "GeomFromEWKT: unstorable"),
        ("GeomFromEWKT('SRID=4326;POLYGON((0 0, 1 1))')", "GeomFromEWKT: unreadable"),
        ("GeomFromWKB(x'010100000000000000000000000000000000000000', 'Athens')", "GeomFromWKB: bad_argument"),
        ("GeomFromWKB(x'0101', 4326)", "GeomFromWKB: unreadable"),
        ("GeomFromWKB(3, 4326)", "GeomFromWKB: unreadable"),
        ("GeomFromEWKB('zz')", "GeomFromEWKB: unreadable"),
        ("MakePoint('a', 1, 4326)", "MakePoint: bad_argument"),
        ("MakePoint(9e999, 1, 4326)", "MakePoint: unstorable"),
        ("ST_Distance(MakePoint(1, 2, 4326), MakePoint(1, 2, 2100), 1)", "ST_Distance: mixed_srid"),
        ("ST_Distance(MakePoint(1, 2, 2100), MakePoint(1, 2, 2100), 1)", "ST_Distance: not_longitude_latitude"),
        ("ST_Distance(MakePoint(1, 2, 4326), MakePoint(1, 2, 4326), 0)", "ST_Distance: not_longitude_latitude"),
        ("MbrMinX('text')", "MbrMinX: not_a_geometry"),
        ("RecoverGeometryColumn('absent', 'place', 4326, 'POINT', 'XY')", "RecoverGeometryColumn: sqlite"),
        ("RecoverGeometryColumn('absent', 'place', 4326, 'CIRCLE', 'XY')", "RecoverGeometryColumn: unknown_type"),
        ("RecoverGeometryColumn('absent', 'place', 4326, 'POINT', 'XYZ')", "RecoverGeometryColumn: unknown_type"),
        ("RecoverGeometryColumn('absent', 'place', 32634, 'POINT', 'XY')", "RecoverGeometryColumn: unknown_srid"),
        ("CreateSpatialIndex('absent', 'place')", "CreateSpatialIndex: no_such_geometry_column"),
        ("DropTable(NULL, 'absent')", "DropTable: sqlite"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(ours: Ours, expression: str, said: str) -> None:
    assert str(ours.fault(f"SELECT {expression}")) == said


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_a_coordinate_that_is_no_number_is_refused_as_topology(ours: Ours) -> None:
    square = ours.value("SELECT GeomFromEWKT('SRID=4326;POLYGON((23 38, 24 38, 24 39, 23 39, 23 38))')")
    line = ours.value("SELECT GeomFromEWKT('SRID=4326;LINESTRING(23 38, 24 39)')")
    head, rest = line.rsplit(struct.pack("<d", 23), 1)  # the last 23 is not in the box but in the line
    damaged = head + struct.pack("<d", math.nan) + rest
    assert str(ours.fault("SELECT ST_Distance(?, ?, 1)", damaged, square)) == "ST_Distance: topology"


def test_the_fault_reaches_who_asks_through_sqlalchemy() -> None:
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", lambda connection, _record: spatialite.install(connection))
    event.listen(engine, "handle_error", spatialite.name_fault, retval=True)
    with engine.connect() as connection, pytest.raises(DataError, match="ST_Distance: mixed_srid"):
        connection.execute(select(func.ST_Distance(func.MakePoint(1, 2, 4326), func.MakePoint(1, 2, 2100), 1)))
    engine.dispose()


def test_a_fault_is_told_once_and_only_in_its_thread(ours: Ours) -> None:
    ours.fault("SELECT MbrMinX('text')")
    assert spatialite.last_fault() is None
    told: list[object] = []
    with pytest.raises(sqlite3.OperationalError):
        ours.rows("SELECT MbrMinX('text')")
    neighbour = threading.Thread(target=lambda: told.append(spatialite.last_fault()))
    neighbour.start()
    neighbour.join()
    assert told == [None]
    assert spatialite.last_fault() is not None


def test_threads_with_connections_of_their_own_get_right_answers() -> None:
    square = "SRID=4326;POLYGON((23 38, 24 38, 24 39, 23 39, 23 38))"
    wrong: list[float] = []

    def ask() -> None:
        mine = Ours()
        for step in range(400):
            lon = 22.5 + step / 200
            away = mine.value("SELECT ST_Distance(GeomFromEWKT(?), MakePoint(?, 38.5, 4326), 1)", square, lon)
            if (away == 0) != (23 <= lon <= 24):
                wrong.append(lon)
        mine.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_names_are_registered_and_no_others() -> None:
    plain = sqlite3.connect(":memory:")
    before = {row[0] for row in plain.execute("SELECT name FROM pragma_function_list")}
    spatialite.install(plain)
    after = {row[0] for row in plain.execute("SELECT name FROM pragma_function_list")}
    plain.close()
    assert after - before == {name.lower() for name in spatialite.FUNCTIONS} or after - before == spatialite.FUNCTIONS

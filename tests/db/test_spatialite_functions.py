"""Every spatial function answers as PostGIS and as the real SpatiaLite do, and says so when it cannot answer."""

import json
import sqlite3
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
from service.db.spatialite.functions import functions_over, kept_geometries
from tests.db.spatial_geometries import collections, geometries, points, polygons
from tests.db.spatial_peers import Ours, RealSpatialite, postgis, real_spatialite

METRES_APART = 1e-6  # relative; PostGIS and PROJ measure the same ellipsoid
EDGES_APART = 0.002  # relative; PostGIS's edges are great circles, ours straight in longitude and latitude
CHECK_POINTS_OF_GREECE = (
    (23.7275, 37.9838, 475920.265, 4203764.699),
    (22.9444, 40.6401, 410590.314, 4499055.403),
    (25.1442, 35.3387, 603831.135, 3910916.118),
)
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


PREDICATES = ("ST_Contains", "ST_Covers", "ST_Intersects", "ST_Within")


@pytest.mark.parametrize("name", PREDICATES)
@compared
@given(geometries(), geometries())
def test_predicates_agree(
    ours: Ours,
    real: RealSpatialite,
    post: psycopg.Connection[Any],
    name: str,
    one: BaseGeometry,
    other: BaseGeometry,
) -> None:
    pair = (ewkt(one), ewkt(other))
    answer = ours.value(f"SELECT {name}(GeomFromEWKT(?), GeomFromEWKT(?))", *pair)
    assert bool(answer) is of_postgis(post, f"{name}(ST_GeomFromEWKT(%s), ST_GeomFromEWKT(%s))", *pair)
    wkt = (one.wkt, other.wkt)
    assert answer == real.value(f"SELECT {name}(ST_GeomFromText(?, 4326), ST_GeomFromText(?, 4326))", *wkt)


@pytest.mark.parametrize("name", PREDICATES)
@compared
@given(polygons(), st.data())
def test_predicates_agree_on_the_border(
    ours: Ours, post: psycopg.Connection[Any], name: str, polygon: shapely.Polygon, data: st.DataObject
) -> None:
    corner = shapely.Point(data.draw(st.sampled_from(polygon.exterior.coords[:])))
    for pair in ((ewkt(polygon), ewkt(corner)), (ewkt(corner), ewkt(polygon))):
        answer = ours.value(f"SELECT {name}(GeomFromEWKT(?), GeomFromEWKT(?))", *pair)
        assert bool(answer) is of_postgis(post, f"{name}(ST_GeomFromEWKT(%s), ST_GeomFromEWKT(%s))", *pair)


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
    assert found == pytest.approx(expected, rel=EDGES_APART, abs=2.0)


def test_there_is_no_way_to_go_to_a_polygon_from_inside(ours: Ours) -> None:
    square = "SRID=4326;POLYGON((23 38, 24 38, 24 39, 23 39, 23 38))"
    assert ours.value(METRES, square, "SRID=4326;POINT(23.5 38.5)") == 0


@pytest.mark.parametrize("target", [3857, 2100, 3346, 7801])
@compared
@given(geometry=geometries() | collections())
def test_transformed_geometries_agree(
    ours: Ours, real: RealSpatialite, post: psycopg.Connection[Any], target: int, geometry: BaseGeometry
) -> None:
    blob = ours.value("SELECT ST_Transform(GeomFromEWKT(?), ?)", ewkt(geometry), target)
    found = shapely.from_wkb(ours.value("SELECT AsEWKB(?)", blob))
    of_post = shapely.from_wkb(
        bytes(of_postgis(post, "ST_AsBinary(ST_Transform(ST_GeomFromEWKT(%s), %s))", ewkt(geometry), target))
    )
    of_real = shapely.from_wkb(
        real.value("SELECT AsBinary(ST_Transform(ST_GeomFromText(?, 4326), ?))", geometry.wkt, target)
    )
    assert ours.value("SELECT ST_SRID(?)", blob) == target
    assert shapely.get_coordinates(found) == pytest.approx(shapely.get_coordinates(of_post), abs=0.001)
    assert shapely.get_coordinates(found) == pytest.approx(shapely.get_coordinates(of_real), abs=0.001)


@pytest.mark.parametrize(("lon", "lat", "east", "north"), CHECK_POINTS_OF_GREECE)
def test_the_check_points_of_the_greek_grid(ours: Ours, lon: float, lat: float, east: float, north: float) -> None:
    there = "ST_Transform(MakePoint(?, ?, 4326), 2100)"
    assert ours.rows(f"SELECT ST_X({there}), ST_Y({there})", lon, lat, lon, lat) == [
        pytest.approx((east, north), abs=0.001)
    ]
    back = "ST_Transform(MakePoint(?, ?, 2100), 4326)"
    assert ours.rows(f"SELECT ST_X({back}), ST_Y({back})", east, north, east, north) == [
        pytest.approx((lon, lat), abs=3e-8)
    ]


@compared
@given(geometries() | collections())
def test_geojson_agrees(
    ours: Ours, real: RealSpatialite, post: psycopg.Connection[Any], geometry: BaseGeometry
) -> None:
    found = ours.value("SELECT AsGeoJSON(GeomFromEWKT(?))", ewkt(geometry))
    assert json.loads(found) == json.loads(of_postgis(post, "ST_AsGeoJSON(ST_GeomFromEWKT(%s))", ewkt(geometry)))
    of_real = shapely.from_geojson(real.value("SELECT AsGeoJSON(ST_GeomFromText(?, 4326))", geometry.wkt))
    assert shapely.from_geojson(found).equals_exact(of_real, 1e-9)


def test_geojson_is_rounded_to_the_decimals_asked_for(ours: Ours, post: psycopg.Connection[Any]) -> None:
    text = "SRID=4326;POINT(23.123456789012 38.987654321098)"
    for decimals in (0, 3, 6):
        found = json.loads(ours.value("SELECT AsGeoJSON(GeomFromEWKT(?), ?)", text, decimals))
        assert found == json.loads(of_postgis(post, "ST_AsGeoJSON(ST_GeomFromEWKT(%s), %s)", text, decimals))


@compared
@given(geometries() | collections())
def test_text_type_and_system_agree(
    ours: Ours, real: RealSpatialite, post: psycopg.Connection[Any], geometry: BaseGeometry
) -> None:
    text = ours.value("SELECT ST_AsText(GeomFromEWKT(?))", ewkt(geometry))
    of_post = of_postgis(post, "ST_AsText(ST_GeomFromEWKT(%s))", ewkt(geometry))
    of_real = real.value("SELECT ST_AsText(ST_GeomFromText(?, 4326))", geometry.wkt)
    assert shapely.from_wkt(text).equals_exact(shapely.from_wkt(of_post), 1e-12)
    assert shapely.from_wkt(text).equals_exact(shapely.from_wkt(of_real), 1e-6)
    kind = ours.value("SELECT GeometryType(GeomFromEWKT(?))", ewkt(geometry))
    assert kind == of_postgis(post, "GeometryType(ST_GeomFromEWKT(%s))", ewkt(geometry))
    assert kind == real.value("SELECT GeometryType(ST_GeomFromText(?, 4326))", geometry.wkt)
    assert ours.value("SELECT ST_SRID(GeomFromEWKT(?))", ewkt(geometry, 2100)) == 2100


def test_text_of_a_point_is_written_as_postgis_writes_it(ours: Ours, post: psycopg.Connection[Any]) -> None:
    text = "SRID=4326;POINT (23.7275 37.9838)"
    assert ours.value("SELECT ST_AsText(GeomFromEWKT(?))", text) == of_postgis(
        post, "ST_AsText(ST_GeomFromEWKT(%s))", text
    )


@compared
@given(points())
def test_coordinates_of_points_agree(ours: Ours, real: RealSpatialite, point: shapely.Point) -> None:
    statement = "SELECT ST_X(MakePoint(?, ?, 4326)), ST_Y(MakePoint(?, ?, 4326)), hex(MakePoint(?, ?, 4326))"
    values = (point.x, point.y) * 3
    assert list(ours.rows(statement, *values)[0]) == real.rows(statement, *values)[0]


@compared
@given(geometries() | collections())
def test_boxes_agree(ours: Ours, real: RealSpatialite, geometry: BaseGeometry) -> None:
    blob = ours.value("SELECT GeomFromEWKT(?)", ewkt(geometry))
    for edge, expected in zip(("MinX", "MinY", "MaxX", "MaxY"), geometry.bounds, strict=True):
        assert ours.value(f"SELECT Mbr{edge}(?)", blob) == real.value(f"SELECT Mbr{edge}(?)", blob) == expected


@pytest.mark.parametrize(
    "text",
    [
        "POLYGON((0 0, 2 0, 2 2, 0 2, 0 0))",
        "POLYGON((0 0, 2 2, 2 0, 0 2, 0 0))",
        "POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 9 1, 9 9, 1 1))",
        "MULTIPOLYGON(((0 0, 2 0, 2 2, 0 0)), ((1 0, 3 0, 3 2, 1 0)))",
        "LINESTRING(0 0, 1 1)",
    ],
)
def test_validity_agrees(ours: Ours, real: RealSpatialite, post: psycopg.Connection[Any], text: str) -> None:
    found = ours.value("SELECT ST_IsValid(ST_GeomFromText(?, 4326))", text)
    assert bool(found) is of_postgis(post, "ST_IsValid(ST_GeomFromText(%s, 4326))", text)
    assert found == real.value("SELECT ST_IsValid(ST_GeomFromText(?, 4326))", text)


@compared
@given(geometries() | collections())
def test_every_way_in_makes_the_same_geometry(ours: Ours, geometry: BaseGeometry) -> None:
    blob = ours.value("SELECT GeomFromEWKT(?)", ewkt(geometry))
    ewkb = shapely.to_wkb(shapely.set_srid(geometry, 4326), include_srid=True)
    assert blob == ours.value("SELECT ST_GeomFromText(?, 4326)", geometry.wkt)
    assert blob == ours.value("SELECT GeomFromWKB(?, 4326)", shapely.to_wkb(geometry))
    assert blob == ours.value("SELECT GeomFromEWKB(?)", ewkb) == ours.value("SELECT GeomFromEWKB(?)", ewkb.hex())
    assert ours.value("SELECT AsEWKB(?)", blob) == ewkb.hex().upper()


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


GEOMETRY_FUNCTIONS = sorted({(name, count) for name, count, _ in functions_over(kept_geometries())})


@pytest.mark.parametrize(("name", "count"), GEOMETRY_FUNCTIONS)
def test_every_function_is_null_for_null(ours: Ours, name: str, count: int) -> None:
    point = ours.value("SELECT MakePoint(23, 38, 4326)")
    for place in range(count):
        arguments = [None if place == other else point for other in range(count)]
        assert ours.value(f"SELECT {name}({','.join('?' * count)})", *arguments) is None


SQUARE, BOW = "'SRID=4326;POLYGON((0 0,2 0,2 2,0 2,0 0))'", "'SRID=4326;POLYGON((0 0,2 2,2 0,0 2,0 0))'"


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (f"ST_X(GeomFromEWKT({SQUARE}))", "ST_X: not_a_point"),
        (f"ST_Y(GeomFromEWKT({SQUARE}))", "ST_Y: not_a_point"),
        ("GeomFromEWKT('SRID=x;POINT(1 2)')", "GeomFromEWKT: unreadable"),
        ("GeomFromEWKT('POINT(1')", "GeomFromEWKT: unreadable"),
        ("GeomFromEWKT('SRID=4326;POINT EMPTY')", "GeomFromEWKT: unstorable"),
        ("GeomFromEWKT('SRID=4326;POINT(1 2 3)')", "GeomFromEWKT: unstorable"),
        ("ST_GeomFromText('POLYGON((0 0, 1 1))', 4326)", "ST_GeomFromText: unreadable"),
        ("ST_GeomFromText('POINT(1 2)', 'Athens')", "ST_GeomFromText: bad_argument"),
        ("GeomFromWKB(x'0101', 4326)", "GeomFromWKB: unreadable"),
        ("GeomFromWKB(3, 4326)", "GeomFromWKB: unreadable"),
        ("GeomFromEWKB('zz')", "GeomFromEWKB: unreadable"),
        ("MakePoint('a', 1, 4326)", "MakePoint: bad_argument"),
        ("MakePoint(9e999, 1, 4326)", "MakePoint: unstorable"),
        ("ST_Contains(MakePoint(1, 2, 4326), MakePoint(1, 2, 2100))", "ST_Contains: mixed_srid"),
        ("ST_Distance(MakePoint(1, 2, 2100), MakePoint(1, 2, 2100), 1)", "ST_Distance: not_longitude_latitude"),
        ("ST_Distance(MakePoint(1, 2, 4326), MakePoint(1, 2, 4326), 0)", "ST_Distance: not_longitude_latitude"),
        ("ST_Transform(MakePoint(1, 2, 4326), 32634)", "ST_Transform: unknown_srid"),
        ("ST_Transform(MakePoint(23, 91, 4326), 3857)", "ST_Transform: outside_projection"),
        ("AsGeoJSON(MakePoint(1, 2, 4326), 'many')", "AsGeoJSON: bad_argument"),
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


def test_a_polygon_that_crosses_itself_is_judged_or_refused_as_topology(ours: Ours) -> None:
    try:
        assert ours.value(f"SELECT ST_Contains(GeomFromEWKT({BOW}), MakePoint(0.5, 1, 4326))") in (0, 1)
    except sqlite3.OperationalError:
        assert str(spatialite.last_fault()) == "ST_Contains: topology"


def test_the_fault_reaches_who_asks_through_sqlalchemy() -> None:
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", lambda connection, _record: spatialite.install(connection))
    event.listen(engine, "handle_error", spatialite.name_fault, retval=True)
    with engine.connect() as connection, pytest.raises(DataError, match="ST_Transform: unknown_srid"):
        connection.execute(select(func.ST_Transform(func.MakePoint(1, 2, 4326), 32634)))
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
            inside = mine.value("SELECT ST_Contains(GeomFromEWKT(?), MakePoint(?, 38.5, 4326))", square, lon)
            if bool(inside) != (23 < lon < 24):
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

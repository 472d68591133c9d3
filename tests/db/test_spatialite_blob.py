"""The BLOB of a geometry is SpatiaLite's, byte by byte."""

from functools import partial

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from service.db.spatialite import Fault, SpatialFault, blob
from tests.db.spatial_geometries import collections, geometries, points
from tests.db.spatial_peers import Ours, real_spatialite

SHAPES = (
    "POINT (23.7275 37.9838)",
    "LINESTRING (23 38, 23.5 38.25, 24 38)",
    "POLYGON ((23 38, 24 38, 24 39, 23 39, 23 38), (23.25 38.25, 23.5 38.25, 23.5 38.5, 23.25 38.25))",
    "MULTIPOINT ((23 38), (24 39))",
    "MULTILINESTRING ((23 38, 24 39), (25 38, 26 39, 27 38))",
    "MULTIPOLYGON (((23 38, 24 38, 24 39, 23 38)),"
    " ((25 38, 26 38, 26 39, 25 38), (25.5 38.25, 25.75 38.25, 25.75 38.5, 25.5 38.25)))",
    "GEOMETRYCOLLECTION (POINT (23 38), LINESTRING (23 38, 24 39), POLYGON ((23 38, 24 38, 24 39, 23 38)))",
)


@pytest.mark.parametrize("text", SHAPES)
def test_our_bytes_are_those_of_spatialite(text: str) -> None:
    with real_spatialite() as real:
        theirs = real.value("SELECT ST_GeomFromText(?, 4326)", text)
    assert blob.encode(shapely.from_wkt(text), 4326) == theirs


@pytest.mark.parametrize("text", SHAPES)
def test_what_is_written_is_read_back(text: str) -> None:
    geometry = shapely.from_wkt(text)
    kept = blob.encode(geometry, 3346)
    assert blob.decode(kept).equals_exact(geometry)
    assert (blob.srid(kept), blob.box(kept)) == (3346, geometry.bounds)
    assert blob.GEOMETRY_TYPES[blob.type_number(kept)] == geometry.geom_type.upper()


@settings(max_examples=100, deadline=None)
@given(geometries() | collections())
def test_any_geometry_survives(geometry: BaseGeometry) -> None:
    kept = blob.encode(geometry, 4326)
    assert blob.decode(kept).equals_exact(geometry)
    assert shapely.from_wkb(blob.to_ewkb(kept)).equals_exact(geometry)
    assert shapely.get_srid(shapely.from_wkb(blob.to_ewkb(kept))) == 4326


@settings(max_examples=100, deadline=None)
@given(points())
def test_the_short_way_for_points_writes_the_same_bytes(point: shapely.Point) -> None:
    kept = blob.encode_point(point.x, point.y, 4326)
    assert kept == blob.encode(point, 4326)
    assert blob.coordinates(kept) == (point.x, point.y)


def test_a_collection_within_a_collection_is_flattened_as_spatialite_does() -> None:
    text = "GEOMETRYCOLLECTION (MULTIPOINT ((0 0), (1 1)), POINT (3 3))"
    with real_spatialite() as real:
        theirs = real.value("SELECT ST_GeomFromText(?, 4326)", text)
    assert blob.encode(shapely.from_wkt(text), 4326) == theirs


@pytest.mark.parametrize(
    "text",
    ["POINT EMPTY", "POLYGON EMPTY", "GEOMETRYCOLLECTION EMPTY", "POINT Z (1 2 3)", "LINESTRING M (0 0 1, 1 1 2)"],
)
def test_empty_and_three_dimensional_geometries_are_refused(text: str) -> None:
    with pytest.raises(SpatialFault) as refused:
        blob.encode(shapely.from_wkt(text), 4326)
    assert refused.value.fault is Fault.UNSTORABLE


@pytest.mark.parametrize("x", [float("inf"), float("nan")])
def test_a_point_nowhere_is_refused(x: float) -> None:
    for build in (partial(blob.encode_point, x, 1.0, 4326), partial(blob.encode, shapely.Point(x, 1.0), 4326)):
        with pytest.raises(SpatialFault) as refused:
            build()
        assert refused.value.fault is Fault.UNSTORABLE


def refusals(value: bytes) -> set[Fault]:
    found = set()
    for read in (blob.decode, blob.to_ewkb, blob.box):
        try:
            read(value)
        except SpatialFault as refused:
            found.add(refused.fault)
    return found


WHOLE = tuple(blob.encode(shapely.from_wkt(text), 4326) for text in SHAPES)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(WHOLE), st.data())
def test_a_damaged_blob_is_refused_or_read_but_never_crashes(whole: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:place] + data.draw(st.binary(max_size=8)) + whole[place + data.draw(st.integers(0, 8)) :]
    assert refusals(damaged) <= {Fault.NOT_A_GEOMETRY}


@pytest.mark.parametrize("value", [b"", b"\x00", "text", 3, 2.5, shapely.to_wkb(shapely.Point(1, 2))])
def test_a_value_that_is_no_geometry_is_named_so(value: object) -> None:
    ours = Ours()
    assert str(ours.fault("SELECT AsEWKB(?)", value)) == "AsEWKB: not_a_geometry"
    ours.close()

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from service.gis import measuring
from service.gis.measuring import WGS84, Edges, degrees_around
from tests.gis.maps import direction, middle, moved

KOZANI = (21.7873, 40.2989)


def metres(geometry, lon, lat):
    return Edges.of(np.array([geometry], dtype=object)).metres(np.array([lon]), np.array([lat]), np.array([0]))[0]


def metres_by_trying(line, lon, lat):
    """The smallest geodesic distance to thousands of points of the line, ever closer around the nearest."""
    shares = np.linspace(0, 1, 5001)
    nearest = np.inf
    for begin, end in zip(shapely.get_coordinates(line)[:-1], shapely.get_coordinates(line)[1:], strict=True):
        low, high = 0.0, 1.0
        for _ in range(4):
            tried = low + (high - low) * shares
            there = begin + tried[:, None] * (end - begin)
            far = WGS84.inv(np.full(len(tried), lon), np.full(len(tried), lat), there[:, 0], there[:, 1])[2]
            best = int(far.argmin())
            low, high = tried[max(best - 1, 0)], tried[min(best + 1, len(tried) - 1)]
        nearest = min(nearest, far.min())
    return nearest


@settings(max_examples=60, deadline=None)
@given(
    lat=st.floats(-65, 65),
    size=st.sampled_from([1e-5, 1e-3, 1e-2, 5e-2]),
    shape=st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=4, max_size=6, unique=True),
)
def test_the_distance_to_a_line_is_the_smallest_geodesic_distance_to_any_of_its_points(lat, size, shape):
    (lon_off, lat_off), *line = shape
    line = shapely.LineString([(20 + x * size, lat + y * size) for x, y in line])
    lon, lat = 20 + lon_off * size, lat + lat_off * size
    assert metres(line, lon, lat) == pytest.approx(metres_by_trying(line, lon, lat), abs=1e-6)


@pytest.mark.parametrize("far", [0.001, 1, 30, 1_000, 10_000])
def test_a_point_so_many_metres_off_a_slanting_edge_is_that_far(far):
    a, b = (21.70, 40.25), (22.35, 40.71)
    foot = middle(a, b)
    lon, lat = moved(foot, direction(a, b) + 90, far)
    assert metres(shapely.LineString([a, b]), lon, lat) == pytest.approx(far, rel=1e-6, abs=1e-6)


def test_the_distance_to_a_point_is_the_geodesic():
    lon, lat = moved(KOZANI, 33, 250)
    assert metres(shapely.Point(KOZANI), lon, lat) == pytest.approx(250, abs=1e-8)


def test_a_hole_has_an_edge_too():
    hole = shapely.box(21.71, 40.21, 21.79, 40.29)
    ring = shapely.box(21.70, 40.20, 21.80, 40.30) - hole
    lon, lat = moved((21.71, 40.25), 90, 3)
    assert metres(ring, lon, lat) == pytest.approx(3, abs=1e-5)


def test_collections_are_taken_apart_and_each_geometry_keeps_its_own_edges():
    near, far = shapely.Point(moved(KOZANI, 0, 5)), shapely.Point(moved(KOZANI, 0, 50))
    collection = shapely.GeometryCollection([far, shapely.MultiPoint([far, near])])
    edges = Edges.of(np.array([far, collection, far], dtype=object))
    found = edges.metres(np.full(3, KOZANI[0]), np.full(3, KOZANI[1]), np.array([2, 1, 0]))
    assert found == pytest.approx([50, 5, 50], abs=1e-6)


def test_many_points_give_what_one_by_one_gives(monkeypatch):
    shapes = np.array([shapely.Point(x, 40.3).buffer(0.003, quad_segs=x_segs) for x, x_segs in ((21.7, 4), (21.8, 9))])
    edges = Edges.of(shapes)
    random = np.random.default_rng(5)
    lon, lat, which = random.uniform(21.6, 21.9, 200), random.uniform(40.2, 40.4, 200), random.integers(0, 2, 200)
    alone = [metres(shapes[i], x, y) for x, y, i in zip(lon, lat, which, strict=True)]
    assert edges.metres(lon, lat, which) == pytest.approx(alone, abs=1e-9)
    monkeypatch.setattr(measuring, "EDGES_AT_ONCE", 50)
    assert edges.metres(lon, lat, which) == pytest.approx(alone, abs=1e-9)


def test_no_points_have_no_distances():
    edges = Edges.of(np.array([shapely.Point(KOZANI)], dtype=object))
    none = np.array([])
    assert len(edges.metres(none, none, np.array([], dtype=np.intp))) == 0


@given(lat=st.floats(-80, 80), azimuth=st.floats(0, 360), far=st.floats(0.001, 10_000))
def test_the_degrees_around_a_point_reach_as_far_as_they_say(lat, azimuth, far):
    lon_there, lat_there = moved((0.0, lat), azimuth, far)
    across, along = degrees_around(lat, far)
    assert abs(lon_there) <= across
    assert abs(lat_there - lat) <= along


@pytest.mark.parametrize("corners", [3, 30, 300])
def test_from_one_point_it_is_as_far_as_from_many(corners):
    """Also where all edges are equally near: at the middle of a circle."""
    ring = [moved(KOZANI, 360 / corners * number, 500) for number in range(corners)]
    for lon, lat in (KOZANI, moved(KOZANI, 10, 80), moved(KOZANI, 200, 900)):
        for shape in (shapely.Polygon(ring), shapely.LineString(ring), shapely.Point(ring[0])):
            edges = Edges.of(np.array([shape], dtype=object))
            assert edges.metres_from(lon, lat, 0) == metres(shape, lon, lat)

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from service.gis import index as index_module
from service.gis.measuring import WGS84
from tests.gis.maps import direction, keys_at, layer, middle, moved

# Two areas that share a slanting border, a third that overlaps both, and one with a hole.
A, B, C, D, E, F = (21.70, 40.20), (21.75, 40.21), (21.76, 40.29), (21.69, 40.28), (21.82, 40.22), (21.83, 40.30)
WEST, EAST = shapely.Polygon([A, B, C, D]), shapely.Polygon([B, E, F, C])
HOLE = [(21.91, 40.21), (21.93, 40.22), (21.92, 40.24)]
RING = shapely.Polygon(shapely.box(21.90, 40.20, 21.95, 40.26).exterior, [HOLE])
MAP = layer("areas", {"west": WEST, "east": EAST, "ring": RING, "all": shapely.box(21.6, 40.1, 21.8, 40.4)})
EDGES = [(A, B), (C, D), (D, A)]


def edge_and_sides(a, b, metres=0.001):
    """A point on the edge, and one so far to its left and to its right."""
    on, azimuth = middle(a, b), direction(a, b)
    return on, moved(on, azimuth - 90, metres), moved(on, azimuth + 90, metres)


@pytest.mark.parametrize("edge", EDGES)
def test_an_edge_counts_as_inside_and_a_millimetre_beyond_it_does_not(edge):
    on, left, right = edge_and_sides(*edge)
    assert "west" in keys_at(MAP, on)
    assert "west" in keys_at(MAP, left)
    assert "west" not in keys_at(MAP, right)


@pytest.mark.parametrize("share", np.linspace(0, 1, 23).tolist())
def test_every_point_of_a_slanting_edge_is_inside_on_both_of_its_sides(share):
    on = (B[0] + share * (C[0] - B[0]), B[1] + share * (C[1] - B[1]))
    assert keys_at(MAP, on) == ["all", "east", "west"]


def test_a_shared_border_belongs_to_both_and_a_millimetre_off_it_to_one():
    on, left, right = edge_and_sides(B, C)
    assert keys_at(MAP, on) == ["all", "east", "west"]
    assert keys_at(MAP, left) == ["all", "west"]
    assert keys_at(MAP, right) == ["all", "east"]


def test_a_hole_is_outside_but_its_edge_is_not():
    for a, b in zip(HOLE, HOLE[1:] + HOLE[:1], strict=True):
        on, into_the_hole, out_of_it = edge_and_sides(a, b)
        assert keys_at(MAP, on) == ["ring"]
        assert keys_at(MAP, into_the_hole) == []
        assert keys_at(MAP, out_of_it) == ["ring"]


def test_where_features_overlap_the_lowest_key_comes_first_whatever_the_order_of_the_file():
    shapes = {key: shapely.box(21.7, 40.2, 21.8, 40.3) for key in ("9", "10", "b", "a", "B")}
    assert keys_at(layer("overlap", shapes), (21.75, 40.25)) == ["10", "9", "B", "a", "b"]


@pytest.mark.parametrize("metres", [0.5, 20, 1500])
def test_exactly_so_many_metres_is_within_and_a_millimetre_more_is_not(metres):
    street = layer("streets", {"s": shapely.LineString([A, B])})
    on, azimuth = middle(A, B), direction(A, B)
    assert street.within(*moved(on, azimuth + 90, metres - 0.001), metres) == [0]
    assert street.within(*moved(on, azimuth + 90, metres), metres) == [0]
    assert street.within(*moved(on, azimuth + 90, metres + 0.001), metres) == []


def test_the_metres_to_a_lamp_post_are_geodesic_in_every_direction():
    posts = layer("posts", {"p": shapely.Point(A)})
    for azimuth in range(0, 360, 15):
        there = moved(A, azimuth, 25)
        assert posts.within(*there, WGS84.inv(*A, *there)[2]) == [0]
        assert posts.within(*moved(A, azimuth, 25.001), 25) == []


def test_inside_an_area_is_within_any_distance_of_it():
    assert MAP.within(21.92, 40.205, 0) == [MAP.positions["ring"]]
    assert MAP.within(21.92, 40.222, 1) == []
    assert MAP.within(21.92, 40.222, 1000) == [MAP.positions["ring"]]


def test_the_distance_to_the_edge_is_the_same_from_within_and_from_without():
    on, left, right = edge_and_sides(A, B, 12)
    west = MAP.positions["west"]
    assert MAP.metres_to_edge(west, *on) == pytest.approx(0, abs=1e-4)
    assert MAP.metres_to_edge(west, *left) == pytest.approx(12, abs=1e-4)
    assert MAP.metres_to_edge(west, *right) == pytest.approx(12, abs=1e-4)


@settings(max_examples=30, deadline=None)
@given(points=st.lists(st.tuples(st.floats(21.6, 22.0), st.floats(40.1, 40.4)), max_size=60))
def test_many_points_at_once_get_what_each_gets_alone(points):
    lon, lat = np.array([p[0] for p in points]), np.array([p[1] for p in points])
    for one, many in ((MAP.holding, MAP.holding_each), (MAP.within, MAP.within_each)):
        metres = (300.0,) if one == MAP.within else ()
        alone = [(i, position) for i, point in enumerate(points) for position in one(*point, *metres)]
        assert list(zip(*many(lon, lat, *metres), strict=True)) == alone


def test_the_order_in_which_many_points_are_asked_does_not_show(monkeypatch):
    random = np.random.default_rng(2)
    lon, lat = random.uniform(21.6, 22.0, 1000), random.uniform(40.1, 40.4, 1000)
    together = MAP.holding_each(lon, lat)
    monkeypatch.setattr(index_module, "AT_ONCE", 7)
    in_pieces = MAP.holding_each(lon, lat)
    assert np.array_equal(together, in_pieces)
    one_place = MAP.holding_each(np.full(50, A[0]), np.full(50, A[1]))
    assert one_place[0].tolist() == sorted([*range(50)] * 2)


def test_eight_threads_asking_a_fresh_index_get_what_one_gets():
    random = np.random.default_rng(3)
    points = random.uniform((21.5, 40.1), (22.1, 40.5), (400, 2)).tolist()
    shapes = {
        f"{n:04}": shapely.Point(*random.uniform((21.5, 40.1), (22.1, 40.5))).buffer(0.02, quad_segs=50)
        for n in range(300)
    }
    expected = [[key for key, shape in sorted(shapes.items()) if shape.intersects(shapely.Point(p))] for p in points]
    for _ in range(3):
        fresh = layer("circles", {key: shapely.MultiPolygon([shape]) for key, shape in shapes.items()})

        def ask(offset, fresh=fresh):
            mine = points[offset:] + points[:offset]
            found = [(keys_at(fresh, point), fresh.within(*point, 50)) for point in mine]
            return found[len(points) - offset :] + found[: len(points) - offset]

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(0, 400, 50)))
        assert all([keys for keys, _ in answer] == expected for answer in answers)
        assert all(answer == answers[0] for answer in answers)


def test_nothing_that_threads_share_is_prepared():
    MAP.within(21.75, 40.25, 100)
    MAP.holding_each(np.array([21.75]), np.array([40.25]))
    assert not shapely.is_prepared(MAP.geometries).any()


def test_a_feature_without_a_name_is_called_by_its_key():
    named = layer("named", {"1": WEST, "2": EAST}, {"1": {"NAME": "Δυτικά"}, "2": {"name": ""}})
    assert [named.name_of(0), named.name_of(1)] == ["Δυτικά", "2"]


def test_a_feature_may_have_a_name_in_each_language():
    named = layer("named", {"1": WEST}, {"1": {"name_el": "Δυτικά", "name_en": "West", "name_xx": "?", "name": "W"}})
    assert named.names_of(0) == {"el": "Δυτικά", "en": "West"}
    assert named.name_of(0) == "Δυτικά"

"""Vector tiles, read by GDAL, which knows nothing of how we write them."""

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import Transformer

from service.gis.tiles import DEEPEST, Kept, is_tile, make_tile
from service.gis.vector_tiles import tile_of
from tests.gis.maps import layer

CENTRE = (21.7885, 40.3007)
MERCATOR = Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
RING = shapely.box(21.78, 40.298, 21.795, 40.308).difference(shapely.box(21.785, 40.3, 21.79, 40.305))


def tile_at(z: int, lon: float = CENTRE[0], lat: float = CENTRE[1]) -> tuple[int, int, int]:
    """The tile in which a point lies, as everybody numbers them."""
    down = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return z, int((lon + 180) / 360 * 2**z), int(down * 2**z)


def read(folder: Path, tile: tuple[int, int, int], content: bytes, name: str = "things") -> list[dict[str, Any]]:
    """What GDAL reads: attributes, and `geometry` in metres of Web Mercator."""
    z, x, y = tile
    path = folder / str(z) / str(x) / f"{y}.mvt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    meta, _, geometries, columns = pyogrio.raw.read(path, layer=name)
    records = zip(*columns, strict=True)
    shapes = shapely.from_wkb(geometries)
    return [dict(zip(meta["fields"], r, strict=True)) | {"geometry": g} for r, g in zip(records, shapes, strict=True)]


def in_metres(geometry: Any) -> Any:
    return shapely.transform(geometry, lambda lon_lat: np.stack(MERCATOR.transform(*lon_lat.T), axis=1))


def unit(z: int) -> float:
    """Metres of one unit of a tile."""
    return float(40_075_016.7 / 2**z / 4096)


@pytest.mark.parametrize(
    "shape",
    [
        shapely.Point(CENTRE),
        shapely.MultiPoint([CENTRE, (21.789, 40.301)]),
        shapely.LineString([(21.78, 40.30), CENTRE, (21.79, 40.302)]),
        shapely.MultiLineString([[(21.78, 40.30), CENTRE], [(21.79, 40.302), (21.789, 40.299)]]),
        shapely.Polygon([(21.784, 40.299), (21.79, 40.299), (21.789, 40.303)]),
        RING,
        shapely.MultiPolygon([shapely.box(21.785, 40.30, 21.788, 40.301), shapely.box(21.789, 40.30, 21.79, 40.302)]),
    ],
    ids=lambda shape: f"{shape.geom_type}",
)
def test_every_kind_of_geometry_comes_back_within_a_unit(tmp_path: Path, shape: Any) -> None:
    tile = tile_at(12)
    [found] = read(tmp_path, tile, make_tile(layer("things", {"a": shape}), *tile))
    assert found["geometry"].is_valid
    assert found["feature"] == "a"
    assert found["geometry"].hausdorff_distance(in_metres(shape)) < 2.5 * unit(12)


def test_attributes_come_back_as_what_they_were(tmp_path: Path) -> None:
    said = {
        "text": "Κοζάνη",
        "yes": True,
        "whole": 1,
        "less": -7,
        "part": 1.5,
        "large": 2**40,
        "list": ["a"],
        "no": None,
    }
    tile = tile_at(15)
    [found] = read(tmp_path, tile, make_tile(layer("things", {"a": shapely.Point(CENTRE)}, {"a": said}), *tile))
    shown = {name: found[name] for name in said if name != "no"}
    assert shown == {
        "text": "Κοζάνη",
        "yes": True,
        "whole": 1,
        "less": -7,
        "part": 1.5,
        "large": 2**40,
        "list": '["a"]',
    }
    assert "no" not in found


def test_a_line_is_clipped_to_the_tile_with_its_buffer() -> None:
    long = shapely.LineString([(20.0, 40.3007), (23.0, 40.3007)])
    far, near = (
        make_tile(layer("things", {"a": line}), *tile_at(14))
        for line in (long, shapely.LineString([CENTRE, (21.789, 40.3007)]))
    )
    assert 0 < len(far) < 120 and 0 < len(near) < 120


def test_neighbouring_tiles_both_show_what_lies_on_their_border(tmp_path: Path) -> None:
    z, x, y = tile_at(14)
    border = shapely.Point((x + 1) / 2**z * 360 - 180 - 1e-7, CENTRE[1])
    index = layer("things", {"a": border.buffer(0.0001)})
    assert all(read(tmp_path, (z, column, y), make_tile(index, z, column, y)) for column in (x, x + 1))
    assert make_tile(index, z, x + 2, y) == b""


def test_a_lower_zoom_is_coarser_and_what_is_too_small_is_left_out() -> None:
    index = layer("things", {"a": shapely.Point(CENTRE).buffer(0.01, quad_segs=500)})
    sizes = [len(make_tile(index, *tile_at(z))) for z in (4, 8, 11, 13)]
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1]
    assert make_tile(layer("things", {"a": shapely.box(*CENTRE, 21.7886, 40.3008)}), *tile_at(2)) == b""


def test_of_too_many_features_the_largest_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = {f"{n:02}": shapely.Point(21.75 + n / 1000, 40.30).buffer(0.0001 * (n % 10 + 1)) for n in range(40)}
    tile = tile_at(10)
    monkeypatch.setattr("service.gis.tiles.MOST_SHOWN", 8)
    found = read(tmp_path, tile, make_tile(layer("things", cells), *tile))
    assert [one["feature"] for one in found] == ["08", "09", "18", "19", "28", "29", "38", "39"]


def test_a_sliver_that_is_long_enough_is_seen(tmp_path: Path) -> None:
    sliver = shapely.LineString([(21.75, 40.30), (21.79, 40.3001), (21.80, 40.30)]).buffer(0.0002)
    tile = tile_at(10)
    [found] = read(tmp_path, tile, make_tile(layer("things", {"a": sliver}), *tile))
    assert found["geometry"].is_valid and found["geometry"].area > 0


def test_whatever_rounding_does_to_small_shapes_a_tile_is_sound(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    shapes = {}
    for n in range(1500):
        lon, lat = random.normal(CENTRE, 0.01)
        ring = [(lon + x, lat + y) for x, y in random.normal(0, 10 ** random.uniform(-5, -2.5), (6, 2))]
        hole = shapely.Point(lon, lat).buffer(10 ** random.uniform(-6, -3.5))
        shapes[f"{n:04}"] = [
            shapely.make_valid(shapely.Polygon(ring)).difference(hole),
            shapely.LineString(ring),
            shapely.GeometryCollection([hole, shapely.Point(ring[0]), shapely.LineString(ring[:2])]),
        ][n % 3]
    index = layer("things", shapes)
    for z in (8, 11, 13, 16):
        tile = tile_at(z)
        found = read(tmp_path, tile, make_tile(index, *tile))
        assert found and all(one["geometry"] is not None and not one["geometry"].is_empty for one in found)


def test_below_zoom_15_points_that_are_close_together_are_one(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    points = {f"{n:03}": shapely.Point(p) for n, p in enumerate(random.normal(CENTRE, 0.01, (500, 2)))}
    index = layer("things", points)
    for z in (0, 6, 10, 13):
        found = read(tmp_path, tile_at(z), make_tile(index, *tile_at(z)))
        there = sum(tile_at(z, point.x, point.y) == tile_at(z) for point in points.values())
        clusters = [one for one in found if one.get("point_count", 0) > 1]
        assert len(found) <= 256
        assert len(found) - len(clusters) + sum(int(one["point_count"]) for one in clusters) == there
    shown = read(tmp_path, tile_at(15), make_tile(index, *tile_at(15)))
    assert len(shown) > 5 and all("cluster" not in one for one in shown)


@pytest.mark.parametrize(("tile", "there"), [
    ((0, 0, 0), True), ((0, 1, 0), False), ((3, 7, 7), True), ((3, 7, 8), False), ((3, -1, 0), False),
    ((DEEPEST, 2**22 - 1, 0), True), ((DEEPEST + 1, 0, 0), False),
])  # fmt: skip
def test_tiles_that_there_are(tile: tuple[int, int, int], there: bool) -> None:
    assert is_tile(*tile) == there


def test_the_ends_of_the_world_have_tiles(tmp_path: Path) -> None:
    index = layer("things", {"pole": shapely.box(-180, 80, 180, 90), "south": shapely.box(-180, -90, 180, -80)})
    assert len(read(tmp_path, (0, 0, 0), make_tile(index, 0, 0, 0))) == 2
    assert make_tile(index, 1, 0, 0) and make_tile(index, 1, 1, 1)


def test_a_tile_of_nothing_is_empty() -> None:
    assert tile_of("things", np.array([], dtype=object), []) == b""
    assert make_tile(layer("things", {"a": shapely.Point(CENTRE)}), 14, 0, 0) == b""


def test_tiles_are_kept_within_their_bound_by_many_threads() -> None:
    index = layer("things", {f"{n}": shapely.Point(21.7 + n / 1000, 40.3) for n in range(100)})
    kept = Kept(2_000)
    tiles = [tile_at(15, 21.7 + n / 1000, 40.3) for n in range(100)] * 3
    expected = [make_tile(index, *tile) for tile in tiles]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda tile: kept.tile(index, *tile), tiles))
    assert found == expected
    assert 0 < kept.size <= 2_000
    assert kept.size == sum(map(len, kept.tiles.values()))


def test_what_threads_share_is_not_prepared_by_a_tile() -> None:
    index = layer("things", {"a": RING})
    make_tile(index, *tile_at(14))
    assert not shapely.is_prepared(index.geometries).any()

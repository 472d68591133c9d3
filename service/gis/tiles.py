"""A published layer as vector tiles (Web Mercator, z 0-22): what lies in a tile, as coarse as the zoom allows.

The same on both databases, because it is made of the index in memory. Tiles are kept while they are asked for, within
so many bytes of a process.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from weakref import ReferenceType, ref

import numpy as np
import shapely

from service.gis.index import VersionIndex
from service.gis.measuring import Floats, Geometries
from service.gis.vector_tiles import EXTENT, tile_of

DEEPEST = 22
BUFFER = 128  # of 4096 on each side, so that lines and symbols do not end at the edge
SMALLEST = 4.0  # units, half a pixel: what is neither as wide nor as high cannot be seen
MOST_SHOWN = 8000  # features of a tile by themselves; no screen shows more, and no phone wants to fetch them
COARSE = 2.0  # units that may be simplified away; from FULL on none are
FULL = 18
POINTS_FROM = 15
"""The zoom from which every point is shown by itself; below it those of a cell are one cluster."""
CELL = 256  # units: sixteen cells on a side
NORTHERNMOST = 85.05112877980659

Key = tuple["ReferenceType[VersionIndex]", int, int, int]
Shown = tuple[Geometries, list[Mapping[str, Any]]]


class Kept:
    """The tiles that were asked for last, within `most` bytes; safe to share between threads."""

    def __init__(self, most: int) -> None:
        self.most, self.size = most, 0
        self.tiles: OrderedDict[Key, bytes] = OrderedDict()
        self.lock = threading.Lock()

    def tile(self, index: VersionIndex, z: int, x: int, y: int) -> bytes:
        """The tile, made where it is not there. A version that is no longer in force is not kept alive for it."""
        key = ref(index), z, x, y
        with self.lock:
            if key in self.tiles:
                self.tiles.move_to_end(key)
                return self.tiles[key]
        made = make_tile(index, z, x, y)
        with self.lock:
            self.size += len(made) - len(self.tiles.pop(key, b""))
            self.tiles[key] = made
            while self.size > self.most or len(self.tiles) > MOST_KEPT:
                self.size -= len(self.tiles.popitem(last=False)[1])
        return made


MOST_KEPT = 10_000
kept = Kept(32 * 1024 * 1024)


def is_tile(z: int, x: int, y: int) -> bool:
    """Whether there is such a tile."""
    return 0 <= z <= DEEPEST and 0 <= x < 1 << z and 0 <= y < 1 << z


def make_tile(index: VersionIndex, z: int, x: int, y: int) -> bytes:
    """The features of the tile with their attributes, `feature` being the key; empty bytes where there are none.

    A cluster of points has `cluster` (true) and `point_count` instead.
    """
    found = np.sort(index.tree.query(shapely.box(*_around(z, x, y))))
    types = shapely.get_type_id(index.geometries[found])
    apart = np.full(len(found), z >= POINTS_FROM) | (types != shapely.GeometryType.POINT)
    placed, attributes = _features(index, found[apart], z, x, y)
    middles, clusters = _clusters(index, found[~apart], z, x, y)
    return tile_of(index.layer_key, np.concatenate([placed, middles]), attributes + clusters)


def _features(index: VersionIndex, positions: Any, z: int, x: int, y: int) -> Shown:
    """Each feature by itself, without those that are too small to be seen, or too many."""
    positions = positions[_seen(index.geometries[positions], z)]
    placed = _placed(index.geometries[positions], z, x, y)
    if z < FULL:
        placed = _coarse(placed)
    placed = shapely.clip_by_rect(placed, -BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
    placed = _rounded(_valid(placed))
    left = ~shapely.is_empty(placed)
    return placed[left], [_alone(index, position) for position in positions[left].tolist()]


def _alone(index: VersionIndex, position: int) -> Mapping[str, Any]:
    return {**index.attributes[position], "feature": index.keys[position]}


def _seen(geometries: Geometries, z: int) -> Any:
    """The places of points and of what is large enough, in their order; the largest where there are too many."""
    west, south, east, north = shapely.bounds(geometries).T
    units = (1 << z) * EXTENT
    sizes = np.maximum((east - west) / 360, _down(south) - _down(north)) * units
    sizes[shapely.get_dimensions(geometries) == 0] = np.inf
    seen = np.flatnonzero(sizes >= SMALLEST)
    return np.sort(seen[np.argsort(-sizes[seen], kind="stable")[:MOST_SHOWN]])


def _coarse(placed: Geometries) -> Geometries:
    """With fewer corners. What would be lost by that keeps its shape, which takes many times as long to find."""
    coarse: Geometries = shapely.simplify(placed, COARSE, preserve_topology=False)
    lost = shapely.is_empty(coarse)
    coarse[lost] = shapely.simplify(placed[lost], COARSE)
    return coarse


def _valid(placed: Geometries) -> Geometries:
    """Clipping along a slanting edge may leave a ring that touches itself."""
    broken = ~shapely.is_valid(placed)
    placed[broken] = shapely.make_valid(placed[broken])
    return placed


def _rounded(placed: Geometries) -> Geometries:
    """With whole coordinates. What rounding breaks is noded, which takes ten times as long, and may become nothing."""
    rounded: Geometries = shapely.transform(placed, np.rint)
    broken = ~shapely.is_valid(rounded)
    rounded[broken] = shapely.set_precision(placed[broken], 1.0)
    whole: Geometries = shapely.remove_repeated_points(rounded)
    return whole


def _clusters(index: VersionIndex, positions: Any, z: int, x: int, y: int) -> Shown:
    """The points of each cell of the tile as one in their middle; a point alone in its cell is shown as it is."""
    where = shapely.get_coordinates(_placed(index.geometries[positions], z, x, y))
    inside = ((where >= 0) & (where < EXTENT)).all(axis=1)
    positions, where = positions[inside], where[inside]
    cells = where.astype(np.int64) // CELL @ np.array([1, EXTENT // CELL])
    _, first, cell, count = np.unique(cells, return_index=True, return_inverse=True, return_counts=True)
    middles = np.stack([np.bincount(cell, axis, len(count)) for axis in where.T], axis=1) / count[:, None]
    said = [
        {"cluster": True, "point_count": many} if many > 1 else _alone(index, position)
        for position, many in zip(positions[first].tolist(), count.tolist(), strict=True)
    ]
    points: Any = shapely.points(np.rint(middles))
    return points, said


def _placed(geometries: Geometries, z: int, x: int, y: int) -> Geometries:
    """Longitude and latitude as units of the tile, from its upper left corner."""
    units = (1 << z) * EXTENT

    def place(lon_lat: Floats) -> Floats:
        across, down = lon_lat[:, 0] / 360 + 0.5, _down(lon_lat[:, 1])
        return np.stack([across * units - x * EXTENT, down * units - y * EXTENT], axis=1)

    placed: Geometries = shapely.transform(shapely.force_2d(geometries), place)
    return placed


def _down(lat: Floats) -> Floats:
    """Which share of the square world lies north of a latitude."""
    lat = np.radians(np.clip(lat, -NORTHERNMOST, NORTHERNMOST))
    return np.asarray(0.5 - np.arcsinh(np.tan(lat)) / (2 * np.pi))


def _around(z: int, x: int, y: int) -> tuple[float, float, float, float]:
    """West, south, east, north of the tile with its buffer."""
    edge = BUFFER / EXTENT
    across = (np.array([x - edge, x + 1 + edge]) / (1 << z) - 0.5) * 360
    down = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * np.array([y + 1 + edge, y - edge]) / (1 << z)))))
    south, north = (-90.0 if y + 1 == 1 << z else down[0]), (90.0 if y == 0 else down[1])
    return float(across[0]), float(south), float(across[1]), float(north)

"""What a version would change: features by key, and the ground that it covers, against another version and the border.

Square metres are those of the ellipsoid; edges are straight in longitude and latitude.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from service.gis.index import EDGE
from service.gis.measuring import WGS84, Geometries

Features = Sequence[tuple[str, Mapping[str, Any], Any]]
ADDED, REMOVED, CHANGED = "added", "removed", "changed"
OVERLAP, GAP, OUTSIDE, LOST, GAINED = "overlap", "gap", "outside", "lost", "gained"
PIECE = 0.001  # degrees: within so much a geodesic and a straight edge are a tenth of a millimetre apart


@dataclass(frozen=True)
class Change:
    """What becomes of one feature; `attributes` are name → (before, after) of those that differ: all of a new one."""

    key: str
    change: str
    before: Any
    after: Any
    geometry_changed: bool
    attributes: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Ground:
    """A piece of ground: two features overlap on it (`keys`), nobody covers it, or somebody does or did beyond."""

    what: str
    square_metres: float
    shape: Any
    keys: tuple[str, ...] = ()


def changes(before: Features, after: Features) -> list[Change]:
    """What differs between two versions, by key."""
    old = {key: (attributes, shape) for key, attributes, shape in before}
    new = {key: (attributes, shape) for key, attributes, shape in after}
    both = sorted(old.keys() & new.keys())
    moved = differ([old[key][1] for key in both], [new[key][1] for key in both])
    gone, come = old.keys() - new.keys(), new.keys() - old.keys()
    found = [Change(key, REMOVED, old[key][1], None, False, differing(old[key][0], {})) for key in gone]
    found += [Change(key, ADDED, None, new[key][1], False, differing({}, new[key][0])) for key in come]
    for key, is_moved in zip(both, moved, strict=True):
        attributes = differing(old[key][0], new[key][0])
        if is_moved or attributes:
            found.append(Change(key, CHANGED, old[key][1], new[key][1], bool(is_moved), attributes))
    return sorted(found, key=lambda change: change.key)


def counted(found: Sequence[Change], after: Features) -> dict[str, int]:
    """How many features of each kind of change, and how many stay as they are."""
    kinds = Counter(change.change for change in found)
    return {
        ADDED: kinds[ADDED],
        REMOVED: kinds[REMOVED],
        CHANGED: kinds[CHANGED],
        "geometry_changed": sum(change.geometry_changed for change in found),
        "attributes_changed": sum(change.change == CHANGED and bool(change.attributes) for change in found),
        "unchanged": len(after) - kinds[ADDED] - kinds[CHANGED],
    }


def differ(before: Sequence[Any], after: Sequence[Any]) -> Any:
    """Which geometries are not the same, whatever vertex they begin at; a tenth of a millimetre is nothing."""
    one, other = as_array(before), as_array(after)
    moved = ~shapely.equals_identical(one, other)
    moved[moved] = ~shapely.equals_exact(shapely.normalize(one[moved]), shapely.normalize(other[moved]), EDGE)
    return moved


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Name → (before, after) of the attributes that differ; what is missing counts as null."""
    names = sorted({*before, *after})
    pairs = {name: (before.get(name), after.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def ground(version: Features, against: Features, boundary: Any, least: float) -> list[Ground]:
    """Where areas of the version overlap, and where it covers more or less than the other version and the boundary.

    Largest first; `boundary` None: there is none to compare with. Pieces under `least` square metres are left out.
    """
    areas, others = areas_of(version), areas_of(against)
    shapes, shapes_before = as_array([shape for _, shape in areas]), as_array([shape for _, shape in others])
    found = [*overlaps(areas), *beyond(LOST, shapes_before, shapes), *beyond(GAINED, shapes, shapes_before)]
    if boundary is not None:
        covered = shapely.union_all(shapes)
        found += [*pieces(GAP, boundary, covered), *pieces(OUTSIDE, covered, boundary)]
    return sorted((piece for piece in found if piece.square_metres >= least), key=lambda piece: -piece.square_metres)


def areas_of(features: Features) -> list[tuple[str, Any]]:
    """(key, shape) of those features that are areas."""
    return [(key, shape) for key, _, shape in features if shapely.get_dimensions(shape) == 2]


def overlaps(areas: Sequence[tuple[str, Any]]) -> Iterator[Ground]:
    """The ground on which two areas lie."""
    shapes = as_array([shape for _, shape in areas])
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    shared = shapely.intersection(shapes[one], shapes[other])
    for pair in np.flatnonzero(shapely.area(shared) > 0):
        keys = tuple(sorted((areas[one[pair]][0], areas[other[pair]][0])))
        yield Ground(OVERLAP, square_metres(shared[pair]), shared[pair], keys)


def beyond(what: str, ones: Geometries, others: Geometries) -> Iterator[Ground]:
    """The pieces of some shapes that others do not cover; a shape that is among the others need not be looked at."""
    there = {shape.wkb for shape in others}
    rest = as_array([shape for shape in ones if shape.wkb not in there])
    if len(rest):
        around = np.unique(shapely.STRtree(others).query(rest, predicate="intersects")[1])
        yield from pieces(what, shapely.union_all(rest), shapely.union_all(others[around]))


def pieces(what: str, one: Any, other: Any) -> Iterator[Ground]:
    """The pieces of one shape that the other does not cover."""
    for piece in shapely.get_parts(shapely.difference(one, other)):
        if shapely.get_dimensions(piece) == 2:
            yield Ground(what, square_metres(piece), piece)


def square_metres(shape: Any) -> float:
    """The area of all polygons of the shape."""
    total = 0.0
    for piece in shapely.get_parts(shape):
        if shapely.get_dimensions(piece) == 2:
            fine = shapely.segmentize(shapely.orient_polygons(piece), PIECE)
            total += abs(WGS84.geometry_area_perimeter(fine)[0])
    return total


def totals(found: Sequence[Ground]) -> dict[str, dict[str, float]]:
    """How many pieces of each kind, and their square metres together."""
    sums: dict[str, dict[str, float]] = {}
    for piece in found:
        line = sums.setdefault(piece.what, {"pieces": 0, "square_metres": 0.0})
        line["pieces"] += 1
        line["square_metres"] = round(line["square_metres"] + piece.square_metres, 1)
    return sums


def as_array(shapes: Sequence[Any]) -> Geometries:
    return np.array([None, *shapes], dtype=object)[1:]

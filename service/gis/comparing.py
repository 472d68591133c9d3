"""What a version would change: features by key, and the ground that it covers, against another version and the border.

Square metres are those of the ellipsoid; edges are straight in longitude and latitude.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from service.gis.index import EDGE
from service.gis.measuring import Geometries, square_metres

Features = Sequence[tuple[str, Mapping[str, Any], Any]]
ADDED, REMOVED, CHANGED = "added", "removed", "changed"
OVERLAP, GAP, OUTSIDE, LOST, GAINED = "overlap", "gap", "outside", "lost", "gained"
POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)

Flags = NDArray[np.bool_]
Step = Callable[[str], None]


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


def no_step(done: str) -> None:
    """Nobody waits for the steps of a comparison."""


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


def ground(version: Features, against: Features, boundary: Any, least: float, after: Step = no_step) -> list[Ground]:
    """Where areas of the version overlap, and where it covers more or less than the other version and the boundary.

    Largest first; `boundary` None: there is none to compare with. Pieces under `least` square metres are left out.
    `after` is called with the name of each step that is done.
    """
    areas, others = areas_of(version), areas_of(against)
    shapes, shapes_before = (as_array([shape for _, shape in some]) for some in (areas, others))
    fits = fitting(shapes)
    found = overlaps([key for key, _ in areas], shapes, fits, least)
    after(OVERLAP)
    found += beyond(LOST, shapes_before, shapes, least)
    after(LOST)
    found += beyond(GAINED, shapes, shapes_before, least)
    after(GAINED)
    if boundary is not None:
        found += pieces(GAP, boundary, covered(shapes, fits), least)
        found += pieces(OUTSIDE, covered(not_within(boundary, shapes)), boundary, least)
        after(GAP)
    return sorted(found, key=lambda piece: -piece.square_metres)


def areas_of(features: Features) -> list[tuple[str, Any]]:
    """(key, shape) of those features that are areas."""
    dimensions = shapely.get_dimensions(as_array([shape for _, _, shape in features])).tolist()
    return [(key, shape) for (key, _, shape), dimension in zip(features, dimensions, strict=True) if dimension == 2]


def fitting(shapes: Geometries) -> Flags:
    """Which areas share no ground with another and have borders that run from vertex to vertex of the neighbours'."""
    fits = np.isin(shapely.get_type_id(shapes), POLYGONS)
    fits[fits] = shapely.is_empty(shapely.coverage_invalid_edges(shapes[fits]))
    return fits


def covered(shapes: Geometries, fits: Flags | None = None) -> Any:
    """The ground of all of them. Those that fit only lose their inner borders, which takes a tenth of the time."""
    fits = fitting(shapes) if fits is None else fits
    return shapely.union(shapely.coverage_union_all(shapes[fits]), shapely.union_all(shapes[~fits]))


def not_within(boundary: Any, shapes: Geometries) -> Geometries:
    """Those that may lie beyond the boundary."""
    shapely.prepare(boundary)
    return shapes[~shapely.covers(boundary, shapes)]


def overlaps(keys: Sequence[str], shapes: Geometries, fits: Flags, least: float = 0.0) -> list[Ground]:
    """The ground on which two areas lie, one of which does not fit at least."""
    suspects = np.flatnonzero(~fits)
    one, other = shapely.STRtree(shapes).query(shapes[suspects], predicate="intersects")
    one = suspects[one]
    once = (one < other) | fits[other]
    one, other = one[once], other[once]
    shared = shapely.intersection(shapes[one], shapes[other])
    metres = square_metres(shared)
    return [
        Ground(OVERLAP, float(metres[pair]), shared[pair], tuple(sorted((keys[one[pair]], keys[other[pair]]))))
        for pair in np.flatnonzero((metres > 0) & (metres >= least))
    ]


def beyond(what: str, ones: Geometries, others: Geometries, least: float) -> list[Ground]:
    """The pieces of some shapes that others do not cover; a shape that is among the others need not be looked at."""
    there = set(shapely.to_wkb(others).tolist())
    rest = ones[[wkb not in there for wkb in shapely.to_wkb(ones).tolist()]]
    if not len(rest):
        return []
    around = np.unique(shapely.STRtree(others).query(rest, predicate="intersects")[1])
    return pieces(what, covered(rest), covered(others[around]), least)


def pieces(what: str, one: Any, other: Any, least: float) -> list[Ground]:
    """The pieces of one shape that the other does not cover."""
    found = shapely.get_parts(shapely.difference(one, other))
    found = found[shapely.get_dimensions(found) == 2]
    metres = square_metres(found)
    return [Ground(what, float(metres[n]), found[n]) for n in np.flatnonzero(metres >= least)]


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

"""Places by name and by nearness: settlements, streets and points of interest of the public gazetteer layers."""

import heapq
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import shapely

from service.gis.index import VersionIndex, indexes_of
from service.gis.measuring import WGS84
from service.gis.models import GAZETTEER
from service.gis.romanising import in_latin, loosely
from service.gis.spatial_sql import box_around
from service.municipalities.directory import Municipality

REACHES = (200, 1_000, 5_000, 25_000)
"""Metres around a point in which places are looked for, until some are found."""
LAST = "\U0010ffff"
WHOLE, WORD = 0, 2
"""From where a name is read: from its beginning, or from a later word. What only begins so is one worse."""
MOST_LOOKED_AT = 2_000
NAMED = re.compile(r"(official_|alt_|old_)?name(_[a-z]{2})?")

Entry = tuple[str, int, int]


@dataclass(frozen=True)
class Place:
    """A place of a gazetteer layer; metres are from the point that was asked about, None where none was."""

    index: VersionIndex
    position: int
    metres: float | None = None


@dataclass(frozen=True, eq=False)
class Gazetteer:
    """What the places of a version are called: (name in Latin letters from some word on, rank, position), in order."""

    entries: list[Entry]
    points: Any

    def beginning_with(self, text: str) -> Iterator[Entry]:
        """The entries that begin so, up to a bound, in the order of the alphabet."""
        begin = bisect_left(self.entries, (text,))
        end = bisect_left(self.entries, (text + LAST,))
        return islice(self.entries, begin, min(end, begin + MOST_LOOKED_AT))


_gazetteers: WeakKeyDictionary[VersionIndex, Gazetteer] = WeakKeyDictionary()


def layers_of(municipality: Municipality) -> list[VersionIndex]:
    """The public gazetteer layers in force, by key."""
    found = sorted(indexes_of(municipality).items())
    return [index for _, index in found if index.public and index.kind == GAZETTEER]


def find_places(
    municipality: Municipality, text: str, limit: int, near: tuple[float, float] | None = None
) -> list[Place]:
    """Places with a name, or a word of one, that begins with the text, in whatever script and accents it is written.

    Whole names first, then beginnings of names, then of later words; with `near` the nearer first among equals,
    otherwise the shorter name.
    """
    wanted = in_latin(text)
    if not wanted:
        return []
    ranked = (one for index in layers_of(municipality) for one in _ranked(index, wanted, near))
    return [place for *_, place in heapq.nsmallest(limit, ranked, key=lambda one: one[:3])]


def _ranked(index: VersionIndex, wanted: str, near: tuple[float, float] | None) -> Iterator[tuple[Any, ...]]:
    """(rank, metres or length, key, place) of each place of the layer that is found."""
    gazetteer = gazetteer_of(index)
    best: dict[int, tuple[int, int]] = {}
    for asked in dict.fromkeys((wanted, loosely(wanted))):
        for name, rank, position in gazetteer.beginning_with(asked):
            about = (rank + (name != asked), len(name))
            best[position] = min(about, best.get(position, about))
    for position, (rank, length) in best.items():
        metres = None if near is None else _metres(gazetteer.points[position], near)
        yield rank, length if metres is None else metres, index.keys[position], Place(index, position, metres)


def _metres(point: Any, near: tuple[float, float]) -> float:
    return float(WGS84.inv(*near, *point)[2])


def places_near(municipality: Municipality, lon: float, lat: float, limit: int) -> list[Place]:
    """The places nearest to the point, at most 25 km away, nearest first; 0 metres from what it lies in."""
    layers = layers_of(municipality)
    for metres in REACHES:
        found = [place for index in layers for place in _within(index, lon, lat, metres)]
        if len(found) >= limit or metres == REACHES[-1]:
            return heapq.nsmallest(limit, found, key=lambda place: (place.metres, place.index.keys[place.position]))
    return []


def _within(index: VersionIndex, lon: float, lat: float, metres: float) -> Iterator[Place]:
    holding = set(index.holding(lon, lat))
    positions = index.tree.query(shapely.box(*box_around(lon, lat, metres)))
    away = index.edges.metres(np.full(len(positions), lon), np.full(len(positions), lat), positions)
    for position, distance in zip(positions.tolist(), away.tolist(), strict=True):
        if position in holding or distance <= metres:
            yield Place(index, position, 0.0 if position in holding else distance)


def gazetteer_of(index: VersionIndex) -> Gazetteer:
    """The names of a version, made when they are asked for first."""
    found = _gazetteers.get(index)
    if found is None:
        entries = {entry for position in range(len(index.keys)) for entry in _entries(index, position)}
        points = shapely.get_coordinates(shapely.point_on_surface(index.geometries))
        found = _gazetteers[index] = Gazetteer(sorted(entries), points)
    return found


def _entries(index: VersionIndex, position: int) -> Iterator[Entry]:
    """Each name from its first word on and from each later one, strictly and loosely written."""
    for name in _names(index, position):
        latin = in_latin(name)
        for form in {latin, loosely(latin)}:
            words = form.split(" ")
            for number in range(len(words)):
                yield " ".join(words[number:]), WORD if number else WHOLE, position


def _names(index: VersionIndex, position: int) -> set[str]:
    """Every name that the feature has, in whatever language."""
    said = {value for key, value in index.attributes[position].items() if value and NAMED.fullmatch(key)}
    return {*index.names_of(position).values(), *map(str, said)}


def point_of(place: Place) -> tuple[float, float]:
    """Where to put its pin: a point on it."""
    lon, lat = np.asarray(gazetteer_of(place.index).points[place.position]).tolist()
    return lon, lat

"""The published features in memory: one index per layer version, built once and shared by all threads.

What is shared is never prepared: a prepared geometry builds its own index at the first question and must not be asked
by two threads. The tree prepares the question instead, which each thread makes for itself.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import orjson
import shapely
from sqlalchemy import Engine, select

from service.db import db, session
from service.db.generations import Remembered
from service.gis.measuring import Edges, Floats, Geometries, Integers, degrees_around
from service.gis.models import PUBLISHED, Feature, Layer, LayerVersion
from service.municipalities.directory import Municipality
from service.text import LANGUAGES

SUBJECT = "layers"
EDGE = 1e-9  # degrees, a tenth of a millimetre: a point on a slanting edge is rarely exactly on it in floating point
EXACTLY = 1e-6  # metres: what rounding may add to a distance of exactly N metres
AT_ONCE = 1024  # points
MOST_CELLS = 256  # on a side of the meander: numbers of two bytes are sorted many times as fast as longer ones
NOTHING: Integers = np.empty((2, 0), dtype=np.intp)
NAMES = ("name", "NAME", "Name", "label", "LABEL")


@dataclass(frozen=True, eq=False)
class VersionIndex:
    """The features of one published version, ordered by key; positions (from 0) refer to that order.

    Never changed after it was made, and safe to ask from many threads at once.
    """

    layer_id: int
    layer_key: str
    layer_name: Mapping[str, str]
    kind: str
    public: bool
    attribution: str | None
    licence: str | None
    approximate: bool
    style: Mapping[str, Any] | None
    version_id: int
    version: int
    keys: tuple[str, ...]
    attributes: tuple[Mapping[str, Any], ...]
    geometries: Geometries
    tree: shapely.STRtree
    edges: Edges
    positions: Mapping[str, int]

    def holding(self, lon: float, lat: float) -> list[int]:
        """Positions of the features that the point lies in, lowest key first; an edge counts as inside."""
        box = shapely.box(lon - EDGE, lat - EDGE, lon + EDGE, lat + EDGE)
        found: list[int] = self.tree.query((box,), predicate="intersects")[1].tolist()
        if len(found) > 1:
            found.sort()
        return found

    def holding_each(self, lon: Floats, lat: Floats) -> tuple[Integers, Integers]:
        """The same for many points: pairs (which point, position), ordered by point, then position.

        The tree is asked along a meander, a thousand points at a time, so that what it looks at stays in the
        processor's cache: with 50,000 features twice as fast as in any order.
        """
        order = _meander(lon, lat)
        pieces = [order[begin : begin + AT_ONCE] for begin in range(0, len(order), AT_ONCE)]
        found = [self._holding_each(piece, lon[piece], lat[piece]) for piece in pieces]
        return _in_order(np.concatenate([NOTHING, *found], axis=1), len(self.keys))

    def _holding_each(self, point: Integers, lon: Floats, lat: Floats) -> Integers:
        boxes = shapely.box(lon - EDGE, lat - EDGE, lon + EDGE, lat + EDGE)
        which, position = self.tree.query(boxes, predicate="intersects")
        return np.stack([point[which], position])

    def within(self, lon: float, lat: float, metres: float) -> list[int]:
        """Positions of the features no farther than so many metres (exactly as many counts), lowest key first."""
        found: list[int] = self.within_each(np.array([lon]), np.array([lat]), metres)[1].tolist()
        return found

    def within_each(self, lon: Floats, lat: Floats, metres: float) -> tuple[Integers, Integers]:
        """The same for many points: pairs (which point, position), ordered by point, then position."""
        across, along = degrees_around(lat, metres)
        boxes = shapely.box(lon - across, lat - along, lon + across, lat + along)
        point, position = _in_order(self.tree.query(boxes, predicate="intersects"), len(self.keys))
        near = self.edges.metres(lon[point], lat[point], position) <= metres + EXACTLY
        inside = _pairs(*self.holding_each(lon, lat), len(self.keys))
        near |= np.isin(_pairs(point, position, len(self.keys)), inside)
        return point[near], position[near]

    def metres_to_edge(self, position: int, lon: float, lat: float) -> float:
        """Geodesic metres from the point to the nearest edge of the feature, from within as from without."""
        return self.edges.metres_from(lon, lat, position)

    def names_of(self, position: int) -> dict[str, str]:
        """What the feature calls itself, as `names_in` says."""
        return names_in(self.attributes[position], self.keys[position])

    def name_of(self, position: int) -> str:
        """One of those names, for lists that are in no language."""
        return next(iter(self.names_of(position).values()))


def names_in(attributes: Mapping[str, Any], key: str) -> dict[str, str]:
    """What a feature calls itself: language → name from `name_el` and the like; "und" (undetermined) → `name` or its
    key where it does not say in which language.
    """
    names = {language: str(name) for language in LANGUAGES if (name := attributes.get(f"name_{language}"))}
    return names or {"und": next((str(attributes[name]) for name in NAMES if attributes.get(name)), key)}


def _meander(lon: Floats, lat: Floats) -> Integers:
    """An order in which each point lies near the one before: along the rows of a grid, to and fro."""
    if len(lon) <= AT_ONCE:
        return np.arange(len(lon))
    cells = min(round((len(lon) / 16) ** 0.5), MOST_CELLS)
    column, row = _share(lon, cells), _share(lat, cells)
    along = row * cells + np.where(row % 2, cells - 1 - column, column)
    return np.argsort(along.astype(np.uint16), kind="stable")


def _share(values: Floats, cells: int) -> Integers:
    low, high = values.min(), values.max()
    return np.asarray(np.minimum((values - low) / max(high - low, 1e-12) * cells, cells - 1), dtype=np.intp)


def _in_order(pairs: Integers, features: int) -> tuple[Integers, Integers]:
    """Pairs (which point, position) ordered by point, then position."""
    point, position = pairs
    return np.divmod(np.sort(_pairs(point, position, features)), max(features, 1))


def _pairs(point: Integers, position: Integers, features: int) -> Integers:
    """Each pair as one number, in the same order."""
    return point * features + position


def index_of(
    layer: Layer, version: LayerVersion, features: Sequence[tuple[str, Mapping[str, Any], Any]]
) -> VersionIndex:
    """The index of (key, attributes, geometry in longitude and latitude) of one version, in any order."""
    features = sorted(features, key=lambda feature: feature[0])
    geometries = np.array([None, *(geometry for _, _, geometry in features)], dtype=object)[1:]
    keys = tuple(key for key, _, _ in features)
    return VersionIndex(
        layer_id=layer.id,
        layer_key=layer.key,
        layer_name=layer.name,
        kind=layer.kind,
        public=layer.public,
        attribution=layer.attribution,
        licence=layer.licence,
        approximate=layer.approximate,
        style=layer.style,
        version_id=version.id,
        version=version.number,
        keys=keys,
        attributes=tuple(attributes for _, attributes, _ in features),
        geometries=geometries,
        tree=shapely.STRtree(geometries),
        edges=Edges.of(geometries),
        positions={key: position for position, key in enumerate(keys)},
    )


Indexes = Mapping[str, VersionIndex]
_nothing: Indexes = {}
_built: WeakKeyDictionary[Engine, dict[Hashable, VersionIndex]] = WeakKeyDictionary()


def indexes_of(municipality: Municipality) -> Indexes:
    """Layer key → index of the version in force, as this process knows it: a second or two old at the most.

    The mapping is replaced, never changed: who holds one sees one state of the map.
    """
    return _indexes.get().get(municipality.id, _nothing)


def _build() -> Mapping[int, Indexes]:
    """Municipality id → layer key → index. What was built before and is still in force is taken over."""
    before = _built.get(db.engine, {})
    rows = session.execute(
        select(Layer, LayerVersion).join(LayerVersion, LayerVersion.id == Layer.published_version_id)
    ).all()
    now: dict[Hashable, VersionIndex] = {}
    indexes: dict[int, dict[str, VersionIndex]] = {}
    for layer, version in rows:
        content = _content(layer, version)
        index = before.get(content) or index_of(layer, version, features_of(version.id))
        now[content] = indexes.setdefault(layer.municipality_id, {})[layer.key] = index
    _built[db.engine] = now
    return indexes


def index_of_version(layer: Layer, version: LayerVersion) -> VersionIndex:
    """The index of any version of the layer, a draft too, as its features are now; nobody keeps it."""
    return index_of(layer, version, features_of(version.id))


def gone_feature(index: VersionIndex, key: str) -> VersionIndex | None:
    """An index of this one feature as the last version had it that was published; None where none had it."""
    found = session.execute(
        select(LayerVersion.number, Feature.attributes, Feature.geometry)
        .join(Feature, Feature.version_id == LayerVersion.id)
        .where(LayerVersion.layer_id == index.layer_id, LayerVersion.state == PUBLISHED, Feature.key == key)
        .order_by(LayerVersion.published_at.desc(), LayerVersion.id.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        return None
    geometries = shapely.from_wkb([_wkb(found.geometry.data)])
    return replace(
        index,
        version=found.number,
        keys=(key,),
        attributes=(found.attributes,),
        geometries=geometries,
        tree=shapely.STRtree(geometries),
        edges=Edges.of(geometries),
        positions={key: 0},
    )


def _content(layer: Layer, version: LayerVersion) -> Hashable:
    """What an index is made of; a database may give the number of a deleted version to another one."""
    said = layer.public, layer.attribution, layer.licence, layer.approximate, orjson.dumps(layer.style)
    return version.id, version.published_at, layer.key, layer.kind, *said, *sorted(layer.name.items())


def features_of(version_id: int) -> list[tuple[str, Mapping[str, Any], Any]]:
    """(key, attributes, geometry) of every feature of a version, in no particular order."""
    rows = session.execute(
        select(Feature.key, Feature.attributes, Feature.geometry).where(Feature.version_id == version_id)
    ).all()
    geometries = shapely.from_wkb([_wkb(element.data) for _, _, element in rows])
    return [(key, attributes, geometry) for (key, attributes, _), geometry in zip(rows, geometries, strict=True)]


def _wkb(data: Any) -> str | bytes:
    return data if isinstance(data, str) else bytes(data)


_indexes = Remembered(_build, SUBJECT)
served = _indexes.served

"""What can be read: each layer in force, the public reports, and for who keeps the map the draft of each layer."""

import uuid
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import shapely
from sqlalchemy import select

from service.db import session
from service.errors import NotFound
from service.gis.editing import Edited, feature_of_version, geometry_in, version_shown
from service.gis.index import VersionIndex, indexes_of
from service.gis.models import Feature, Layer
from service.gis.spatial_sql import in_box
from service.municipalities.directory import Municipality
from service.ogc.items import Item, Test
from service.reports.catalogue import category_with
from service.reports.finding import Wanted, number_on_the_map, on_the_map, report_row
from service.reports.presenting import feature
from service.text import N_, say

REPORTS = "reports"
OF_A_DRAFT = ":draft"
AT_ONCE = 1000
MOST_COUNTED = 100_000
"""Reports. To count more for every page would take longer than to read the page."""

REPORTS_TITLE = N_("Reports on the map")
DRAFT_OF = N_("{layer} (draft)")

features: Any = Feature.__table__
_properties: WeakKeyDictionary[VersionIndex, Mapping[str, str]] = WeakKeyDictionary()


class InForce:
    """The version of a layer that is in force, as this process has it in memory."""

    place = str
    moment: str | None = None

    def __init__(self, index: VersionIndex) -> None:
        self.index, self.id = index, index.layer_key
        self.name: Mapping[str, str] = index.layer_name
        self.state = [index.layer_id, index.version_id, index.version]

    def title(self, language: str, name: str) -> str:
        return name

    def properties(self) -> Mapping[str, str]:
        """Property → JSON type, of all features."""
        if self.index not in _properties:
            _properties[self.index] = types_of(self.index.attributes)
        return _properties[self.index]

    def bounds(self) -> list[float] | None:
        found = [float(edge) for edge in shapely.total_bounds(self.index.geometries)]
        return found if self.index.keys else None

    def positions(self, area: Any) -> Sequence[int]:
        if area is None:
            return range(len(self.index.keys))
        found: list[int] = sorted(self.index.tree.query(area, predicate="intersects").tolist())
        return found

    def items(self, area: Any, after: str | None, at_once: int) -> Iterator[Item]:
        begin = 0 if after is None else bisect_right(self.index.keys, after)
        return (self.at(position) for position in self.positions(area) if position >= begin)

    def number(self, area: Any, test: Test | None, most: int) -> int | None:
        """How many there are; None where that would take long to say."""
        positions = self.positions(area)
        if test is None:
            return len(positions)
        return passing(map(self.at, positions), test) if len(positions) <= most else None

    def at(self, position: int) -> Item:
        index = self.index
        key = index.keys[position]
        return Item(key, index.attributes[position], index.geometries[position], key)

    def item(self, key: str) -> Item:
        if key not in self.index.positions:
            raise NotFound
        return self.at(self.index.positions[key])


class InDraft:
    """What the next edit of a layer would change, read from the database."""

    place = str
    moment: str | None = None
    state: list[Any] | None = None

    def __init__(self, layer: Layer) -> None:
        self.layer, self.id = layer, f"{layer.key}{OF_A_DRAFT}"
        self.name: Mapping[str, str] = layer.name

    def title(self, language: str, name: str) -> str:
        return say(language, DRAFT_OF, layer=name)

    def properties(self) -> Mapping[str, str]:
        """Property → JSON type, of the first thousand features."""
        version = version_shown(self.layer)
        of_this = select(features.c.attributes).where(features.c.version_id == (version.id if version else None))
        return types_of(session.scalars(of_this.order_by(features.c.key).limit(AT_ONCE)).all())

    def bounds(self) -> list[float] | None:
        return None

    def items(self, area: Any, after: str | None, at_once: int) -> Iterator[Item]:
        version = version_shown(self.layer)
        if version is None:
            return
        asked = select(features.c.key, features.c.attributes, features.c.geometry).order_by(features.c.key)
        asked = asked.where(features.c.version_id == version.id).limit(at_once)
        if area is not None:
            asked = asked.where(in_box(features.c.geometry, *area.bounds))
        rows = None
        while rows is None or len(rows) == at_once:
            rows = session.execute(asked if after is None else asked.where(features.c.key > after)).all()
            for row in rows:
                after = row.key
                geometry = geometry_in(row.geometry)
                if area is None or shapely.intersects(area, geometry):
                    yield Item(row.key, row.attributes, geometry, row.key)

    def number(self, area: Any, test: Test | None, most: int) -> int | None:
        version = version_shown(self.layer)
        if version is None or (area is None and test is None):
            return version.feature_count if version else 0
        asked = select(features.c.id).where(features.c.version_id == version.id)
        if area is not None:
            asked = asked.where(in_box(features.c.geometry, *area.bounds))
        some = session.scalars(asked.limit(most + 1)).all()
        return passing(self.items(area, None, AT_ONCE), test) if len(some) <= most else None

    def item(self, key: str) -> Item:
        version = version_shown(self.layer)
        if version is None:
            raise NotFound
        found = feature_of_version(version, key)
        return Item(key, found.attributes, found.geometry, key)


class OnTheMap:
    """The reports whose place everybody may see, newest first."""

    id = REPORTS
    place = int
    moment: str | None = "created_at"
    state: list[Any] | None = None
    name: Mapping[str, str] = {}

    def __init__(self, municipality: Municipality) -> None:
        self.municipality = municipality

    def title(self, language: str, name: str) -> str:
        return say(language, REPORTS_TITLE)

    def properties(self) -> Mapping[str, str]:
        texts = dict.fromkeys(("number", "category", "state", "created_at", "description"), "string")
        return texts | {"open": "boolean"}

    def bounds(self) -> list[float] | None:
        return None

    def items(self, area: Any, after: int | None, at_once: int) -> Iterator[Item]:
        box = None if area is None else area.bounds
        rows = None
        while rows is None or len(rows) == at_once:
            rows = on_the_map(self.municipality, Wanted(), box, after, at_once)
            for row in rows:
                after = row.id
                if area is None or shapely.intersects_xy(area, row.longitude, row.latitude):
                    yield self.shown(row)

    def number(self, area: Any, test: Test | None, most: int) -> int | None:
        box = None if area is None else area.bounds
        if test is None and (box is None or area.equals(shapely.box(*box))):
            return number_on_the_map(self.municipality, box, MOST_COUNTED)
        if number_on_the_map(self.municipality, box, most) is None:
            return None
        return passing(self.items(area, None, AT_ONCE), test)

    def item(self, key: str) -> Item:
        try:
            row = report_row(self.municipality, uuid.UUID(key))
        except ValueError:
            raise NotFound from None
        if row.private or not row.on_map:
            raise NotFound
        return self.shown(row)

    def shown(self, row: Any) -> Item:
        shown = feature(category_with(self.municipality, row.category_id), row)
        return Item(str(row.uid), shown["properties"], shapely.Point(row.longitude, row.latitude), row.id)


Collection = InForce | InDraft | OnTheMap


def collections_for(municipality: Municipality, keeper: bool) -> list[Collection]:
    """All that the caller may read; `keeper` is who may manage the map."""
    indexes = indexes_of(municipality)
    found: list[Collection] = [
        InForce(indexes[key]) for key in sorted(indexes) if key != REPORTS and (indexes[key].public or keeper)
    ]
    if keeper:
        of_here = select(Layer).where(Layer.municipality_id == municipality.id)
        found += [InDraft(layer) for layer in session.scalars(of_here.order_by(Layer.key))]
    return [*found, OnTheMap(municipality)]


def collection_named(municipality: Municipality, name: str, keeper: bool) -> Collection:
    """One of them. Raises NotFound."""
    if name == REPORTS:
        return OnTheMap(municipality)
    if name.endswith(OF_A_DRAFT) and keeper:
        of_here = select(Layer).where(Layer.municipality_id == municipality.id)
        layer = session.scalar(of_here.where(Layer.key == name.removesuffix(OF_A_DRAFT)))
        if layer is not None:
            return InDraft(layer)
    index = indexes_of(municipality).get(name)
    if index is None or not (index.public or keeper):
        raise NotFound
    return InForce(index)


def passing(items: Iterable[Item], test: Test | None) -> int:
    """How many there are that pass."""
    return sum(test is None or test(item) for item in items)


def mark_of(item: Item) -> str:
    """The mark of an item's state, the same in a draft as in force while nobody has changed it."""
    properties = {name: str(value) if isinstance(value, datetime) else value for name, value in item.properties.items()}
    return Edited(item.key, properties, item.geometry).mark


def types_of(records: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """Property → its type in JSON Schema, "string" where it has several."""
    found: dict[str, set[str]] = {}
    for record in records:
        for name, value in record.items():
            found.setdefault(name, set())
            if value is not None:
                found[name].add(type_of(value))
    return {name: one_type(types) for name, types in found.items()}


def type_of(value: Any) -> str:
    kinds = {bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}
    return kinds.get(type(value), "string")


def one_type(types: set[str]) -> str:
    if types == {"integer", "number"}:
        return "number"
    return next(iter(types)) if len(types) == 1 else "string"

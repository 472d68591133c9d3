"""Small maps for tests, without a database, and steps of a millimetre on them."""

from collections.abc import Mapping
from typing import Any

import shapely

from service.gis.importing import ImportedLayer
from service.gis.index import VersionIndex, index_of
from service.gis.measuring import WGS84
from service.gis.models import Layer, LayerVersion

Point = tuple[float, float]


def layer(
    key: str, geometries: Mapping[str, Any], attributes: Mapping[str, dict[str, Any]] | None = None, version: int = 1
) -> VersionIndex:
    """A published layer: feature key → geometry, and feature key → attributes where they matter."""
    described = Layer(id=1, key=key, name={"en": key.title(), "el": "Χάρτης"}, kind="area")
    features = [(name, (attributes or {}).get(name, {}), geometry) for name, geometry in geometries.items()]
    return index_of(described, LayerVersion(id=version, number=version), features)


def keys_at(index: VersionIndex, point: Point) -> list[str]:
    """The keys of the features that hold the point."""
    return [index.keys[position] for position in index.holding(*point)]


def moved(point: Point, azimuth: float, metres: float) -> Point:
    """So many metres from the point in that direction (degrees from north)."""
    lon, lat, _ = WGS84.fwd(*point, azimuth, metres)
    return lon, lat


def middle(a: Point, b: Point) -> Point:
    """The middle of an edge that is straight in longitude and latitude."""
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def direction(a: Point, b: Point) -> float:
    """The azimuth of an edge at its middle."""
    (lon, lat), step = middle(a, b), 1e-6
    return float(WGS84.inv(lon, lat, lon + (b[0] - a[0]) * step, lat + (b[1] - a[1]) * step)[0])


def box_layer(*boxes: tuple[str, float, float, float, float]) -> ImportedLayer:
    """What a file would hold: boxes by key."""
    features = [(key, {"name": key.title()}, shapely.box(*edges)) for key, *edges in boxes]
    return ImportedLayer(features, source="boxes.geojson", sha256="0" * 64, crs="EPSG:4326")

"""What everybody sees of the layers in force: only those that are public."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import orjson
import shapely

from service.errors import NotFound
from service.gis.gazetteer import Place, point_of
from service.gis.index import VersionIndex, indexes_of
from service.gis.opening import opening_of
from service.municipalities.directory import Municipality

Box = tuple[float, float, float, float]


def public_layers(municipality: Municipality) -> list[VersionIndex]:
    """The public layers in force, by key."""
    return [index for _, index in sorted(indexes_of(municipality).items()) if index.public]


def public_layer(municipality: Municipality, key: str) -> VersionIndex:
    """One of them. Raises NotFound, also where the layer is not public."""
    index = indexes_of(municipality).get(key)
    if index is None or not index.public:
        raise NotFound
    return index


def state_of(index: VersionIndex) -> tuple[Any, ...]:
    """What changes when the layer, as everybody sees it, does."""
    return index.layer_key, index.version_id, index.version


def about(index: VersionIndex) -> dict[str, Any]:
    """The layer, how to draw it and what must be said beside it."""
    return {
        "key": index.layer_key,
        "name": index.layer_name,
        "kind": index.kind,
        "style": index.style,
        "attribution": index.attribution,
        "licence": index.licence,
        "approximate": index.approximate,
        "version": index.version,
        "count": len(index.keys),
        "box": shapely.total_bounds(index.geometries).tolist(),
    }


def positions_in(index: VersionIndex, box: Box | None, after: str | None, most: int) -> list[int]:
    """The first features by key that touch the box, or of all, that come after this key."""
    begin = 0 if after is None else bisect_right(index.keys, after)
    if box is None:
        return list(range(begin, min(begin + most, len(index.keys))))
    found = np.sort(index.tree.query(shapely.box(*box), predicate="intersects"))
    positions: list[int] = found[np.searchsorted(found, begin) :][:most].tolist()
    return positions


def openings(municipality: Municipality, index: VersionIndex, positions: Sequence[int], at: datetime) -> list[Any]:
    """For each of these features whether it is open then and when that changes; None where it says no hours."""
    return [
        said and {"open": said.open, "next_change": said.next_change}
        for said in (opening_of(municipality, index.attributes[position], at) for position in positions)
    ]


def features(index: VersionIndex, positions: Sequence[int], opening: Sequence[Any]) -> list[dict[str, Any]]:
    """GeoJSON features; `opening` as `openings` says it."""
    written = shapely.to_geojson(index.geometries[np.array(positions, dtype=np.intp)])
    return [
        {
            "type": "Feature",
            "id": index.keys[position],
            "geometry": orjson.Fragment(geometry),
            "properties": index.attributes[position],
            "opening": said,
        }
        for position, geometry, said in zip(positions, written.tolist(), opening, strict=True)
    ]


def place_out(place: Place) -> dict[str, Any]:
    """A place with its names and where to put its pin."""
    longitude, latitude = point_of(place)
    index, position = place.index, place.position
    kind = index.attributes[position].get("kind")
    return {
        "layer": index.layer_key,
        "feature": index.keys[position],
        "name": index.names_of(position),
        "kind": None if kind is None else str(kind),
        "longitude": longitude,
        "latitude": latitude,
        "metres": None if place.metres is None else round(place.metres, 1),
    }

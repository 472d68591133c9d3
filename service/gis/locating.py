"""Where a point lies: in which municipality, in which district, and whether it is ours at all."""

from typing import Any

import numpy as np
import shapely

from service.errors import Problem
from service.gis.index import VersionIndex, indexes_of
from service.municipalities.directory import Municipality, municipalities
from service.text import N_

BOUNDARY, DISTRICT = "boundary", "district"


class OutsideMunicipality(Problem):
    """The place is not in this municipality.

    `metres` is the distance to our border; `municipality` (slug) and `municipality_name` (language → name) are those
    of the right one, or null where we do not serve it.
    """

    status, code, message = 422, "outside_municipality", N_("This place is outside the municipality.")


def municipality_at(lon: float, lat: float) -> Municipality | None:
    """The served municipality in whose boundary the point lies (the one served longest, where it is on two borders)."""
    return next((m for m in municipalities().values() if any(i.holding(lon, lat) for i in _layers(m, BOUNDARY))), None)


def ensure_inside(municipality: Municipality, lon: float, lat: float) -> None:
    """Refuse a place outside the municipality's boundary layers. One that has none yet takes every place.

    Raises OutsideMunicipality.
    """
    boundaries = _layers(municipality, BOUNDARY)
    if not boundaries or any(index.holding(lon, lat) for index in boundaries):
        return
    right = municipality_at(lon, lat)
    raise OutsideMunicipality(
        municipality=right.slug if right else None,
        municipality_name=dict(right.name) if right else None,
        metres=round(min(metres_to_nearest(index, lon, lat) for index in boundaries), 1),
    )


def district_at(municipality: Municipality, lon: float, lat: float) -> str | None:
    """The key of the district that the point lies in: of the first district layer, and in it of the lowest key."""
    for index in _layers(municipality, DISTRICT):
        if found := index.holding(lon, lat):
            return index.keys[found[0]]
    return None


def is_district(municipality: Municipality, key: str) -> bool:
    """Whether a district layer has a feature with this key."""
    return any(key in index.positions for index in _layers(municipality, DISTRICT))


def district_names(municipality: Municipality, key: str) -> dict[str, str]:
    """What the district is called today, by language; its key where the map no longer has it."""
    for index in _layers(municipality, DISTRICT):
        if key in index.positions:
            return index.names_of(index.positions[key])
    return {"und": key}


def metres_to_nearest(index: VersionIndex, lon: float, lat: float) -> float:
    """Geodesic metres from the point to the nearest edge of any feature of the version."""
    return min(index.metres_to_edge(position, lon, lat) for position in range(len(index.keys)))


def boundary_of(municipality: Municipality) -> Any:
    """All that the boundary layers hold, as one geometry of the caller's own; None where there is no boundary yet."""
    areas = [index.geometries for index in _layers(municipality, BOUNDARY)]
    return shapely.union_all(np.concatenate(areas)) if areas else None


def _layers(municipality: Municipality, kind: str) -> list[VersionIndex]:
    """The municipality's layers of this kind, by key."""
    indexes = indexes_of(municipality)
    return [indexes[key] for key in sorted(indexes) if indexes[key].kind == kind]

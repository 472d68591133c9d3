"""Things that a report can be about: which are near a place, and which reports are about one of them.

Any feature of a public layer (a lamp-post, a bin, a Wi-Fi spot, a park), and for staff those of assets that are not.
"""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import shapely
from sqlalchemy import and_, bindparam, case, func, or_, select

from service.db.prepared import Prepared
from service.db.types import AnyRow
from service.errors import NotFound
from service.gis.index import VersionIndex, gone_feature, indexes_of
from service.gis.models import ASSET
from service.municipalities.directory import Municipality
from service.people.callers import Caller
from service.reports.listing import LINE, reports
from service.text import pick

ABOUT = and_(
    reports.c.municipality_id == bindparam("municipality"),
    reports.c.asset_layer == bindparam("layer"),
    reports.c.asset_key == bindparam("feature"),
)
SEEN = or_(reports.c.on_map, reports.c.department_id.in_(bindparam("departments", expanding=True)))
"""What everybody may see with its place, and what else these departments have."""
EACH = and_(
    reports.c.municipality_id == bindparam("municipality"),
    reports.c.asset_layer == bindparam("layer"),
    reports.c.asset_key.in_(bindparam("features", expanding=True)),
)
OPEN = func.coalesce(func.sum(case((reports.c.open, 1), else_=0)), 0)

COUNTED = Prepared(select(func.count().label("times"), OPEN.label("open")).where(ABOUT, SEEN))
NEWEST = select(*LINE).where(ABOUT, SEEN).order_by(reports.c.id.desc()).limit(bindparam("limit"))
FIRST_PAGE, NEXT_PAGE = Prepared(NEWEST), Prepared(NEWEST.where(reports.c.id < bindparam("before")))
OPEN_OF_EACH = Prepared(
    select(reports.c.asset_key, func.count().label("open"))
    .where(EACH, reports.c.on_map, reports.c.open)
    .group_by(reports.c.asset_key)
)


def asset_layer(municipality: Municipality, key: str, who: Caller | None = None) -> VersionIndex:
    """The public layer in force, or one of assets where staff ask who see reports. Raises NotFound."""
    index = indexes_of(municipality).get(key)
    if index is None or not (index.public or (index.kind == ASSET and who is not None and who.may("see_reports"))):
        raise NotFound
    return index


def index_with(index: VersionIndex, feature: str) -> VersionIndex:
    """The index itself where it has the asset; else one of the asset as it last was in force. Raises NotFound."""
    if feature in index.positions:
        return index
    gone = None if "\0" in feature else gone_feature(index, feature)
    if gone is None:
        raise NotFound
    return gone


def assets_near(index: VersionIndex, lon: float, lat: float, metres: float, most: int) -> list[tuple[int, float]]:
    """(position, metres to it, 0 from within it) of the nearest, so many at the most, nearest first."""
    near = np.array(index.within(lon, lat, metres), dtype=np.intp)
    there = np.full(len(near), 1.0)
    far = np.where(np.isin(near, index.holding(lon, lat)), 0.0, index.edges.metres(there * lon, there * lat, near))
    order = np.lexsort((near, far))[:most]
    return list(zip(near[order].tolist(), far[order].tolist(), strict=True))


def open_at(municipality: Municipality, index: VersionIndex, positions: Sequence[int]) -> dict[str, int]:
    """Key of the asset → how many open reports about it everybody may see; only those that have some."""
    if not positions:
        return {}
    keys = [index.keys[position] for position in positions]
    asked = {"municipality": municipality.id, "layer": index.layer_key, "features": keys}
    return {row.asset_key: row.open for row in OPEN_OF_EACH.rows(asked)}


def described(municipality: Municipality, index: VersionIndex, position: int, spoken: str) -> dict[str, Any]:
    """An asset as it is shown."""
    geometry = index.geometries[position]
    place = geometry if geometry.geom_type == "Point" else shapely.point_on_surface(geometry)
    return {
        "layer": index.layer_key,
        "feature": index.keys[position],
        "name": pick(index.names_of(position), spoken, municipality.main_language),
        "longitude": place.x,
        "latitude": place.y,
        "attributes": dict(index.attributes[position]),
    }


def reached(municipality: Municipality, who: Caller | None) -> Collection[int]:
    """The departments whose reports the caller sees whether or not everybody does."""
    if who is None or not who.may("see_reports"):
        return ()
    departments = who.departments("see_reports")
    return municipality.departments_by_id if departments is None else departments


def reports_at(
    municipality: Municipality,
    asset: tuple[str, str],
    departments: Collection[int],
    before: int | None,
    limit: int,
) -> tuple[AnyRow, Sequence[AnyRow]]:
    """How many reports are about the asset (`times`) and how many of them are `open`; and some of them, newest first.

    Only those that everybody may see with their place, and all of these departments.
    """
    layer, feature = asset
    asked = {"municipality": municipality.id, "layer": layer, "feature": feature, "departments": list(departments)}
    counted = COUNTED.rows(asked)[0]
    if before is None:
        return counted, FIRST_PAGE.rows(asked | {"limit": limit})
    return counted, NEXT_PAGE.rows(asked | {"limit": limit, "before": before})

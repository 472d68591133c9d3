"""Features that are sent, as GeoJSON or as a merge patch of it (RFC 7396)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import shapely

from service.gis.editing import Edited, FeatureNotValid, usable_geometry
from service.ogc.systems import understood_from

NOT_SENT: Any = object()


@dataclass(frozen=True)
class Sent:
    """What a body says: its id, its properties, its geometry in longitude and latitude; NOT_SENT where it does not."""

    key: str | None
    properties: Mapping[str, Any]
    geometry: Any

    def replacing(self, before: Edited) -> tuple[Mapping[str, Any], Any]:
        """A whole feature in the place of the one before."""
        if self.geometry is NOT_SENT:
            raise FeatureNotValid(reason="no_geometry")
        return self.properties, self.geometry

    def merged_into(self, before: Edited) -> tuple[Mapping[str, Any], Any]:
        """What is said replaces what was; an attribute that is to be nothing is null."""
        geometry = before.geometry if self.geometry is NOT_SENT else self.geometry
        return {**before.attributes, **self.properties}, geometry


Change = Callable[[Edited], tuple[Mapping[str, Any], Any]]


def sent_feature(body: Any, system: str, whole: bool) -> Sent:
    """What the body says, which must be a whole feature or a part of one; its geometry is in the system.

    Raises FeatureNotValid.
    """
    if not isinstance(body, dict) or body.get("type", None if whole else "Feature") != "Feature":
        raise FeatureNotValid(reason="no_feature")
    properties = body.get("properties") or {}
    if not isinstance(properties, dict):
        raise FeatureNotValid(reason="properties")
    geometry = NOT_SENT
    if whole or "geometry" in body:
        geometry = usable_geometry(read_geometry(body.get("geometry"), system))
    key = body.get("id")
    return Sent(str(key) if isinstance(key, str | int) and not isinstance(key, bool) else None, properties, geometry)


def read_geometry(said: Any, system: str) -> Any:
    """The geometry of a GeoJSON object, in longitude and latitude; None where there is none."""
    if said is None:
        return None
    if not isinstance(said, dict):
        raise FeatureNotValid(reason="geometry")
    try:
        return understood_from(shapely.force_2d(shapely.from_geojson(orjson.dumps(said))), system)
    except (shapely.GEOSException, ValueError, TypeError):
        raise FeatureNotValid(reason="geometry") from None

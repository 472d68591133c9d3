"""The coordinate reference systems that are spoken, with the order of axes that each of them defines.

Inside, everything is longitude and latitude (CRS84).
"""

import math
from threading import local
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer
from pyproj.exceptions import ProjError

from service.ogc.refusing import QueryNotValid

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
GRIDS = {
    4326: "latitude and longitude",
    3857: "the web maps' Mercator, easting and northing",
    2100: "Greece, easting and northing",
    3346: "Lithuania, northing and easting",
    7801: "Bulgaria, northing and easting",
}
SYSTEMS = {CRS84: "OGC:CRS84"} | {f"http://www.opengis.net/def/crs/EPSG/0/{code}": f"EPSG:{code}" for code in GRIDS}


class Transformers(local):
    """Those of one thread; they are slow to make and not to be shared."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, str], Transformer] = {}

    def between(self, source: str, target: str) -> Transformer:
        """From one system of SYSTEMS to another."""
        if (source, target) not in self.made:
            self.made[source, target] = Transformer.from_crs(SYSTEMS[source], SYSTEMS[target])
        return self.made[source, target]


transformers = Transformers()


def system_named(given: str | None, parameter: str) -> str:
    """The address of a system that is spoken, also where it stands in angle brackets; CRS84 where none is named."""
    name = CRS84 if given is None else given.strip().removeprefix("<").removesuffix(">")
    if name not in SYSTEMS:
        raise QueryNotValid(parameter=parameter, reason="no_such_crs")
    return name


def spoken_in(geometry: Any, system: str) -> Any:
    """A geometry in longitude and latitude, said in the system."""
    return geometry if system == CRS84 else moved(geometry, CRS84, system)


def understood_from(geometry: Any, system: str) -> Any:
    """A geometry of the system in longitude and latitude; where there is none, its coordinates are infinite."""
    return geometry if system == CRS84 else moved(geometry, system, CRS84)


def moved(geometry: Any, source: str, target: str) -> Any:
    transformer = transformers.between(source, target)
    return shapely.transform(geometry, lambda pairs: np.column_stack(transformer.transform(*pairs.T)))


def area_of(box: list[float], system: str, parameter: str) -> Any:
    """The box of four numbers of the system as an area in longitude and latitude; it may cross the 180th meridian."""
    west, south, east, north = box
    if system != CRS84:
        try:
            west, south, east, north = transformers.between(system, CRS84).transform_bounds(west, south, east, north)
        except ProjError:
            raise QueryNotValid(parameter=parameter, reason="box") from None
    if not all(map(math.isfinite, (west, south, east, north))) or south > north:
        raise QueryNotValid(parameter=parameter, reason="box")
    if west <= east:
        return shapely.box(west, south, east, north)
    return shapely.union(shapely.box(west, south, 180, north), shapely.box(-180, south, east, north))

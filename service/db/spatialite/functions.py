"""The spatial SQL functions that statements of the service call on SQLite, over shapely and pyproj.

Names and meaning are SpatiaLite's; where SpatiaLite would shrug with -1 or NULL, these refuse as PostGIS does. Each
returns NULL when an argument is NULL (GeometryConstraints apart, which lets NULL pass) and raises a SpatialFault for
what it cannot answer.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy
import shapely
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from service.db.spatialite import blob as blobs
from service.db.spatialite.faults import Fault, SpatialFault

WGS84 = 4326
GEOD = Geod(ellps="WGS84")


def from_ewkt(text: str) -> bytes:
    """The BLOB of "SRID=4326;POINT(23.7 38)"; without an SRID it is 0, which no column of the service takes."""
    system, separator, wkt = text.partition(";")
    if not separator:
        system, wkt = "SRID=0", text
    if not system.upper().startswith("SRID=") or not system[5:].isdecimal():
        raise SpatialFault(Fault.UNREADABLE)
    return blobs.encode(_parsed(shapely.from_wkt, wkt), int(system[5:]))


def from_wkb(wkb: bytes, srid: int) -> bytes:
    """The BLOB of a WKB, which does not know its reference system."""
    return blobs.encode(_parsed(shapely.from_wkb, wkb), srid)


def from_ewkb(ewkb: bytes | str) -> bytes:
    """The BLOB of PostGIS's EWKB, as bytes or as hexadecimal digits."""
    geometry = _parsed(shapely.from_wkb, ewkb)
    return blobs.encode(geometry, int(shapely.get_srid(geometry)))


def as_ewkb(blob: bytes) -> str:
    """PostGIS's EWKB in hexadecimal digits."""
    return blobs.to_ewkb(blob).hex().upper()


def edge_of_box(place: int, blob: bytes) -> float:
    """One edge of the bounding box, by its place in (min x, min y, max x, max y)."""
    return blobs.box(blob)[place]


def fits_column(blob: object, type_number: int, srid: int) -> int:
    """1 when a column of this type and SRID may hold the value (NULL it always may), 0 or -1 when not."""
    if blob is None:
        return 1
    try:
        found, system = blobs.type_number(blob), blobs.srid(blob)  # type: ignore[arg-type]
    except SpatialFault:
        return -1
    return int(system == srid and type_number in (0, found))


def metres(one: bytes, other: bytes, on_the_ellipsoid: int) -> float:
    """The shortest way in metres on the WGS 84 ellipsoid between two geometries in longitude and latitude.

    Exact for points. For the others the nearest pair is sought on the map with its longitudes shortened for the
    latitude, which is right to a thousandth for municipalities; edges are straight in longitude and latitude, as in
    GeoJSON, where PostGIS's are great circles.
    """
    if _one_system(one, other) != WGS84 or not on_the_ellipsoid:
        raise SpatialFault(Fault.NOT_LONGITUDE_LATITUDE)
    if blobs.is_point(one) and blobs.is_point(other):
        here, there = blobs.coordinates(one), blobs.coordinates(other)
    else:
        here, there = _nearest_pair(blobs.decode(one), blobs.decode(other))
    return float(GEOD.inv(*here, *there)[2])


DETERMINISTIC: tuple[tuple[str, int, Callable[..., Any]], ...] = (
    # what GeoAlchemy2 writes around bound and selected geometries
    ("GeomFromEWKT", 1, from_ewkt),
    ("GeomFromWKB", 2, from_wkb),
    ("GeomFromEWKB", 1, from_ewkb),
    ("AsEWKB", 1, as_ewkb),
    # what the triggers of a geometry column call
    *((f"Mbr{edge}", 1, partial(edge_of_box, place)) for place, edge in enumerate(("MinX", "MinY", "MaxX", "MaxY"))),
    # what service.gis.spatial_sql writes
    ("MakePoint", 3, blobs.encode_point),
    ("ST_Distance", 3, metres),
)
"""(SQL name, number of its arguments, function of these) of all whose answer follows from their arguments alone."""


def _parsed(parse: Callable[[Any], BaseGeometry], value: object) -> BaseGeometry:
    try:
        return parse(value)
    except (shapely.errors.GEOSException, TypeError) as error:
        raise SpatialFault(Fault.UNREADABLE) from error


def _one_system(one: bytes, other: bytes) -> int:
    """The SRID of both. Raises SpatialFault MIXED_SRID."""
    system = blobs.srid(one)
    if system != blobs.srid(other):
        raise SpatialFault(Fault.MIXED_SRID)
    return system


def _nearest_pair(one: BaseGeometry, other: BaseGeometry) -> tuple[tuple[float, float], tuple[float, float]]:
    """The (longitude, latitude) of each that are nearest to one another."""
    latitude = (one.bounds[1] + one.bounds[3] + other.bounds[1] + other.bounds[3]) / 4
    shorten = numpy.array((max(math.cos(math.radians(latitude)), 1e-6), 1.0))
    line = shapely.shortest_line(
        shapely.transform(one, lambda points: points * shorten),
        shapely.transform(other, lambda points: points * shorten),
    )
    (here, there) = shapely.get_coordinates(line) / shorten
    return (float(here[0]), float(here[1])), (float(there[0]), float(there[1]))

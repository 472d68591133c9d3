"""The spatial SQL functions that statements of the service call on SQLite, over shapely and pyproj.

Names and meaning are SpatiaLite's; where SpatiaLite would shrug with -1 or NULL, these refuse as PostGIS does. Each
returns NULL when an argument is NULL (GeometryConstraints apart, which lets NULL pass) and raises a SpatialFault for
what it cannot answer.
"""

import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy
import shapely
from pyproj import Geod, Transformer
from shapely.geometry.base import BaseGeometry

from service.db.spatialite import blob as blobs
from service.db.spatialite.faults import Fault, SpatialFault
from service.db.spatialite.metadata import SYSTEMS

WGS84 = 4326
GEOD = Geod(ellps="WGS84")
DECIMALS_OF_GEOJSON = 9  # PostGIS's default: a tenth of a millimetre

Read = Callable[[bytes], BaseGeometry]
Function = Callable[..., Any]
Points = numpy.ndarray[tuple[Any, ...], numpy.dtype[numpy.float64]]


def kept_geometries() -> Read:
    """A reader that keeps the last shapes prepared. One for each connection, because threads must not share them."""

    @lru_cache(maxsize=128)
    def prepared(blob: bytes) -> BaseGeometry:
        geometry = blobs.decode(blob)
        shapely.prepare(geometry)
        return geometry

    def read(blob: bytes) -> BaseGeometry:
        return blobs.decode(blob) if blobs.is_point(blob) else prepared(blob)

    return read


def functions_over(read: Read) -> list[tuple[str, int, Function]]:
    """(name, number of arguments, function) of all that is deterministic."""
    return [
        # what GeoAlchemy2 writes around bound and selected geometries
        ("GeomFromEWKT", 1, from_ewkt),
        ("ST_GeomFromText", 2, from_text),
        ("GeomFromWKB", 2, from_wkb),
        ("GeomFromEWKB", 1, from_ewkb),
        ("AsEWKB", 1, as_ewkb),
        # what the triggers of a geometry column call
        *(
            (f"Mbr{edge}", 1, partial(edge_of_box, place))
            for place, edge in enumerate(("MinX", "MinY", "MaxX", "MaxY"))
        ),
        # what queries of the service call
        ("MakePoint", 3, blobs.encode_point),
        ("ST_X", 1, lambda blob: blobs.coordinates(blob)[0]),
        ("ST_Y", 1, lambda blob: blobs.coordinates(blob)[1]),
        ("ST_SRID", 1, blobs.srid),
        ("GeometryType", 1, lambda blob: blobs.GEOMETRY_TYPES[blobs.type_number(blob)]),
        ("ST_AsText", 1, lambda blob: as_text(blobs.decode(blob))),
        ("AsGeoJSON", 1, lambda blob: as_geojson(blobs.decode(blob))),
        ("AsGeoJSON", 2, lambda blob, decimals: as_geojson(blobs.decode(blob), decimals)),
        ("ST_IsValid", 1, lambda blob: int(blobs.decode(blob).is_valid)),
        ("ST_Contains", 2, predicate(read, shapely.contains)),
        ("ST_Covers", 2, predicate(read, shapely.covers)),
        ("ST_Intersects", 2, intersects(read)),
        ("ST_Within", 2, within(read)),
        ("ST_Distance", 3, partial(metres, read)),
        ("ST_Transform", 2, partial(transformed, read)),
    ]


def from_ewkt(text: str) -> bytes:
    """The BLOB of "SRID=4326;POINT(23.7 38)"; without an SRID it is 0, which no column of the service takes."""
    head, separator, rest = text.partition(";")
    if not separator:
        return from_text(text, 0)
    if not head.upper().startswith("SRID=") or not head[5:].isdecimal():
        raise SpatialFault(Fault.UNREADABLE)
    return from_text(rest, int(head[5:]))


def from_text(text: str, srid: int) -> bytes:
    """The BLOB of a WKT."""
    return blobs.encode(_parsed(shapely.from_wkt, text), srid)


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


def as_text(geometry: BaseGeometry) -> str:
    """WKT without the spaces that PostGIS does not write either."""
    return geometry.wkt.replace(" (", "(").replace(", ", ",")


def as_geojson(geometry: BaseGeometry, decimals: int = DECIMALS_OF_GEOJSON) -> str:
    """The GeoJSON geometry, coordinates rounded to so many decimals."""
    rounded = shapely.transform(geometry, lambda points: numpy.round(points, decimals))
    return shapely.to_geojson(rounded)


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


def predicate(read: Read, test: Callable[[BaseGeometry, BaseGeometry], Any]) -> Function:
    """A question about two geometries of one reference system; 1 or 0."""

    def answer(one: bytes, other: bytes) -> int:
        _one_system(one, other)
        return int(test(read(one), read(other)))

    return answer


def intersects(read: Read) -> Function:
    """The same either way round, so the one that may be prepared is asked."""
    answer = predicate(read, shapely.intersects)
    return lambda one, other: answer(other, one) if blobs.is_point(one) else answer(one, other)


def within(read: Read) -> Function:
    """Asked of the containing geometry, because that is the one worth keeping prepared."""
    answer = predicate(read, shapely.contains)
    return lambda one, other: answer(other, one)


def metres(read: Read, one: bytes, other: bytes, on_the_ellipsoid: int) -> float:
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
        here, there = _nearest_pair(read(one), read(other))
    return float(GEOD.inv(*here, *there)[2])


def transformed(read: Read, blob: bytes, target: int) -> bytes:
    """The geometry in another of the reference systems that the service knows, x before y."""
    source = blobs.srid(blob)
    if source not in SYSTEMS or target not in SYSTEMS:
        raise SpatialFault(Fault.UNKNOWN_SRID)
    if source == target:
        return blob
    change = _transformer(source, target)

    def moved(points: Points) -> Points:
        return numpy.column_stack(change.transform(points[:, 0], points[:, 1], errcheck=True))

    return blobs.encode(shapely.transform(read(blob), moved), target)


@lru_cache(maxsize=32)
def _transformer(source: int, target: int) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


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

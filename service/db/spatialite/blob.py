"""SpatiaLite's BLOB: how a two-dimensional geometry lies in a column of a SQLite file.

Source: "BLOB-Geometry format" in the SpatiaLite documentation. Little-endian, 39 bytes of head (a zero, the byte
order, the SRID, the bounding box, 0x7C), then a WKB body without its byte-order mark, in which every member of a
collection starts with 0x69 where WKB has its mark, then 0xFE. The format has no empty geometry; we store no third
coordinate, as the columns of the service have none on either database.
"""

import math
import struct

import shapely
from shapely.geometry.base import BaseGeometry

from service.db.spatialite.faults import Fault, SpatialFault

GEOMETRY_TYPES = (
    "GEOMETRY",
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
)
"""By their number in geometry_columns; the first stands for any."""

_HEAD = struct.Struct("<2Bi4dB")
_POINT = struct.Struct("<2Bi4dBI2dB")
_SRID = struct.Struct("<i")
_BOX = struct.Struct("<4d")
_COUNT = struct.Struct("<I")
_START, _LITTLE_ENDIAN, _BOX_END, _END = 0x00, 0x01, 0x7C, 0xFE
_SPATIALITE_MEMBER, _WKB_MEMBER = 0x69, 0x01
_EWKB_HAS_SRID = 0x20000000
_BODY = _HEAD.size
_LAST_SIMPLE_TYPE = 3
_SHORTEST = _BODY + 9


def type_number(blob: bytes) -> int:
    """The place of the geometry's type in GEOMETRY_TYPES (1 to 7). Every reader starts here.

    Raises SpatialFault NOT_A_GEOMETRY for anything but a two-dimensional geometry in this format.
    """
    if not isinstance(blob, bytes) or len(blob) < _SHORTEST:
        raise SpatialFault(Fault.NOT_A_GEOMETRY)
    if (blob[0], blob[1], blob[_BODY - 1], blob[-1]) != (_START, _LITTLE_ENDIAN, _BOX_END, _END):
        raise SpatialFault(Fault.NOT_A_GEOMETRY)
    number: int = _COUNT.unpack_from(blob, _BODY)[0]
    if not 1 <= number < len(GEOMETRY_TYPES):
        raise SpatialFault(Fault.NOT_A_GEOMETRY)
    return number


def srid(blob: bytes) -> int:
    """The number of the geometry's reference system."""
    type_number(blob)
    number: int = _SRID.unpack_from(blob, 2)[0]
    return number


def box(blob: bytes) -> tuple[float, float, float, float]:
    """(min x, min y, max x, max y), in the units of the reference system."""
    type_number(blob)
    return _BOX.unpack_from(blob, 6)


def is_point(blob: bytes) -> bool:
    """Whether the BLOB holds a single point."""
    return type_number(blob) == 1


def coordinates(blob: bytes) -> tuple[float, float]:
    """(x, y) of the BLOB of a point, without asking GEOS."""
    x, y, _, _ = box(blob)  # the box of a point is the point
    return x, y


def encode_point(x: float, y: float, srid_number: int) -> bytes:
    """The BLOB of a point, without asking GEOS."""
    if not (math.isfinite(x) and math.isfinite(y)):
        raise SpatialFault(Fault.UNSTORABLE)
    return _POINT.pack(_START, _LITTLE_ENDIAN, srid_number, x, y, x, y, _BOX_END, 1, x, y, _END)


def encode(geometry: BaseGeometry, srid_number: int) -> bytes:
    """The BLOB of a geometry. Collections are flattened to points, lines and polygons, as SpatiaLite does.

    Raises SpatialFault UNSTORABLE for an empty or curved geometry, a third coordinate, or an infinite one.
    """
    if geometry.is_empty or geometry.has_z or shapely.has_m(geometry):
        raise SpatialFault(Fault.UNSTORABLE)
    if geometry.geom_type == "GeometryCollection":
        geometry = shapely.GeometryCollection(_members(geometry))
    bounds = geometry.bounds
    body = shapely.to_wkb(geometry, byte_order=1)[1:]
    if not all(map(math.isfinite, bounds)) or not 1 <= _COUNT.unpack_from(body)[0] < len(GEOMETRY_TYPES):
        raise SpatialFault(Fault.UNSTORABLE)
    head = _HEAD.pack(_START, _LITTLE_ENDIAN, srid_number, *bounds, _BOX_END)
    return head + _with_member_marks(body, _SPATIALITE_MEMBER) + bytes((_END,))


def decode(blob: bytes) -> BaseGeometry:
    """The geometry in a BLOB. Raises SpatialFault NOT_A_GEOMETRY."""
    try:
        return shapely.from_wkb(bytes((_WKB_MEMBER,)) + _body(blob))
    except (shapely.errors.GEOSException, struct.error, IndexError) as error:
        raise SpatialFault(Fault.NOT_A_GEOMETRY) from error


def to_ewkb(blob: bytes) -> bytes:
    """PostGIS's EWKB of the same geometry, without asking GEOS."""
    number, system = type_number(blob), srid(blob)
    try:
        head = bytes((_WKB_MEMBER,)) + _COUNT.pack(number | _EWKB_HAS_SRID) + _SRID.pack(system)
        return head + _body(blob)[_COUNT.size :]
    except (struct.error, IndexError) as error:
        raise SpatialFault(Fault.NOT_A_GEOMETRY) from error


def _members(geometry: BaseGeometry) -> list[BaseGeometry]:
    """The points, lines and polygons of a collection, however deep."""
    if not hasattr(geometry, "geoms"):
        return [geometry]
    return [member for part in geometry.geoms if not part.is_empty for member in _members(part)]


def _body(blob: bytes) -> bytes:
    """The WKB of the geometry without its first byte."""
    type_number(blob)
    return _with_member_marks(blob[_BODY:-1], _WKB_MEMBER)


def _with_member_marks(body: bytes, mark: int) -> bytes:
    """The body with this byte before every member of a collection."""
    if _COUNT.unpack_from(body)[0] <= _LAST_SIMPLE_TYPE:
        return body
    marked = bytearray(body)
    at = 2 * _COUNT.size
    for _ in range(_COUNT.unpack_from(body, _COUNT.size)[0]):
        marked[at] = mark
        at = _end_of_member(body, at + 1)
    return bytes(marked)


def _end_of_member(body: bytes, at: int) -> int:
    """Where the point, line or polygon whose type stands at `at` is over."""
    (number,) = _COUNT.unpack_from(body, at)
    at += _COUNT.size
    if number == 1:
        return at + 16
    (count,) = _COUNT.unpack_from(body, at)
    at += _COUNT.size
    if number == 2:
        return at + 16 * int(count)
    if number != _LAST_SIMPLE_TYPE:
        raise SpatialFault(Fault.NOT_A_GEOMETRY)
    for _ in range(count):
        at += _COUNT.size + 16 * int(_COUNT.unpack_from(body, at)[0])
    return at

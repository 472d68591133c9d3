"""Write a Mapbox Vector Tile 2.1: Protocol Buffers of features whose coordinates are whole numbers, y downwards.

Only what a tile needs of the format (docs/decisions/0013-vector-tiles-are-written-by-the-service.md).
"""

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import orjson
import shapely

EXTENT = 4096
POINT, LINE, POLYGON = 1, 2, 3
MOVE_TO, LINE_TO, CLOSE_PATH = 1, 2, 7
KINDS = {
    shapely.GeometryType.POINT: POINT,
    shapely.GeometryType.MULTIPOINT: POINT,
    shapely.GeometryType.LINESTRING: LINE,
    shapely.GeometryType.MULTILINESTRING: LINE,
    shapely.GeometryType.POLYGON: POLYGON,
    shapely.GeometryType.MULTIPOLYGON: POLYGON,
}
LARGEST = 2**63

Steps = list[int]


def tile_of(layer: str, features: Iterable[tuple[Any, Mapping[str, Any]]]) -> bytes:
    """A tile of one layer; empty bytes where it has no features.

    `features` are (geometry in whole tile coordinates, attributes); collections become one feature a member.
    """
    keys: dict[str, int] = {}
    values: dict[bytes, int] = {}
    written = [
        _feature(kind, steps, _tags(attributes, keys, values))
        for geometry, attributes in features
        for kind, steps in _parts(geometry)
    ]
    if not written:
        return b""
    content = [_field(1, layer.encode()), *(_field(2, feature) for feature in written)]
    content += [_field(3, key.encode()) for key in keys]
    content += [_field(4, value) for value in values]
    content += [_number(5, EXTENT), _number(15, 2)]
    return _field(3, b"".join(content))


def _feature(kind: int, steps: Steps, tags: Steps) -> bytes:
    return b"".join((_field(2, _packed(tags)), _number(3, kind), _field(4, _packed(steps))))


# --- attributes ------------------------------------------------------------------------------------------------------


def _tags(attributes: Mapping[str, Any], keys: dict[str, int], values: dict[bytes, int]) -> Steps:
    """Pairs of the places of a key and of a value; what is null is left out."""
    tags: Steps = []
    for key, value in attributes.items():
        if value is not None:
            tags += (keys.setdefault(key, len(keys)), values.setdefault(_value(value), len(values)))
    return tags


def _value(value: Any) -> bytes:
    """A text, a truth or a number; lists and objects as JSON."""
    if isinstance(value, bool):
        return _number(7, value)
    if isinstance(value, int) and -LARGEST <= value < LARGEST:
        return _number(6, _zigzag(value)) if value < 0 else _number(5, value)
    if isinstance(value, float):
        return b"\x19" + struct.pack("<d", value)
    if isinstance(value, str):
        return _field(1, value.encode())
    return _field(1, orjson.dumps(value) if isinstance(value, list | dict) else str(value).encode())


# --- geometries ------------------------------------------------------------------------------------------------------


def _parts(geometry: Any) -> Iterator[tuple[int, Steps]]:
    """(kind, commands) of the geometry, or of each member of a collection."""
    type_id = shapely.get_type_id(geometry)
    if type_id == shapely.GeometryType.GEOMETRYCOLLECTION:
        for member in shapely.get_parts(geometry):
            yield from _parts(member)
    elif type_id in KINDS and not shapely.is_empty(geometry):
        kind = KINDS[type_id]
        yield kind, {POINT: _points, LINE: _lines, POLYGON: _polygons}[kind](geometry)


def _points(geometry: Any) -> Steps:
    coordinates = shapely.get_coordinates(geometry)
    return [_command(MOVE_TO, len(coordinates)), *_moves(coordinates, np.zeros(2))]


def _lines(geometry: Any) -> Steps:
    at = np.zeros(2)
    steps: Steps = []
    for line in shapely.get_parts(geometry):
        steps, at = _path(steps, shapely.get_coordinates(line), at)
    return steps


def _polygons(geometry: Any) -> Steps:
    """Rings without their last point, which is the first; outer rings clockwise on the screen, holes the other way."""
    at = np.zeros(2)
    steps: Steps = []
    for polygon in shapely.get_parts(shapely.orient_polygons(geometry)):
        for ring in shapely.get_rings(polygon):
            steps, at = _path(steps, shapely.get_coordinates(ring)[:-1], at)
            steps.append(_command(CLOSE_PATH, 1))
    return steps


def _path(steps: Steps, coordinates: Any, at: Any) -> tuple[Steps, Any]:
    """Move to the first of the coordinates, draw to the others; the steps, and where it ends."""
    moves = _moves(coordinates, at)
    steps += (_command(MOVE_TO, 1), *moves[:2], _command(LINE_TO, len(coordinates) - 1), *moves[2:])
    return steps, coordinates[-1]


def _moves(coordinates: Any, at: Any) -> Steps:
    """The way from each point to the next, as non-negative numbers."""
    steps = np.diff(np.vstack([at, coordinates]), axis=0).astype(np.int64).ravel()
    moves: Steps = ((steps << 1) ^ (steps >> 63)).tolist()
    return moves


def _command(command: int, times: int) -> int:
    return times << 3 | command


# --- Protocol Buffers ------------------------------------------------------------------------------------------------


def _zigzag(number: int) -> int:
    return number << 1 ^ number >> 63


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    written.append(number)
    return bytes(written)


SHORT = [_varint(number) for number in range(1 << 14)]


def _packed(numbers: Steps) -> bytes:
    return b"".join(SHORT[number] if number < len(SHORT) else _varint(number) for number in numbers)


def _field(number: int, content: bytes) -> bytes:
    return b"".join((_varint(number << 3 | 2), _varint(len(content)), content))


def _number(number: int, value: int) -> bytes:
    return b"".join((_varint(number << 3), _varint(value)))

"""Write a Mapbox Vector Tile 2.1: Protocol Buffers of features whose coordinates are whole numbers, y downwards.

Only what a tile needs of the format (docs/decisions/0013-vector-tiles-are-written-by-the-service.md).
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import shapely

from service.gis.measuring import Geometries

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


def tile_of(layer: str, geometries: Geometries, attributes: Sequence[Mapping[str, Any]]) -> bytes:
    """A tile of one layer; empty bytes where it has no features.

    The geometries are in whole tile coordinates; the members of a collection become features of their own.
    """
    geometries, owners = _members(geometries)
    keys: dict[str, int] = {}
    values: dict[bytes, int] = {}
    written = [
        b"".join(
            (_field(2, _packed(_tags(attributes[owner], keys, values))), _number(3, kind), _field(4, _packed(steps)))
        )
        for owner, (kind, steps) in zip(owners, _commands(geometries), strict=True)
    ]
    if not written:
        return b""
    content = [_field(1, layer.encode()), *(_field(2, feature) for feature in written)]
    content += [_field(3, key.encode()) for key in keys]
    content += [_field(4, value) for value in values]
    content += [_number(5, EXTENT), _number(15, 2)]
    return _field(3, b"".join(content))


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


def _members(geometries: Geometries) -> tuple[Geometries, list[int]]:
    """The geometries that are not empty, collections taken apart, and whose each of them is."""
    owners = np.arange(len(geometries))
    while (together := shapely.get_type_id(geometries) == shapely.GeometryType.GEOMETRYCOLLECTION).any():
        parts, owner = shapely.get_parts(geometries[together], return_index=True)
        owners = np.concatenate([owners[~together], owners[together][owner]])
        geometries = np.concatenate([geometries[~together], parts])
    there = ~shapely.is_empty(geometries)
    return geometries[there], owners[there].tolist()


def _commands(geometries: Geometries) -> list[tuple[int, Steps]]:
    """(kind, commands) of each geometry."""
    kinds = [KINDS[kind] for kind in shapely.get_type_id(geometries).tolist()]
    drawn: list[tuple[int, Steps]] = [(kind, []) for kind in kinds]
    for kind in set(kinds):
        places = [place for place, other in enumerate(kinds) if other == kind]
        paths: list[Steps] = [drawn[place][1] for place in places]
        _draw(kind, geometries[places], paths)
    return drawn


def _draw(kind: int, geometries: Geometries, paths: list[Steps]) -> None:
    """Write the commands of each geometry, all of one kind, into its path.

    Rings are without their last point, which is the first; outer rings run clockwise on the screen, holes the other
    way. A path begins at the corner of the tile, and each of its steps where the one before ended.
    """
    parts, owner = shapely.get_parts(geometries, return_index=True)
    if kind == POLYGON:
        parts, polygon = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
        owner = owner[polygon]
    coordinates, counts = shapely.get_coordinates(parts), shapely.get_num_coordinates(parts)
    if kind == POLYGON:
        coordinates, counts = np.delete(coordinates, np.cumsum(counts) - 1, axis=0), counts - 1
    ends = np.cumsum(counts)
    begins = ends - counts
    before = np.roll(coordinates, 1, axis=0)
    before[begins[np.diff(owner, prepend=-1) > 0]] = 0
    steps = (coordinates - before).astype(np.int64).ravel()
    moves: Steps = ((steps << 1) ^ (steps >> 63)).tolist()
    for of, begin, end in zip(owner.tolist(), (2 * begins).tolist(), (2 * ends).tolist(), strict=True):
        paths[of] += _path(kind, moves[begin:end])
    if kind == POINT:
        for path in paths:
            path.insert(0, _command(MOVE_TO, len(path) // 2))


def _path(kind: int, moves: Steps) -> Steps:
    """Move to the first point and draw to the others; points are only moved to, all by one command."""
    if kind == POINT:
        return moves
    drawn = [_command(MOVE_TO, 1), *moves[:2], _command(LINE_TO, len(moves) // 2 - 1), *moves[2:]]
    return [*drawn, _command(CLOSE_PATH, 1)] if kind == POLYGON else drawn


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

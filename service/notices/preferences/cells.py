"""The coarse grid on which people's places are kept: squares of 0.005 degrees, some 550 by 430 metres at 40° north.

A cell is a number; where somebody lives is never kept finer. An area becomes the cells that are within so many metres
of it, so that the audience of an area is found by comparing numbers, on both databases alike.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import shapely

from service.errors import Problem
from service.text import N_

STEP = 0.005
ROWS, COLUMNS = 36_000, 72_000
RADII = (500, 1000, 2000, 5000)
"""Metres: how large a followed circle may be."""
MOST_CELLS = 60_000
METRES_PER_DEGREE = 111_320.0


class AreaTooLarge(Problem):
    """The area is larger than a notice can be for; who should reach everybody leaves it out."""

    status, code, message = 422, "area_too_large", N_("This area is too large. Leave it out to reach everybody.")


def cell_of(longitude: float, latitude: float) -> int:
    """The cell in which the point lies."""
    row = min(ROWS - 1, int((latitude + 90) / STEP))
    column = min(COLUMNS - 1, int((longitude + 180) / STEP))
    return row * COLUMNS + column


def centre_of(cell: int) -> tuple[float, float]:
    """Longitude and latitude of the cell's middle, to four decimals."""
    row, column = divmod(cell, COLUMNS)
    return round((column + 0.5) * STEP - 180, 4), round((row + 0.5) * STEP - 90, 4)


def cells_around(area: Any) -> Mapping[int, list[int]]:
    """Metres → the cells no farther than that from the area; 0: those that it touches. Raises AreaTooLarge."""
    found: dict[int, list[int]] = {}
    left = MOST_CELLS
    for metres in (0, *RADII):
        found[metres] = cells_within(area, metres, left)
        left -= len(found[metres])
    return found


def cells_within(area: Any, metres: int, most: int) -> list[int]:
    """The cells no farther than so many metres from the area. Raises AreaTooLarge for more than so many."""
    west, south, east, north = area.bounds
    widest = max(abs(south), abs(north))
    shrink = max(0.01, math.cos(math.radians(min(widest, 89.0))))
    along, across = metres / METRES_PER_DEGREE, metres / METRES_PER_DEGREE / shrink
    rows = span(south - along + 90, north + along + 90, ROWS)
    columns = span(west - across + 180, east + across + 180, COLUMNS)
    if len(rows) * len(columns) > 4 * max(most, 1):
        raise AreaTooLarge(most=MOST_CELLS)
    row, column = (grid.ravel() for grid in np.meshgrid(rows, columns, indexing="ij"))
    scale = np.array([METRES_PER_DEGREE * shrink, METRES_PER_DEGREE])
    lower = np.stack([column * STEP - 180, row * STEP - 90], axis=1) * scale
    upper = lower + STEP * scale
    squares = shapely.box(lower[:, 0], lower[:, 1], upper[:, 0], upper[:, 1])
    flat = shapely.transform(area, lambda points: points * scale)
    shapely.prepare(flat)
    near = shapely.dwithin(flat, squares, metres)
    cells: list[int] = (row[near] * COLUMNS + column[near]).tolist()
    if len(cells) > most:
        raise AreaTooLarge(most=MOST_CELLS)
    return cells


def span(lowest: float, highest: float, most: int) -> Any:
    """The rows, or columns, between two numbers of degrees."""
    return np.arange(max(0, int(lowest / STEP)), min(most - 1, int(highest / STEP)) + 1, dtype=np.int64)


def rows_of(cells: Mapping[int, list[int]]) -> Iterator[tuple[int, int]]:
    """(metres, cell), one after the other."""
    for metres, found in cells.items():
        yield from ((metres, cell) for cell in found)

"""What a vector tile and a page of features cost beside the bare query of the tree with shapely's own output.

Over 1,000 and 50,000 cells with wavy borders (the sheets of `bench.routing`), on one z 13 tile after the other of the
municipality of Kozani, and on boxes of the same size. The floor of a tile is to find what touches it, to clip that and
to write it as WKB; the floor of a page is to find what touches the box and to write a hundred of it as GeoJSON.
Run `python -m bench.tiles`: a table, then the same figures as one line of JSON, in milliseconds of processor.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import shapely

from bench.routing import HEIGHT, SOUTH, WEST, WIDTH, in_turns, sheet
from service.gis.index import VersionIndex
from service.gis.presenting import features, positions_in
from service.gis.tiles import Kept, make_tile

SHEETS = {"1,000 cells": (40, 25, 3), "50,000 cells": (250, 200, 3)}
ZOOM = 13
ON_A_PAGE = 100
TARGETS = {"tile": 25.0, "page": 2.0}

Box = tuple[float, float, float, float]


def tiles() -> list[tuple[int, int, int]]:
    """The tiles of the zoom that lie over the sheet."""
    columns = [int((lon + 180) / 360 * 2**ZOOM) for lon in (WEST, WEST + WIDTH)]
    sides = [np.arcsinh(np.tan(np.radians(lat))) for lat in (SOUTH + HEIGHT, SOUTH)]
    rows = [int((1 - side / np.pi) / 2 * 2**ZOOM) for side in sides]
    return [(ZOOM, x, y) for x in range(columns[0], columns[1] + 1) for y in range(rows[0], rows[1] + 1)]


def box_of(tile: tuple[int, int, int]) -> Box:
    """West, south, east, north of a tile."""
    z, x, y = tile
    west, east = ((column / 2**z - 0.5) * 360 for column in (x, x + 1))
    south, north = (float(np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * row / 2**z))))) for row in (y + 1, y))
    return west, south, east, north


def bare_tile(index: VersionIndex, box: Box) -> Any:
    found = index.geometries[index.tree.query(shapely.box(*box))]
    return shapely.to_wkb(shapely.clip_by_rect(found, *box))


def bare_page(index: VersionIndex, box: Box) -> Any:
    found = np.sort(index.tree.query(shapely.box(*box), predicate="intersects"))[:ON_A_PAGE]
    return shapely.to_geojson(index.geometries[found])


def page(index: VersionIndex, box: Box) -> bytes:
    positions = positions_in(index, box, None, ON_A_PAGE)
    return orjson.dumps(features(index, positions, [None] * len(positions)))


def measure(sheets: dict[str, tuple[int, int, int]] | None = None) -> dict[str, dict[str, float]]:
    """Milliseconds of processor each, by sheet; `tile / floor` and `page / floor` are how many times the floor."""
    return {name: measured(sheet(*shape)) for name, shape in (sheets or SHEETS).items()}


def measured(index: VersionIndex) -> dict[str, float]:
    places, kept = tiles(), Kept(64 * 1024 * 1024)
    boxes = [box_of(tile) for tile in places]

    def each(work: Callable[[Any], object], asked: list[Any]) -> tuple[Callable[[], object], int]:
        return (lambda: [work(one) for one in asked]), len(asked)

    for tile in places:
        kept.tile(index, *tile)
    found = in_turns(
        {
            "tile, floor": each(lambda box: bare_tile(index, box), boxes),
            "tile": each(lambda tile: make_tile(index, *tile), places),
            "tile, kept": each(lambda tile: kept.tile(index, *tile), places),
            "page, floor": each(lambda box: bare_page(index, box), boxes),
            "page": each(lambda box: page(index, box), boxes),
        }
    )
    ratios = {f"{name} / floor": round(found[name] / found[f"{name}, floor"], 2) for name in TARGETS}
    return {name: round(microseconds / 1000, 4) for name, microseconds in found.items()} | ratios


def table(figures: dict[str, dict[str, float]]) -> str:
    """The figures for a person."""
    lines = [f"{'ms of processor':24}" + "".join(f"{name:>16}" for name in figures)]
    lines += [
        f"{name:24}" + "".join(f"{sheet[name]:16.3f}" for sheet in figures.values())
        for name in next(iter(figures.values()))
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    """Print the table and the JSON."""
    figures = measure()
    sys.stdout.write(table(figures) + json.dumps({"benchmark": "tiles", "targets": TARGETS, "sheets": figures}) + "\n")


if __name__ == "__main__":
    main()

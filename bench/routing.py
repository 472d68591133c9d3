"""What routing costs beside the bare STRtree query of the same points, measured in turns in one run.

The map is a sheet of cells with wavy borders over the municipality of Kozani, of about a hundred vertices each, as
real districts have, and of twelve; one rule reads it. Single points are measured over a hundred of them, one after
the other. The floor of one point is the query with a point that is ready.

The floor of the CSV is the bulk query of the same points, made of their coordinates ("made"): the coordinates are what
the file says, and no tree can be asked without making geometries of them. The bulk query with points that are ready is
shown too. Over cells of 12 vertices making the points alone costs more than twice as much as that query.
Run `python -m bench.routing`: a table, then the same figures as one line of JSON, in microseconds of processor a point.
"""

import io
import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import shapely

from service.gis.index import VersionIndex, index_of
from service.gis.models import Layer, LayerVersion
from service.reports.routing import Router, Rule
from service.reports.routing_csv import route_csv

ROUNDS = 5
ONE_BY_ONE = 2_000
ROWS = 500_000
ROWS_WITH_DISTANCE = 20_000
WEST, SOUTH, WIDTH, HEIGHT = 21.5, 40.1, 0.6, 0.4
SHEETS = {
    "1,000 cells of 100 vertices": (40, 25, 25),
    "50,000 cells of 100 vertices": (250, 200, 25),
    "1,000 cells of 12 vertices": (40, 25, 3),
    "50,000 cells of 12 vertices": (250, 200, 3),
}
GROUPS: dict[str, str | None] = {f"category-{n}": f"group-{n % 5}" for n in range(30)}
TARGETS = {"route": 1.5, "csv": 3.0, "growth": math.log(50_000) / math.log(1_000)}


def sheet(columns: int, rows: int, vertices_a_side: int) -> VersionIndex:
    """Cells that share their wavy borders, by number."""
    x, y = np.meshgrid(np.arange(columns), np.arange(rows))
    cells = shapely.box(x.ravel(), y.ravel(), x.ravel() + 1, y.ravel() + 1)
    cells = shapely.transform(shapely.segmentize(cells, 1 / vertices_a_side + 1e-9), lambda at: wavy(at, columns, rows))
    features = [(f"{n:06}", {"name": f"Cell {n}", "class": n % 7}, cell) for n, cell in enumerate(cells)]
    layer = Layer(id=1, key="cells", name={"en": "Cells"}, kind="area")
    return index_of(layer, LayerVersion(id=1, number=1), features)


def wavy(at: Any, columns: int, rows: int) -> Any:
    """Grid coordinates as longitude and latitude, borders swinging by up to a tenth of a cell."""
    x, y = at.T
    x, y = x + 0.1 * np.sin(7 * y), y + 0.1 * np.sin(7 * x)
    return np.column_stack([WEST + WIDTH * x / columns, SOUTH + HEIGHT * y / rows])


def microseconds(work: Callable[[], object], points: int) -> float:
    """Processor time of the work for each of its points."""
    begun = time.process_time()
    work()
    return (time.process_time() - begun) / points * 1e6


def in_turns(works: dict[str, tuple[Callable[[], object], int]]) -> dict[str, float]:
    """The median of each work over the rounds, all of them once in each round."""
    measured: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, (work, points) in works.items():
            measured[name].append(microseconds(work, points))
    return {name: round(statistics.median(times), 3) for name, times in measured.items()}


def works_over(index: VersionIndex) -> dict[str, tuple[Callable[[], object], int]]:
    """What is measured over one map: name → the work and how many points it is for."""
    random = np.random.default_rng(7)
    lon, lat = random.uniform(WEST, WEST + WIDTH, ROWS), random.uniform(SOUTH, SOUTH + HEIGHT, ROWS)
    router = Router([Rule(1, 1, "in", "cells", department="roads")], {"cells": index}, "desk", {"roads", "desk"})
    hundred = list(zip(lon[:100].tolist(), lat[:100].tolist(), strict=True))
    places = hundred * (ONE_BY_ONE // 100)
    ready = [shapely.Point(place) for place in places]
    decisions = [router.route("category-1", "group-1", *place) for place in hundred]
    all_ready = shapely.points(lon, lat)
    query = index.tree.query
    names = random.choice(list(GROUPS), ROWS)
    rows = [f"{x:.7f},{y:.7f},{name}\n" for x, y, name in zip(lon, lat, names, strict=True)]

    def csv_of(rows: list[str], distance: bool) -> Callable[[], object]:
        text = "lon,lat,category\n" + "".join(rows)
        return lambda: route_csv(router, GROUPS, io.StringIO(text), io.StringIO(), distance)

    return {
        "one query": (lambda: [query(point, predicate="intersects") for point in ready], len(places)),
        "one query, made": (lambda: [query(shapely.Point(p), predicate="intersects") for p in places], len(places)),
        "one route": (lambda: [router.route("category-1", "group-1", lon, lat) for lon, lat in places], len(places)),
        "one explanation": (lambda: [router.explain(decision) for decision in decisions], len(decisions)),
        "bulk query": (lambda: query(all_ready, predicate="intersects"), ROWS),
        "bulk query, made": (lambda: query(shapely.points(lon, lat), predicate="intersects"), ROWS),
        "csv": (csv_of(rows, False), ROWS),
        "csv, distance": (csv_of(rows[:ROWS_WITH_DISTANCE], True), ROWS_WITH_DISTANCE),
    }


def ratios(figures: dict[str, float]) -> dict[str, float]:
    """Our work against the floors."""
    return {
        "route / query": round(figures["one route"] / figures["one query"], 2),
        "route / query, made": round(figures["one route"] / figures["one query, made"], 2),
        "csv / bulk query": round(figures["csv"] / figures["bulk query"], 2),
        "csv / bulk query, made": round(figures["csv"] / figures["bulk query, made"], 2),
        "csv, distance / bulk query, made": round(figures["csv, distance"] / figures["bulk query, made"], 2),
    }


def measure() -> dict[str, dict[str, float]]:
    """All maps by name: microseconds and ratios."""
    measured = {name: in_turns(works_over(sheet(*shape))) for name, shape in SHEETS.items()}
    return {name: figures | ratios(figures) for name, figures in measured.items()}


def growth(figures: dict[str, dict[str, float]]) -> dict[str, float]:
    """What fifty times as many features cost, as a multiple."""
    few, many = (figures[name] for name in list(SHEETS)[:2])
    return {name: round(many[name] / few[name], 2) for name in ("one query", "one route", "bulk query", "csv")}


def table(figures: dict[str, dict[str, float]]) -> str:
    """The figures for a person."""
    names = list(next(iter(figures.values())))
    lines = [f"{'µs of processor a point':34}" + "".join(f"{name:>30}" for name in figures)]
    lines += [f"{name:34}" + "".join(f"{case[name]:30.2f}" for case in figures.values()) for name in names]
    grown = ", ".join(f"{name} {times:.2f}" for name, times in growth(figures).items())
    lines.append(f"50,000 cells cost as many times as 1,000: {grown} (log: {TARGETS['growth']:.2f})")
    lines.append(f"targets over 1,000 cells: route {TARGETS['route']} × query, csv {TARGETS['csv']} × bulk query, made")
    return "\n".join([*lines, ""])


def main() -> None:
    """Print the table and the JSON."""
    figures = measure()
    whole = {"benchmark": "routing", "rounds": ROUNDS, "targets": TARGETS, "maps": figures, "growth": growth(figures)}
    sys.stdout.write(table(figures) + json.dumps(whole) + "\n")


if __name__ == "__main__":
    main()

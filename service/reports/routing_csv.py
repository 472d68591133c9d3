"""Route a CSV of points (lon, lat, category) and write each decision with its explanation.

The rows are read in small blocks: one without quotes is cut at its commas, any other is read by the csv module. Many
blocks are routed together, and what is written behind a row is put together once for each rule and feature.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, TextIO

import numpy as np

from service.errors import Problem
from service.gis.measuring import Floats, Integers
from service.reports.routing import FALLBACK, NOWHERE, Decisions, Line, Router
from service.text import N_
from service.text.cells import quoted

WANTED = ("lon", "lat", "category")
TOLD = ("department", "rule", "layer", "version", "feature", "feature_name", "relation", "metres")
ADDED = (*TOLD, "passed_over", "fault")
NONE_PASSED_NO_FAULT = ("", "")
DISTANCE = "distance_to_edge"
BLOCK = 1 << 16  # characters: the cells of so many stay in the processor's cache
TOGETHER = 128  # blocks: many points are found more quickly than few
FAULTS_KEPT = 1000

COLUMNS, NUMBER, RANGE, CATEGORY = "columns", "not_a_number", "out_of_range", "unknown_category"


class CsvRefused(Problem):
    """The first line does not name the columns lon, lat and category; `missing` lists those that it lacks."""

    status, code, message = 422, "csv_refused", N_("The first line must name the columns lon, lat and category.")


@dataclass
class Routed:
    """How many rows were read, and (line number, reason) of the first FAULTS_KEPT that could not be routed."""

    rows: int = 0
    faulty: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)

    def note(self, line: int, reason: str) -> None:
        """Count a row that could not be routed."""
        self.faulty += 1
        if self.faulty <= FAULTS_KEPT:
            self.faults.append((line, reason))


@dataclass(frozen=True)
class Block:
    """Rows as they were written, what they say in the three columns, and the line of the file each ends at.

    A number that cannot be read is NaN. A row with too few or too many columns is filled or cut, and says nothing: it
    has NaN, NaN and None.
    """

    texts: Sequence[str]
    lon: Floats
    lat: Floats
    category: Sequence[str | None]
    lines: Integers


def route_csv(
    router: Router, groups: Mapping[str, str | None], source: TextIO, target: TextIO, distance: bool = False
) -> Routed:
    """Copy the rows with the columns ADDED behind them, and with DISTANCE where asked for. Raises CsvRefused.

    The rows are given back as they came; no cell that is added is a formula.

    `groups` maps every category key to its group. `distance` is by far the dearest part of an explanation and grows
    with the vertices of the features. A row that cannot be routed is copied with its fault, and is no reason to stop.
    """
    header, places = _header(source)
    table = Table(router, groups, distance)
    target.write(f"{_as_csv([*header, *table.columns()])}\n")
    routed = Routed()
    blocks = _blocks(source, len(header), places)
    while several := list(islice(blocks, TOGETHER)):
        block = _joined(several)
        added = table.route(block, routed)
        target.write("\n".join([f"{text},{more}" for text, more in zip(block.texts, added, strict=True)]))
        target.write("\n")
    return routed


# --- reading ---------------------------------------------------------------------------------------------------------


def _header(source: TextIO) -> tuple[list[str], list[int]]:
    """The names of the columns, and where the wanted ones are."""
    header = next(csv.reader([source.readline().removeprefix("\ufeff")]), [])
    names = [name.strip().lower() for name in header]
    missing = [name for name in WANTED if name not in names]
    if missing:
        raise CsvRefused(missing=missing)
    return header, [names.index(name) for name in WANTED]


def _blocks(source: TextIO, width: int, places: list[int]) -> Iterator[Block]:
    line = 1
    while text := source.read(BLOCK):
        text += source.readline()
        block = _cut(text, width, places, line)
        if block is None:
            block, line = _read(text, source, width, places, line)
        else:
            line += len(block.texts)
        if block.texts:
            yield block


def _cut(text: str, width: int, places: list[int], line: int) -> Block | None:
    """The block cut at its commas; None where that is not all there is to it."""
    if '"' in text or "\r" in text:
        return None
    texts = text.removesuffix("\n").split("\n")
    if any(commas != width - 1 for commas in [row.count(",") for row in texts]):
        return None
    cells = text.removesuffix("\n").replace("\n", ",").split(",")
    lon, lat, category = (cells[place::width] for place in places)
    return Block(texts, _numbers(lon), _numbers(lat), category, np.arange(line + 1, line + 1 + len(texts)))


def _read(text: str, source: TextIO, width: int, places: list[int], line: int) -> tuple[Block, int]:
    """The block read row by row, to the end of a quoted cell that reaches beyond it; and the line it ends at."""
    inside = list(io.StringIO(text, newline=""))
    reader = csv.reader(chain(inside, source))
    rows: list[list[str]] = []
    lines: list[int] = []
    while reader.line_num < len(inside):
        row = _next(reader)
        if row:
            rows.append(row)
            lines.append(line + reader.line_num)
    texts = [_as_csv([*row, *[""] * (width - len(row))][:width]) for row in rows]
    lon, lat, category = ([row[place] if len(row) == width else None for row in rows] for place in places)
    return Block(texts, _numbers(lon), _numbers(lat), category, np.array(lines, np.intp)), line + reader.line_num


def _next(reader: Any) -> list[str]:
    """The next row; one that the csv module cannot read is a row of one cell, and so at fault."""
    try:
        row: list[str] = next(reader, [])
    except csv.Error:
        return [""]
    return row


def _numbers(cells: Sequence[str | None]) -> Floats:
    """The cells as numbers, NaN where they are none."""
    try:
        return np.fromiter(map(float, cells), np.float64, len(cells))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return np.array([_number(cell) for cell in cells])


def _number(cell: str | None) -> float:
    try:
        return float(cell or "")
    except ValueError:
        return float("nan")


def _joined(blocks: Sequence[Block]) -> Block:
    """Blocks that follow each other as one."""
    return Block(
        texts=list(chain.from_iterable(block.texts for block in blocks)),
        lon=np.concatenate([block.lon for block in blocks]),
        lat=np.concatenate([block.lat for block in blocks]),
        category=list(chain.from_iterable(block.category for block in blocks)),
        lines=np.concatenate([block.lines for block in blocks]),
    )


class _Echo:
    """A file for the csv module that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


_writer = csv.writer(_Echo(), lineterminator="\r\n")  # either of which it quotes inside a cell


def _as_csv(row: Sequence[Any]) -> str:
    text: str = _writer.writerow(row)
    return text.removesuffix("\r\n")


def _guarded(row: Sequence[Any]) -> str:
    """What we write behind a row: names of the map and of features are texts, and no formulas."""
    return _as_csv([quoted(cell) for cell in row])


# --- routing ---------------------------------------------------------------------------------------------------------


class Endings(dict[tuple[int, int], str]):
    """What is written behind a row, by (line of the router, position of the feature): made when a row needs it.

    Nothing was passed over and nothing is at fault.
    """

    def __init__(self, router: Router) -> None:
        super().__init__()
        self.lines = router.lines
        self[NOWHERE, NOWHERE] = _guarded([router.fallback, *[""] * 5, FALLBACK, "", *NONE_PASSED_NO_FAULT])

    def __missing__(self, decided: tuple[int, int]) -> str:
        line, position = self.lines[decided[0]], decided[1]
        rule, layer = line.rule, line.index
        feature = (layer.layer_key, layer.version, layer.keys[position], layer.name_of(position))
        told = (line.departments[position], rule.position, *feature, rule.relation, rule.metres)
        self[decided] = _guarded([*told, *NONE_PASSED_NO_FAULT])
        return self[decided]


class Numbers(dict[str | None, int]):
    """Category → the number of its lines, NOWHERE for any other word."""

    def __missing__(self, category: str | None) -> int:
        return NOWHERE


class Table:
    """The router as the rows need it: categories that have the same lines are routed together."""

    def __init__(self, router: Router, groups: Mapping[str, str | None], distance: bool) -> None:
        lines_of = {category: tuple(router.lines_for(category, group)) for category, group in groups.items()}
        self.router = router
        self.lines = list(set(lines_of.values()))
        self.number_of = Numbers({name: self.lines.index(lines) for name, lines in lines_of.items()})
        self.endings = Endings(router)
        self.distance = distance

    def columns(self) -> list[str]:
        """The names of what is added."""
        return [*ADDED, DISTANCE] if self.distance else [*ADDED]

    def route(self, block: Block, routed: Routed) -> list[str]:
        """What is written behind each row of the block."""
        lon, lat = block.lon, block.lat
        on_earth = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
        number = np.fromiter(map(self.number_of.__getitem__, block.category), np.intp, len(block.texts))
        number[~on_earth] = NOWHERE
        added = np.empty(len(block.texts), dtype=object)
        for which, lines in enumerate(self.lines):
            rows = np.flatnonzero(number == which)
            added[rows] = self.route_together(lines, lon[rows], lat[rows])
        for row in np.flatnonzero(number == NOWHERE).tolist():
            reason = _reason(block.category[row], lon[row], lat[row], bool(on_earth[row]))
            added[row] = _as_csv([*[""] * (len(ADDED) - 1), reason, *([""] if self.distance else [])])
            routed.note(int(block.lines[row]), reason)
        routed.rows += len(added)
        endings: list[str] = added.tolist()
        return endings

    def route_together(self, lines: Sequence[Line], lon: Floats, lat: Floats) -> list[str]:
        """The endings of rows whose categories have these lines."""
        decisions = self.router.route_each(lines, lon, lat)
        decided = zip(decisions.line.tolist(), decisions.position.tolist(), strict=True)
        endings = list(map(self.endings.__getitem__, decided))
        for point, words in _passed_over(self.router, decisions).items():
            endings[point] = f"{endings[point].removesuffix(',')}{_guarded([words])},"
        if self.distance:
            metres = self.router.metres_to_edge(decisions, lon, lat)
            return [f"{ending},{_metres(far)}" for ending, far in zip(endings, metres.tolist(), strict=True)]
        return endings


def _metres(far: float) -> str:
    return "" if math.isnan(far) else f"{far:.2f}"


def _reason(category: str | None, lon: float, lat: float, on_earth: bool) -> str:
    if category is None:
        return COLUMNS
    if not (math.isfinite(lon) and math.isfinite(lat)):
        return NUMBER
    return CATEGORY if on_earth else RANGE


def _passed_over(router: Router, decisions: Decisions) -> dict[int, str]:
    """Point → "rule: feature = what it names", for each feature that names no department of ours."""
    words: dict[int, list[str]] = {}
    for point, number, position in decisions.passed_over:
        line = router.lines[number]
        said = f"{line.rule.position}: {line.index.keys[position]} = {line.named[position]}"
        words.setdefault(point, []).append(said)
    return {point: "; ".join(said) for point, said in words.items()}

"""Reports are routed again, many at once: through another map, through other rules, or because some are due.

They are read in blocks, newest first, and nothing is kept of a block but counts and as many examples as are asked for.
"""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import select

from service.db import session
from service.db.types import AnySelect
from service.gis.measuring import Floats, Integers
from service.municipalities.directory import Municipality
from service.reports.catalogue import category_with
from service.reports.models import Report
from service.reports.routing import NOWHERE, Asset, Decisions, Line, Router

BLOCK = 20_000
MOST_FEATURES = 200

reports: Any = Report.__table__
ASKED = (
    reports.c.id,
    reports.c.category_id,
    reports.c.longitude,
    reports.c.latitude,
    reports.c.asset_layer,
    reports.c.asset_key,
)


class Block(NamedTuple):
    """Reports as arrays; `assets` are those that are named, by place in the block, in its order."""

    id: Integers
    category: Integers
    lon: Floats
    lat: Floats
    assets: Mapping[int, Asset]
    rows: Sequence[Any]


def months_ago(moment: datetime, months: int) -> datetime:
    """The same hour so many months before, on the last day of a month that is too short."""
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def past_reports(municipality: Municipality, since: datetime | None, most: int) -> Iterator[Block]:
    """The newest reports, so many at the most, of those made since then."""
    query = select(*ASKED).where(reports.c.municipality_id == municipality.id)
    return blocks(query if since is None else query.where(reports.c.created_at >= since), most)


def blocks(query: AnySelect, most: int) -> Iterator[Block]:
    """The reports of the query in blocks, newest first; its first columns are ASKED."""
    before = None
    while most > 0:
        page = query if before is None else query.where(reports.c.id < before)
        rows = session.execute(page.order_by(reports.c.id.desc()).limit(min(BLOCK, most))).all()
        if not rows:
            return
        yield block_of(rows)
        before, most = rows[-1].id, most - len(rows)


def block_of(rows: Sequence[Any]) -> Block:
    """Rows as arrays."""
    ids, categories, lon, lat, layers, keys = list(zip(*rows, strict=True))[: len(ASKED)]
    assets = {n: (layer, key) for n, (layer, key) in enumerate(zip(layers, keys, strict=True)) if key is not None}
    return Block(np.array(ids), np.array(categories), np.array(lon), np.array(lat), assets, rows)


class Routed(NamedTuple):
    """The decisions for a block: the number of the department among those of the municipality, and what decided."""

    department: Integers
    line: Integers
    position: Integers


class Replay:
    """A router as blocks of reports need it: categories that have the same lines are routed together."""

    def __init__(self, municipality: Municipality, router: Router) -> None:
        self.municipality = municipality
        self.router = router
        self.keys = list(municipality.departments)
        number_of: dict[str | None, int] = {key: number for number, key in enumerate(self.keys)}
        self.fallback = number_of[router.fallback]
        self.numbers = [
            np.array([number_of.get(key, NOWHERE) for key in line.departments], dtype=np.intp) for line in router.lines
        ]

    def route(self, block: Block) -> Routed:
        """Who gets each of the reports, as at intake."""
        line, position = np.full(len(block.id), NOWHERE), np.full(len(block.id), NOWHERE)
        for lines, rows in self.together(block.category):
            decided = self.decide(lines, rows, block)
            line[rows], position[rows] = decided.line, decided.position
        return Routed(self.departments(line, position), line, position)

    def together(self, category: Integers) -> Iterator[tuple[Sequence[Line], Integers]]:
        """Lines, and the places in the block of the reports whose categories have these."""
        of_lines: dict[tuple[Line, ...], list[int]] = {}
        for key in np.unique(category).tolist():
            found = category_with(self.municipality, key)
            of_lines.setdefault(tuple(self.router.lines_for(found.key, found.group_key)), []).append(key)
        for lines, keys in of_lines.items():
            yield lines, np.flatnonzero(np.isin(category, keys))

    def decide(self, lines: Sequence[Line], rows: Integers, block: Block) -> Decisions:
        """The decisions for these of the block."""
        named: dict[int, Asset] = {}
        if block.assets:
            named = {n: block.assets[row] for n, row in enumerate(rows.tolist()) if row in block.assets}
        return self.router.route_each(lines, block.lon[rows], block.lat[rows], named)

    def departments(self, line: Integers, position: Integers) -> Integers:
        """The departments for which these features of these lines stand."""
        found = np.full(len(line), self.fallback)
        for number in np.unique(line[line != NOWHERE]).tolist():
            here = line == number
            found[here] = self.numbers[number][position[here]]
        return found

    def deciding(self, line: int, position: int) -> dict[str, Any] | None:
        """What decided, for a person: rule, layer, version, feature; None for the fallback desk."""
        if line == NOWHERE:
            return None
        found = self.router.lines[line]
        index = found.index
        return {
            "rule": found.rule.position,
            "layer": index.layer_key,
            "version": index.version,
            "feature": index.keys[position],
        }


@dataclass
class Comparison:
    """What routing anew has told: how many reports were looked at, and what of them would go elsewhere.

    `ways` counts (from, to), `features` ((line, position) before, the same after), `moved` is (id, from, to, features)
    of the first of them, of those with ids below `before` where that is said.
    """

    before: int | None = None
    looked_at: int = 0
    moved_count: int = 0
    ways: Counter[tuple[int, int]] = field(default_factory=Counter)
    features: Counter[tuple[int, ...]] = field(default_factory=Counter)
    moved: list[tuple[int, ...]] = field(default_factory=list)

    def take(self, block: Block, before: Routed, after: Routed, most: int) -> None:
        """Count a block, and keep its first that move until there are so many."""
        here = np.flatnonzero(before.department != after.department)
        table = np.stack(
            [block.id, before.department, after.department, before.line, before.position, after.line, after.position]
        )[:, here].T
        self.looked_at += len(block.id)
        self.moved_count += len(here)
        for columns, counter in ((table[:, 1:3], self.ways), (table[:, 3:], self.features)):
            pairs, counts = np.unique(columns, axis=0, return_counts=True)
            counter.update(dict(zip(map(tuple, pairs.tolist()), counts.tolist(), strict=True)))
        following = table if self.before is None else table[table[:, 0] < self.before]
        self.moved += [tuple(row) for row in following[: max(most - len(self.moved), 0)].tolist()]


def compare(blocks: Iterator[Block], before: Replay, after: Replay, most: int, below: int | None = None) -> Comparison:
    """Route all blocks both ways; of the reports that would go elsewhere at most so many with ids below are kept."""
    comparison = Comparison(below)
    for block in blocks:
        comparison.take(block, before.route(block), after.route(block), most)
    return comparison


def what_if(
    municipality: Municipality,
    now: Router,
    then: Router,
    since: datetime | None,
    most: int,
    listed: int,
    below: int | None = None,
) -> dict[str, Any]:
    """Which past reports another router would give to another department than the one in force does.

    Compared are the two routers, whatever became of the reports since; `most` are looked at, `listed` are listed,
    newest first, with ids `below` one where that is said.
    """
    before, after = Replay(municipality, now), Replay(municipality, then)
    found = compare(past_reports(municipality, since, most), before, after, listed, below)
    common = found.features.most_common(MOST_FEATURES)
    return {
        "reports": found.looked_at,
        "complete": found.looked_at < most,
        "moved": found.moved_count,
        "by_department": [ways_line(before, way, count) for way, count in found.ways.most_common()],
        "by_feature": [
            {"before": before.deciding(*pair[:2]), "after": after.deciding(*pair[2:]), "reports": count}
            for pair, count in common
        ],
        "list": [
            {
                "key": row[0],
                "from": before.keys[row[1]],
                "to": after.keys[row[2]],
                "before": before.deciding(*row[3:5]),
                "after": after.deciding(*row[5:]),
            }
            for row in found.moved
        ],
    }


def ways_line(replay: Replay, way: tuple[int, int], count: int) -> dict[str, Any]:
    """So many go from one department to another."""
    return {"from": replay.keys[way[0]], "to": replay.keys[way[1]], "reports": count}

"""Which rules never decide anything, or are shadowed by earlier ones.

Two things are said, and kept apart. What follows from map, rules and categories alone holds for every report that may
come: `never` and `covered_by`; only what can be proven is said, and silence proves nothing. What past reports show
holds for those reports: how often a rule matched and decided, and which earlier rule decided instead most often.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from service.gis.measuring import Integers
from service.municipalities.directory import Municipality
from service.reports.catalogue import Category, catalogue_of
from service.reports.replaying import Block, Replay, past_reports
from service.reports.routing import ASSET, IN, Line, Router

NO_LAYER, NO_CATEGORY, NO_FEATURE = "no_layer", "no_category", "no_feature"
NO_DEPARTMENT, NOT_NAMED = "no_department", "asset_not_named"
NEVER = (NO_LAYER, NO_CATEGORY, NO_FEATURE, NO_DEPARTMENT, NOT_NAMED)
"""Why a rule can decide nothing: its layer is not in force; no category in use is its business; no feature of its
layer has its attributes; none of those names a department of today; no category of its lets people name such an
asset."""
MOST_VERTICES = 200_000
"""Of the areas that are compared for covering each other; larger ones are left alone."""


def find_shadows(municipality: Municipality, router: Router, most: int) -> dict[str, Any]:
    """What is said of each rule that is in force, first to last; `most` past reports are replayed."""
    categories = [category for category in catalogue_of(municipality).by_key.values() if category.active]
    seen = Seen(len(router.lines))
    replay = Replay(municipality, router)
    for block in past_reports(municipality, None, most):
        seen.take(replay, block)
    found = [finding(router, line, categories, seen) for line in router.lines]
    found += [NOTHING | {"rule": rule.position, "layer": rule.layer} for rule in router.unmapped]
    return {"reports": seen.reports, "rules": sorted(found, key=lambda one: one["rule"])}


NOTHING = {"never": NO_LAYER, "covered_by": None, "matched": 0, "decided": 0, "shadowed_by": None}


def finding(router: Router, line: Line, categories: Sequence[Category], seen: "Seen") -> dict[str, Any]:
    """What is said of one rule."""
    return {
        "rule": line.rule.position,
        "layer": line.rule.layer,
        "never": never_why(line, categories),
        "covered_by": covered_by(router.lines[: line.number], line, categories),
        "matched": seen.matched[line.number],
        "decided": seen.decided[line.number],
        "shadowed_by": seen.shadow_of(router, line.number),
    }


class Seen:
    """What past reports show, by number of the line."""

    def __init__(self, lines: int) -> None:
        self.reports = 0
        self.matched = [0] * lines
        self.decided = [0] * lines
        self.instead: list[Counter[int]] = [Counter() for _ in range(lines)]

    def take(self, replay: Replay, block: Block) -> None:
        """Count a block."""
        routed = replay.route(block)
        self.reports += len(block.id)
        for lines, rows in replay.together(block.category):
            for line in lines:
                self.count(line, rows[matching(line, rows, block)], routed.line)

    def count(self, line: Line, matched: Integers, decided: Integers) -> None:
        """The line matches these reports of the block; count who decided them."""
        deciding = Counter(decided[matched].tolist())
        self.matched[line.number] += len(matched)
        self.decided[line.number] += deciding.pop(line.number, 0)
        self.instead[line.number].update({other: n for other, n in deciding.items() if 0 <= other < line.number})

    def shadow_of(self, router: Router, number: int) -> int | None:
        """The position of the rule that decided most often in the place of this one, where this never did."""
        if self.decided[number] or not self.instead[number]:
            return None
        return router.lines[self.instead[number].most_common(1)[0][0]].rule.position


def matching(line: Line, rows: Integers, block: Block) -> Integers:
    """Which of these reports the line matches, whoever decides them."""
    named = {n: block.assets[row] for n, row in enumerate(rows.tolist()) if row in block.assets}
    point, position = line.near_each(np.arange(len(rows)), block.lon[rows], block.lat[rows], named)
    return np.unique(point[line.means[position]])


def never_why(line: Line, categories: Sequence[Category]) -> str | None:
    """Why the rule can decide nothing; None where that is not proven."""
    due = [category for category in categories if line.rule.is_for(category.key, category.group_key)]
    if not due:
        return NO_CATEGORY
    if not line.means.any():
        return NO_FEATURE
    if not (line.means & line.knows).any():
        return NO_DEPARTMENT
    if line.rule.relation == ASSET and all(category.asset_layer != line.rule.layer for category in due):
        return NOT_NAMED
    return None


def covered_by(earlier: Sequence[Line], line: Line, categories: Sequence[Category]) -> int | None:
    """The position of the first earlier rule that is for all its categories and decides wherever this one matches."""
    due = {category.key for category in categories if line.rule.is_for(category.key, category.group_key)}
    for other in earlier:
        theirs = {category.key for category in categories if other.rule.is_for(category.key, category.group_key)}
        if due and due <= theirs and line.means.any() and covers(other, line):
            return other.rule.position
    return None


def covers(other: Line, line: Line) -> bool:
    """Whether it is proven that the earlier rule decides wherever this one matches: the same features of the same
    layer, as far away at least; or areas that hold all of this one's areas."""
    relations = {other.rule.relation, line.rule.relation}
    alike = other.rule.layer == line.rule.layer and (relations == {ASSET} or ASSET not in relations)
    if alike and reach(line) <= reach(other) and includes(other, line):
        return True
    return relations == {IN} and areas_cover(other, line)


def reach(line: Line) -> float:
    """How far from its features a rule reaches, in metres."""
    return line.rule.metres or 0.0


def includes(other: Line, line: Line) -> bool:
    """Whether each feature that this rule means is one by which the earlier decides; the first that matches counts, so
    that none that it means may name no department."""
    return bool((~line.means | (other.means & other.knows)).all() and (~other.means | other.knows).all())


def areas_cover(other: Line, line: Line) -> bool:
    """Whether every place in this rule's areas is in an area by which the earlier decides."""
    theirs, ours = other.index.geometries[other.means], line.index.geometries[line.means]
    if not (~other.means | other.knows).all() or not len(theirs):
        return False
    if shapely.get_num_coordinates(theirs).sum() + shapely.get_num_coordinates(ours).sum() > MOST_VERTICES:
        return False
    return bool(shapely.covers(shapely.union_all(theirs), ours).all())

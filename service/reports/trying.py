"""Staff try the rules at a place: who would get a report from there, why, and why no other rule."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from service.gis.locating import OutsideMunicipality, ensure_inside
from service.municipalities.directory import Municipality
from service.reports.catalogue import category_in
from service.reports.routing import FALLBACK, NOWHERE, Asset, Line, Router, in_words

DECIDES, LATER, NOT_ITS_BUSINESS = "decides", "later", "other_category"
NOT_HERE, NO_DEPARTMENT, NO_LAYER = "not_here", "no_department", "no_layer"
OUTCOMES = (DECIDES, LATER, NOT_ITS_BUSINESS, NOT_HERE, NO_DEPARTMENT, NO_LAYER)
"""What becomes of a rule at a place: it decides; it would, had no earlier one; it is for other categories; nothing of
its layer is here that it means; what it finds here names no department of today; its layer is not in force."""


def try_point(
    municipality: Municipality,
    router: Router,
    category: str,
    place: tuple[float, float],
    asset: Asset | None,
    spoken: str,
) -> dict[str, Any]:
    """The decision for a report of this category from there, and what became of every rule. Raises NoSuchCategory."""
    kind = category_in(municipality, category)
    decision = router.route(kind.key, kind.group_key, *place, asset)
    explanation = router.explain(decision)
    due = set(map(id, router.lines_for(kind.key, kind.group_key)))
    return {
        "department": decision.department,
        "inside": is_inside(municipality, place),
        "words": in_words(spoken, explanation),
        "routing": explanation,
        "rules": sorted([*_outcomes(router, due, place, asset), *_unmapped(router)], key=lambda rule: rule["rule"]),
    }


def is_inside(municipality: Municipality, place: tuple[float, float]) -> bool:
    """Whether reports are taken from there at all."""
    try:
        ensure_inside(municipality, *place)
    except OutsideMunicipality:
        return False
    return True


def _outcomes(
    router: Router, due: set[int], place: tuple[float, float], asset: Asset | None
) -> Iterator[dict[str, Any]]:
    decided = False
    for line in router.lines:
        position = line.first(*place, asset) if id(line) in due else NOWHERE
        if id(line) not in due:
            outcome = NOT_ITS_BUSINESS
        elif position == NOWHERE:
            outcome = NOT_HERE
        elif line.departments[position] is None:
            outcome = NO_DEPARTMENT
        else:
            outcome = LATER if decided else DECIDES
            decided = True
        feature = None if position == NOWHERE else line.index.keys[position]
        yield {
            "rule": line.rule.position,
            "layer": line.rule.layer,
            "outcome": outcome,
            "feature": feature,
            "department": None if position == NOWHERE else line.departments[position],
        }


def _unmapped(router: Router) -> Iterator[dict[str, Any]]:
    nothing = {"feature": None, "department": None}
    for rule in router.unmapped:
        yield {"rule": rule.position, "layer": rule.layer, "outcome": NO_LAYER} | nothing


def try_points(
    municipality: Municipality, router: Router, points: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """The decision for each of the points in their order, those of a category together. Raises NoSuchCategory."""
    kinds = {name: category_in(municipality, name) for name in {point["category"] for point in points}}
    answers: list[dict[str, Any]] = [{} for _ in points]
    for name, kind in kinds.items():
        rows = [n for n, point in enumerate(points) if point["category"] == name]
        lon, lat = (np.array([points[row][side] for row in rows]) for side in ("longitude", "latitude"))
        named = {n: asset for n, row in enumerate(rows) if (asset := asset_of(points[row])) is not None}
        decisions = router.route_each(router.lines_for(kind.key, kind.group_key), lon, lat, named)
        for row, line, position in zip(rows, decisions.line.tolist(), decisions.position.tolist(), strict=True):
            answers[row] = _decided(router, None if line == NOWHERE else router.lines[line], position)
    yield from answers


def asset_of(point: Mapping[str, Any]) -> Asset | None:
    """The asset that a point names."""
    asset = point.get("asset")
    return (asset["layer"], asset["feature"]) if asset else None


def _decided(router: Router, line: Line | None, position: int) -> dict[str, Any]:
    if line is None:
        nothing = dict.fromkeys(("rule", "layer", "version", "feature"))
        return {"department": router.fallback, "relation": FALLBACK} | nothing
    return {
        "department": line.departments[position],
        "relation": line.rule.relation,
        "rule": line.rule.position,
        "layer": line.index.layer_key,
        "version": line.index.version,
        "feature": line.index.keys[position],
    }

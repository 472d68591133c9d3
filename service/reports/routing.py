"""Which department gets a report, because of what the map says. Pure: rules and indexes in, a decision out.

A rule says: for this category (or group, or any), where the point lies in, or within so many metres of, a feature of
that layer with these attributes, this department. Rules are read by position, the first that matches wins; among
several features of one rule the lowest key wins, however near the others are; what no rule decides goes to the
fallback desk. An edge counts as inside, and exactly N metres as within N.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from service.errors import Problem
from service.gis.index import VersionIndex
from service.gis.measuring import Floats, Integers
from service.text import N_, pick, say

IN, WITHIN, ASSET = "in", "within", "asset"
RELATIONS = (IN, WITHIN, ASSET)
FALLBACK = "fallback"
FARTHEST = 10_000.0  # metres
FARTHEST_ASSET = 200.0
"""Metres between a place and the asset it is about: as far as a phone among houses may be wrong."""
NOWHERE = -1

Asset = tuple[str, str]  # the lamp-post, the bin: the key of its layer and its own

WORDS = {
    IN: N_("The place lies in “{feature}” ({layer})."),
    WITHIN: N_("The place lies within {metres} metres of “{feature}” ({layer})."),
    ASSET: N_("The report is about “{feature}” ({layer})."),
    FALLBACK: N_("No rule names a department for this place, so the desk for such reports receives it."),
}


class RuleRefused(Problem):
    """The routing rule cannot be read; `reason` says why."""

    status, code, message = 422, "routing_rule_refused", N_("This routing rule cannot be used.")


@dataclass(frozen=True)
class Rule:
    """One line of the routing table. Without `categories` and `group` it is for any category; with both, for either.

    `match` maps attributes to the value wanted, or to a list of which one is wanted. The department is named, or is
    what the matching feature says in `department_attribute`. Raises RuleRefused.
    """

    id: int
    position: int
    relation: str
    layer: str
    categories: frozenset[str] | None = None
    group: str | None = None
    metres: float | None = None
    match: Mapping[str, Any] = field(default_factory=dict)
    department: str | None = None
    department_attribute: str | None = None

    def __post_init__(self) -> None:
        if self.relation not in RELATIONS:
            raise RuleRefused(reason="relation")
        if (self.relation == WITHIN) != (self.metres is not None):
            raise RuleRefused(reason="metres")
        if self.metres is not None and not 0 <= self.metres <= FARTHEST:
            raise RuleRefused(reason="metres")
        if (self.department is None) == (self.department_attribute is None):
            raise RuleRefused(reason="department")

    def is_for(self, category: str, group: str | None) -> bool:
        """Whether reports of this category, which is in this group, are the rule's business."""
        if self.categories is None and self.group is None:
            return True
        return category in (self.categories or ()) or (self.group is not None and self.group == group)

    def matches(self, attributes: Mapping[str, Any]) -> bool:
        """Whether a feature with these attributes is meant."""
        return all(
            _same(attributes.get(name), wanted)
            if not isinstance(wanted, list | tuple)
            else any(_same(attributes.get(name), one) for one in wanted)
            for name, wanted in self.match.items()
        )

    def names(self, attributes: Mapping[str, Any]) -> Any:
        """What the rule says is the department, where a feature with these attributes decides."""
        return self.department if self.department_attribute is None else attributes.get(self.department_attribute)


def _same(value: Any, wanted: Any) -> bool:
    """Equal as JSON is: 8 is 8.0, but neither "8" nor true is 1."""
    return bool(value == wanted) and isinstance(value, bool) == isinstance(wanted, bool)


class PassedOver(NamedTuple):
    """A rule that matched a feature whose attribute names no department of ours."""

    rule: Rule
    feature: str
    value: Any


class Decision(NamedTuple):
    """Who gets it, and why. Where the fallback desk gets it there is no rule, no layer and no position in the layer."""

    department: str
    lon: float
    lat: float
    rule: Rule | None = None
    layer: VersionIndex | None = None
    position: int = NOWHERE
    passed_over: tuple[PassedOver, ...] = ()

    @property
    def feature(self) -> str | None:
        """The key of the feature that decided."""
        return self.layer.keys[self.position] if self.layer else None


class AssetNeeded(Problem):
    """The category asks which asset it is about, or the one that was named is none of its `layer` (null: of none)."""

    status, code, message = 422, "asset_needed", N_("Please choose on the map which one it is.")


class AssetTooFar(Problem):
    """The asset that was named is so many `metres` from the place, and `most` are allowed: one of the two is wrong."""

    status, code, message = 422, "asset_too_far", N_("What you have chosen is not at this place. Please choose again.")


class Line:
    """A rule with the index of its layer: by position, which features are meant and the department each stands for.

    `number` is its place among the lines of its router.
    """

    def __init__(self, number: int, rule: Rule, index: VersionIndex, departments: Collection[str]) -> None:
        self.number = number
        self.rule = rule
        self.index = index
        self.meant = [rule.matches(attributes) for attributes in index.attributes]
        self.named = [rule.names(attributes) for attributes in index.attributes]
        self.departments = [name if isinstance(name, str) and name in departments else None for name in self.named]
        self.means = np.array(self.meant, dtype=bool)
        self.knows = np.array([department is not None for department in self.departments], dtype=bool)

    def first(self, lon: float, lat: float, asset: Asset | None) -> int:
        """The position of the first feature that the rule matches, or NOWHERE."""
        meant = self.meant
        for position in self.near(lon, lat, asset):
            if meant[position]:
                return position
        return NOWHERE

    def near(self, lon: float, lat: float, asset: Asset | None) -> list[int]:
        """Positions of the features that lie as the rule says, lowest key first."""
        if self.rule.relation == IN:
            return self.index.holding(lon, lat)
        if self.rule.metres is not None:
            return self.index.within(lon, lat, self.rule.metres)
        if asset is None or asset[0] != self.rule.layer or asset[1] not in self.index.positions:
            return []
        return [self.index.positions[asset[1]]]

    def near_each(
        self, point: Integers, lon: Floats, lat: Floats, assets: Mapping[int, Asset]
    ) -> tuple[Integers, Integers]:
        """Pairs (point, position) of the features that lie as the rule says, ordered, for these of all the points.

        `assets` are those that are named, by point.
        """
        if self.rule.relation == ASSET:
            return self.named_each(assets)
        if self.rule.metres is not None:
            which, position = self.index.within_each(lon[point], lat[point], self.rule.metres)
        else:
            which, position = self.index.holding_each(lon[point], lat[point])
        return point[which], position

    def named_each(self, assets: Mapping[int, Asset]) -> tuple[Integers, Integers]:
        """Pairs (point, position) of the assets of this layer that are named."""
        positions = self.index.positions
        found = [
            (point, positions[key])
            for point, (layer, key) in assets.items()
            if layer == self.rule.layer and key in positions
        ]
        point, position = np.array(found, dtype=np.intp).reshape(-1, 2).T
        return point, position


class Decisions:
    """Decisions for many points, as arrays over the points.

    `line` is the number of the router's line that decides and `position` that of the feature in its layer; both are
    NOWHERE for the fallback desk. `passed_over` is (point, line, position) for features that name no department of
    ours.
    """

    def __init__(self, points: int) -> None:
        self.line: Integers = np.full(points, NOWHERE)
        self.position: Integers = np.full(points, NOWHERE)
        self.passed_over: list[tuple[int, int, int]] = []

    def take(self, line: Line, point: Integers, position: Integers) -> None:
        """Let a line decide those undecided points that it can, given the features near them in order."""
        due = (self.line[point] == NOWHERE) & line.means[position]
        point, position = point[due], position[due]
        first = np.flatnonzero(np.diff(point, prepend=NOWHERE))
        point, position = point[first], position[first]
        known = line.knows[position]
        self.line[point[known]] = line.number
        self.position[point[known]] = position[known]
        strangers = zip(point[~known].tolist(), position[~known].tolist(), strict=True)
        self.passed_over += [(point, line.number, position) for point, position in strangers]


class Router:
    """The routing table of one municipality over one state of its map; safe to share between threads.

    `departments` are the keys that a rule may name; `fallback` is the desk's. `unmapped` are rules over layers that
    are not in force, which match nothing.
    """

    def __init__(
        self, rules: Iterable[Rule], indexes: Mapping[str, VersionIndex], fallback: str, departments: Collection[str]
    ) -> None:
        ordered = sorted(rules, key=lambda rule: (rule.position, rule.id))
        mapped = [rule for rule in ordered if rule.layer in indexes]
        self.unmapped = [rule for rule in ordered if rule.layer not in indexes]
        self.lines = [Line(i, rule, indexes[rule.layer], departments) for i, rule in enumerate(mapped)]
        self.indexes = indexes
        self.fallback = fallback
        self.lines_of: dict[tuple[str, str | None], list[Line]] = {}

    def lines_for(self, category: str, group: str | None) -> list[Line]:
        """The lines that are this category's business, first to last."""
        lines = self.lines_of.get((category, group))
        if lines is None:
            lines = [line for line in self.lines if line.rule.is_for(category, group)]
            self.lines_of[category, group] = lines
        return lines

    def route(self, category: str, group: str | None, lon: float, lat: float, asset: Asset | None = None) -> Decision:
        """Who gets a report of this category at this place (degrees, WGS84)."""
        passed_over: tuple[PassedOver, ...] = ()
        for line in self.lines_for(category, group):
            position = line.first(lon, lat, asset)
            if position == NOWHERE:
                continue
            department = line.departments[position]
            if department is not None:
                return Decision(department, lon, lat, line.rule, line.index, position, passed_over)
            passed_over += (PassedOver(line.rule, line.index.keys[position], line.named[position]),)
        return Decision(self.fallback, lon, lat, passed_over=passed_over)

    def route_each(
        self, lines: Sequence[Line], lon: Floats, lat: Floats, assets: Mapping[int, Asset] | None = None
    ) -> Decisions:
        """The same for many places: each layer is asked once for all that are still undecided.

        `lines` are those of the places' category; `assets` are those that are named, by place, in the places' order.
        """
        decisions = Decisions(len(lon))
        asked: dict[tuple[str, str, float | None], tuple[Integers, Integers]] = {}
        for line in lines:
            undecided = np.flatnonzero(decisions.line == NOWHERE)
            question = (line.rule.relation, line.rule.layer, line.rule.metres)
            if question not in asked:
                asked[question] = line.near_each(undecided, lon, lat, assets or {})
            decisions.take(line, *asked[question])
        return decisions

    def metres_to_edge(self, decisions: Decisions, lon: Floats, lat: Floats) -> Floats:
        """Geodesic metres from each place to the nearest edge of its feature, NaN for the fallback desk."""
        metres = np.full(len(lon), np.nan)
        for line in self.lines:
            here = np.flatnonzero(decisions.line == line.number)
            metres[here] = line.index.edges.metres(lon[here], lat[here], decisions.position[here])
        return metres

    def check_asset(self, layer: str | None, asset: Asset | None, lon: float, lat: float) -> None:
        """Refuse a missing asset where the category wants one of this layer, any other, and one that is elsewhere.

        Raises AssetNeeded, AssetTooFar.
        """
        if layer is None and asset is None:
            return
        if asset is None or layer != asset[0] or asset[1] not in self.positions_in(layer):
            raise AssetNeeded(layer=layer)
        index, position = self.indexes[layer], self.indexes[layer].positions[asset[1]]
        if position not in index.within(lon, lat, FARTHEST_ASSET):
            raise AssetTooFar(metres=round(index.metres_to_edge(position, lon, lat), 1), most=FARTHEST_ASSET)

    def positions_in(self, layer: str) -> Mapping[str, int]:
        """The features of a layer by key; none where the map has no such layer."""
        return self.indexes[layer].positions if layer in self.indexes else {}

    @staticmethod
    def explain(decision: Decision) -> dict[str, Any]:
        """The decision as a report keeps it, for ever readable without the map and the rules of that day.

        `rule` is the rule's position; `distance_to_edge` is in metres from the place to the nearest edge of the
        feature, from within as from without.
        """
        explanation: dict[str, Any] = {"department": decision.department, "relation": FALLBACK}
        rule, layer, position = decision.rule, decision.layer, decision.position
        if rule and layer:
            distance = layer.metres_to_edge(position, decision.lon, decision.lat)
            explanation |= facts(rule, layer, position) | {"distance_to_edge": round(distance, 3)}
        if decision.passed_over:
            explanation["passed_over"] = [
                {"rule": p.rule.position, "layer": p.rule.layer, "feature": p.feature, "named": p.value}
                for p in decision.passed_over
            ]
        return explanation


def facts(rule: Rule, layer: VersionIndex, position: int) -> dict[str, Any]:
    """What an explanation says of the rule and the feature, wherever the point lies."""
    return {
        "relation": rule.relation,
        "metres": rule.metres,
        "rule": rule.position,
        "match": dict(rule.match),
        "department_attribute": rule.department_attribute,
        "layer": layer.layer_key,
        "layer_name": dict(layer.layer_name),
        "version": layer.version,
        "feature": layer.keys[position],
        "feature_name": layer.names_of(position),
    }


def in_words(language: str, explanation: Mapping[str, Any]) -> str:
    """The explanation in a sentence for a person."""
    metres = explanation.get("metres")
    return say(
        language,
        WORDS[explanation["relation"]],
        feature=pick(explanation.get("feature_name", {}), language),
        layer=pick(explanation.get("layer_name", {}), language),
        metres=None if metres is None else f"{metres:g}",
    )

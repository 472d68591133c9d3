"""The published trees that a process has in memory, and how far each is: versions never change, so they are kept by
what they are; what changes with the plan is kept by the count of what was shown.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cached_property
from typing import Any
from uuid import UUID

import orjson
from shapely.geometry import shape

from service.gis.romanising import in_latin
from service.plans.finding import revisions_of
from service.plans.models import PlanRow, PlanVersion
from service.plans.progress_finding import entries_in, reports_of
from service.plans.rolling_up import Standing, Sum, leaf_levels, roll_up, standings
from service.plans.rows import Row
from service.text.endings import stem

MOST_TREES = 16
SHORTEST_ENDING = 6
"""Letters from which on the ending of a word may be another one."""


class Tree:
    """A version in memory: its heading, its rows from the top down, and our names of them."""

    def __init__(self, version: PlanVersion) -> None:
        found = revisions_of(version.id)
        keys = {row.element_id: row.key for row in found}
        self.hash = version.content_hash
        self.heading: Mapping[str, Any] = version.heading
        self.rows = [Row(row.key, keys.get(row.parent_id), row.detail, row.revision_hash) for row in found]
        self.uids: dict[str, UUID] = {row.key: row.uid for row in found}
        self.positions = {row.key: place for place, row in enumerate(self.rows)}
        self.keys_by_uid = {uid: key for key, uid in self.uids.items()}
        self.leaves = leaf_levels(self.heading)

    def row(self, key: str) -> Row:
        return self.rows[self.positions[key]]

    def above(self, key: str) -> list[Row]:
        """The elements above one, from the top down."""
        found: list[Row] = []
        at = self.row(key).parent
        while at is not None:
            found.append(self.row(at))
            at = found[-1].parent
        return found[::-1]

    @cached_property
    def areas(self) -> dict[str, list[float]]:
        """A point within each of the territories that the version names, by their keys."""
        named = [one for one in self.heading.get("territories", ()) if one.get("geometry")]
        return {one["key"]: point_within(one["geometry"]) for one in named}

    def place_of(self, row: Row) -> tuple[str, Mapping[str, Any]] | None:
        """Where an action is: its own place ("action"), else points in the territories that it names ("territory")."""
        action = row.detail.get("action", {})
        if own := action.get("geometry"):
            return "action", own
        found = [self.areas[key] for key in action.get("territories", ()) if key in self.areas]
        if not found:
            return None
        return "territory", {"type": "MultiPoint", "coordinates": found}

    @cached_property
    def texts(self) -> list[tuple[str, str]]:
        """Of each row what is searched of its number and title, and of the rest."""
        return [(words_of(row.title, row.number), words_of(row.detail.get("description", {}))) for row in self.rows]

    @cached_property
    def languages(self) -> set[str]:
        """The languages that titles of the version are in."""
        return {language for row in self.rows for language in row.title}

    def matching(self, text: str) -> list[int]:
        """Places of the rows that have every word: what has this number, then by title, then others."""
        wanted = [forms_of(word, self.languages) for word in in_latin(text).split()]
        if not wanted:
            return []
        numbered, titled, described = list[int](), list[int](), list[int]()
        for place, (title, rest) in enumerate(self.texts):
            if self.rows[place].number == text.strip():
                numbered.append(place)
            elif all(has(title, forms) for forms in wanted):
                titled.append(place)
            elif all(has(title, forms) or has(rest, forms) for forms in wanted):
                described.append(place)
        return numbered + titled + described


def point_within(geometry: Mapping[str, Any]) -> list[float]:
    """Longitude and latitude of a point of a geometry: an area may be large, and a thousand actions in it."""
    point = shape(dict(geometry)).representative_point()
    return [round(point.x, 6), round(point.y, 6)]


def words_of(texts: Mapping[str, str], number: str | None = None) -> str:
    """The words of a text in all its languages, in Latin letters without accents, each after a space; and of each, with
    its language, what it has in common with its other cases.
    """
    found = [in_latin(number or "")]
    for language, text in texts.items():
        words = in_latin(text).split()
        found += [*words, *(kind_of(word, language) for word in dict.fromkeys(words))]
    return " " + " ".join(found)


def kind_of(word: str, language: str) -> str:
    """The word without its ending, as one of this language."""
    return f"{language}:{stem(word, language)};"


def forms_of(word: str, languages: Iterable[str]) -> list[str]:
    """As what a word that somebody looks for may stand there: as the beginning of one, a long one without its last two
    letters, or in another case.
    """
    beginning = word[:-2] if len(word) >= SHORTEST_ENDING else word
    return [f" {beginning}", *(f" {kind_of(word, language)}" for language in languages)]


def has(words: str, forms: Iterable[str]) -> bool:
    """Whether one of the forms stands among the words."""
    return any(form in words for form in forms)


class State:
    """A version with how far it is: what everybody sees of a plan at some time."""

    def __init__(self, plan: PlanRow, tree: Tree) -> None:
        self.tree = tree
        reports = reports_of(plan, approved=True)
        entries: dict[int, list[Mapping[str, Any]]] = {report.id: [] for report in reports}
        for entry in entries_in(list(entries)):
            entries[entry.report_id].append(entry.detail)
        self.reports = [(report.detail, entries[report.id]) for report in reports]
        self.approved_at = [report.approved_at for report in reports]
        self.standings: Mapping[str, Standing] = self.standings_after(len(reports))
        self.sums: Mapping[str | None, Sum] = roll_up(tree.rows, self.standings, tree.leaves)

    def standings_after(self, count: int) -> dict[str, Standing]:
        """How far each action was after so many reports."""
        said = [(detail["key"], entries) for detail, entries in self.reports[:count]]
        return standings(self.tree.rows, said)

    def found(self, text: str | None, level: str | None, status: str | None) -> list[int]:
        """Places of the rows with these words, of this level and status."""
        rows = self.tree.rows
        return [
            place
            for place in (range(len(rows)) if text is None else self.tree.matching(text))
            if level in (None, rows[place].detail["level"]) and status in (None, self.standings[rows[place].key].status)
        ]

    @cached_property
    def tree_bytes(self) -> bytes:
        """The whole tree as residents browse it, in JSON."""
        nodes: dict[str | None, dict[str, Any]] = {None: {"children": []}}
        for row in self.tree.rows:
            nodes[row.key] = node = self.line(row) | {"children": []}
            nodes[row.parent]["children"].append(node)
        return orjson.dumps({"version": self.tree.hash, "elements": nodes[None]["children"]})

    @cached_property
    def map_bytes(self) -> bytes:
        """The elements that have a place, as GeoJSON."""
        features = [self.feature(row, *found) for row in self.tree.rows if (found := self.tree.place_of(row))]
        return orjson.dumps({"type": "FeatureCollection", "features": features})

    def feature(self, row: Row, place: str, geometry: Mapping[str, Any]) -> dict[str, Any]:
        """An element on the map; `place` is whose place it is."""
        named = {"type": "Feature", "id": str(self.tree.uids[row.key])}
        return named | {"geometry": geometry, "properties": self.line(row) | {"place": place}}

    def line(self, row: Row) -> dict[str, Any]:
        """An element in a list: what it is called, where it stands and how far it is."""
        below, standing = self.sums[row.key], self.standings[row.key]
        return {
            "id": str(self.tree.uids[row.key]),
            "key": row.key,
            "level": row.detail["level"],
            "number": row.number,
            "title": row.title,
            "status": standing.status,
            "percent": rounded(below.percent),
            "actions": below.actions,
            "reported": below.reported,
        }


def rounded(percent: float | None) -> float | None:
    return None if percent is None else round(percent, 1)


class Recent:
    """What was asked for last, so many things; one thread makes a thing, the others wait for it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.things: OrderedDict[Hashable, Any] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The thing of this key, made where it is not there."""
        found = self.things.get(key)
        if found is not None:
            return found
        with self.lock:
            if key not in self.things:
                self.things[key] = make()
                while len(self.things) > self.most:
                    self.things.popitem(last=False)
            return self.things[key]


trees = Recent(MOST_TREES)
states = Recent(MOST_TREES)


def tree_of(plan: PlanRow, version: PlanVersion) -> Tree:
    """The tree of a version that is frozen."""
    found: Tree = trees.get((plan.uid, version.content_hash), lambda: Tree(version))
    return found


def state_of(plan: PlanRow, version: PlanVersion) -> State:
    """The version in force with its progress, as everybody sees it."""
    key = plan.uid, version.content_hash, plan.shown
    found: State = states.get(key, lambda: State(plan, tree_of(plan, version)))
    return found

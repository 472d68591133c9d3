"""Bring the rows of a table into a plan: what they name again is updated, what they name first is added.

An element is known again by its key, else by its title, alone or with what it stands under, else by its number,
wherever that is the only one. What a table has no column for stays as it was. A text that changes loses its renderings
in other languages.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from service.plans import kinds
from service.plans.document import Action, Element, Level, Plan, walk
from service.plans.files.amounts import Amount, written
from service.plans.files.layout import Layout, LevelColumn, plain
from service.plans.files.refusing import Finding, PlanFileRefused, Report
from service.plans.files.rows import TYPE_NAMES, Group, Row
from service.plans.values import Body, FundingSource, MoneyLine, Period, StatedDate, Text
from service.text import pick

OF_EETAA = (
    Level("axis", {"el": "Άξονας", "en": "Axis"}, {"el": "Άξονες", "en": "Axes"}),
    Level("measure", {"el": "Μέτρο", "en": "Measure"}, {"el": "Μέτρα", "en": "Measures"}),
    Level("objective", {"el": "Στόχος", "en": "Objective"}, {"el": "Στόχοι", "en": "Objectives"}),
)
ACTION_LEVEL = Level("action", {"el": "Δράση", "en": "Action"}, {"el": "Δράσεις", "en": "Actions"}, leaf=True)
UNUSABLE = re.compile(r"[\s/?#\x00-\x1f]+")
OF_SHEET = ("budgeted", "total")
"""The roles of the money lines that a table holds; others stay."""


@dataclass
class Node:
    """An element while the tree is put together: its children by key, in their order."""

    element: Element
    parent: str | None
    children: list[str] = field(default_factory=list)


@dataclass
class Tree:
    """The elements of a plan by key, with the keys of the topmost ones."""

    nodes: dict[str, Node] = field(default_factory=dict)
    roots: list[str] = field(default_factory=list)

    def put(self, element: Element, parent: str | None) -> None:
        self.nodes[element.key] = Node(element, parent)
        self.siblings(parent).append(element.key)

    def move(self, key: str, parent: str | None) -> None:
        node = self.nodes[key]
        if node.parent != parent:
            self.siblings(node.parent).remove(key)
            self.siblings(parent).append(key)
            node.parent = parent

    def remove(self, key: str) -> None:
        self.siblings(self.nodes.pop(key).parent).remove(key)

    def siblings(self, parent: str | None) -> list[str]:
        return self.roots if parent is None else self.nodes[parent].children

    def frozen(self, keys: Sequence[str]) -> tuple[Element, ...]:
        found = (self.nodes[key] for key in keys)
        return tuple(replace(node.element, children=self.frozen(node.children)) for node in found)


def assemble(
    plan: Plan, rows: Sequence[Row], layout: Layout, language: str, report: Report, remove_missing: bool = False
) -> Plan:
    """The plan with what the rows say in this language. Raises PlanFileRefused where its levels are others.

    `remove_missing` takes out the actions that no row names, and what is empty without them.
    """
    plan = replace(plan, levels=plan.levels or _levels(layout, language))
    above, leaves = _above_and_leaves(plan, layout)
    tree = Tree()
    for element, parent in walk(plan.elements):
        tree.put(replace(element, children=()), parent.key if parent else None)
    putting = Putting(plan, tree, layout, language, report, above, leaves)
    known = matches(putting.leaves_there(), rows, language)
    named = [putting.put_row(row, known.get(place)) for place, row in enumerate(rows)]
    if remove_missing:
        putting.remove_but(set(named))
    return replace(
        plan,
        elements=tree.frozen(tree.roots),
        bodies=tuple(putting.bodies.values()),
        funding_sources=tuple(putting.sources.values()),
    )


def _levels(layout: Layout, language: str) -> tuple[Level, ...]:
    """The levels of a plan that had none: EETAA's three, or those that the table names."""
    if [plain(one.name)[:4] for one in layout.levels] == [plain(one.name["el"])[:4] for one in OF_EETAA]:
        return (*OF_EETAA, ACTION_LEVEL)
    keys = unique()
    above = (Level(keys(one.key or _usable(one.name)), {language: one.name}) for one in layout.levels)
    return (*above, replace(ACTION_LEVEL, key=keys("action")))


def _above_and_leaves(plan: Plan, layout: Layout) -> tuple[list[str], list[str]]:
    """The levels that stand for the columns, and those of actions. Raises PlanFileRefused."""
    leaves = [one.key for one in plan.levels if one.leaf] or [plan.levels[-1].key]
    above = [one for one in plan.levels if one.key not in leaves]
    if layout.levels and len(above) != len(layout.levels):
        raise PlanFileRefused(reason="levels_differ", missing=[pick(one.name, plan.source_language) for one in above])
    return [one.key for one in above][: len(layout.levels)], leaves


def matches(there: Iterable[tuple[Element, str]], rows: Sequence[Row], language: str) -> dict[int, str]:
    """Row's place → key of the element that it names again; `there` are elements with the title of what is above."""
    elements = list(there)
    above = {element.key: title for element, title in elements}
    left = {element.key: element for element, _ in elements}
    found: dict[int, str] = {}
    by: Sequence[tuple[Callable[[Row], Any], Callable[[Element], Any]]] = (
        (lambda row: row.texts.get("key"), lambda element: element.key),
        (lambda row: plain(row.texts["title"]), lambda element: plain(element.title.get(language))),
        (
            lambda row: (plain(row.texts["title"]), plain(row.above())),
            lambda element: (plain(element.title.get(language)), plain(above[element.key])),
        ),
        (lambda row: row.texts.get("number"), lambda element: element.number),
    )
    for of_row, of_element in by:
        said = only({place: of_row(row) for place, row in enumerate(rows) if place not in found})
        there = only({key: of_element(element) for key, element in left.items()})
        for name in said.keys() & there.keys():
            found[said[name]] = there[name]
            del left[there[name]]
    return found


def only(named: Mapping[Any, Any]) -> dict[Any, Any]:
    """Name → what has it, for names that one thing alone has."""
    times = Counter(named.values())
    return {name: one for one, name in named.items() if name and times[name] == 1}


@dataclass
class Putting:
    """Rows being put into a tree."""

    plan: Plan
    tree: Tree
    layout: Layout
    language: str
    report: Report
    above: list[str]
    leaves: list[str]

    def __post_init__(self) -> None:
        self.bodies = {one.key: one for one in self.plan.bodies}
        self.sources = {one.key: one for one in self.plan.funding_sources}
        self.body_keys = {plain(name): one.key for one in self.plan.bodies for name in one.name.values()}
        self.source_keys = {plain(name): one.key for one in self.plan.funding_sources for name in one.name.values()}
        self.groups: dict[tuple[str, str | None, str], str] = {}
        self.taken = unique(self.tree.nodes)
        self.renamed: set[str] = set()
        nodes = self.tree.nodes.values()
        for node in nodes:
            for name in (node.element.number, plain(node.element.title.get(self.language))):
                if name and not self.is_leaf(node.element):
                    self.groups.setdefault((node.element.level, self.scope(node.parent, name), name), node.element.key)

    def is_leaf(self, element: Element) -> bool:
        return element.level in self.leaves or element.action is not None

    def leaves_there(self) -> Iterator[tuple[Element, str]]:
        """The actions that are there, each with the title of what it stands under."""
        for node in self.tree.nodes.values():
            if self.is_leaf(node.element):
                above = self.tree.nodes[node.parent].element.title if node.parent else {}
                yield node.element, above.get(self.language, "")

    def scope(self, parent: str | None, name: str) -> str | None:
        """Under what a name is known: a number with a point is the only one of the plan, another name of its parent."""
        return None if "." in name else parent

    def put_row(self, row: Row, key: str | None) -> str:
        """Put one row in its place; the key of its element."""
        parent: str | None = None
        for level, column, group in zip(self.above, self.layout.levels, row.groups, strict=False):
            parent = self.put_group(row, level, column, group, parent) if group else parent
        if key is None:
            key = self.taken(row.texts.get("key") or f"action-{_usable(row.texts.get('number') or row.texts['title'])}")
            self.tree.put(Element(key, self.level_of(row), {}, action=Action()), parent)
        elif self.layout.levels:
            self.tree.move(key, parent)
        node = self.tree.nodes[key]
        node.element = self.said(node.element, row)
        return key

    def level_of(self, row: Row) -> str:
        """The level of actions that the row names, else the last one."""
        said = row.texts.get("level")
        return said if said in self.leaves else self.leaves[-1]

    def put_group(self, row: Row, level: str, column: LevelColumn, group: Group, parent: str | None) -> str:
        """The key of the axis, measure or objective that a row stands under; a new one is added."""
        name = group.number or plain(group.title)
        place = (level, self.scope(parent, name), name)
        key = self.groups.get(place)
        if key is None:
            key = self.groups[place] = self.taken(_usable(group.number or group.title))
            self.tree.put(Element(key, level, {self.language: group.title}, number=group.number), parent)
            self.renamed.add(key)
            return key
        self.tree.move(key, parent)
        node = self.tree.nodes[key]
        if node.element.title.get(self.language) != group.title and not _is_code_alone(group):
            if key in self.renamed:
                self.report.note(Finding(row.row, column.name, "title_differs", group.title[:200]))
            else:
                node.element = replace(node.element, title={self.language: group.title})
        self.renamed.add(key)
        return key

    def said(self, element: Element, row: Row) -> Element:
        """The element with what a row says of it."""
        there, texts = self.layout.texts, row.texts
        changed: dict[str, Any] = {"title": self.text(element.title, texts["title"])}
        for name in ("description", "objective"):
            if name in there:
                changed[name] = self.text(getattr(element, name), texts.get(name))
        if "number" in there:
            changed["number"] = texts.get("number")
        if self.layout.has_money():
            kept = tuple(line for line in element.money if line.role not in OF_SHEET)
            changed["money"] = (*self.money(row), *kept)
        return replace(element, **changed, action=self.action(element.action or Action(), row))

    def action(self, action: Action, row: Row) -> Action:
        """The action with what a row says of it."""
        there, texts = self.layout.texts, row.texts
        changed: dict[str, Any] = {
            name: texts.get(name) for name in ("continuity", "priority", "status") if name in there
        }
        if "type" in there:
            changed |= self.type_of(row)
        if "location" in there:
            changed["location"] = self.text(action.location, texts.get("location"))
        if "responsible" in there and self.said_of(action) != texts.get("responsible"):
            said = texts.get("responsible")
            changed |= {"responsible": (self.body(said),) if said else (), "responsible_stated": None}
        if "start" in there or "end" in there:
            changed["when"] = self.when(action.when or Period(), texts)
        return replace(action, **changed)

    def when(self, before: Period, texts: Mapping[str, str]) -> Period | None:
        """The time of an action; a day that stays keeps what is known of it."""
        start = _day(before.start, texts.get("start"))
        end = _day(before.end, texts.get("end"))
        return replace(before, start=start, end=end) if start or end else None

    def said_of(self, action: Action) -> str | None:
        """Who is responsible, as a table says it."""
        return responsible_text(action, self.bodies, self.language)

    def type_of(self, row: Row) -> dict[str, Any]:
        said = row.texts.get("type")
        stated = said if said and said not in (row.type, TYPE_NAMES.get(row.type or "")) else None
        return {"type": cast(kinds.ActionType, row.type or ("other" if said else None)), "type_stated": stated}

    def text(self, before: Text, said: str | None) -> Text:
        """The text as it is now; other languages stay only where it says what it said."""
        if said is None:
            return {}
        return before if before.get(self.language) == said else {self.language: said}

    def money(self, row: Row) -> tuple[MoneyLine, ...]:
        """The money lines of a row: each year, the total, and each source without a sum of its own."""
        lines = [_line("budgeted", amount, year) for year, amount in sorted(row.budget.items())]
        lines += [_line("total", row.total)] if row.total else []
        lines += [MoneyLine("budgeted", source=self.source(name)) for name in row.sources]
        return tuple(lines)

    def body(self, name: str) -> str:
        """The key of the body of this name; a new one is a department."""
        if plain(name) not in self.body_keys:
            key = self.body_keys[plain(name)] = unique(self.bodies)(_usable(name))
            self.bodies[key] = Body(key, {self.language: name}, "department")
        return self.body_keys[plain(name)]

    def source(self, name: str) -> str:
        """The key of the funding source of this name."""
        if plain(name) not in self.source_keys:
            key = self.source_keys[plain(name)] = unique(self.sources)(_usable(name))
            self.sources[key] = FundingSource(key, {self.language: name})
        return self.source_keys[plain(name)]

    def remove_but(self, named: set[str]) -> None:
        """Take out the actions that no row names, and the groups that are empty without them."""
        for key, node in list(self.tree.nodes.items()):
            if self.is_leaf(node.element) and key not in named and not node.children:
                self.remove_upwards(key)

    def remove_upwards(self, key: str) -> None:
        parent = self.tree.nodes[key].parent
        self.tree.remove(key)
        if parent is not None and not self.tree.nodes[parent].children:
            self.remove_upwards(parent)


def _line(role: kinds.MoneyRole, amount: Amount, year: int | None = None) -> MoneyLine:
    stated = None if amount.stated == written(amount.minor, amount.currency) else amount.stated
    return MoneyLine(role, amount.minor, amount.currency, year, stated=stated)


def _day(before: StatedDate | None, said: str | None) -> StatedDate | None:
    return before if before and before.value == said else StatedDate(said) if said else None


def _is_code_alone(group: Group) -> bool:
    return group.number is not None and group.title == group.number


def responsible_text(action: Action, bodies: Mapping[str, Body], language: str) -> str | None:
    """Who is responsible, by name; several stand behind one another."""
    names = [pick(bodies[key].name, language) for key in action.responsible if key in bodies]
    return "; ".join(names) or action.responsible_stated


def _usable(name: str) -> str:
    """A key made of a name."""
    return UNUSABLE.sub("-", " ".join(name.lower().split()))[:80].strip("-") or "unnamed"


def unique(taken: Iterable[str] = ()) -> Callable[[str], str]:
    """Gives each key that is asked for, with a number behind it where it was taken before."""
    given = set(taken)

    def give(key: str) -> str:
        found, times = key, 1
        while found in given:
            times += 1
            found = f"{key}-{times}"
        given.add(found)
        return found

    return give

"""Bring the rows of a table into a plan: what they name again is updated, what they name first is added.

An element is known again by its key, else by its title, alone or with what it stands under, else by its number,
wherever that is the only one; of several that say all the same, in their order. What a table has no column for stays as
it was, and so does what a cell shows as the plan's own table would (`keeping`).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from service.plans.document import Action, Element, Level, Plan, walk
from service.plans.files.keeping import money_kept, number_kept, sources_kept, text_kept, type_kept, when_kept
from service.plans.files.layout import Layout, LevelColumn, plain
from service.plans.files.refusing import Finding, PlanFileRefused, Report
from service.plans.files.resembling import note_resemblances
from service.plans.files.rows import Group, Row, as_read
from service.plans.files.tabulating import currency_of, heading_of, location_of, responsible_text, sources_of
from service.plans.values import Body, FundingSource, MoneyLine
from service.text import pick

OF_EETAA = (
    Level("axis", {"el": "Άξονας", "en": "Axis"}, {"el": "Άξονες", "en": "Axes"}),
    Level("measure", {"el": "Μέτρο", "en": "Measure"}, {"el": "Μέτρα", "en": "Measures"}),
    Level("objective", {"el": "Στόχος", "en": "Objective"}, {"el": "Στόχοι", "en": "Objectives"}),
)
ACTION_LEVEL = Level("action", {"el": "Δράση", "en": "Action"}, {"el": "Δράσεις", "en": "Actions"}, leaf=True)
UNUSABLE = re.compile(r"[\s/?#\x00-\x1f]+")


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

    `remove_missing` takes out the actions that no row names, and what is empty without them; nothing while rows are
    left out, which may be theirs.
    """
    plan = replace(plan, levels=plan.levels or _levels(layout, language))
    above, leaves = _above_and_leaves(plan, layout)
    tree = Tree()
    for element, parent in walk(plan.elements):
        tree.put(replace(element, children=()), parent.key if parent else None)
    putting = Putting(plan, tree, layout, language, report, above, leaves)
    known = matches(putting.leaves_there(), rows, language)
    note_resemblances((one for one, *_ in putting.leaves_there()), known, rows, layout, language, report)
    named = [putting.put_row(row, known.get(place)) for place, row in enumerate(rows)]
    if remove_missing and report.left_out:
        report.note(Finding(1, "", "nothing_removed", str(report.left_out)))
    elif remove_missing:
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
    above = (Level(keys(_usable(one.key or one.name)), {language: one.name}) for one in layout.levels)
    return (*above, replace(ACTION_LEVEL, key=keys("action")))


def _above_and_leaves(plan: Plan, layout: Layout) -> tuple[list[str], list[str]]:
    """The levels that stand for the columns, and those of actions. Raises PlanFileRefused."""
    leaves = [one.key for one in plan.levels if one.leaf] or [plan.levels[-1].key]
    above = [one for one in plan.levels if one.key not in leaves]
    if layout.levels and len(above) != len(layout.levels):
        raise PlanFileRefused(reason="levels_differ", missing=[pick(one.name, plan.source_language) for one in above])
    return [one.key for one in above][: len(layout.levels)], leaves


Headings = tuple[str | None, ...]


def matches(there: Iterable[tuple[Element, str, Headings]], rows: Sequence[Row], language: str) -> dict[int, str]:
    """Row's place → key of the element that it names again.

    `there` are elements with the title of what is above them, and all headings above.
    """
    elements = list(there)
    above = {element.key: title for element, title, _ in elements}
    headings = {element.key: said for element, _, said in elements}
    left = {element.key: element for element, _, _ in elements}
    found: dict[int, str] = {}

    def title_of(element: Element) -> str:
        return plain(pick(element.title, language))

    by: Sequence[tuple[Callable[[Row], Any], Callable[[Element], Any]]] = (
        (lambda row: row.texts.get("key"), lambda element: element.key),
        (lambda row: plain(row.texts["title"]), title_of),
        (
            lambda row: (plain(row.texts["title"]), row.headings()),
            lambda element: (title_of(element), headings[element.key]),
        ),
        (
            lambda row: (plain(row.texts["title"]), plain(row.above())),
            lambda element: (title_of(element), plain(above[element.key])),
        ),
        (lambda row: row.texts.get("number"), lambda element: as_read(element.number)),
    )
    for of_row, of_element in by:
        said = only({place: of_row(row) for place, row in enumerate(rows) if place not in found})
        there = only({key: of_element(element) for key, element in left.items()})
        for name in said.keys() & there.keys():
            found[said[name]] = there[name]
            del left[there[name]]
    same = {key: (as_read(pick(one.title, language)), headings[key]) for key, one in left.items()}
    said = {place: (row.texts["title"], row.headings()) for place, row in enumerate(rows) if place not in found}
    return found | in_order(said, same)


def in_order(rows: Mapping[int, Any], there: Mapping[str, Any]) -> dict[int, str]:
    """Row's place → key of what says the same, one after the other, where there are as many of them."""
    places, keys = defaultdict(list), defaultdict(list)
    for place, said in rows.items():
        places[said].append(place)
    for key, said in there.items():
        keys[said].append(key)
    alike = [(places[said], keys[said]) for said in places if len(places[said]) == len(keys.get(said, ()))]
    return {place: key for known, found in alike for place, key in zip(known, found, strict=True)}


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
        self.currency = currency_of(self.plan)
        self.headings: dict[tuple[str, str | None, str | None], str] = {}
        for node in self.tree.nodes.values():
            one = node.element
            if self.is_leaf(one):
                continue
            self.headings.setdefault((one.level, node.parent, heading_of(one, self.language)), one.key)
            for name in (one.number, plain(pick(one.title, self.language))):
                if name:
                    self.groups.setdefault((one.level, self.scope(node.parent, name), name), one.key)

    def is_leaf(self, element: Element) -> bool:
        return element.level in self.leaves or element.action is not None

    def leaves_there(self) -> Iterator[tuple[Element, str, Headings]]:
        """The actions that are there, each with the title of what it stands under and all headings above it."""
        for node in self.tree.nodes.values():
            if self.is_leaf(node.element):
                above = self.tree.nodes[node.parent].element.title if node.parent else {}
                yield node.element, pick(above, self.language), self.headings_over(node)

    def headings_over(self, node: Node) -> Headings:
        """What a row of this element says of what is above it, level by level."""
        found: dict[str, str | None] = {}
        while node.parent is not None:
            node = self.tree.nodes[node.parent]
            found.setdefault(node.element.level, heading_of(node.element, self.language))
        return tuple(found.get(level) for level in self.above)

    def scope(self, parent: str | None, name: str) -> str | None:
        """Under what a name is known: a number with a point is the only one of the plan, another name of its parent."""
        return None if "." in name else parent

    def put_row(self, row: Row, key: str | None) -> str:
        """Put one row in its place; the key of its element."""
        if key is not None and self.stays(self.tree.nodes[key], row):
            node = self.tree.nodes[key]
            node.element = self.said(node.element, row)
            return key
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

    def stays(self, node: Node, row: Row) -> bool:
        """Whether a row names nothing else above its action than what is there; an empty cell moves nothing."""
        there, said = self.headings_over(node), row.headings()
        if any(one is not None and one != shown for one, shown in zip(said, there, strict=False)):
            return False
        for column, one, shown in zip(self.layout.levels, said, there, strict=False):
            if one is None and shown is not None:
                self.report.note(Finding(row.row, column.name, "level_missing", shown[:200]))
        while node.parent is not None:
            self.renamed.add(node.parent)
            node = self.tree.nodes[node.parent]
        return True

    def level_of(self, row: Row) -> str:
        """The level of actions that the row names, else the last one."""
        said = row.texts.get("level")
        return said if said in self.leaves else self.leaves[-1]

    def put_group(self, row: Row, level: str, column: LevelColumn, group: Group, parent: str | None) -> str:
        """The key of the axis, measure or objective that a row stands under; a new one is added."""
        if (there := self.headings.get((level, parent, group.said))) is not None:
            self.renamed.add(there)
            return there
        group = self.numbered(level, parent, group)
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
        if as_read(pick(node.element.title, self.language)) != group.title and not _is_code_alone(group):
            if key in self.renamed:
                self.report.note(Finding(row.row, column.name, "title_differs", group.title[:200]))
            else:
                title = text_kept(node.element.title, group.title, self.language)
                node.element = replace(node.element, title=title)
        self.renamed.add(key)
        return key

    def numbered(self, level: str, parent: str | None, group: Group) -> Group:
        """The group with its number apart, where that is no figure but one that is there: "Α. Περιβάλλον"."""
        number, point, title = (group.said or "").partition(". ")
        known = not group.number and point and (level, self.scope(parent, number), number) in self.groups
        return Group(title.strip() or number, number, group.said) if known else group

    def said(self, element: Element, row: Row) -> Element:
        """The element with what a row says of it."""
        there, texts = self.layout.texts, row.texts
        changed: dict[str, Any] = {
            name: text_kept(getattr(element, name), texts.get(name), self.language)
            for name in ("title", "description", "objective")
            if name in there
        }
        if "number" in there:
            changed["number"] = number_kept(element.number, texts.get("number"))
        action = self.action(element.action or Action(), row)
        return replace(
            element,
            **changed,
            money=self.money(element, row),
            action=action if element.action is not None or action != Action() else None,
        )

    def action(self, action: Action, row: Row) -> Action:
        """The action with what a row says of it."""
        there, texts = self.layout.texts, row.texts
        changed: dict[str, Any] = {
            name: texts.get(name) for name in ("continuity", "priority", "status") if name in there
        }
        if "type" in there:
            changed |= type_kept(action, row)
        said = texts.get("location")
        if "location" in there and as_read(location_of(self.plan, action, self.language)) != said:
            changed["location"] = text_kept(action.location, said, self.language)
        said = texts.get("responsible")
        if "responsible" in there and as_read(responsible_text(action, self.bodies, self.language)) != said:
            changed |= {"responsible": (self.body(said),) if said else (), "responsible_stated": None}
        if "start" in there or "end" in there:
            changed["when"] = when_kept(action.when, texts, there)
        return replace(action, **changed)

    def money(self, element: Element, row: Row) -> tuple[MoneyLine, ...]:
        """The money lines of the element with what a row says of years, total and sources."""
        layout = self.layout
        years = {year: row.budget.get(year) for year in layout.years}
        money = money_kept(element, years, (row.total,) if layout.total is not None else None, self.currency)
        if not layout.sources:
            return money
        shown = sources_of(element, self.sources, self.language)[: len(layout.sources)]
        return sources_kept(element, money, shown, list(row.sources), self.source)

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
        """Take out the actions that no row names, and the groups that are empty without them.

        What has no title stays: no row can name it.
        """
        for key, node in list(self.tree.nodes.items()):
            nameable = self.is_leaf(node.element) and as_read(pick(node.element.title, self.language))
            if nameable and key not in named and not node.children:
                self.remove_upwards(key)

    def remove_upwards(self, key: str) -> None:
        parent = self.tree.nodes[key].parent
        self.tree.remove(key)
        if parent is not None and not self.tree.nodes[parent].children:
            self.remove_upwards(parent)


def _is_code_alone(group: Group) -> bool:
    return group.number is not None and group.title == group.number


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

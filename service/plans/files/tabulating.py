"""A plan's actions as the rows of a table: the other way of `rows` and `assembling`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from service.plans.document import Action, Element, Level, Plan, walk
from service.plans.files.amounts import written
from service.plans.files.assembling import responsible_text
from service.plans.files.rows import TYPE_NAMES
from service.plans.values import MoneyLine, Period
from service.text import pick


@dataclass(frozen=True, slots=True)
class Line:
    """An action with the elements above it, by level; money by year, the total, and the names of its sources."""

    element: Element
    above: Mapping[str, Element]
    budget: Mapping[int, Any]
    total: Any
    sources: Sequence[str]

    def action(self) -> Action:
        return self.element.action or Action()


@dataclass(frozen=True, slots=True)
class Table:
    """The actions of a plan in one language: the levels above them, the years, how many sources one has at most."""

    plan: Plan
    language: str
    levels: Sequence[Level]
    lines: Sequence[Line]
    years: Sequence[int]
    most_sources: int


def table_of(plan: Plan, language: str, currency: str = "EUR") -> Table:
    """The actions of the plan, in the order of their numbers where all have whole ones, else in that of the tree.

    Sums are numbers where they are in this currency and were not stated in words, else texts.
    """
    leaves = {one.key for one in plan.levels if one.leaf} or {one.key for one in plan.levels[-1:]}
    names = {one.key: pick(one.name, language) for one in plan.funding_sources}
    lines = [
        _line(element, above, names, currency)
        for element, above in _with_those_above(plan.elements)
        if element.action is not None or element.level in leaves
    ]
    return Table(
        plan=plan,
        language=language,
        levels=[one for one in plan.levels if one.key not in leaves],
        lines=_ordered(lines),
        years=sorted({year for line in lines for year in line.budget}),
        most_sources=max((len(line.sources) for line in lines), default=0),
    )


def _with_those_above(elements: tuple[Element, ...]) -> Iterable[tuple[Element, dict[str, Element]]]:
    """Every element with those above it, by level."""
    above: dict[str, dict[str, Element]] = {}
    for element, parent in walk(elements):
        above[element.key] = above[parent.key] | {parent.level: parent} if parent else {}
        yield element, above[element.key]


def _ordered(lines: list[Line]) -> list[Line]:
    numbers = [line.element.number or "" for line in lines]
    if all(number.isdecimal() for number in numbers) and len(set(numbers)) == len(numbers):
        return sorted(lines, key=lambda line: int(line.element.number or 0))
    return lines


def _line(element: Element, above: Mapping[str, Element], names: Mapping[str, str], currency: str) -> Line:
    budgeted = [line for line in element.money if line.role == "budgeted"]
    years = {line.year for line in budgeted if line.year is not None}
    return Line(
        element=element,
        above=above,
        budget={year: _sum((line for line in budgeted if line.year == year), currency) for year in years},
        total=_sum((line for line in element.money if line.role == "total"), currency),
        sources=list(dict.fromkeys(names[line.source] for line in budgeted if line.source and line.source in names)),
    )


def _sum(lines: Iterable[MoneyLine], currency: str) -> Any:
    """One cell for these money lines: a number, a text where there are words, None where there is nothing."""
    lines = list(lines)
    if len(lines) > 1 and all(line.currency == currency and line.amount_minor is not None for line in lines):
        return Decimal(sum(line.amount_minor or 0 for line in lines)).scaleb(-2)
    cells = [_cell(line, currency) for line in lines]
    return cells[0] if len(cells) == 1 else " + ".join(map(str, cells)) or None


def _cell(line: MoneyLine, currency: str) -> Any:
    if line.stated is not None or line.amount_minor is None:
        return line.stated
    if line.currency == currency:
        return Decimal(line.amount_minor).scaleb(-2)
    return written(line.amount_minor, line.currency or currency)


def type_of(action: Action, names: Mapping[str, str] = TYPE_NAMES) -> str | None:
    """The type as it was stated, else by its name."""
    return action.type_stated or names.get(action.type or "", action.type)


def responsible_of(table: Table, action: Action) -> str | None:
    """Who is responsible, in the table's language."""
    return responsible_text(action, {one.key: one for one in table.plan.bodies}, table.language)


def location_of(table: Table, action: Action) -> str | None:
    """Where it is, in words; else the places that the action names."""
    if action.location:
        return pick(action.location, table.language)
    names = {one.key: pick(one.name, table.language) for one in table.plan.territories}
    return "; ".join(names[key] for key in action.territories if key in names) or None


def days_of(when: Period | None) -> tuple[str | None, str | None]:
    """Start and end as precise as they are known."""
    start, end = (when.start, when.end) if when else (None, None)
    return start.value if start else None, end.value if end else None

"""A plan's actions as the rows of a table: the other way of `rows` and `assembling`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from service.plans.document import Action, Element, Level, Plan, walk
from service.plans.files.amounts import major, minor_of, written
from service.plans.files.rows import TYPE_NAMES, as_read, coded
from service.plans.values import Body, FundingSource, MoneyLine, Period
from service.text import pick

USUAL_CURRENCY = "EUR"


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
    """The actions of a plan in one language: the levels above them, the years, how many sources one has at most.

    Sums are numbers where they are in `currency`, and texts where they are not or were stated in words.
    """

    plan: Plan
    language: str
    currency: str
    levels: Sequence[Level]
    lines: Sequence[Line]
    years: Sequence[int]
    most_sources: int

    def sums(self) -> Iterable[Any]:
        """Every cell with a sum."""
        for line in self.lines:
            yield from (*line.budget.values(), line.total)


def currency_of(plan: Plan) -> str:
    """In what most sums of the plan are; euros where there is none."""
    lines = (line for element, _ in walk(plan.elements) for line in element.money)
    counts = Counter(line.currency for line in (*plan.money, *lines) if line.currency)
    return max(counts, key=lambda code: (counts[code], code), default=USUAL_CURRENCY)


def heading_of(element: Element, language: str) -> str | None:
    """What a row says of an element above its action."""
    return coded(as_read(element.number), as_read(pick(element.title, language)))


def table_of(plan: Plan, language: str) -> Table:
    """The actions of the plan, in the order of their numbers where all have whole ones, else in that of the tree."""
    currency = currency_of(plan)
    leaves = {one.key for one in plan.levels if one.leaf} or {one.key for one in plan.levels[-1:]}
    sources = {one.key: one for one in plan.funding_sources}
    lines = [
        Line(
            element,
            above,
            {year: sum_of(element, currency, year) for year in years_of(element)},
            sum_of(element, currency),
            sources_of(element, sources, language),
        )
        for element, above in _with_those_above(plan.elements)
        if element.action is not None or element.level in leaves
    ]
    return Table(
        plan=plan,
        language=language,
        currency=currency,
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


def years_of(element: Element) -> set[int]:
    """The years for which something is budgeted."""
    return {line.year for line in element.money if line.role == "budgeted" and line.year is not None}


def is_of(line: MoneyLine, year: int | None) -> bool:
    """Whether a line stands in the cell of this year, or in that of the total."""
    return line.role == ("total" if year is None else "budgeted") and (year is None or line.year == year)


def sum_of(element: Element, currency: str, year: int | None = None) -> Any:
    """The cell of a year, or of the total: a number, a text where there are words, None where there is nothing."""
    lines = [line for line in element.money if is_of(line, year)]
    said = [line for line in lines if line.amount_minor is not None or as_read(line.stated)]
    if len(said) > 1 and all(line.currency == currency and line.amount_minor is not None for line in said):
        return major(sum(line.amount_minor or 0 for line in said), currency)
    cells = [_cell(line, currency) for line in said]
    return cells[0] if len(cells) == 1 else " + ".join(in_words(cell, currency) for cell in cells) or None


def _cell(line: MoneyLine, currency: str) -> Any:
    if line.amount_minor is None or as_read(line.stated):
        return line.stated
    if line.currency == currency:
        return major(line.amount_minor, currency)
    return written(line.amount_minor, line.currency or currency)


def in_words(cell: Any, currency: str) -> str:
    """A cell with a sum as a text: numbers with their currency."""
    if isinstance(cell, Decimal):
        return written(minor_of(cell, currency), currency)
    return str(cell or "")


def sources_of(element: Element, sources: Mapping[str, FundingSource], language: str) -> list[str]:
    """The names of what pays for the element, each once."""
    keys = [line.source for line in element.money if line.role == "budgeted" and line.source in sources]
    return list(dict.fromkeys(pick(sources[key].name, language) for key in keys if key))


def type_of(action: Action, names: Mapping[str, str] = TYPE_NAMES) -> str | None:
    """The type as it was stated, else by its name."""
    return action.type_stated or names.get(action.type or "", action.type)


def responsible_of(table: Table, action: Action) -> str | None:
    """Who is responsible, in the table's language."""
    return responsible_text(action, {one.key: one for one in table.plan.bodies}, table.language)


def responsible_text(action: Action, bodies: Mapping[str, Body], language: str) -> str | None:
    """Who is responsible, by name; several stand behind one another."""
    names = [pick(bodies[key].name, language) for key in action.responsible if key in bodies]
    return "; ".join(names) or action.responsible_stated


def location_of(plan: Plan, action: Action, language: str) -> str | None:
    """Where it is, in words; else the places that the action names."""
    if action.location:
        return pick(action.location, language)
    names = {one.key: pick(one.name, language) for one in plan.territories}
    return "; ".join(names[key] for key in action.territories if key in names) or None


def days_of(when: Period | None) -> tuple[str | None, str | None]:
    """Start and end as precise as they are known."""
    start, end = (when.start, when.end) if when else (None, None)
    return start.value if start else None, end.value if end else None

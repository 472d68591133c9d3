"""Read the rows of a table into what they say about one action each, with every fault by its row and column."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any, get_args

from service.plans import kinds
from service.plans.files.amounts import Amount, NotAnAmount, Words, currency_called, major, read_amount
from service.plans.files.layout import Layout, LevelColumn, plain
from service.plans.files.refusing import Finding, Report
from service.plans.files.workbooks import NoValue
from service.plans.reading_json import KEY
from service.text.cells import NO_SIGN, clean

LONGEST = 20_000
LONGEST_TITLE = 2_000
CODED = re.compile(r"(\d{1,3}(?:\.\d{1,3})*)(?:\s*[.)\-–:]\s*|\s+|$)(.*)", re.DOTALL)
"""A number before the name of an axis, a measure or an objective."""
DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
NOTHING = ("-", "–", "—")

TYPES = {"εργο": "work", "μελετη": "study", "υπηρεσια": "service", "προμηθεια": "supply", "αγοραγησ": "land_purchase"}
TYPE_NAMES = {
    "work": "Έργο",
    "study": "Μελέτη",
    "service": "Υπηρεσία",
    "supply": "Προμήθεια",
    "land_purchase": "Αγορά γης",
}
CONTINUITIES = {"νεα": "new", "νεο": "new", "συνεχιζομενη": "continuing", "συνεχιζομενο": "continuing"}
CONTINUITY_NAMES = {"new": "Νέα", "continuing": "Συνεχιζόμενη"}
PRIORITIES = {"α": "A", "β": "B", "γ": "C", "a": "A", "b": "B", "c": "C"}
PRIORITY_NAMES = {"A": "Α'", "B": "Β'", "C": "Γ'"}
CHOICES: Mapping[str, Mapping[str, str]] = {
    "continuity": CONTINUITIES | {plain(name): name for name in get_args(kinds.Continuity)},
    "priority": PRIORITIES,
    "status": {plain(name): name for name in get_args(kinds.ActionStatus)},
}
"""Field → what its cells may say, without case and signs → what it means."""


@dataclass(frozen=True, slots=True)
class Group:
    """An element above an action, as a row names it; `said` is all that the row says of it."""

    title: str
    number: str | None = None
    said: str | None = None


@dataclass(slots=True)
class Row:
    """What a row says of one action; a text that is not there is missing from `texts`."""

    row: int
    texts: dict[str, str] = field(default_factory=dict)
    groups: tuple[Group | None, ...] = ()
    type: str | None = None
    budget: dict[int, Amount | Words] = field(default_factory=dict)
    total: Amount | Words | None = None
    sources: tuple[str, ...] = ()

    def above(self) -> str:
        """The title of what the row stands under; nothing for a row at the top."""
        return next((group.title for group in reversed(self.groups) if group), "")

    def headings(self) -> tuple[str | None, ...]:
        """All that the row says of what is above it, level by level."""
        return tuple(group.said if group else None for group in self.groups)


def read_rows(
    cells: Iterable[tuple[int, Any]],
    layout: Layout,
    report: Report,
    currency: str,
    known: Container[Any] = frozenset(),
) -> Iterator[Row]:
    """The rows that can be taken; everything else, and every doubt, is in the report.

    `known` are sums that the plan says itself: they are taken even where they are words.
    """
    numbers: dict[str, int] = {}
    for number, row_cells in cells:
        found: list[Finding] = []
        row = read_row(number, row_cells, layout, currency, found, known)
        if said := row.texts.get("number"):
            if said in numbers and "key" not in layout.texts:
                found.append(Finding(number, layout.names[layout.texts["number"]], "number_twice", said))
            numbers.setdefault(said, number)
        if report.take(found):
            yield row


def read_row(
    number: int, cells: Any, layout: Layout, currency: str, found: list[Finding], known: Container[Any] = frozenset()
) -> Row:
    """What one row says; what is wrong with it is added to `found`."""
    at = Cells(number, cells, layout, found, known)
    row = Row(number)
    for name in layout.texts:
        if (said := at.text(name)) is not None:
            row.texts[name] = said
    if "title" not in row.texts and not found:
        at.fault(layout.texts["title"], "title_missing", grave=True)
    row.groups = tuple(at.group(level) for level in layout.levels)
    at.check_groups(row.groups)
    at.check_choices(row)
    currency = row.texts.get("currency", currency)
    row.budget = {year: sum_ for year, place in layout.years.items() if (sum_ := at.amount(place, currency))}
    row.total = at.amount(layout.total, currency) if layout.total is not None else None
    at.check_sum(row)
    row.sources = tuple(said for place in layout.sources if (said := at.at(place)) and said not in NOTHING)
    return row


class Cells:
    """The cells of one row, and what is found in them."""

    def __init__(self, number: int, cells: Any, layout: Layout, found: list[Finding], known: Container[Any]) -> None:
        self.number, self.cells, self.layout, self.found, self.known = number, cells, layout, found, known

    def fault(self, place: int, fault: str, value: Any = "", grave: bool = False) -> None:
        name = self.layout.names[place] if place < len(self.layout.names) else ""
        self.found.append(Finding(self.number, name, fault, str(value)[:200], grave))

    def raw(self, place: int) -> Any:
        """The value of a cell, None where there is none or none that can be used."""
        value = self.cells[place] if place < len(self.cells) else None
        if isinstance(value, NoValue):
            self.fault(place, value.fault, value.said, grave=True)
            return None
        return value

    def at(self, place: int, longest: int = LONGEST) -> str | None:
        """The text of a cell."""
        value = as_text(self.raw(place))
        if value is not None and NO_SIGN.search(value):
            self.fault(place, "control_characters", grave=True)
            return None
        if value is not None and len(value) > longest:
            self.fault(place, "too_long", value, grave=True)
            return None
        return value

    def text(self, name: str) -> str | None:
        """The text of a field, without tags where they are to be taken out."""
        place = self.layout.texts[name]
        said = self.at(place, LONGEST_TITLE if name == "title" else LONGEST)
        if said is not None and name in self.layout.html:
            said = without_tags(said) or None
        if name in ("start", "end") and said is not None and not DATE.fullmatch(said):
            self.fault(place, "not_a_date", said, grave=True)
            return None
        if name == "key" and said is not None and not KEY.fullmatch(said):
            self.fault(place, "not_a_key", said, grave=True)
            return None
        return self.currency(place, said) if name == "currency" and said is not None else said

    def currency(self, place: int, said: str) -> str | None:
        """The ISO code of a currency by what the cell calls it."""
        try:
            return currency_called(said)
        except NotAnAmount as fault:
            self.fault(place, f"amount_{fault}", said, grave=True)
            return None

    def group(self, level: LevelColumn) -> Group | None:
        """The axis, measure or objective that the row stands under."""
        said = self.at(level.title, LONGEST_TITLE)
        if level.number is not None:
            number = self.at(level.number, 40)
            return Group(said or str(number), number, coded(number, said)) if said or number else None
        if said is None:
            return None
        found = CODED.fullmatch(said)
        return Group(found[2].strip() or found[1], found[1], said) if found else Group(said, said=said)

    def check_groups(self, groups: tuple[Group | None, ...]) -> None:
        """Name a number that does not continue the one above it: 2.1 under axis 1."""
        above = None
        for level, group in zip(self.layout.levels, groups, strict=True):
            if group is None or group.number is None:
                continue
            if above and "." in group.number and not group.number.startswith(f"{above}."):
                self.fault(level.title, "number_not_below", group.number)
            above = group.number

    def check_choices(self, row: Row) -> None:
        """Bring type, continuity, priority and status to the words of the plans; others are faults."""
        if said := row.texts.get("type"):
            row.type = TYPES.get(plain(said)) or (said if said in get_args(kinds.ActionType) else None)
            if row.type is None:
                self.fault(self.layout.texts["type"], "unknown_type", said)
        for name, choices in CHOICES.items():
            if (said := row.texts.get(name)) is None:
                continue
            if (meant := choices.get(plain(said))) is None:
                self.fault(self.layout.texts[name], f"unknown_{name}", said, grave=True)
            else:
                row.texts[name] = meant

    def amount(self, place: int, currency: str) -> Amount | Words | None:
        """The sum of a cell; None for an empty one and for a dash."""
        value = self.raw(place)
        if value is None or value in NOTHING:
            return None
        try:
            amount = read_amount(value, currency)
        except NotAnAmount as fault:
            if cell_key(value) in self.known:
                return Words(value)
            self.fault(place, f"amount_{fault}", value, grave=True)
            return None
        if amount.rounded:
            self.fault(place, "amount_rounded", value)
        return amount

    def check_sum(self, row: Row) -> None:
        """Name a total that is not the sum of the years; it is kept as it is."""
        sums = [amount for amount in row.budget.values() if isinstance(amount, Amount)]
        total = row.total
        if not isinstance(total, Amount) or not sums or len(sums) < len(row.budget):
            return
        if any(one.grave for one in self.found) or {amount.currency for amount in sums} != {total.currency}:
            return
        if sum(amount.minor for amount in sums) != total.minor:
            self.fault(self.layout.total or 0, "sum_differs", major(total.minor, total.currency))


def as_text(value: Any) -> str | None:
    """A cell as text: a whole number without its point, a day as ISO 8601 writes it."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    return str(value).replace("\r\n", "\n").replace("\r", "\n").strip() or None


def coded(number: str | None, title: str | None) -> str | None:
    """An axis, a measure or an objective with its number before its name."""
    return f"{number}. {title}" if number and title and number != title else title or number


def cell_key(value: Any) -> Any:
    """A cell with a sum, so that it can be compared: a text as it is read, a number whatever its type."""
    if isinstance(value, int | float):
        return Decimal(repr(value + 0))
    return value if isinstance(value, Decimal) else as_read(value)


def as_read(said: Any) -> str | None:
    """A text as it comes back from a cell: without the signs that no cell holds and white space around it."""
    return as_text(clean(said) if isinstance(said, str) else said)


class _Plain(HTMLParser):
    """Hears the text of HTML; blocks and breaks end a line."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("div", "p", "li", "br"):
            self.said.append("\n")


def without_tags(html: str) -> str:
    """The text of HTML, a line for each block."""
    reader = _Plain()
    reader.feed(html.replace("<br>", "\n").replace("<br/>", "\n"))
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.said).split("\n"))
    return "\n".join(line for line in lines if line)

"""Keep what a plan says where a cell says just what the table of the plan would show there.

So a table that comes back as it went out changes nothing, though it shows less than the plan knows.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from service.plans import kinds
from service.plans.document import Action, Element
from service.plans.files.amounts import Amount, Words, minor_of, written
from service.plans.files.rows import NOTHING, TYPE_NAMES, Row, as_read, cell_key
from service.plans.files.tabulating import Table, days_of, in_words, is_of, sum_of, type_of
from service.plans.values import MoneyLine, Period, StatedDate, Text
from service.text import pick

Sum = Amount | Words | None


def text_kept(before: Text, said: str | None, language: str) -> Text:
    """The text as it is now: as it was where the cell shows it, also in another language for want of this one.

    A language that was not there is added; a text that changes loses its renderings in others.
    """
    if as_read(pick(before, language)) == said:
        return before
    if said is None:
        return {}
    return {language: said} if before.get(language) else {**before, language: said}


def number_kept(before: str | None, said: str | None) -> str | None:
    """The number of an element."""
    return before if as_read(before) == said else said


def type_kept(action: Action, row: Row) -> dict[str, Any]:
    """The type of an action, and its words where they are others."""
    said = row.texts.get("type")
    if said in (as_read(type_of(action)), as_read(type_of(action, {}))):
        return {}
    stated = said if said and said not in (row.type, TYPE_NAMES.get(row.type or "")) else None
    return {"type": row.type or ("other" if said else None), "type_stated": stated}


def when_kept(before: Period | None, texts: Mapping[str, str], there: Iterable[str]) -> Period | None:
    """The time of an action; `there` are the columns. What no column says and a day that stays keep what is known."""
    shown = dict(zip(("start", "end"), days_of(before), strict=True))
    said = {name: texts.get(name) if name in there else shown[name] for name in shown}
    if said == shown:
        return before
    known = before or Period()
    start, end = _day(known.start, said["start"]), _day(known.end, said["end"])
    return replace(known, start=start, end=end) if start or end else None


def _day(before: StatedDate | None, said: str | None) -> StatedDate | None:
    return before if before and before.value == said else StatedDate(said) if said else None


def sums_said(table: Table) -> frozenset[Any]:
    """Every sum of the table as a cell says it."""
    cells = [cell for cell in table.sums() if cell is not None]
    return frozenset(cell_key(one) for cell in cells for one in (cell, in_words(cell, table.currency)))


def is_same(shown: Any, said: Sum, currency: str) -> bool:
    """Whether a cell that was read says what the table shows there."""
    if said is None:
        return cell_key(shown) in (None, *NOTHING)
    if isinstance(said, Words):
        return cell_key(said.said) in (cell_key(shown), cell_key(in_words(shown, currency)))
    if isinstance(shown, Decimal):
        return (minor_of(shown, currency), currency) == (said.minor, said.currency)
    return said.stated is not None and as_read(shown) == as_read(said.stated)


def money_kept(
    element: Element,
    years: Mapping[int, Sum],
    total: tuple[Sum] | None,
    currency: str,
) -> tuple[MoneyLine, ...]:
    """The money lines of an element with what its row says of `years` and, if there is its column, of the total.

    A year whose cell shows what it did keeps its lines. One line alone keeps its source and its note with another sum.
    """
    money = element.money
    asked: list[tuple[int | None, Sum]] = [*sorted(years.items())]
    for year, said in [*asked, *((None, one) for one in total or ())]:
        if not is_same(sum_of(element, currency, year), said, currency):
            lines = [line for line in money if is_of(line, year)]
            money = replaced(money, lines, [_said(lines, year, said)] if said else [])
    return money


def _said(lines: list[MoneyLine], year: int | None, said: Amount | Words) -> MoneyLine:
    """The line of a cell that says something else than before."""
    role: kinds.MoneyRole = "total" if year is None else "budgeted"
    line = lines[0] if len(lines) == 1 else MoneyLine(role, year=year)
    if isinstance(said, Words):
        return replace(line, amount_minor=None, currency=None, stated=str(said.said), stated_in=None)
    stated = None if said.stated == written(said.minor, said.currency) else said.stated
    return replace(line, amount_minor=said.minor, currency=said.currency, stated=stated, stated_in=None)


def replaced(money: tuple[MoneyLine, ...], before: list[MoneyLine], after: list[MoneyLine]) -> tuple[MoneyLine, ...]:
    """The lines with others in the place of the first of these."""
    place = next((at for at, line in enumerate(money) if line in before), len(money))
    return (*money[:place], *after, *(line for line in money[place:] if line not in before))


def sources_kept(
    before: Element, money: tuple[MoneyLine, ...], shown: list[str], said: list[str], key_of: Callable[[str], str]
) -> tuple[MoneyLine, ...]:
    """The lines with the sources that the row names instead of those that the table showed; `key_of` their names."""
    if [as_read(name) for name in shown if as_read(name) not in (None, *NOTHING)] == said:
        wanted = _sources(before.money)
    else:
        wanted = [key_of(name) for name in said]
        gone = {key_of(name) for name in shown} - set(wanted)
        money = tuple(_without_source(line, gone) for line in money if not _is_only_source(line, gone))
    there = _sources(money)
    return (*money, *(MoneyLine("budgeted", source=key) for key in dict.fromkeys(wanted) if key not in there))


def _sources(money: Iterable[MoneyLine]) -> list[str]:
    return [line.source for line in money if line.role == "budgeted" and line.source]


def _is_only_source(line: MoneyLine, gone: set[str]) -> bool:
    return line.role == "budgeted" and line == MoneyLine("budgeted", source=line.source) and line.source in gone


def _without_source(line: MoneyLine, gone: set[str]) -> MoneyLine:
    return replace(line, source=None) if line.role == "budgeted" and line.source in gone else line

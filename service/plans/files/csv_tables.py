"""Plans as CSV: our own columns in and out, and any table in by a mapping of its columns."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from service.plans.document import Plan
from service.plans.files.assembling import assemble
from service.plans.files.keeping import sums_said
from service.plans.files.layout import mapped_layout
from service.plans.files.refusing import Finding, PlanFileRefused, Report
from service.plans.files.rows import read_rows
from service.plans.files.tabulating import (
    Line,
    Table,
    currency_of,
    days_of,
    in_words,
    location_of,
    responsible_of,
    table_of,
    type_of,
)
from service.plans.files.workbooks import LARGEST_FILE, MOST_COLUMNS, MOST_ROWS, Cells
from service.text import pick
from service.text.cells import quoted, unquoted

ENCODINGS = ("utf-8-sig", "utf-16", "iso-8859-7", "cp1253", "cp1251", "cp1257", "cp1252")
DELIMITERS = ",;\t|"
FIELDS = (
    "key",
    "level",
    "number",
    "title",
    "description",
    "objective",
    "type",
    "continuity",
    "priority",
    "status",
    "location",
    "responsible",
    "start",
    "end",
)
LEVEL, NUMBER_OF_LEVEL, SOURCE = "level:", " number", "source "


def read_csv(
    path: Path,
    plan: Plan,
    language: str,
    mapping: Mapping[str, Any] | None = None,
    encoding: str = "utf-8-sig",
    currency: str | None = None,
    remove_missing: bool = False,
) -> tuple[Plan, Report]:
    """The plan with what the table says, and what was found in its rows. Raises PlanFileRefused.

    Without a mapping the columns are those that `write_csv` writes. Sums without a currency are in `currency`, else in
    that of the plan.
    """
    report = Report()
    lines = _lines(_text(path, encoding))
    header = [name.strip() for _, cells in [next(lines, (0, ()))] for name in cells]
    if not header or len(header) > MOST_COLUMNS:
        raise PlanFileRefused(reason="no_header")
    layout = mapped_layout(header, mapping if mapping is not None else own_mapping(header))
    for name in layout.ignored:
        report.note(Finding(1, name, "unknown_column"))
    cells = _cells(lines, unquoted if mapping is None else str.strip)
    known = sums_said(table_of(plan, language))
    rows = list(read_rows(cells, layout, report, currency or currency_of(plan), known))
    return assemble(plan, rows, layout, language, report, remove_missing), report


def _text(path: Path, encoding: str) -> str:
    if path.stat().st_size > LARGEST_FILE:
        raise PlanFileRefused(reason="too_large", most=LARGEST_FILE)
    if encoding.lower() not in ENCODINGS:
        raise PlanFileRefused(reason="encoding", kinds=list(ENCODINGS))
    try:
        return path.read_bytes().decode(encoding)
    except UnicodeError:
        raise PlanFileRefused(reason="encoding", kinds=list(ENCODINGS)) from None


def _lines(text: str) -> Iterator[tuple[int, Sequence[str]]]:
    """(line, cells) of each row; which sign stands between the cells is seen from the first line."""
    head = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for taken, cells in enumerate(reader):
            if taken > MOST_ROWS:
                raise PlanFileRefused(reason="too_many_rows", most=MOST_ROWS)
            yield reader.line_num, cells
    except csv.Error:
        raise PlanFileRefused(reason="damaged") from None


def _cells(lines: Iterator[tuple[int, Sequence[str]]], clean: Any) -> Iterator[tuple[int, Cells]]:
    for number, cells in lines:
        if any(cell.strip() for cell in cells):
            yield number, tuple(clean(cell) or None for cell in cells)


def own_mapping(header: Sequence[str]) -> dict[str, Any]:
    """The mapping of the columns that `write_csv` writes."""
    levels = [name for name in header if name.startswith(LEVEL) and not name.endswith(NUMBER_OF_LEVEL)]
    return {name: name for name in FIELDS if name in header} | {
        "levels": [_own_level(name, header) for name in levels],
        "years": {name: name for name in header if re.fullmatch(r"\d{4}", name)},
        "sources": [name for name in header if name.startswith(SOURCE)],
        **({"total": "total"} if "total" in header else {}),
    }


def _own_level(name: str, header: Sequence[str]) -> dict[str, Any]:
    number = f"{name}{NUMBER_OF_LEVEL}"
    key = name.removeprefix(LEVEL)
    return {"name": key, "key": key, "column": name, "number": number if number in header else None}


def write_csv(plan: Plan, target: IO[bytes], language: str) -> None:
    """Write the plan's actions as CSV (UTF-8 with its mark, as spreadsheet programs want it)."""
    table = table_of(plan, language)
    text = io.TextIOWrapper(target, "utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(map(quoted, _header(table)))
    for line in table.lines:
        writer.writerow([quoted(cell) for cell in _row(table, line)])
    text.detach()


def _header(table: Table) -> list[str]:
    levels = [name for one in table.levels for name in (f"{LEVEL}{one.key}{NUMBER_OF_LEVEL}", f"{LEVEL}{one.key}")]
    sources = [f"{SOURCE}{place + 1}" for place in range(table.most_sources)]
    return [*FIELDS[:3], *levels, *FIELDS[3:], *map(str, table.years), "total", *sources]


def _row(table: Table, line: Line) -> list[Any]:
    element, action = line.element, line.action()
    above = [line.above.get(level.key) for level in table.levels]
    sources = [*line.sources, *[None] * table.most_sources][: table.most_sources]
    return [
        element.key,
        element.level,
        element.number,
        *(said for one in above for said in ((one.number, pick(one.title, table.language)) if one else ("", ""))),
        pick(element.title, table.language),
        pick(element.description, table.language),
        pick(element.objective, table.language),
        type_of(action, {}),
        action.continuity,
        action.priority,
        action.status,
        location_of(table.plan, action, table.language),
        responsible_of(table, action),
        *days_of(action.when),
        *(in_words(line.budget.get(year), table.currency) for year in table.years),
        in_words(line.total, table.currency),
        *sources,
    ]

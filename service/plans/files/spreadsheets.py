"""EETAA's sheet in and out: "ΕΠ_ΔΡΑΣΕΙΣ", two header rows, an action in each row."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.cell_range import CellRange

from service.plans.document import Plan
from service.plans.files.assembling import assemble
from service.plans.files.keeping import sums_said
from service.plans.files.layout import (
    MOST_HEADER_ROWS,
    MOST_SOURCES,
    Layout,
    continues_header,
    eetaa_layout,
    is_header,
    plain,
)
from service.plans.files.refusing import Finding, PlanFileRefused, Report
from service.plans.files.rows import CONTINUITY_NAMES, PRIORITY_NAMES, read_rows
from service.plans.files.tabulating import (
    Line,
    Table,
    currency_of,
    heading_of,
    location_of,
    responsible_of,
    table_of,
    type_of,
)
from service.plans.files.workbooks import Cells, merged_of, rows_of
from service.text import pick
from service.text.cells import clean, is_risky

SHEET = "ΕΠ_ΔΡΑΣΕΙΣ"
BEFORE_LEVELS = "Α/Α"
AFTER_LEVELS = (
    "τίτλος δράσης",
    "είδος δράσης",
    "Νέα/Συνεχιζόμενη",
    "χωροθέτηση",
    "προτεραιότητα",
    "υπεύθυνη υπηρεσία",
)
BUDGET, TOTAL, SOURCES = "ΠΡΟΫΠΟΛΟΓΙΣΜΟΣ", "ΣΥΝΟΛΟ", "ΠΗΓΗ ΧΡΗΜΑΤΟΔΟΤΗΣΗΣ"
YEARS_OF_A_PERIOD = (4, 5)
HEADER, IN_LINES, SUM = Font(bold=True), Alignment(vertical="top", wrap_text=True), "#,##0.00"


def read_spreadsheet(
    path: Path, plan: Plan, language: str, currency: str | None = None, remove_missing: bool = False
) -> tuple[Plan, Report]:
    """The plan with what the sheet says, and what was found in its rows. Raises PlanFileRefused.

    Sums without a currency are in `currency`, else in that of the plan.
    """
    report = Report()
    rows = rows_of(path, is_actions)
    layout, rest = _layout(rows)
    for name in layout.ignored:
        report.note(Finding(1, name, "unknown_column"))
    if len(layout.years) not in YEARS_OF_A_PERIOD:
        report.note(Finding(1, BUDGET, "years_of_period", ", ".join(map(str, sorted(layout.years)))))
    known = sums_said(table_of(plan, language))
    cells = filled(rest, merged_of(path, is_actions), {level.title for level in layout.levels})
    taken = list(read_rows(cells, layout, report, currency or currency_of(plan), known))
    return assemble(plan, taken, layout, language, report, remove_missing), report


def is_actions(name: str) -> bool:
    """Whether this is the sheet with the actions."""
    return plain(name) == plain(SHEET)


def filled(
    rows: Iterable[tuple[int, Cells]], merged: Mapping[tuple[int, int], int], columns: Iterable[int]
) -> Iterator[tuple[int, Cells]]:
    """The rows with the cells of these columns that are merged downwards filled with what their first one says.

    `merged`: (row, column) of the first cell → the last row.
    """
    last: dict[int, tuple[int, Any]] = {}
    for number, cells in rows:
        row = list(cells)
        for column in columns:
            if (number, column) in merged:
                last[column] = merged[number, column], row[column]
            elif row[column] is None and number <= last.get(column, (0, None))[0]:
                row[column] = last[column][1]
        yield number, tuple(row)


def _layout(rows: Iterator[tuple[int, Cells]]) -> tuple[Layout, Iterator[tuple[int, Cells]]]:
    """The columns by the header rows, and the rows after them."""
    for number, first in rows:
        if is_header(first):
            break
        if number > MOST_HEADER_ROWS:
            raise PlanFileRefused(reason="no_header")
    else:
        raise PlanFileRefused(reason="no_header")
    second = next(rows, None)
    if second is None or continues_header(second[1]):
        return eetaa_layout(first, second[1] if second else ()), rows
    return eetaa_layout(first, ()), chain([second], rows)


def write_spreadsheet(plan: Plan, target: IO[bytes], language: str) -> None:
    """Write the plan's actions as EETAA's sheet; no cell of it is ever a formula."""
    table = table_of(plan, language)
    book = Workbook(write_only=True)
    sheet = book.create_sheet(SHEET)
    levels = [" ".join(pick(one.name, language).split()) or one.key for one in table.levels]
    named = [BEFORE_LEVELS, *levels, *AFTER_LEVELS]
    years: list[Any] = [*table.years, TOTAL]
    _shape(sheet, len(levels), len(years))
    for header in (_padded([*named, BUDGET], len(named) + len(years), SOURCES), [*[None] * len(named), *years]):
        sheet.append([_cell(sheet, one, HEADER) for one in header])
    for line in table.lines:
        sheet.append([_cell(sheet, one) for one in _row(table, line)])
    _merge(sheet, len(named), len(years))
    book.save(target)


def _padded(names: list[str], width: int, last: str) -> list[Any]:
    """The first header row: a merged cell has its text in the first of its columns."""
    return [*names, *[None] * (width - len(names)), last, *[None] * (MOST_SOURCES - 1)]


def _row(table: Table, line: Line) -> list[Any]:
    element, action = line.element, line.action()
    sources = [*line.sources[:MOST_SOURCES], *[None] * MOST_SOURCES][:MOST_SOURCES]
    return [
        _number(element.number),
        *(_coded(line, level.key, table.language) for level in table.levels),
        pick(element.title, table.language),
        type_of(action),
        CONTINUITY_NAMES.get(action.continuity or ""),
        location_of(table.plan, action, table.language),
        PRIORITY_NAMES.get(action.priority or ""),
        responsible_of(table, action),
        *(line.budget.get(year) for year in table.years),
        line.total,
        *sources,
    ]


def _number(said: str | None) -> Any:
    """A whole number as a number, so that the sheet can be sorted by it."""
    return int(said) if said and said.isdecimal() and str(int(said)) == said and len(said) < 10 else said


def _coded(line: Line, level: str, language: str) -> str | None:
    """An axis, a measure or an objective with its number before its name."""
    element = line.above.get(level)
    return heading_of(element, language) if element else None


def _shape(sheet: Any, levels: int, years: int) -> None:
    """Columns as wide as what stands in them; the header stays when one scrolls."""
    widths = [8, *[28] * levels, 60, 14, 14, 24, 12, 30, *[16] * years, *[24] * MOST_SOURCES]
    for column, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "A3"


def _cell(sheet: Any, value: Any, font: Font | None = None) -> Any:
    """A cell whose text is a text, whatever it begins with, in lines; a sum with its cents."""
    if not isinstance(value, str | Decimal) and (font is None or value is None):
        return value
    cell: Any = WriteOnlyCell(sheet, value="")
    cell.value = clean(value) if isinstance(value, str) else value
    if font is not None:
        cell.font = font
    if isinstance(value, Decimal):
        cell.number_format = SUM
    if isinstance(value, str):
        cell.data_type = "s"
        cell.alignment = IN_LINES
        if is_risky(cell.value):
            cell.quotePrefix = True
    return cell


def _merge(sheet: Any, named: int, years: int) -> None:
    """Merge the header cells as EETAA's sheet has them."""
    for column in range(1, named + 1):
        sheet.merged_cells.add(CellRange(min_col=column, max_col=column, min_row=1, max_row=2))
    after = named + years
    if years > 1:  # of one cell alone Excel would say that the file is damaged
        sheet.merged_cells.add(CellRange(min_col=named + 1, max_col=after, min_row=1, max_row=1))
    sheet.merged_cells.add(CellRange(min_col=after + 1, max_col=after + MOST_SOURCES, min_row=1, max_row=2))

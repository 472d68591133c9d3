"""Open the workbook of a stranger (.xlsx) and hand out the rows of a sheet, one by one, within bounds.

Before the library sees the file its parts are looked at: how many there are, how large they unpack, whether one holds
macros, and whether the XML of one names entities.
"""

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers import expat

from openpyxl import load_workbook
from openpyxl.cell.read_only import EMPTY_CELL
from openpyxl.utils.cell import range_boundaries

from service.plans.files.refusing import PlanFileRefused

LARGEST_FILE = 20 * 1024 * 1024
LARGEST_UNPACKED = 64 * 1024 * 1024
MOST_PARTS = 500
MOST_TAGS = 5_000_000
MOST_TAGS_ELSEWHERE = 100_000
MOST_ROWS = 20_000
LAST_ROW = 1_048_576
"""The last row that a sheet of XLSX can have."""
MOST_MERGED = 100_000
HEADERS = 2
MOST_COLUMNS = 64
LARGE_PARTS = ("xl/worksheets/", "xl/sharedstrings.xml")
"""Parts with a tag for each cell; the library keeps each tag of the others."""
HEAD = 1 << 16
"""Bytes within which the root of an XML part must begin."""
OTHER_WORKBOOKS = (".xlsm", ".xltm", ".xlsb", ".xls", ".ods")


@dataclass(frozen=True, slots=True)
class NoValue:
    """A cell without a usable value: a formula that was never calculated, or an error such as #REF!."""

    fault: str
    said: str


Cells = tuple[Any, ...]
NOTHING = (EMPTY_CELL,) * MOST_COLUMNS


def rows_of(path: Path, is_wanted: Callable[[str], bool]) -> Iterator[tuple[int, Cells]]:
    """(row number, cells) of each row with anything in it, of the first sheet whose name is wanted.

    A formula gives the value that was last calculated; without one, and for an error, the cell is `NoValue`. Raises
    PlanFileRefused.
    """
    look_into(path)
    try:
        yield from _rows(path, is_wanted)
    except PlanFileRefused:
        raise
    except Exception:  # the library has no fault of its own for what is no workbook: it fails in many ways
        raise PlanFileRefused(reason="damaged") from None


def look_into(path: Path) -> None:
    """Raise PlanFileRefused for a file that should not be opened at all."""
    if path.suffix.lower() in OTHER_WORKBOOKS:
        raise PlanFileRefused(reason="macros" if path.suffix.lower().endswith("m") else "kind")
    if path.stat().st_size > LARGEST_FILE:
        raise PlanFileRefused(reason="too_large", most=LARGEST_FILE)
    try:
        with zipfile.ZipFile(path) as file:
            parts = file.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                raise PlanFileRefused(reason="too_large_unpacked", most=LARGEST_UNPACKED)
            for part in parts:
                look_into_part(file, part)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error):
        raise PlanFileRefused(reason="damaged") from None


def look_into_part(file: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Refuse macros, and XML with a document type, which could name entities."""
    name = part.filename.lower()
    if "vbaproject" in name or "activex" in name or "macrosheet" in name:
        raise PlanFileRefused(reason="macros")
    with file.open(part) as content:
        head = content.read(HEAD)
        tags = head.count(b"<") + sum(more.count(b"<") for more in iter(lambda: content.read(1 << 20), b""))
    if tags > (MOST_TAGS if name.startswith(LARGE_PARTS) else MOST_TAGS_ELSEWHERE):
        raise PlanFileRefused(reason="too_many_rows", most=MOST_ROWS)
    if name == "[content_types].xml" and b"macroEnabled" in head:
        raise PlanFileRefused(reason="macros")
    if name.endswith((".xml", ".rels")):
        refuse_document_type(head)


def refuse_document_type(head: bytes) -> None:
    """Raise PlanFileRefused where a document type stands before the root of this XML, in whatever encoding."""
    found: list[str] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: found.append("document_type")
    try:
        parser.Parse(head, False)
    except (expat.ExpatError, ValueError, LookupError):
        found.append("damaged")
    if found:
        raise PlanFileRefused(reason=found[0])


def _rows(path: Path, is_wanted: Callable[[str], bool]) -> Iterator[tuple[int, Cells]]:
    """The rows, with formulas from one reading and values from another."""
    with closing(load_workbook(path, read_only=True, data_only=True)) as values:
        name = next((one for one in values.sheetnames if is_wanted(one)), None)
        if name is None:
            raise PlanFileRefused(reason="no_sheet")
        with closing(load_workbook(path, read_only=True)) as formulas:
            sheets = (values[name], formulas[name])
            for sheet in sheets:
                sheet.reset_dimensions()
            pairs = zip(*(sheet.iter_rows(max_col=MOST_COLUMNS) for sheet in sheets), strict=True)
            taken = 0
            for number, (cells, written) in enumerate(pairs, 1):
                if number > LAST_ROW:
                    raise PlanFileRefused(reason="too_many_rows", most=MOST_ROWS)
                if cells == written == NOTHING:
                    continue
                row = tuple(_value(cell, origin) for cell, origin in zip(cells, written, strict=True))
                if any(value is not None for value in row):
                    taken += 1
                    if taken > MOST_ROWS + HEADERS:
                        raise PlanFileRefused(reason="too_many_rows", most=MOST_ROWS)
                    yield number, row


def merged_of(path: Path, is_wanted: Callable[[str], bool]) -> dict[tuple[int, int], int]:
    """(row, column from 0) → last row of the cells that are merged downwards, of the first sheet that is wanted.

    Of a workbook whose rows were read. Raises PlanFileRefused.
    """
    found: dict[tuple[int, int], int] = {}

    def begins(tag: str, about: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == "mergeCell":
            column, first, _, last = (place or 1 for place in range_boundaries(about.get("ref", "")))
            if last > first:
                found[first, column - 1] = last
            if len(found) > MOST_MERGED:
                raise PlanFileRefused(reason="too_many_rows", most=MOST_ROWS)

    parser = expat.ParserCreate()
    parser.StartElementHandler = begins
    with closing(load_workbook(path, read_only=True)) as book:
        sheet: Any = book[next(name for name in book.sheetnames if is_wanted(name))]
        with sheet._get_source() as content:
            try:
                parser.ParseFile(content)
            except (expat.ExpatError, ValueError, TypeError):
                raise PlanFileRefused(reason="damaged") from None
    return found


def _value(cell: Any, written: Any) -> Any:
    """What a cell says; white space around a text is not part of it."""
    value = cell.value
    if written.data_type == "f" and value is None:
        return NoValue("formula_without_value", str(getattr(written.value, "text", written.value)))
    if cell.data_type == "e":
        return NoValue("cell_error", str(value))
    return value.strip() or None if isinstance(value, str) else value

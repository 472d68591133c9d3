"""Workbooks as clerks make them, and as nobody should."""

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from service.plans.document import Plan

NAMES = (
    "Α/Α",
    "Άξονας",
    "Μέτρο",
    "Στόχος",
    "Τίτλος δράσης",
    "Είδος δράσης",
    "Νέα/Συνεχιζόμενη",
    "Χωροθέτηση",
    "Προτεραιότητα",
    "Υπεύθυνη υπηρεσία",
)
YEARS = (2024, 2025, 2026, 2027)
ROW = (
    1,
    "1 Περιβάλλον",
    "1.1 Πράσινο",
    "1.1.1 Πάρκα",
    "Ανάπλαση πλατείας",
    "Έργο",
    "Νέα",
    "Δ.Ε. Κοζάνης",
    "Α'",
    "Τεχνική Υπηρεσία",
    1000,
    2000.5,
    None,
    None,
    3000.5,
    "ΣΑΤΑ",
    "Ίδιοι πόροι",
    None,
)
EMPTY = Plan("operational", "operational", {"el": "Επιχειρησιακό Πρόγραμμα"}, "el")


def eetaa(path: Path, rows: Iterable[Sequence[Any]] = (ROW,), sheet: str = "ΕΠ_ΔΡΑΣΕΙΣ") -> Path:
    """EETAA's sheet with merged header cells."""
    book = Workbook()
    active = book.active
    active.title = sheet
    active.append([*NAMES, "ΠΡΟΫΠΟΛΟΓΙΣΜΟΣ", *[None] * 4, "ΠΗΓΗ ΧΡΗΜΑΤΟΔΟΤΗΣΗΣ"])
    active.append([*[None] * len(NAMES), *YEARS, "ΣΥΝΟΛΟ"])
    for column in range(1, len(NAMES) + 1):
        active.merge_cells(start_row=1, end_row=2, start_column=column, end_column=column)
    active.merge_cells(start_row=1, end_row=1, start_column=11, end_column=15)
    active.merge_cells(start_row=1, end_row=2, start_column=16, end_column=18)
    for row in rows:
        active.append(list(row))
    book.save(path)
    return path


def with_cell(place: int, value: Any, row: Sequence[Any] = ROW) -> list[Any]:
    """The row with another value in this column, counted from 0."""
    return [*row[:place], value, *row[place + 1 :]]


def rewritten(path: Path, target: Path, part: str, content: bytes | None, also: dict[str, bytes] | None = None) -> Path:
    """The workbook with another content for one of its parts, and with more parts."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name == part and content is not None else old.read(name))
        for name, more in (also or {}).items():
            new.writestr(name, more)
    return target


def many_rows(path: Path, count: int) -> Path:
    """A sheet with so many rows, written by hand because that is quick."""
    cells = "".join(f'<c r="{letter}{{0}}"><v>{{0}}</v></c>' for letter in "ABCDE")
    body = "".join(f'<row r="{number}">{cells.format(number)}</row>' for number in range(3, count + 3))
    eetaa(path)
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    before, after = sheet.split('<row r="3"')[0], sheet[sheet.index("</sheetData>") :]
    return rewritten(path, path.with_name("many.xlsx"), "xl/worksheets/sheet1.xml", (before + body + after).encode())

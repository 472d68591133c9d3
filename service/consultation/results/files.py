"""A result as a file: CSV with the dictionary of its columns beside it (CSVW), ODS, JSON, PDF.

The same result makes the same bytes, row by row, so that no table stands in memory a second time. No cell of a table
is taken for a formula.
"""

import csv
import io
from collections.abc import Callable, Mapping
from itertools import chain
from typing import IO, Any

import orjson

from service.consultation.results.content import Published
from service.consultation.results.spreadsheets import ODS_TYPE, SLIM, WIDE, write_spreadsheet
from service.consultation.results.wording import DICTIONARY, RESULT
from service.text import say
from service.text.cells import quoted

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "csvw": "application/csvm+json",
    "ods": ODS_TYPE,
    "json": "application/json",
    "pdf": "application/pdf",
}
"""Format → content type. `csvw` says what the columns of the CSV are."""
ENDINGS = {"csvw": "csv-metadata.json"}


def write(published: Published, form: str, target: IO[bytes]) -> None:
    """Write the file in one of `TYPES`."""
    writers: Mapping[str, Callable[[Published, IO[bytes]], None]] = {
        "csv": write_csv,
        "csvw": write_csvw,
        "ods": write_ods,
        "json": write_json,
        "pdf": write_pdf,
    }
    writers[form](published, target)


def name_of(consultation: str, form: str) -> str:
    """What the file is called."""
    return f"{consultation}.{ENDINGS.get(form, form)}"


def write_csv(published: Published, target: IO[bytes]) -> None:
    """UTF-8 with its mark, as spreadsheet programs want it."""
    text = io.TextIOWrapper(target, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(published.table.columns)
    writer.writerows([quoted(cell) for cell in row.cells()] for row in published.table.rows)
    text.detach()


def write_csvw(published: Published, target: IO[bytes]) -> None:
    """The dictionary of the CSV's columns, as metadata of CSV on the Web (W3C)."""
    table = published.table
    columns = [
        {"name": name, "titles": name, "datatype": "string", "dc:description": words}
        for name, words in table.columns.items()
    ]
    content = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": table.language}],
        "url": name_of(published.consultation, "csv"),
        "dc:title": table.title,
        "dc:publisher": published.publisher,
        "dc:date": published.closed_at.isoformat(),
        "tableSchema": {"columns": columns},
        "notes": [{"measure": name, "description": words} for name, words in table.measures.items()],
    }
    target.write(orjson.dumps(content, option=orjson.OPT_INDENT_2))


def write_ods(published: Published, target: IO[bytes]) -> None:
    """Two sheets: the table, and the dictionary of its columns and measures."""
    table, spoken = published.table, published.table.language
    dictionary = [(name, words) for name, words in (table.columns | table.measures).items()]
    rows = chain([tuple(table.columns)], (row.cells() for row in table.rows))
    widths = [WIDE if name.endswith("_text") else SLIM for name in table.columns]
    sheets = {say(spoken, RESULT): (widths, rows), say(spoken, DICTIONARY): ((SLIM, WIDE), dictionary)}
    write_spreadsheet(sheets, target)


def write_json(published: Published, target: IO[bytes]) -> None:
    """The rows come last, one after the other."""
    table = published.table
    content: dict[str, Any] = {
        "consultation": published.consultation,
        "title": table.title,
        "language": table.language,
        "publisher": published.publisher,
        "closed_at": published.closed_at.isoformat(),
        "one_per": table.one_per,
        "columns": table.columns,
        "measures": table.measures,
    }
    target.write(orjson.dumps(content, option=orjson.OPT_INDENT_2).removesuffix(b"\n}") + b',\n  "rows": [')
    for place, row in enumerate(table.rows):
        target.write(b",\n" if place else b"\n")
        target.write(orjson.dumps(vars(row)))
    target.write(b"\n  ]\n}")


def write_pdf(published: Published, target: IO[bytes]) -> None:
    """For reading: who took part, the graphs, the table, and the dictionary."""
    from service.consultation.results.pages import pdf  # a quarter of a second, for which no process that starts waits

    target.write(pdf(published))

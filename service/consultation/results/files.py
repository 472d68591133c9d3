"""A result as a file: CSV with the dictionary of its columns beside it (CSVW), ODS, JSON, PDF.

The same result makes the same bytes. No cell of a table is taken for a formula.
"""

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from service.consultation.results.content import Published
from service.consultation.results.spreadsheets import ODS_TYPE, spreadsheet
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


def written(published: Published, form: str) -> bytes:
    """The file in one of `TYPES`."""
    writers: Mapping[str, Callable[[Published], bytes]] = {
        "csv": as_csv,
        "csvw": as_csvw,
        "ods": as_ods,
        "json": as_json,
        "pdf": as_pdf,
    }
    return writers[form](published)


def name_of(consultation: str, form: str) -> str:
    """What the file is called."""
    return f"{consultation}.{ENDINGS.get(form, form)}"


def as_csv(published: Published) -> bytes:
    """UTF-8 with its mark, as spreadsheet programs want it."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(published.table.columns)
    writer.writerows([quoted(cell) for cell in row.cells()] for row in published.table.rows)
    return target.getvalue().encode("utf-8-sig")


def as_csvw(published: Published) -> bytes:
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
    return orjson.dumps(content, option=orjson.OPT_INDENT_2)


def as_ods(published: Published) -> bytes:
    """Two sheets: the table, and the dictionary of its columns and measures."""
    table, spoken = published.table, published.table.language
    dictionary = [(name, words) for name, words in (table.columns | table.measures).items()]
    rows = [tuple(table.columns), *(row.cells() for row in table.rows)]
    return spreadsheet({say(spoken, RESULT): rows, say(spoken, DICTIONARY): dictionary})


def as_json(published: Published) -> bytes:
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
        "rows": [vars(row) for row in table.rows],
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2)


def as_pdf(published: Published) -> bytes:
    """For reading: who took part, the graphs, the table, and the dictionary."""
    from service.consultation.results.pages import pdf  # a quarter of a second, for which no process that starts waits

    return pdf(published)

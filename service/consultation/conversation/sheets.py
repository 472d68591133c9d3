"""Contributions from outside, from a sheet: letters, forms and what was said in a meeting, many at once."""

import csv
import io
import uuid
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from service.consultation.conversation.answering import MOST_TOGETHER
from service.consultation.conversation.contributing import From, Said, contribute
from service.consultation.models import Consultation
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import Caller
from service.plans.files.csv_tables import DELIMITERS, unquoted
from service.text import N_

COLUMNS = ("channel", "role", "received_on", "language", "text", "stance", "kind", "target", "longitude", "latitude")
NEEDED = COLUMNS[:5]
LARGEST = 5_000_000
"""Bytes."""


class SheetNotRead(Problem):
    """The file is no such sheet: `reason` is too_large, encoding, damaged, no_rows, too_many_rows (`most`), or columns
    (`missing`).
    """

    status, code, message = 422, "sheet_not_read", N_("This file cannot be read as a sheet of contributions.")


def rows_of(content: bytes) -> tuple[Sequence[tuple[int, Mapping[str, str]]], Sequence[str]]:
    """The rows by number, 1 being the header, without empty cells; and the columns that nobody knows.

    Raises SheetNotRead.
    """
    lines = list(lines_of(content))
    header = [name.strip().casefold() for name in lines[0][1]] if lines else []
    if missing := [name for name in NEEDED if name not in header]:
        raise SheetNotRead(reason="columns", missing=missing)
    rows = [(number, cells_of(header, cells)) for number, cells in lines[1:] if any(map(str.strip, cells))]
    if not rows:
        raise SheetNotRead(reason="no_rows")
    return rows, [name for name in header if name and name not in COLUMNS]


def cells_of(header: Sequence[str], cells: Sequence[str]) -> Mapping[str, str]:
    found = zip(header, map(unquoted, cells), strict=False)
    return {name: cell for name, cell in found if cell and name in COLUMNS}


def lines_of(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    """Number and cells of each line. Raises SheetNotRead."""
    if len(content) > LARGEST:
        raise SheetNotRead(reason="too_large", most=LARGEST)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeError:
        raise SheetNotRead(reason="encoding") from None
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            if number > MOST_TOGETHER + 1:
                raise SheetNotRead(reason="too_many_rows", most=MOST_TOGETHER)
            yield number, cells
    except csv.Error:
        raise SheetNotRead(reason="damaged") from None


def name_of(about: Consultation, content: bytes, number: int) -> uuid.UUID:
    """The id of a row: the same sheet that is sent twice is written once."""
    return uuid.uuid5(about.uid, f"{sha256(content).hexdigest()}:{number}")


def enter_all(
    municipality: Municipality, actor: Caller, about: Consultation, written: Sequence[tuple[Said, From]]
) -> None:
    """Write all of them down; inside `transaction()`. Raises what `contribute` does."""
    for said, by in written:
        contribute(municipality, about, said, by)
    facts = {"contributions": len(written)}
    record(municipality.id, actor, "contributions_imported", "consultation", str(about.uid), facts)

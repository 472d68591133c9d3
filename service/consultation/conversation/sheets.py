"""Contributions from outside, from a sheet: letters, forms and what was said in a meeting, many at once."""

import csv
import io
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import insert, select

from service.consultation.conversation.answering import MOST_TOGETHER
from service.consultation.conversation.contributing import From, Said, row_of
from service.consultation.conversation.finding import those_ever
from service.consultation.conversation.models import Contribution, Thread
from service.consultation.conversation.opening import ensure_running
from service.consultation.conversation.resembling import keep_marks
from service.consultation.conversation.threads import thread_locked
from service.consultation.models import Consultation
from service.crash_points import crash_here
from service.db import session
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import Caller
from service.plans.files.csv_tables import DELIMITERS
from service.text import N_
from service.text.cells import unquoted

COLUMNS = ("channel", "role", "received_on", "language", "text", "stance", "kind", "target", "longitude", "latitude")
NEEDED = COLUMNS[:5]
LARGEST = 5_000_000
"""Bytes."""

contributions: Any = Contribution.__table__


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


def names_of(about: Consultation, content: bytes, numbers: Iterable[int]) -> Mapping[int, uuid.UUID]:
    """The ids of these rows by number: the same sheet that is sent twice is written once."""
    digest = sha256(content).hexdigest()
    return {number: uuid.uuid5(about.uid, f"{digest}:{number}") for number in numbers}


def enter_all(
    municipality: Municipality, actor: Caller, about: Consultation, written: Sequence[tuple[Said, From]]
) -> int:
    """Write down what was never there, with the marks by which it is found, and how many that are; inside
    `transaction()`. All have their ids.

    In a few statements, however many they are. Raises ConversationClosed, NothingToTalkAbout.
    """
    if not never_there(written):
        return 0
    ensure_running(about)
    things = sorted({(said.kind, said.target) for said, _ in written})
    threads = {thing: thread_locked(municipality, about, *thing) for thing in things}
    new = never_there(written)  # whoever sends the same sheet at this moment waits for its threads
    if new:
        add_all(municipality, threads, new)
        crash_here("after_letters_written")
        mark_all(about.id, [said for said, _ in new])
        facts = {"contributions": len(new)}
        record(municipality.id, actor, "contributions_imported", "consultation", str(about.uid), facts)
    return len(new)


def never_there(written: Sequence[tuple[Said, From]]) -> Sequence[tuple[Said, From]]:
    """Those of these that were never written; what was taken back is not written again."""
    there = those_ever([said.uid for said, _ in written if said.uid])
    return [(said, by) for said, by in written if said.uid not in there]


def add_all(
    municipality: Municipality, threads: Mapping[tuple[str, str], Thread], new: Sequence[tuple[Said, From]]
) -> None:
    """Add these to their threads, which are locked, and count them there."""
    rows = [
        row_of(municipality, threads[said.kind, said.target], None, said, by) | {"uid": said.uid} for said, by in new
    ]
    session.execute(insert(contributions), rows)
    for thing, count in Counter((said.kind, said.target) for said, _ in new).items():
        threads[thing].contributions += count


def mark_all(about_id: int, new: Sequence[Said]) -> None:
    """Let these, which were just written, be found by what they say."""
    marks = {said.uid: said.marks for said in new}
    there = session.execute(select(Contribution.id, Contribution.uid).where(Contribution.uid.in_(marks)))
    keep_marks(about_id, {row.id: marks[row.uid] for row in there})

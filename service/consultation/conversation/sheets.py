"""Contributions from outside, from a sheet: letters, forms and what was said in a meeting, many at once."""

import csv
import io
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

from sqlalchemy import select

from service.consultation.conversation.answering import MOST_TOGETHER
from service.consultation.conversation.contributing import From, Said, row_of
from service.consultation.conversation.models import Contribution, Thread
from service.consultation.conversation.opening import ensure_running
from service.consultation.conversation.resembling import keep_marks
from service.consultation.conversation.threads import thread_locked
from service.consultation.models import Consultation
from service.db import session
from service.db.types import AnyRow
from service.db.upserts import insert_if_absent
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


def those_there(uids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these are written already."""
    return set(session.scalars(select(Contribution.uid).where(Contribution.uid.in_(uids))))


def enter_all(
    municipality: Municipality, actor: Caller, about: Consultation, written: Sequence[tuple[Said, From]]
) -> int:
    """Write down what is not there yet, and how many that are; inside `transaction()`. All have their ids.

    In a few statements, however many they are. Raises ConversationClosed, NothingToTalkAbout.
    """
    there = those_there([said.uid for said, _ in written if said.uid])
    new = [(said, by) for said, by in written if said.uid not in there]
    if not new:
        return 0
    ensure_running(about)
    things = sorted({(said.kind, said.target) for said, _ in new})
    threads = {thing: thread_locked(municipality, about, *thing) for thing in things}
    added = add_all(municipality, threads, new)
    marks = {said.uid: said.marks for said, _ in new}
    keep_marks(about.id, {row.id: marks[row.uid] for row in added})
    if added:
        facts = {"contributions": len(added)}
        record(municipality.id, actor, "contributions_imported", "consultation", str(about.uid), facts)
    return len(added)


def add_all(
    municipality: Municipality, threads: Mapping[tuple[str, str], Thread], new: Sequence[tuple[Said, From]]
) -> Sequence[AnyRow]:
    """Add these to their threads, which are locked, and count them there; (id, uid, thread_id) of each."""
    rows = [
        row_of(municipality, threads[said.kind, said.target], None, said, by) | {"uid": said.uid} for said, by in new
    ]
    uids = insert_if_absent(Contribution, rows, returning=Contribution.uid)
    columns = Contribution.id, Contribution.uid, Contribution.thread_id
    added = session.execute(select(*columns).where(Contribution.uid.in_(uids)).order_by(Contribution.id)).all()
    counted = Counter(row.thread_id for row in added)
    for thread in threads.values():
        thread.contributions += counted[thread.id]
    return added

"""The final report: everything that was contributed, with what became of it, as a table."""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

from service.consultation.conversation.contributing import KIND
from service.consultation.conversation.finding import AT_ONCE, all_of, changing_of
from service.consultation.conversation.presenting import contributions
from service.consultation.conversation.threads import threads_of
from service.consultation.models import Consultation
from service.db.types import AnyRow
from service.moderation.finding import hidden_among
from service.municipalities.directory import Municipality

COLUMNS = (
    *("id", "created_at", "about_kind", "about", "parent", "channel", "role", "received_on", "official", "stance"),
    *("language", "text", "hidden_by_rule", "withdrawn", "supports", "opposes", "passes"),
    *("disposition", "reason", "body", "changed_text", "answered_at"),
)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def state_of(municipality: Municipality, about: Consultation) -> str:
    """A digest of everything that can change in the report, in hexadecimal: far less is read than for the report."""
    digest = hashlib.sha256()
    for rows in changing_of(about.id):
        digest.update(repr([tuple(row) for row in rows]).encode())
        digest.update(repr(sorted(hidden_among(municipality, KIND, [row.uid for row in rows]).items())).encode())
    return digest.hexdigest()


def as_csv(municipality: Municipality, about: Consultation, spoken: str) -> Iterator[bytes]:
    """The report, oldest first, as CSV in UTF-8 with a byte order mark, in pieces; a spreadsheet takes no cell for a
    formula.
    """
    yield BYTE_ORDER_MARK + written([COLUMNS])
    after = None
    while rows := all_of(about.id, after, AT_ONCE):
        yield written(cells_of(municipality, about.id, rows, spoken))
        after = rows[-1].id


def cells_of(
    municipality: Municipality, consultation_id: int, rows: Sequence[AnyRow], spoken: str
) -> Iterator[Sequence[str]]:
    """These contributions as everybody may see them, in the order of COLUMNS."""
    threads = {thread.id: thread for thread in threads_of(consultation_id)}
    for row, shown in zip(rows, contributions(municipality, rows, None, spoken), strict=True):
        thread, answer = threads[row.thread_id], shown["answer"] or {}
        found = shown | answer | {"id": shown["id"], "about_kind": thread.kind, "about": thread.target}
        yield [cell(found.get(name)) for name in COLUMNS]


def written(lines: Iterable[Sequence[str]]) -> bytes:
    file = StringIO()
    csv.writer(file).writerows(lines)
    return file.getvalue().encode()


def cell(value: Any) -> str:
    text = "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text

"""The final report: everything that was contributed, with what became of it, as a table."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any

from service.consultation.conversation.finding import all_of
from service.consultation.conversation.presenting import contributions
from service.consultation.conversation.threads import threads_of
from service.consultation.models import Consultation
from service.municipalities.directory import Municipality

COLUMNS = (
    *("id", "created_at", "about_kind", "about", "parent", "channel", "role", "received_on", "official", "stance"),
    *("language", "text", "hidden_by_rule", "withdrawn", "supports", "opposes", "passes"),
    *("disposition", "reason", "body", "changed_text", "answered_at"),
)
AT_ONCE = 500
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def lines(municipality: Municipality, about: Consultation, spoken: str) -> Iterator[dict[str, Any]]:
    """Every contribution as everybody may see it, oldest first, with COLUMNS as its names."""
    threads = {thread.id: thread for thread in threads_of(about.id)}
    after = None
    while rows := all_of(about.id, after, AT_ONCE):
        for row, shown in zip(rows, contributions(municipality, rows, None, spoken), strict=True):
            thread, answer = threads[row.thread_id], shown["answer"] or {}
            found = shown | answer | {"id": shown["id"], "about_kind": thread.kind, "about": thread.target}
            yield {name: found.get(name) for name in COLUMNS}
        after = rows[-1].id


def as_csv(municipality: Municipality, about: Consultation, spoken: str) -> bytes:
    """The report as CSV in UTF-8 with a byte order mark; no cell is a formula to a spreadsheet."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows([cell(value) for value in line.values()] for line in lines(municipality, about, spoken))
    return b"\xef\xbb\xbf" + file.getvalue().encode()


def cell(value: Any) -> str:
    text = "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text

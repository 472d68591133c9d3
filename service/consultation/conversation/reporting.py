"""The final report: everything that was contributed, with what became of it, as a table, as JSON and for reading."""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Any

import orjson

from service.consultation.conversation.answering import DISPOSITIONS
from service.consultation.conversation.contributing import KIND
from service.consultation.conversation.finding import AT_ONCE, all_of, changing_of, counts_now
from service.consultation.conversation.opening import WHOLE
from service.consultation.conversation.presenting import contributions
from service.consultation.conversation.threads import threads_of
from service.consultation.models import Consultation
from service.moderation.finding import hidden_among
from service.municipalities.directory import Municipality
from service.text import N_, pick, say
from service.text.cells import quoted

COLUMNS = (
    *("id", "created_at", "about_kind", "about", "parent", "channel", "role", "received_on", "official", "stance"),
    *("language", "text", "hidden_by_rule", "withdrawn", "taken_back", "supports", "opposes", "passes"),
    *("disposition", "reason", "body", "changed_text", "answered_at"),
)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&])")
SAID = {
    "title": N_("What was contributed, and what became of it"),
    "counted": N_("Contributions: {count}. Without an answer: {unanswered}."),
    "hidden": N_("Hidden by a published rule."),
    "withdrawn": N_("Withdrawn by its author."),
    "taken_back": N_("Entered by mistake and taken back by the municipality."),
    "official": N_("The municipality"),
    "votes": N_("For: {supports}, against: {opposes}"),
    "unanswered": N_("No answer yet."),
    "changed": N_("Changed text"),
}


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
    for page in pages_of(municipality, about, spoken):
        yield written([quoted(as_text(one[name])) for name in COLUMNS] for one in page)


def as_json(municipality: Municipality, about: Consultation, spoken: str) -> Iterator[bytes]:
    """The same as one JSON object, {"consultation", "contributions"}, in pieces."""
    yield b'{"consultation":' + orjson.dumps(str(about.uid)) + b',"contributions":['
    between = b""
    for page in pages_of(municipality, about, spoken):
        for one in page:
            yield between + orjson.dumps(one, option=orjson.OPT_UTC_Z)
            between = b","
    yield b"]}"


def as_markdown(municipality: Municipality, about: Consultation, spoken: str) -> Iterator[bytes]:
    """The same for reading: what people wrote is quoted, and nothing in it is taken for markup."""
    counts = counts_now(about.id)
    title = pick(about.title, spoken, municipality.main_language)
    counted = say(spoken, SAID["counted"], count=counts["contributions"], unanswered=counts["unanswered"])
    yield f"# {plain(title)}\n\n{say(spoken, SAID['title'])}. {counted}\n".encode()
    for disposition, count in sorted(counts["dispositions"].items()):
        yield f"\n- {say(spoken, DISPOSITIONS[disposition])}: {count}".encode()
    for page in pages_of(municipality, about, spoken):
        for one in page:
            yield "\n\n".join(paragraphs(one, spoken)).encode()
    yield b"\n"


FORMS = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "json": ("application/json", as_json),
    "md": ("text/markdown; charset=utf-8", as_markdown),
}


def pages_of(municipality: Municipality, about: Consultation, spoken: str) -> Iterator[Sequence[Mapping[str, Any]]]:
    """All contributions as everybody may see them, some at once: a value for each of COLUMNS."""
    threads = {thread.id: thread for thread in threads_of(about.id)}
    after = None
    while rows := all_of(about.id, after, AT_ONCE):
        shown = contributions(municipality, rows, None, spoken)
        yield [row_of(threads[row.thread_id], one) for row, one in zip(rows, shown, strict=True)]
        after = rows[-1].id


def row_of(thread: Any, shown: Mapping[str, Any]) -> Mapping[str, Any]:
    answer = shown["answer"] or {}
    found = {**shown, **answer, "id": shown["id"], "about_kind": thread.kind, "about": thread.target}
    return {name: found.get(name) for name in COLUMNS}


def paragraphs(one: Mapping[str, Any], spoken: str) -> Iterator[str]:
    """One contribution and its answer in Markdown."""
    whose = say(spoken, SAID["official"]) if one["official"] else one["role"] or one["channel"]
    about = "" if one["about_kind"] == WHOLE else f" · {plain(one['about_kind'])} {plain(one['about'])}"
    yield f"\n\n## {one['created_at']:%Y-%m-%d} · {plain(whose)}{about}"
    if one["text"] is None:
        yield say(spoken, SAID[next((why for why in ("taken_back", "withdrawn") if one[why]), "hidden")])
    else:
        yield quotation(one["text"])
    yield say(spoken, SAID["votes"], supports=one["supports"], opposes=one["opposes"])
    if one["disposition"]:
        yield f"**{say(spoken, DISPOSITIONS[one['disposition']])}** ({plain(one['body'])}): {plain(one['reason'])}"
    elif not (one["official"] or one["taken_back"]):
        yield say(spoken, SAID["unanswered"])
    if one["changed_text"]:
        yield f"{say(spoken, SAID['changed'])}:\n\n{quotation(one['changed_text'])}"


def quotation(text: str) -> str:
    return "\n".join(f"> {plain(line)}" for line in text.splitlines())


def plain(text: str) -> str:
    """A text in one line that Markdown takes for nothing but text."""
    return MARKUP.sub(r"\\\1", " ".join(text.split()))


def written(lines: Iterable[Sequence[str]]) -> bytes:
    file = StringIO()
    csv.writer(file).writerows(lines)
    return file.getvalue().encode()


def as_text(value: Any) -> str:
    return "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)

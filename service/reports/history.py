"""A report changes: its row is written, and an entry is added to its history.

Entries are never edited; they keep a salted digest of the texts beside them.
"""

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import bindparam, update

from service.db.keys import new_uid
from service.db.prepared import Prepared
from service.db.upserts import add
from service.reports.models import Report, ReportEntry, ReportText
from service.reports.states import REPORTER, STAFF, SYSTEM

__all__ = ["REPORTER", "STAFF", "SYSTEM", "Actor", "Step", "add_entry", "change"]

reports: Any = Report.__table__


@dataclass(frozen=True)
class Actor:
    """Who does something to a report: its reporter, staff, or the service itself."""

    kind: str
    account_id: int | None = None
    name: str | None = None


class Step(NamedTuple):
    """One line of a history, with its texts and the name of who made it."""

    uid: uuid.UUID
    version: int
    at: datetime
    kind: str
    by_kind: str
    state: str
    department_id: int
    facts: Mapping[str, Any]
    public: str | None
    internal: str | None
    by_name: str | None


def change(report: Report, *columns: str) -> None:
    """Count the version of a report that was read locked up, and write it with these columns; one statement."""
    report.version += 1
    values = {f"new_{column}": getattr(report, column) for column in (*columns, "version")}
    changing(columns).rows(values | {"key": report.id})


@cache
def changing(columns: tuple[str, ...]) -> Prepared:
    """The statement, made once."""
    values = {column: bindparam(f"new_{column}", type_=reports.c[column].type) for column in (*columns, "version")}
    return Prepared(update(reports).where(reports.c.id == bindparam("key")).values(values))


def add_entry(
    report: Report,
    kind: str,
    by: Actor,
    at: datetime,
    facts: Mapping[str, Any],
    public: str | None = None,
    internal: str | None = None,
) -> Step:
    """Add what has just been done to the report, as it is now. Two statements where there is text, else one."""
    public, internal = public or None, internal or None
    salt = secrets.token_bytes(16) if public or internal else None
    said: dict[str, Any] = {
        "uid": new_uid(),
        "version": report.version,
        "at": at,
        "kind": kind,
        "by_kind": by.kind,
        "state": report.state,
        "department_id": report.department_id,
        "facts": dict(facts),
    }
    digest = None if salt is None else text_digest(salt, public, internal)
    entry_id = add(ReportEntry, said | {"report_id": report.id, "by_id": by.account_id, "text_digest": digest})
    if salt is not None:
        add(ReportText, {"entry_id": entry_id, "public": public, "internal": internal, "salt": salt})
    return Step(**said, public=public, internal=internal, by_name=by.name)


def text_digest(salt: bytes, public: str | None, internal: str | None) -> bytes:
    """What an entry keeps of its texts: worth nothing once the salt is gone."""
    digest = hashlib.sha256(salt)
    for text in (public, internal):
        digest.update(b"\0" if text is None else b"\1" + len(text.encode()).to_bytes(4, "big") + text.encode())
    return digest.digest()

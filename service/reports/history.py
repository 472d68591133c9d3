"""The history of a report: entries are added, never edited, with a salted digest of the texts beside them."""

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.db.keys import new_uid
from service.db.upserts import add
from service.reports.models import Report, ReportEntry, ReportText
from service.reports.states import REPORTER, STAFF, SYSTEM

__all__ = ["REPORTER", "STAFF", "SYSTEM", "Actor", "add_entry"]


@dataclass(frozen=True)
class Actor:
    """Who does something to a report: its reporter, staff, or the service itself."""

    kind: str
    account_id: int | None = None


def add_entry(
    report: Report,
    kind: str,
    by: Actor,
    at: datetime,
    facts: Mapping[str, Any],
    public: str | None = None,
    internal: str | None = None,
) -> uuid.UUID:
    """Add what has just been done to the report, as it is now. Two statements where there is text, else one."""
    uid = new_uid()
    salt = secrets.token_bytes(16) if public or internal else None
    values = {
        "uid": uid,
        "report_id": report.id,
        "version": report.version,
        "kind": kind,
        "at": at,
        "by_kind": by.kind,
        "by_id": by.account_id,
        "state": report.state,
        "department_id": report.department_id,
        "facts": dict(facts),
        "text_digest": None if salt is None else text_digest(salt, public, internal),
    }
    entry_id = add(ReportEntry, values)
    if salt is not None:
        add(ReportText, {"entry_id": entry_id, "public": public, "internal": internal, "salt": salt})
    return uid


def text_digest(salt: bytes, public: str | None, internal: str | None) -> bytes:
    """What an entry keeps of its texts: worth nothing once the salt is gone."""
    digest = hashlib.sha256(salt)
    for text in (public, internal):
        digest.update(b"\0" if text is None else b"\1" + len(text.encode()).to_bytes(4, "big") + text.encode())
    return digest.digest()

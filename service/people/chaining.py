"""The audit log is sealed: each entry gets its place in the chain of its municipality, and what is sealed is verified.

Entries are sealed as they are found committed, in the order of their ids. One whose transaction lasted longer than
those after it gets a later place. `docs/audit.md` says how an entry is digested, so that another program can verify.
"""

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import bindparam, func, select, update

from service.crash_points import crash_here
from service.db import session, transaction
from service.db.types import AnyRow
from service.municipalities.directory import Municipality
from service.people.audit_models import AuditDetail, AuditEntry
from service.people.auditing import canonical, details_digest

AT_ONCE = 500
START = bytes(32)
"""What the first entry of a chain follows."""

entries, details = AuditEntry.__table__, AuditDetail.__table__


@dataclass(frozen=True)
class Head:
    """The end of a chain: how many entries are sealed, and the digest of the last with all before it."""

    place: int
    chain: bytes

    def __str__(self) -> str:
        return f"{self.place}:{self.chain.hex()}"


@dataclass(frozen=True)
class Verified:
    """What a chain is like. `broken` says in words what is wrong at the first place where something is."""

    head: Head
    unsealed: int
    without_details: int
    broken: str | None = None


class Broken(Exception):
    """The chain does not hold; the message says where and why."""


def link(before: bytes, place: int, row: AnyRow) -> bytes:
    """SHA-256 of the digest before and the entry in canonical JSON."""
    said = {
        "place": place,
        "uid": row.uid,
        "at": row.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "action": row.action,
        "actor_kind": row.actor_kind,
        "actor": row.actor,
        "subject_kind": row.subject_kind,
        "subject": row.subject,
        "facts": row.facts,
        "details_sha256": None if row.details_digest is None else row.details_digest.hex(),
    }
    return hashlib.sha256(before + canonical(said)).digest()


def head_of(here: Municipality) -> Head:
    """Where the chain ends now."""
    query = select(entries.c.place, entries.c.chain).where(
        entries.c.municipality_id == here.id, entries.c.place.is_not(None)
    )
    last = session.execute(query.order_by(entries.c.place.desc()).limit(1)).one_or_none()
    return Head(0, START) if last is None else Head(last.place, last.chain)


def seal_some(here: Municipality) -> int:
    """Seal some committed entries; how many. Opens a transaction of its own, and only where there is something to seal.

    Of two that seal at once one fails on the unique place, and nothing is sealed twice.
    """
    head = head_of(here)
    rows = unsealed(here)
    sealed: list[dict[str, Any]] = []
    for place, row in enumerate(rows, head.place + 1):
        head = Head(place, link(head.chain, place, row))
        sealed.append({"entry": row.id, "new_place": head.place, "new_chain": head.chain})
    if sealed:
        with transaction():
            session.connection().execute(SEAL, sealed)
            crash_here("before_seal_commit")
    return len(sealed)


SEAL = (
    update(entries)  # type: ignore[arg-type]
    .where(entries.c.id == bindparam("entry"))
    .values(place=bindparam("new_place"), chain=bindparam("new_chain"))
)


def unsealed(here: Municipality) -> Sequence[AnyRow]:
    """The oldest entries that have no place yet."""
    query = select(entries).where(entries.c.municipality_id == here.id, entries.c.place.is_(None))
    return session.execute(query.order_by(entries.c.id).limit(AT_ONCE)).all()


def verify(here: Municipality, noted: Head | None = None) -> Verified:
    """Check every link, every place and every detail that is there; `noted` is a head that was written down before."""
    head, gone, passed = Head(0, START), 0, noted is None or noted.place == 0
    try:
        for row in sealed_rows(here):
            check_link(head, row)
            gone += check_details(row)
            head = Head(row.place, row.chain)
            if noted is not None and noted.place == head.place:
                passed = noted == head
                if not passed:
                    raise Broken(f"place {head.place}: it is not the entry that was there when its head was noted")
    except Broken as broken:
        return Verified(head, 0, gone, str(broken))
    left = select(func.count()).where(entries.c.municipality_id == here.id, entries.c.place.is_(None))
    cut = None if passed or noted is None else f"place {noted.place}: the chain ends before it, at {head.place}"
    return Verified(head, session.scalar(left) or 0, gone, cut)


def check_link(before: Head, row: AnyRow) -> None:
    """Raises Broken."""
    if row.place != before.place + 1:
        raise Broken(f"place {before.place + 1}: the entry is missing")
    if row.chain != link(before.chain, row.place, row):
        raise Broken(f"place {row.place}: the entry, or one before it, is not what was sealed (entry {row.uid})")


def check_details(row: AnyRow) -> bool:
    """Whether the entry's details were deleted. Raises Broken for details that are not those that were written."""
    if row.details_digest is None:
        if row.salt is not None:
            raise Broken(f"place {row.place}: details were added (entry {row.uid})")
        return False
    if row.salt is None:
        return True
    if row.details_digest != details_digest(row.salt, row.resident, row.text):
        raise Broken(f"place {row.place}: the details are not what was written (entry {row.uid})")
    return False


def sealed_rows(here: Municipality) -> Iterator[AnyRow]:
    """Every sealed entry with its details, in the order of the chain, some at a time."""
    after = 0
    while True:
        query = (
            select(*entries.c, details.c.salt, details.c.resident, details.c.text)
            .outerjoin(details, details.c.entry_id == entries.c.id)
            .where(entries.c.municipality_id == here.id, entries.c.place > after)
            .order_by(entries.c.place)
            .limit(AT_ONCE)
        )
        rows = session.execute(query).all()
        yield from rows
        if not rows:
            return
        after = rows[-1].place


def lines(here: Municipality) -> Iterator[dict[str, Any]]:
    """Every sealed entry with all that another program needs to verify it."""
    for row in sealed_rows(here):
        shown = {name: value for name, value in row._mapping.items() if name not in ("id", "municipality_id")}
        yield {name: as_text(value) for name, value in shown.items()}


def as_text(value: Any) -> Any:
    """Bytes in hexadecimal digits; the rest as JSON writes it."""
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, uuid.UUID) else value

"""From what happened to who is owed what: an event becomes deliveries, in chunks.

The worker gives a table `event kind → function(event) → what is owed`. The function only reads, outside any
transaction. What it says is then inserted, and the event's cursor moved, in one short transaction, whose first
statement asks whether the event still is where it was: when two workers expand the same event, one of them writes
and the other writes nothing. A crash in between repeats the chunk and inserts nothing twice. Who has given up their
address since the function was asked is owed nothing there.

Events of one subject are expanded in the order in which they were owed. An event whose function fails is tried
again with growing pauses and is never given up; the kind of its error stands in its row, without its text, which
might quote somebody.
"""

import random
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Float, bindparam, exists, func, select, update
from sqlalchemy.orm import aliased

from service import logs
from service.crash_points import crash_here
from service.db import Base, session, transaction
from service.db.clock import now, seconds_from_now
from service.db.keys import new_uid
from service.db.leases import fixed
from service.db.types import Instant
from service.db.upserts import insert
from service.outbox.models import Delivery, Event, Target
from service.outbox.targets import ADDRESS, addresses_of

log = structlog.get_logger()

CHUNK = 200
EVENTS_AT_ONCE = 20
LONGEST_TAG = 64
LASTS = timedelta(days=3)
LONGEST_PAUSE = 3600.0


@dataclass(frozen=True)
class Posted:
    """An event as it was owed."""

    id: int
    uid: uuid.UUID
    municipality_id: int
    kind: str
    subject: str
    version: int
    payload: dict[str, Any]
    cursor: int
    attempt: int
    created_at: datetime


@dataclass(frozen=True)
class Owed:
    """One message for one target.

    tag         what the phone shows it under; at most 64 bytes; a repeat and a correction carry the same
    content     for push {"title", "body", "data": {str: str}, "urgent": bool}; for e-mail {"subject", "text"}, with
                "html" where the letter has a second form, and "unsubscribe" where one click at that address ends more
                of the kind
    position    where this stands in a large audience, ascending (the account's id, say): a function that gives
                positions may be asked again from the event's cursor, and what has one position is written together.
                0: the audience is a handful and is written at once
    person_id   the account of the person who is told; None: a department
    not_before  quiet hours and working hours; None: now
    lasts       after this long it is worth nothing any more and is not sent
    until       it is worth nothing after this moment, whatever it had to wait for; None: `lasts` says how long
    considerate quiet hours of the person are asked again at each attempt
    fleeting    its content proves something to who reads it, and is emptied as soon as the delivery is final
    subject     what goes to a target one after the other, in the order in which it was owed; None: the event's subject
    """

    target_id: int
    tag: str
    content: Mapping[str, Any]
    position: int = 0
    person_id: int | None = None
    not_before: datetime | None = None
    lasts: timedelta = LASTS
    until: datetime | None = None
    considerate: bool = False
    fleeting: bool = False
    subject: str | None = None

    def __post_init__(self) -> None:
        if len(self.tag.encode()) > LONGEST_TAG:
            raise ValueError(f"a display tag has at most {LONGEST_TAG} bytes: {self.tag}")


@dataclass(frozen=True)
class Kept:
    """A row of a feature's own table that is written beside the deliveries, unless it is there: an inbox message."""

    model: type[Base]
    values: Mapping[str, Any]
    position: int = 0


Expand = Callable[[Posted], Iterable[Owed | Kept]]


@dataclass
class Chunk:
    """What the next transaction writes of one event; `last` when nothing comes after it. `addresses` are those of the
    targets that are addresses of people.
    """

    event: Posted
    rows: Sequence[Owed | Kept]
    last: bool
    channels: dict[int, str] = field(default_factory=dict)
    addresses: Collection[int] = ()

    @property
    def owed(self) -> list[Owed]:
        return [row for row in self.rows if isinstance(row, Owed)]

    @property
    def kept(self) -> list[Kept]:
        return [row for row in self.rows if isinstance(row, Kept)]


class OutOfOrder(Exception):
    """A function's positions went down; the cursor would skip somebody."""


def expand(table: Mapping[str, Expand]) -> bool:
    """Expand a chunk of some waiting events. True when there was anything to do. Call outside a transaction."""
    events = waiting(tuple(table))
    chunks = [chunk for event in events if (chunk := asked(table[event.kind], event))]
    if chunks:
        find_channels(chunks)
        with transaction():
            locked = lock([chunk.event.id for chunk in chunks])
            ours = [chunk for chunk in chunks if chunk.event.id in locked]
            gone = given_up(ours)
            for chunk in ours:
                write(chunk, gone)
            crash_here("after_expand_insert")
    return bool(events)


def waiting(kinds: Sequence[str]) -> list[Posted]:
    """Some due events of these kinds, the oldest of each subject, shuffled so that workers seldom meet."""
    older = aliased(Event)
    blocked = exists().where(older.state == fixed("new"), older.subject == Event.subject, older.id < Event.id)
    columns = [getattr(Event, name) for name in Posted.__dataclass_fields__]
    rows = session.execute(
        select(*columns)
        .where(Event.state == fixed("new"), Event.next_at <= seconds_from_now(0), Event.kind.in_(kinds), ~blocked)
        .order_by(Event.next_at, Event.id)
        .limit(EVENTS_AT_ONCE)
    ).all()
    events = [Posted(**row._mapping) for row in rows]
    random.shuffle(events)
    return events


def asked(function: Expand, event: Posted) -> Chunk | None:
    """What the function says that comes after the cursor; None when it failed, which is written down."""
    try:
        return next_chunk(function, event)
    except Exception as error:  # one feature's fault must not hold up the events of the others
        log.error("event_not_expanded", kind=event.kind, uid=str(event.uid), attempt=event.attempt + 1)
        logs.unforeseen(error)
        with transaction():
            postpone(event, error)
        return None


def next_chunk(function: Expand, event: Posted) -> Chunk:
    """The rows after the cursor, at least CHUNK of them if there are as many, never half a position.

    Raises OutOfOrder.
    """
    rows: list[Owed | Kept] = []
    for row in function(event):
        if 0 < row.position <= event.cursor:
            continue
        reached = rows[-1].position if rows else 0
        if row.position < reached:
            raise OutOfOrder(f"{event.kind}: position {row.position} comes after {reached}")
        if len(rows) >= CHUNK and row.position > reached:
            return Chunk(event, rows, last=False)
        rows.append(row)
    return Chunk(event, rows, last=True)


def postpone(event: Posted, error: Exception) -> None:
    """Try this event again later, after a pause that doubles from a second to an hour."""
    session.execute(
        update(Event)
        .where(Event.id == event.id, Event.state == "new")
        .values(
            attempt=Event.attempt + 1,
            next_at=seconds_from_now(min(LONGEST_PAUSE, 2.0 ** min(event.attempt, 12))),
            error=type(error).__name__,
        )
        .execution_options(synchronize_session=False)
    )


def find_channels(chunks: Sequence[Chunk]) -> None:
    """Look up the channel of every target that is owed something, and which are addresses, with one statement."""
    wanted = {owed.target_id for chunk in chunks for owed in chunk.owed}
    rows = session.execute(select(Target.id, Target.channel, Target.kind).where(Target.id.in_(wanted))).all()
    channels: dict[int, str] = {row.id: row.channel for row in rows}
    addresses = {row.id for row in rows if row.kind == ADDRESS}
    for chunk in chunks:
        chunk.channels, chunk.addresses = channels, addresses


def lock(ids: Sequence[int]) -> set[int]:
    """Lock these events, but for those that another worker is writing: who waits for nobody cannot deadlock."""
    return set(session.scalars(select(Event.id).where(Event.id.in_(ids)).with_for_update(skip_locked=True)))


def given_up(chunks: Sequence[Chunk]) -> set[tuple[int, int]]:
    """Who is no longer reached at an address where they would be owed something: (person, target), by one statement.

    Nobody else gives theirs up until this transaction has ended: then what is owed there is found.
    """
    owed_there = {
        (owed.person_id, owed.target_id)
        for chunk in chunks
        for owed in chunk.owed
        if owed.person_id is not None and owed.target_id in chunk.addresses
    }
    if not owed_there:
        return set()
    present = addresses_of({person for person, _ in owed_there})
    return {(person, target) for person, target in owed_there if present.get(person) != target}


def write(chunk: Chunk, gone: Collection[tuple[int, int]]) -> None:
    """Insert the chunk, but for what is owed to those who are `gone` from there, and move the cursor; nothing, when
    another worker has moved it meanwhile.
    """
    if not advance(chunk):
        return
    for model, rows in by_table(chunk.kept).items():
        session.connection().execute(insert(model).on_conflict_do_nothing(), rows)
    deliveries = [
        delivery(chunk, owed)
        for owed in chunk.owed
        if owed.target_id in chunk.channels and (owed.person_id, owed.target_id) not in gone
    ]
    if deliveries:
        session.connection().execute(insert_deliveries(), deliveries)


def by_table(kept: Sequence[Kept]) -> Mapping[type[Base], list[dict[str, Any]]]:
    """The rows of each table, in their order: one statement writes them."""
    found: dict[type[Base], list[dict[str, Any]]] = {}
    for row in kept:
        found.setdefault(row.model, []).append(dict(row.values))
    return found


def advance(chunk: Chunk) -> bool:
    """Move the event's cursor if it still stands where this chunk begins."""
    cursor = chunk.rows[-1].position if chunk.rows else chunk.event.cursor
    moved: Any = session.execute(
        update(Event)
        .where(Event.id == chunk.event.id, Event.state == "new", Event.cursor == chunk.event.cursor)
        .values(cursor=cursor, state="expanded" if chunk.last else "new", error=None)
        .execution_options(synchronize_session=False)
    )
    return bool(moved.rowcount == 1)


def insert_deliveries() -> Any:
    """One statement for any number of deliveries; the database's clock says when they are due and when worthless."""
    return (
        insert(Delivery)
        .values(
            next_at=func.coalesce(bindparam("not_before", type_=Instant()), seconds_from_now(0)),
            expires_at=func.coalesce(
                bindparam("worthless_at", type_=Instant()), seconds_from_now(bindparam("lasts", type_=Float()))
            ),
        )
        .on_conflict_do_nothing()
    )


def delivery(chunk: Chunk, owed: Owed) -> dict[str, Any]:
    """The parameters of `insert_deliveries` for one message."""
    return {
        "uid": new_uid(),
        "municipality_id": chunk.event.municipality_id,
        "event_id": chunk.event.id,
        "target_id": owed.target_id,
        "person_id": owed.person_id,
        "channel": chunk.channels[owed.target_id],
        "subject": owed.subject or chunk.event.subject,
        "tag": owed.tag,
        "content": dict(owed.content),
        "fleeting": owed.fleeting,
        "considerate": owed.considerate,
        "created_at": now(),
        "not_before": owed.not_before,
        "worthless_at": owed.until or (owed.not_before and owed.not_before + owed.lasts),
        "lasts": owed.lasts.total_seconds(),
    }

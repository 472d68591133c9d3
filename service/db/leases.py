"""Work that rows describe and several processes share: claimed with a lease, recorded under the same owner.

A row waits until it is due. A worker claims it: the row is now worked on, by that owner, until `lease_until` on the
database's clock. The claim is committed before the work begins. Whoever dies simply does not record: when the lease
has run out, the next claim returns the row to waiting. Whoever is late cannot overwrite the one that took over,
because everything is recorded with `WHERE id = … AND owner = … AND state = working`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, literal, or_, select, update

from service.db import Base, session, transaction
from service.db.clock import seconds_from_now
from service.db.types import AnyRow, AnySelect


@dataclass(frozen=True)
class Leased:
    """How a model takes part. It has the columns id, state, attempt, owner, lease_until and the column named `due`."""

    waiting: str
    working: str
    due: str


def claim(
    model: type[Base], owner: str, limit: int, seconds: float, *conditions: ColumnElement[bool]
) -> Sequence[AnyRow]:
    """Lease up to `limit` due rows to `owner` for so many seconds; committed when this returns.

    `conditions` narrow what may be claimed. Returns whole rows in the order in which they were due; `attempt` counts
    this claim already. Looks with a plain read first, so that an idle worker never takes SQLite's write lock.
    Must be called outside a transaction.
    """
    if not anything_due(model, *conditions):
        return []
    with transaction():
        return_expired(model)
        rows = take(model, owner, limit, seconds, *conditions)
    return rows


def anything_due(model: type[Base], *conditions: ColumnElement[bool]) -> bool:
    """Whether a claim would find something, by a plain read."""
    found = select(or_(exists(due_rows(model, *conditions)), exists(expired_rows(model))))
    return bool(session.scalar(found))


def fixed(state: str) -> ColumnElement[str]:
    """A state written into the statement itself: a partial index is not used for a value that comes as a parameter."""
    return literal(state, literal_execute=True)


def due_rows(model: Any, *conditions: ColumnElement[bool]) -> AnySelect:
    """The waiting rows whose time has come."""
    leased: Leased = model.leased
    due = getattr(model, leased.due)
    return select(model.id).where(model.state == fixed(leased.waiting), due <= seconds_from_now(0), *conditions)


def expired_rows(model: Any) -> AnySelect:
    """The rows whose worker has not come back in time."""
    return select(model.id).where(model.state == fixed(model.leased.working), model.lease_until <= seconds_from_now(0))


def return_expired(model: Any) -> None:
    """Let what a dead worker held be claimed again. Rows that somebody else has locked are being seen to."""
    expired = expired_rows(model).with_for_update(skip_locked=True).cte("expired")
    session.execute(
        update(model)
        .where(model.id.in_(select(expired.c.id)))
        .values(state=model.leased.waiting, owner=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )


def take(model: Any, owner: str, limit: int, seconds: float, *conditions: ColumnElement[bool]) -> Sequence[AnyRow]:
    """Lease due rows inside a transaction. Two workers never wait for each other: each skips what the other locked."""
    due = getattr(model, model.leased.due)
    chosen = (
        due_rows(model, *conditions)
        .order_by(due, model.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=model)
        .cte("chosen")
    )
    rows = session.execute(
        update(model)
        .where(model.id.in_(select(chosen.c.id)))
        .values(
            state=model.leased.working,
            owner=owner,
            lease_until=seconds_from_now(seconds),
            attempt=model.attempt + 1,
        )
        .returning(*model.__table__.columns)
        .execution_options(synchronize_session=False)
    ).all()
    return sorted(rows, key=lambda row: (getattr(row, model.leased.due), row.id))


def held(model: Any, owner: str, ids: Collection[int]) -> ColumnElement[bool]:
    """The condition under which `owner` may still write to these rows."""
    return and_(model.id.in_(ids), model.owner == owner, model.state == model.leased.working)


def release(model: Any, owner: str, ids: Collection[int]) -> int:
    """Give back what was claimed and not tried: it is due at once and the attempt does not count."""
    statement = (
        update(model)
        .where(held(model, owner, ids))
        .values(state=model.leased.waiting, owner=None, lease_until=None, attempt=model.attempt - 1)
    )
    return changed(statement)


def record(model: Any, owner: str, row_id: int, **values: Any) -> bool:
    """Write down how one row ended and end its lease. False when the row has been taken over; nothing is written."""
    statement = update(model).where(held(model, owner, [row_id])).values(owner=None, lease_until=None, **values)
    return changed(statement) == 1


def changed(statement: Any) -> int:
    """Run an update inside a transaction; how many rows it changed."""
    result: Any = session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)

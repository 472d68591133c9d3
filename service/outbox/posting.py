"""Owe people a message: one row, written in the transaction of the change that it tells of."""

from collections.abc import Mapping
from typing import Any

from service.db.clock import now, seconds_from_now
from service.db.keys import new_uid
from service.db.upserts import on_both
from service.outbox.models import Event

events = Event.__table__

ADD = on_both(
    lambda insert: insert(events).values(next_at=seconds_from_now(0)).on_conflict_do_nothing().returning(events.c.id)
)


def owe(municipality_id: int, kind: str, subject: str, version: int, payload: Mapping[str, Any]) -> int | None:
    """Write that something happened; call inside the transaction of the change. One statement.

    kind      a key of the worker's table of events, which knows who is owed what
    subject   the thing, "report:<uid>"; its events are told to each target in the order in which they were owed
    version   which step of the thing this is; the same kind, subject and version is owed once
    payload   all that the wording needs, frozen: nothing that may change until the message is sent

    Returns the event's id, or None when the same was owed already.
    """
    event = {
        "uid": new_uid(),
        "municipality_id": municipality_id,
        "kind": kind,
        "subject": subject,
        "version": version,
        "payload": dict(payload),
        "created_at": now(),
    }
    added: int | None = ADD.value(event)
    return added

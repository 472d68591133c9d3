"""Signed heads go by e-mail to those who observe a consultation: factions, newspapers, a notary, whom nobody here runs.

A head leaves with each message to followers, and once a day while the log grows. A mailbox keeps it with its day: a log
that was exchanged later contradicts it.
"""

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select

from service.consultation.finding import locked
from service.consultation.models import CLOSED, DRAFT, Consultation, LogHead
from service.db import session
from service.db.clock import seconds_from_now
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.outbox.models import Event
from service.outbox.posting import owe
from service.outbox.targets import MAILBOX, register
from service.people.auditing import record
from service.people.callers import Caller
from service.text import N_

HEAD_SIGNED = "consultation_head_signed"
"""The kind of event; its version is the size of the log under the head."""
DAY = 86400.0


class OverForObservers(Problem):
    """The last head is out, so that nobody can be told of another."""

    status, code, message = 409, "consultation_over", N_("This consultation is over.")


def set_observers(municipality: Municipality, actor: Caller, uid: uuid.UUID, addresses: Sequence[str]) -> Consultation:
    """Say whose mailboxes get the heads from now on, in place of those before; inside a transaction. Of one that is
    fixed the newest head leaves at once, unless it did before: who is named later gets the next one.

    Raises NotFound, OverForObservers.
    """
    found = locked(municipality, uid)
    if found.state == CLOSED:
        raise OverForObservers
    found.observers = list(dict.fromkeys(addresses))
    for address in found.observers:
        register(municipality.id, "email", MAILBOX, address)
    record(municipality.id, actor, "consultation_observed", "consultation", str(uid), {"count": len(found.observers)})
    if found.state != DRAFT:
        send_head(found)
    return found


def send_head(found: Consultation) -> bool:
    """Owe the observers the newest head; whether there is one that was not owed before. Inside a transaction."""
    query = select(LogHead.size, LogHead.checkpoint).filter_by(consultation_id=found.id)
    newest = session.execute(query.order_by(LogHead.size.desc()).limit(1)).one_or_none()
    if newest is None or not found.observers:
        return False
    payload = {"consultation": str(found.uid), "title": dict(found.title), "head": newest.checkpoint}
    return owe(found.municipality_id, HEAD_SIGNED, subject_of(found.uid), newest.size, payload) is not None


def subject_of(uid: uuid.UUID) -> str:
    """What the events about its heads are of."""
    return f"consultation_head:{uid}"


def unobserved() -> Sequence[Consultation]:
    """Those with observers whose log has grown and of whose heads none has left for a day; by plain reads."""
    running = select(Consultation).where(Consultation.state.not_in((DRAFT, CLOSED))).order_by(Consultation.id)
    return [found for found in session.scalars(running) if found.observers and is_due(found)]


def is_due(found: Consultation) -> bool:
    ours = Event.kind == HEAD_SIGNED, Event.subject == subject_of(found.uid)
    size = session.scalar(select(func.max(LogHead.size)).where(LogHead.consultation_id == found.id))
    lately = session.scalar(select(Event.id).where(*ours, Event.created_at > seconds_from_now(-DAY)).limit(1))
    there = session.scalar(select(Event.id).where(*ours, Event.version == size))
    return size is not None and lately is None and there is None

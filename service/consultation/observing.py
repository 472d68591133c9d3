"""Signed heads go by e-mail to those who observe a consultation: factions, newspapers, a notary, whom nobody here runs.

A head leaves with each message to followers, and once a day while the log grows. A mailbox keeps it with its day: a log
that was exchanged later contradicts it. Each mailbox has events of its own, so that the outbox knows which heads it was
owed: who is named later gets the newest one too, and nobody gets one twice.
"""

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import func, or_, select

from service.consultation.finding import locked
from service.consultation.models import CLOSED, DRAFT, Consultation, LogHead
from service.crash_points import crash_here
from service.db import session
from service.db.clock import seconds_from_now
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.outbox.models import Event
from service.outbox.posting import owe
from service.outbox.targets import MAILBOX, ids_of, register
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
    fixed the newest head leaves at once to those of them that were never owed it.

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
        crash_here("after_heads_owed")
    return found


def send_head(found: Consultation) -> bool:
    """Owe the newest head to the observers who were not owed it before; whether there are any. Inside a transaction."""
    query = select(LogHead.size, LogHead.checkpoint).filter_by(consultation_id=found.id)
    newest = session.execute(query.order_by(LogHead.size.desc()).limit(1)).one_or_none()
    if newest is None:
        return False
    payload = {"consultation": str(found.uid), "title": dict(found.title), "head": newest.checkpoint}
    owed = [
        owe(found.municipality_id, HEAD_SIGNED, subject, newest.size, payload | {"target": target})
        for subject, target in subjects_of(found).items()
    ]
    return any(owed)


def subjects_of(found: Consultation) -> Mapping[str, int]:
    """What the events about its heads are of, one for each mailbox; and the mailbox's target."""
    targets = ids_of(found.municipality_id, (MAILBOX,), found.observers)
    return {f"consultation_head:{found.uid}:{target}": target for target in sorted(targets)}


def unobserved() -> Sequence[Consultation]:
    """Those with observers to whom the newest head has not left, nor any for a day; by plain reads."""
    running = select(Consultation).where(Consultation.state.not_in((DRAFT, CLOSED))).order_by(Consultation.id)
    return [found for found in session.scalars(running) if found.observers and is_due(found)]


def is_due(found: Consultation) -> bool:
    subjects = subjects_of(found)
    size = session.scalar(select(func.max(LogHead.size)).where(LogHead.consultation_id == found.id))
    served = select(Event.subject).where(
        Event.kind == HEAD_SIGNED,
        Event.subject.in_(subjects),
        or_(Event.version == size, Event.created_at > seconds_from_now(-DAY)),
    )
    return size is not None and not set(subjects) <= set(session.scalars(served))

"""Messages that have been sent, or never will be, are not kept for ever: they name people and quote them."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from service.db import session
from service.db.clock import now
from service.outbox.models import Delivery, Event

KEPT_FOR = timedelta(days=90)
AT_ONCE = 1000


def forget_finished() -> int:
    """Delete some deliveries that ended longer ago than `KEPT_FOR`; how many. Zero: there are no more."""
    some = (
        select(Delivery.id)
        .where(Delivery.state.not_in(("pending", "sending")), Delivery.created_at < now() - KEPT_FOR)
        .limit(AT_ONCE)
    )
    gone: Any = session.execute(
        delete(Delivery).where(Delivery.id.in_(some)).execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)


def forget_subject(subject: str) -> None:
    """Delete everything that was or would have been told about a thing that is erased."""
    events = select(Event.id).where(Event.subject == subject)
    session.execute(delete(Delivery).where(Delivery.event_id.in_(events)).execution_options(synchronize_session=False))
    session.execute(delete(Event).where(Event.subject == subject))

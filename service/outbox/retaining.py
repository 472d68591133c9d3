"""Messages that have been sent, or never will be, are not kept for ever: they name people and quote them."""

from datetime import timedelta
from typing import Any

from sqlalchemy import String, cast, delete, literal, select, update

from service.db import session
from service.db.clock import now
from service.outbox.models import Delivery, Event, Target

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


def forget_retired() -> int:
    """Blank some addresses and tokens that were retired longer ago than `KEPT_FOR`; how many. The rows stay, because
    a phone may still point at them.
    """
    blank = literal("retired ") + cast(Target.id, String)
    some = (
        select(Target.id)
        .where(Target.state == "retired", Target.retired_at < now() - KEPT_FOR, Target.value != blank)
        .limit(AT_ONCE)
    )
    blanked: Any = session.execute(
        update(Target).where(Target.id.in_(some)).values(value=blank).execution_options(synchronize_session=False)
    )
    return int(blanked.rowcount)


def forget_subject(subject: str) -> None:
    """Delete everything that was or would have been told about a thing that is erased."""
    events = select(Event.id).where(Event.subject == subject)
    session.execute(delete(Delivery).where(Delivery.event_id.in_(events)).execution_options(synchronize_session=False))
    session.execute(delete(Event).where(Event.subject == subject))

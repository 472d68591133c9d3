"""Messages that have been sent, or never will be, are not kept for ever: they name people and quote them."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import String, cast, delete, exists, literal, select, update
from sqlalchemy.orm import aliased

from service.db import session
from service.db.clock import now, seconds_from_now
from service.db.leases import changed, fixed
from service.outbox.models import Delivery, Event, Target
from service.outbox.targets import lock_deliveries

KEPT_FOR = timedelta(days=90)
AT_ONCE = 1000


def forget_finished() -> int:
    """Delete some deliveries that ended longer ago than `KEPT_FOR`; how many. Zero: there are no more."""
    some = (
        select(Delivery.id)
        .where(Delivery.state.not_in((fixed("pending"), fixed("sending"))), Delivery.created_at < now() - KEPT_FOR)
        .order_by(Delivery.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return changed(delete(Delivery).where(Delivery.id.in_(some)))


def expire_overdue() -> int:
    """Write down of some deliveries that they came to nothing in time; how many. A channel does so itself while it
    sends: this is for those of a channel that is not configured, or rests.
    """
    some = (
        select(Delivery.id)
        .where(Delivery.state == fixed("pending"), Delivery.expires_at < seconds_from_now(0))
        .order_by(Delivery.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return changed(
        update(Delivery)
        .where(Delivery.id.in_(some), Delivery.state == fixed("pending"))
        .values(state="expired", error="expired before it could be sent")
    )


def forget_events(newest_kept: Collection[str]) -> int:
    """Delete some events that happened longer ago than `KEPT_FOR` and of which no delivery is left; how many.

    Of the kinds in `newest_kept` the newest event of each subject stays.
    """
    later = aliased(Event)
    followed = exists().where(later.kind == Event.kind, later.subject == Event.subject, later.version > Event.version)
    some = (
        select(Event.id)
        .where(
            Event.state == "expanded",
            Event.created_at < now() - KEPT_FOR,
            ~exists().where(Delivery.event_id == Event.id),
            Event.kind.not_in(newest_kept) | followed,
        )
        .limit(AT_ONCE)
    )
    return changed(delete(Event).where(Event.id.in_(some)))


def forget_retired() -> int:
    """Blank some addresses and tokens that were retired longer ago than `KEPT_FOR`; how many. The rows stay, because
    a phone may still point at them.
    """
    blank = literal("retired ") + cast(Target.id, String)
    some = (
        select(Target.id)
        .where(Target.state == fixed("retired"), Target.retired_at < now() - KEPT_FOR, Target.value != blank)
        .limit(AT_ONCE)
    )
    return changed(update(Target).where(Target.id.in_(some)).values(value=blank))


def forget_subject(subject: str) -> None:
    """Delete everything that was or would have been told about a thing that is erased."""
    events = select(Event.id).where(Event.subject == subject)
    lock_deliveries(Delivery.event_id.in_(events))
    session.execute(delete(Delivery).where(Delivery.event_id.in_(events)).execution_options(synchronize_session=False))
    session.execute(delete(Event).where(Event.subject == subject))

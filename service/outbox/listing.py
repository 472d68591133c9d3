"""What is in the outbox, for operators."""

from collections.abc import Sequence

from sqlalchemy import select

from service.db import session
from service.db.types import AnyRow
from service.outbox.models import Delivery, Event, Target


def deliveries(state: str | None, limit: int) -> Sequence[AnyRow]:
    """The newest deliveries: (created, subject, version, channel, state, attempts, uncertain, sent, error)."""
    query = (
        select(
            Delivery.created_at,
            Event.subject,
            Event.version,
            Target.channel,
            Delivery.state,
            Delivery.attempt,
            Delivery.uncertain,
            Delivery.sent_at,
            Delivery.error,
        )
        .join(Event, Event.id == Delivery.event_id)
        .join(Target, Target.id == Delivery.target_id)
        .order_by(Delivery.id.desc())
        .limit(limit)
    )
    return session.execute(query if state is None else query.where(Delivery.state == state)).all()

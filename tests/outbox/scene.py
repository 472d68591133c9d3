"""What the outbox's tests are about: a municipality, phones, and something that happened."""

from collections.abc import Iterable

from sqlalchemy import select, update

from service.db import session, transaction
from service.db.clock import seconds_from_now
from service.municipalities.directory import Municipality
from service.outbox.expanding import Expand, Kept, Owed, Posted, expand
from service.outbox.models import ChannelPause, Delivery, Event, Target
from service.outbox.posting import owe
from service.outbox.sending import Sender
from service.outbox.targets import register


def a_phone(municipality: Municipality, token: str, kind: str = "token") -> int:
    """The id of a phone's push target."""
    with transaction():
        return register(municipality.id, "push", kind, token)


def tell(target_ids: Iterable[int], subject: str = "report:1", version: int = 1, **options: object) -> None:
    """Something happened that these targets are told of; it is expanded at once."""
    targets = sorted(target_ids)
    municipality_id = session.scalars(select(Target.municipality_id).where(Target.id == targets[0])).one()
    with transaction():
        owe(municipality_id, "moved", subject, version, {"targets": targets})
    while expand(told(**options)):
        pass


def told(**options: object) -> dict[str, Expand]:
    """A table of events: those whom the payload names are owed a message."""

    def moved(event: Posted) -> list[Owed | Kept]:
        tag = f"{event.subject}.{event.version}"
        content = {"title": "Το αίτημά σας", "body": f"Βήμα {event.version}", "data": {"about": event.subject}}
        return [Owed(target, tag, content, position=target, **options) for target in event.payload["targets"]]  # type: ignore[arg-type]

    return {"moved": moved}


def what_became_of(*tokens: str) -> list[tuple[str, int, int]]:
    """State, attempts and uncertain attempts of the deliveries to these targets, oldest event first."""
    session.rollback()
    rows = session.execute(
        select(Delivery.state, Delivery.attempt, Delivery.uncertain)
        .join(Target)
        .where(Target.value.in_(tokens))
        .order_by(Delivery.event_id, Delivery.id)
    )
    return [tuple(row) for row in rows]  # type: ignore[misc]


def the_target(token: str) -> Target:
    """The target with this value as it is now."""
    session.rollback()
    return session.scalars(select(Target).filter_by(value=token).execution_options(populate_existing=True)).one()


def make_all_due() -> None:
    """Let time pass: whatever waits is due now, and no channel rests any more."""
    with transaction():
        session.execute(update(Delivery).values(next_at=seconds_from_now(-1)))
        session.execute(update(Event).values(next_at=seconds_from_now(-1)))
        session.execute(update(ChannelPause).values(until=seconds_from_now(-1)))


def let_leases_run_out() -> None:
    """Let time pass for whoever holds a lease."""
    with transaction():
        session.execute(
            update(Delivery).where(Delivery.lease_until.is_not(None)).values(lease_until=seconds_from_now(-1))
        )


def send_all(sender: Sender, rounds: int = 20) -> None:
    """Send until nothing is left that can be sent."""
    for _ in range(rounds):
        make_all_due()
        sender.send_due()

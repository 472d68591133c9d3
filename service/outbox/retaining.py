"""Messages that have been sent, or never will be, are not kept for ever: they name people and quote them."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import String, cast, delete, exists, literal, select, update
from sqlalchemy.orm import aliased

from service.db import session
from service.db.clock import now, seconds_from_now
from service.db.leases import changed, fixed
from service.db.types import AnyRow
from service.outbox.models import Delivery, Event, Target
from service.outbox.targets import ADDRESS, FORMER, LEFT, UNFINISHED, lock, lock_deliveries

KEPT_FOR = timedelta(days=90)
FAREWELL = timedelta(days=1)
"""How long an address that was given up is kept at least, so that it can be told."""
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
        .values(state="expired", error="expired before it could be sent", content=LEFT)
    )


def cancel_some(event_ids: Collection[int]) -> int:
    """Write down of some deliveries of cancelled events that they will not be sent; how many."""
    some = (
        select(Delivery.id)
        .where(Delivery.event_id.in_(event_ids), Delivery.state == fixed("pending"))
        .order_by(Delivery.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return changed(
        update(Delivery)
        .where(Delivery.id.in_(some), Delivery.state == fixed("pending"))
        .values(state="cancelled", content=LEFT)
    )


def cancel_for(person_id: int, subject: str) -> None:
    """What waits for this person of this subject is not sent any more."""
    waiting = Delivery.person_id == person_id, Delivery.subject == subject, Delivery.state == fixed("pending")
    lock_deliveries(*waiting)
    session.execute(
        update(Delivery)
        .where(*waiting)
        .values(state="cancelled", content=LEFT)
        .execution_options(synchronize_session=False)
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
            Event.state.in_(("expanded", "cancelled")),
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


def forget_farewells() -> int:
    """Blank some addresses that were given up and have been told so; how many."""
    under_way = exists().where(Delivery.target_id == Target.id, UNFINISHED)
    told = (
        select(Target.id)
        .where(
            Target.kind == FORMER,
            Target.state == fixed("active"),
            Target.created_at < now() - FAREWELL,
            ~under_way,
        )
        .limit(AT_ONCE)
    )
    found = session.scalars(told).all()
    blank(found)
    return len(found)


def forget_subject(subject: str) -> None:
    """Delete everything that was or would have been told about a thing that is erased."""
    events = select(Event.id).where(Event.subject == subject)
    lock_deliveries(Delivery.event_id.in_(events))
    session.execute(delete(Delivery).where(Delivery.event_id.in_(events)).execution_options(synchronize_session=False))
    session.execute(delete(Event).where(Event.subject == subject))


def say_again(municipality_id: int, subjects: Collection[str]) -> None:
    """What was told about these things goes, word for word; what was not told yet is worded anew from what is left.

    An event is expanded again where a department waits for its mail.
    """
    about = select(Event.id).where(Event.municipality_id == municipality_id, Event.subject.in_(subjects))
    ids = session.scalars(about).all()
    lock_deliveries(Delivery.event_id.in_(ids))
    waiting = select(Delivery.event_id).where(
        Delivery.event_id.in_(ids), Delivery.person_id.is_(None), Delivery.state.in_(("pending", "sending"))
    )
    again = session.scalars(waiting.distinct()).all()
    session.execute(delete(Delivery).where(Delivery.event_id.in_(ids)).execution_options(synchronize_session=False))
    session.execute(
        update(Event)
        .where(Event.id.in_(again))
        .values(state="new", cursor=0, attempt=0, next_at=seconds_from_now(0))
        .execution_options(synchronize_session=False)
    )


def forget_person(municipality_id: int, person_id: int, subject: str, target_ids: Collection[int]) -> None:
    """Delete what this person was or would have been told, and blank where they were reached.

    Addresses that were given up go too, whosever they were: nobody knows any more, and nothing is sent there.
    """
    former = select(Delivery.target_id).where(Delivery.person_id == person_id)
    reached = set(session.scalars(former)) | set(target_ids) | named_in(subject)
    own = {*target_ids, *replaced_by(target_ids)}
    lock(*sorted(own))
    lock_deliveries((Delivery.person_id == person_id) | Delivery.target_id.in_(own))
    session.execute(
        delete(Delivery)
        .where((Delivery.person_id == person_id) | Delivery.target_id.in_(own))
        .execution_options(synchronize_session=False)
    )
    session.execute(delete(Event).where(Event.subject == subject).execution_options(synchronize_session=False))
    blank(own | retired(reached) | farewells(reached) | given_up(municipality_id))


def replaced_by(target_ids: Collection[int]) -> set[int]:
    """The targets that these came in place of, one after the other."""
    found: set[int] = set()
    following = set(target_ids)
    while following:
        former = select(Target.id).where(Target.replaced_by.in_(following))
        following = set(session.scalars(former)) - found
        found |= following
    return found


def named_in(subject: str) -> set[int]:
    """The targets that events about this subject are to be told to."""
    payloads = session.scalars(select(Event.payload).where(Event.subject == subject))
    return {payload["target_id"] for payload in payloads if payload.get("target_id")}


def farewells(target_ids: Collection[int]) -> set[int]:
    """Those of these targets that are there for a farewell only."""
    return set(session.scalars(select(Target.id).where(Target.id.in_(target_ids), Target.kind == FORMER)))


def retired(target_ids: Collection[int]) -> set[int]:
    """Those of these targets where nobody is reached any more."""
    return set(session.scalars(select(Target.id).where(Target.id.in_(target_ids), Target.state == fixed("retired"))))


def given_up(municipality_id: int) -> set[int]:
    """The addresses that people have given up and to which nothing is under way."""
    under_way = exists().where(Delivery.target_id == Target.id, Delivery.state == fixed("sending"))
    former = select(Target.id).where(
        Target.municipality_id == municipality_id,
        Target.kind == ADDRESS,
        Target.state == fixed("retired"),
        Target.reason == "replaced",
        ~under_way,
    )
    return set(session.scalars(former))


def blank(target_ids: Collection[int]) -> None:
    """Take addresses and tokens out of these rows; the rows stay, because others may point at them."""
    session.execute(
        update(Target)
        .where(Target.id.in_(target_ids))
        .values(value=literal("erased ") + cast(Target.id, String), state="retired", reason="erased", retired_at=now())
        .execution_options(synchronize_session=False)
    )


def hand_over_deliveries(from_id: int, to_id: int) -> None:
    """What one account is owed, or was told, is the other's, which is the same person's."""
    session.execute(
        update(Delivery)
        .where(Delivery.person_id == from_id)
        .values(person_id=to_id)
        .execution_options(synchronize_session=False)
    )


def told(person_id: int) -> Sequence[AnyRow]:
    """Everything that this person was or will be told, by which channel, in what words."""
    columns = (Delivery.channel, Delivery.state, Delivery.content, Delivery.created_at, Delivery.sent_at)
    return session.execute(select(*columns).where(Delivery.person_id == person_id).order_by(Delivery.id)).all()

"""Where people can be reached: registered, replaced when a phone's token changes, retired when it is dead.

A mailbox of a department is of a kind of its own, though a resident may have the same address: who gives up an address
must not silence a department, and what is told to the one must not keep it from the other. The same holds for the
address by which somebody is staff (`work`), for one that nobody has confirmed yet, to which nothing but a code goes
(`code`), and for one that somebody has given up, to which nothing but that goes (`former`).

Call these inside a transaction. Whoever locks several rows locks targets before deliveries, and each in the order of
their ids: of two who want the same one waits for the other, and neither for ever.
"""

from collections.abc import Collection

import structlog
from sqlalchemy import ColumnElement, case, column, literal, select, table, update

from service.db import session
from service.db.clock import now, seconds_from_now
from service.db.leases import fixed
from service.db.types import Json
from service.db.upserts import insert_if_absent
from service.outbox.models import Delivery, Target

log = structlog.get_logger()

MAILBOX = "mailbox"
ADDRESS = "address"
WORK = "work"
CODE = "code"
FORMER = "former"
KINDS = {"push": ("token", "fid"), "email": (ADDRESS, MAILBOX, WORK, CODE, FORMER), "sms": (CODE, FORMER)}

ACCOUNTS = table("accounts", column("id"), column("email_target_id"))
"""All that the outbox asks of people, whose slice stands above it: which address is whose."""

PENDING = Delivery.state == fixed("pending")
LEFT = case((Delivery.fleeting, literal({}, Json)), else_=Delivery.content)
"""What is left of the content of a delivery that is final."""
UNFINISHED = Delivery.state.in_((fixed("pending"), fixed("sending")))


def register(municipality_id: int, channel: str, kind: str, value: str) -> int:
    """The id of this target, made or woken up if need be. Raises ValueError for a kind that the channel lacks."""
    if kind not in KINDS.get(channel, ()):
        raise ValueError(f"the channel {channel} has no targets of kind {kind}")
    named = {"municipality_id": municipality_id, "channel": channel, "kind": kind, "value": value}
    made = insert_if_absent(Target, [named | {"created_at": now()}], returning=Target.id)
    if made:
        return int(made[0])
    target = session.scalars(select(Target).filter_by(**named).with_for_update(key_share=True)).one()
    target.state, target.reason, target.retired_at, target.replaced_by = "active", None, None, None
    return target.id


def id_of(municipality_id: int, channel: str, kind: str, value: str | None) -> int | None:
    """The id of this target if there is one, whether it is active or retired."""
    return session.scalar(
        select(Target.id).filter_by(municipality_id=municipality_id, channel=channel, kind=kind, value=value)
    )


def ids_of(municipality_id: int, kinds: Collection[str], values: Collection[str | None]) -> set[int]:
    """The ids of the targets of these kinds with one of these values."""
    wanted = [value for value in values if value]
    named = select(Target.id).where(Target.municipality_id == municipality_id, Target.kind.in_(kinds))
    return set(session.scalars(named.where(Target.value.in_(wanted))))


def lock(*ids: int | None) -> None:
    """Lock these targets."""
    wanted = [target_id for target_id in ids if target_id is not None]
    session.execute(select(Target.id).where(Target.id.in_(wanted)).order_by(Target.id).with_for_update(key_share=True))


def lock_deliveries(*conditions: ColumnElement[bool]) -> None:
    """Lock the deliveries of which all this is true; the targets that will be changed too are locked before."""
    session.execute(select(Delivery.id).where(*conditions).order_by(Delivery.id).with_for_update())


def addresses_of(people: Collection[int]) -> dict[int, int | None]:
    """Which target each of these people has as an address; nobody changes theirs until this transaction ends."""
    theirs = select(ACCOUNTS).where(ACCOUNTS.c.id.in_(people)).order_by(ACCOUNTS.c.id).with_for_update(read=True)
    return {row.id: row.email_target_id for row in session.execute(theirs)}


def replace(target_id: int, kind: str, value: str) -> int:
    """A phone has a new token: retire the old target and let what it is still owed go to the new one.

    What is just being sent to the old one goes to the new one too, should it not arrive: see `go_on`.

    Returns the id of the new target; the same id when nothing changed.
    """
    where = session.execute(select(Target.municipality_id, Target.channel).where(Target.id == target_id)).one()
    lock(target_id, id_of(*where, kind, value))
    old = session.scalars(select(Target).where(Target.id == target_id).with_for_update(key_share=True)).one()
    if (old.kind, old.value) == (kind, value) and old.state == "active":
        return old.id
    new_id = register(old.municipality_id, old.channel, kind, value)
    if new_id != old.id:
        redirect(old.id, new_id)
        retire(old.id, "replaced")
        old.replaced_by = new_id
    return new_id


def redirect(old_id: int, new_id: int) -> None:
    """What waits for one target goes to another, unless that one has it already."""
    lock_deliveries(Delivery.target_id == old_id, PENDING)
    has_it = select(Delivery.event_id).where(Delivery.target_id == new_id)
    session.execute(
        update(Delivery)
        .where(Delivery.target_id == old_id, PENDING, Delivery.event_id.not_in(has_it))
        .values(target_id=new_id)
        .execution_options(synchronize_session=False)
    )


def go_on(delivery_id: int, target_id: int) -> None:
    """A delivery was not sent to a target that was replaced meanwhile: let it go where the phone is now, if it has not
    had the same there.
    """
    present = successor(target_id)
    if present is None:
        return
    has_it = select(Delivery.event_id).where(Delivery.target_id == present)
    session.execute(
        update(Delivery)
        .where(
            Delivery.id == delivery_id,
            Delivery.target_id == target_id,
            Delivery.state.in_(("pending", "failed")),
            Delivery.event_id.not_in(has_it),
        )
        .values(target_id=present, state="pending", error=None)
        .execution_options(synchronize_session=False)
    )


def successor(target_id: int) -> int | None:
    """The last of those that replaced this target one after the other; None when none has."""
    found, following = None, target_id
    while following is not None:
        following = session.scalar(
            select(Target.replaced_by).where(Target.id == following, Target.state == fixed("retired"))
        )
        found = following or found
    return found


def retire(target_id: int, reason: str) -> None:
    """Send nothing more there; what was still waiting has failed for this reason. The row stays for statistics.

    A department that hears nothing any more must not go unnoticed: its mailbox is logged, without the address.
    """
    kinds = session.scalars(
        update(Target)
        .where(Target.id == target_id, Target.state == "active")
        .values(state="retired", reason=reason, retired_at=now())
        .returning(Target.kind)
        .execution_options(synchronize_session=False)
    ).all()
    if MAILBOX in kinds:
        log.error("mailbox_retired", target=target_id)
    lock_deliveries(Delivery.target_id == target_id, PENDING)
    session.execute(
        update(Delivery)
        .where(Delivery.target_id == target_id, PENDING)
        .values(state="failed", error=f"target retired: {reason}", content=LEFT)
        .execution_options(synchronize_session=False)
    )


def give_up(target_id: int, person_id: int) -> None:
    """This person is not reached there any more, though others may be: what they are still owed there is worth nothing
    now, also what is just being sent, should it not arrive.
    """
    lock_deliveries(Delivery.target_id == target_id, UNFINISHED)
    session.execute(
        update(Delivery)
        .where(Delivery.target_id == target_id, Delivery.person_id == person_id, UNFINISHED)
        .values(expires_at=seconds_from_now(0))
        .execution_options(synchronize_session=False)
    )

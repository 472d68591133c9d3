"""Everything that a person was told, with its read state, so that a missed push loses nothing."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update

from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.db.types import AnyRow
from service.errors import NotFound
from service.municipalities.directory import Municipality
from service.notices.models import InboxMessage
from service.outbox.expanding import Kept, Posted
from service.outbox.models import Target
from service.people.models import Account, Device


@dataclass(frozen=True)
class Reachable:
    """A person with the targets where they can be reached: (target id, channel)."""

    account_id: int
    language: str
    targets: tuple[tuple[int, str], ...]


def reach(account_id: int) -> Reachable | None:
    """Where this person can be reached, phones and e-mail, in the order of the targets' ids; None when gone."""
    account = session.execute(select(Account.language, Account.email_target_id).filter_by(id=account_id)).one_or_none()
    if account is None:
        return None
    phones = select(Device.push_target_id).where(Device.account_id == account_id, Device.push_target_id.is_not(None))
    targets = session.execute(
        select(Target.id, Target.channel)
        .where(Target.id.in_(phones) | (Target.id == account.email_target_id), Target.state == "active")
        .order_by(Target.id)
    ).all()
    return Reachable(account_id, account.language, tuple((row.id, row.channel) for row in targets))


def inbox_message(event: Posted, person: Reachable, title: str, body: str, about_kind: str, about: str) -> Kept:
    """The row that the worker writes beside the deliveries; once per person and event."""
    return Kept(
        InboxMessage,
        {
            "uid": new_uid(),
            "municipality_id": event.municipality_id,
            "account_id": person.account_id,
            "event_id": event.id,
            "kind": event.kind,
            "title": title,
            "body": body,
            "about_kind": about_kind,
            "about": about,
            "created_at": event.created_at,
        },
    )


def messages_of(account_id: int, before: int | None, limit: int) -> Sequence[AnyRow]:
    """The newest messages of a person, from before this key on."""
    query = select(InboxMessage.__table__).where(InboxMessage.account_id == account_id)
    if before is not None:
        query = query.where(InboxMessage.id < before)
    return session.execute(query.order_by(InboxMessage.id.desc()).limit(limit)).all()


def state_of(account_id: int) -> tuple[tuple[Any, ...], int]:
    """What changes when the inbox does (how many messages there are, and the newest), and the number of unread ones."""
    row = session.execute(
        select(
            func.count(),
            func.max(InboxMessage.id),
            func.max(InboxMessage.created_at),
            func.count().filter(InboxMessage.read_at.is_(None)),
        ).where(InboxMessage.account_id == account_id)
    ).one()
    return tuple(row[:3]), int(row[3])


def mark_read(account_id: int, uid: uuid.UUID) -> None:
    """The person has read this message. Raises NotFound for anybody else's."""
    found = session.execute(
        update(InboxMessage)
        .where(InboxMessage.account_id == account_id, InboxMessage.uid == uid)
        .values(read_at=func.coalesce(InboxMessage.read_at, now()))
        .returning(InboxMessage.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if found is None:
        raise NotFound


def remove_messages_about(municipality: Municipality, kind: str, thing: str) -> None:
    """Delete what anybody was told about a thing that is erased."""
    session.execute(
        delete(InboxMessage).where(
            InboxMessage.municipality_id == municipality.id,
            InboxMessage.about_kind == kind,
            InboxMessage.about == thing,
        )
    )


def forget_inbox(account_id: int) -> None:
    """Delete everything that a person was told."""
    session.execute(delete(InboxMessage).where(InboxMessage.account_id == account_id))


def hand_over_inbox(from_id: int, to_id: int) -> None:
    """What one account was told stands in the inbox of another, which is the same person's."""
    has_it = select(InboxMessage.event_id).where(InboxMessage.account_id == to_id)
    twice = delete(InboxMessage).where(InboxMessage.account_id == from_id, InboxMessage.event_id.in_(has_it))
    session.execute(twice.execution_options(synchronize_session=False))
    session.execute(
        update(InboxMessage)
        .where(InboxMessage.account_id == from_id)
        .values(account_id=to_id)
        .execution_options(synchronize_session=False)
    )


def inbox_of(account_id: int) -> Sequence[AnyRow]:
    """Everything that a person was told, the oldest first."""
    columns = (InboxMessage.title, InboxMessage.body, InboxMessage.created_at, InboxMessage.read_at)
    mine = select(*columns).where(InboxMessage.account_id == account_id)
    return session.execute(mine.order_by(InboxMessage.id)).all()

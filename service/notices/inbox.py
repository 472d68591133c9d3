"""Everything that a person was told, with its read state, so that a missed push loses nothing."""

import re
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update

from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.db.types import AnyRow
from service.errors import NotFound
from service.municipalities.directory import Municipality, municipality_with
from service.notices.models import InboxMessage
from service.notices.preferences.keeping import wishes_of
from service.notices.preferences.quiet import DEFAULT, FOLLOWS, Wishes
from service.outbox.expanding import Kept, Owed, Posted
from service.outbox.models import Target
from service.people.models import Account, Device

PUSHED = ("push", "web")
"""Channels that wake a device."""
LONGEST_PUSH = 500
"""Characters of a push's body. The inbox and the mail have the whole text."""


@dataclass(frozen=True)
class Reachable:
    """A person with the targets where they can be reached: (target id, channel)."""

    account_id: int
    language: str
    targets: tuple[tuple[int, str], ...]
    wishes: Wishes = DEFAULT


def reach(account_id: int) -> Reachable | None:
    """Where this person can be reached, phones and e-mail, in the order of the targets' ids; None when gone."""
    return reach_each([account_id]).get(account_id)


def reach_each(account_ids: Collection[int]) -> dict[int, Reachable]:
    """The same of many people, by account; who is gone is not there."""
    rows = session.execute(
        select(Account.id, Account.language, Account.email_target_id).where(Account.id.in_(account_ids))
    ).all()
    mails = {row.email_target_id for row in rows if row.email_target_id is not None}
    targets: dict[int, list[tuple[int, str]]] = {row.id: [] for row in rows}
    for found in targets_of(tuple(targets), mails):
        targets[found.account_id].append((found.id, found.channel))
    wishes = wishes_of(tuple(targets))
    return {
        row.id: Reachable(row.id, row.language, tuple(targets[row.id]), wishes.get(row.id, DEFAULT)) for row in rows
    }


def targets_of(account_ids: Collection[int], mails: Collection[int]) -> Sequence[AnyRow]:
    """(account_id, id, channel) of the active targets: phones, and those of the addresses that are among `mails`."""
    of_phones = Device.account_id, Target.id, Target.channel
    phones = select(*of_phones).join(Target, Target.id == Device.push_target_id).distinct()
    found = session.execute(phones.where(Device.account_id.in_(account_ids), Target.state == "active")).all()
    if mails:
        of_people = Account.id.label("account_id"), Target.id, Target.channel
        addresses = select(*of_people).join(Target, Target.id == Account.email_target_id).where(Target.id.in_(mails))
        of_these = addresses.where(Account.id.in_(account_ids), Target.state == "active")
        found = [*found, *session.execute(of_these)]
    return sorted(found, key=lambda row: row.id)


def messages_to(
    event: Posted,
    person: Reachable,
    said: tuple[str, str],
    about: tuple[str, str],
    data: Mapping[str, str],
    tag: str,
    position: int = 0,
    matter: str | None = FOLLOWS,
) -> Iterator[Owed | Kept]:
    """What a person is owed: the message in their inbox, and the same to each of their phones and to their mailbox, by
    the channels that they want for such a `matter` and not in their quiet hours. What warns of a stranger has no
    `matter` (None): it goes everywhere, at once.

    `said` is title and body in the person's language, `about` the kind and the id of what a tap opens, `data` what a
    push carries for the app, `tag` what the phone shows it under, `position` as in Owed.
    """
    title, body = said
    yield inbox_message(event, person, title, body, *about, position)
    zone = municipality_with(event.municipality_id).time_zone
    later = None if matter is None else person.wishes.not_before(now(), zone, person.account_id)
    for target_id, channel in person.targets:
        if matter is not None and not person.wishes.wants(matter, channel):
            continue
        if channel in PUSHED:
            content: dict[str, Any] = {"title": title, "body": shortened(body, LONGEST_PUSH), "data": dict(data)}
            yield Owed(target_id, tag, content, position, person.account_id, later, considerate=matter is not None)
        else:
            content = {"subject": title, "text": f"{body}\n"}
            yield Owed(target_id, tag, content, position, person.account_id)


def shortened(text: str, longest: int) -> str:
    """The text; where it is too long, cut after a word, with an ellipsis. A word without end is cut itself."""
    if len(text) <= longest:
        return text
    kept = text[: longest - 1]
    words = kept if text[longest - 1].isspace() else re.sub(r"\s\S*\Z", "", kept)
    return (words if len(words) > longest / 2 else kept).rstrip(" \n,.;:–") + "…"


def inbox_message(
    event: Posted, person: Reachable, title: str, body: str, about_kind: str, about: str, position: int = 0
) -> Kept:
    """The row that the worker writes beside the deliveries; once per person and event. Its date is that of the writing,
    which may come long after the event: a digest that went out in between does not have it yet.
    """
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
            "created_at": now(),
        },
        position,
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

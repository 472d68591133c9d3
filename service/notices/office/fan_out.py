"""From a notice to phones: the worker asks, in chunks, who gets it and in what words.

Everybody of the audience has it in their inbox; each of their devices is owed a push, unless they have switched the
office's notices off or have had as many as they want today, which is written down. Quiet hours put a push off. An
emergency knows none of these. Every copy and every edition has the display tag of the notice, so that a phone shows
one. The position in the audience is the account's id: after a kill the worker goes on where it was.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select, update

from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.db.leases import fixed
from service.db.types import AnyRow
from service.municipalities.directory import Municipality, municipality_with
from service.notices.inbox import PUSHED
from service.notices.models import InboxMessage
from service.notices.office.audience import concerned, reachable, read
from service.notices.office.composing import editions_of
from service.notices.office.models import Notice, NoticeEdition, NoticeLeftOut
from service.notices.office.states import AGAIN, CORRECTED, CORRECTION, SENDING, SENT
from service.notices.office.wording import NOTICE, NOTICE_SENT, data_of, text_for
from service.notices.preferences.keeping import wishes_of
from service.notices.preferences.quiet import DEFAULT, NOTICES, Wishes
from service.outbox.expanding import Kept, Owed, Posted
from service.outbox.models import Delivery, Event, Target
from service.outbox.posting import owe
from service.people.models import Account, Device

AT_ONCE = 200
"""People who are looked at together."""
DAY = timedelta(days=1)
MOST_A_DAY = 5
"""Notices for one person, where neither they nor the municipality say otherwise."""
MUTED, CAPPED = "muted", "capped"


@dataclass(frozen=True)
class Sending:
    """One edition that is being sent: what it says, and how the audience is timed."""

    municipality: Municipality
    notice: Notice
    edition: AnyRow
    moment: datetime

    @property
    def tag(self) -> str:
        return f"{NOTICE}.{self.notice.uid}"

    def content(self, language: str | None) -> dict[str, Any]:
        """What a phone is sent whose owner speaks this language."""
        notice = self.notice
        title, body = text_for(self.municipality, self.edition.texts, language)
        subject = None if notice.subject_kind is None else (notice.subject_kind, str(notice.subject))
        pushed = {"title": title, "body": body, "data": data_of(self.municipality, notice.uid, subject)}
        return pushed | ({"urgent": True, "collapse": self.tag} if notice.emergency else {})


def begin(notice: Notice) -> int:
    """Freeze what is sent and owe it, inside the transaction in which the notice begins to be sent; the event's id."""
    number = notice.edition + 1
    payload = {"notice": notice.id, "wide": notice.wide}
    event_id = owe(notice.municipality_id, NOTICE_SENT, f"{NOTICE}:{notice.uid}", number, payload)
    if event_id is None:
        raise LookupError(f"edition {number} of notice {notice.uid} was owed before")
    frozen = {"texts": notice.texts, "audience": notice.audience, "mode": notice.mode, "reason": notice.reason}
    by_id = notice.approved_by_id or notice.written_by_id
    session.add(NoticeEdition(notice_id=notice.id, number=number, event_id=event_id, by_id=by_id, at=now(), **frozen))
    notice.edition = number
    notice.sent_at = notice.sent_at or now()
    return event_id


def stop(event_ids: Collection[int]) -> None:
    """Let nothing more go out of these events: what is not expanded never is, what waits is not sent any more."""
    session.execute(
        update(Event)
        .where(Event.id.in_(event_ids), Event.state.in_(("new", "expanded")))
        .values(state="cancelled")
        .execution_options(synchronize_session=False)
    )


def who_gets_the_notice(event: Posted) -> Iterator[Owed | Kept]:
    """What an edition owes: to each of the audience an inbox message, and a push for each of their devices."""
    edition = session.execute(select(NoticeEdition.__table__).where(NoticeEdition.event_id == event.id)).one_or_none()
    if edition is None:
        return
    notice = session.get_one(Notice, edition.notice_id)
    sending = Sending(municipality_with(event.municipality_id), notice, edition, now())
    condition = audience_of(notice, edition.mode, edition.number, event.payload["wide"])
    for people in pages(condition, event.cursor):
        yield from for_people(event, sending, people)


def next_audience(notice: Notice) -> ColumnElement[bool]:
    """The condition on accounts of whom the notice is for as it stands: its next edition, or the one that was sent."""
    number = notice.edition + (0 if notice.state in (SENDING, SENT, CORRECTED) else 1)
    return audience_of(notice, notice.mode, number, notice.wide)


def audience_of(notice: Notice, mode: str, number: int, wide: bool) -> ColumnElement[bool]:
    """The condition on accounts of the audience of the edition with this number.

    A correction is for who had an earlier one, and for everybody concerned where it is `wide`; a repeat for who had one
    and was pushed nothing since the newest correction: an earlier text is no longer true.
    """
    if mode not in (CORRECTION, AGAIN):
        return concerned(notice)
    earlier = [edition for edition in editions_of(notice) if edition.number < number]
    had = exists().where(
        InboxMessage.account_id == Account.id, InboxMessage.event_id.in_([edition.event_id for edition in earlier])
    )
    if mode == CORRECTION:
        return or_(had, concerned(notice)) if wide else had
    corrected = max((edition.number for edition in earlier if edition.mode == CORRECTION), default=0)
    true = [edition.event_id for edition in earlier if edition.number >= corrected]
    reached = exists().where(
        Delivery.person_id == Account.id, Delivery.event_id.in_(true), Delivery.state == fixed("sent")
    )
    return had & ~reached


def pages(condition: ColumnElement[bool], reached: int) -> Iterator[Mapping[int, str]]:
    """Account → language of so many people at once, in order, after this account."""
    while True:
        query = select(Account.id, Account.language).where(condition, Account.id > reached)
        page = session.execute(query.order_by(Account.id).limit(AT_ONCE)).all()
        if not page:
            return
        yield {row.id: row.language for row in page}
        reached = page[-1].id


def for_people(event: Posted, sending: Sending, people: Mapping[int, str]) -> Iterator[Owed | Kept]:
    """What these people are owed, in the order of their accounts."""
    devices = devices_of(tuple(people), sending.edition)
    wishes = wishes_of(tuple(people))
    had = {} if sending.notice.emergency else had_today(event, tuple(people))
    contents = {language: sending.content(language) for language in set(people.values())}
    for account_id, language in people.items():
        content = contents[language]
        if sending.edition.mode != AGAIN:
            yield in_inbox(event, sending, account_id, content)
        theirs, wish = devices.get(account_id, ()), wishes.get(account_id, DEFAULT)
        yield from for_person(event, sending, (account_id, wish, had.get(account_id, 0)), theirs, content)


def for_person(
    event: Posted,
    sending: Sending,
    person: tuple[int, Wishes, int],
    devices: Sequence[AnyRow],
    content: Mapping[str, Any],
) -> Iterator[Owed | Kept]:
    """The pushes of one person (account, wishes, how many notices they had today), or why there are none."""
    account_id, wishes, had = person
    for channel in PUSHED:
        theirs = [device for device in devices if device.channel == channel]
        kept_from = why_not(sending, wishes, had, channel)
        if theirs and kept_from:
            yield left_out(event, account_id, channel, kept_from, len(theirs))
        elif theirs:
            calm = not sending.notice.emergency
            later = wishes.not_before(sending.moment, sending.municipality.time_zone, account_id) if calm else None
            until = sending.edition.at + timedelta(hours=sending.notice.lasts_hours)
            for device in theirs:
                to = (device.id, sending.tag, content, account_id, account_id)
                yield Owed(*to, not_before=later, until=until, considerate=calm)


def why_not(sending: Sending, wishes: Wishes, had: int, channel: str) -> str | None:
    """Why a person is not pushed this by this channel; None: they are."""
    if sending.notice.emergency:
        return None
    if not wishes.wants(NOTICES, channel):
        return MUTED
    usual = int(sending.municipality.settings.get("notices_a_day", MOST_A_DAY))
    most = usual if wishes.most_a_day is None else wishes.most_a_day
    return CAPPED if had >= most else None


def devices_of(account_ids: Collection[int], edition: AnyRow) -> Mapping[int, Sequence[AnyRow]]:
    """(id of the target, channel) of the devices of these people that the audience names, by account."""
    rows = session.execute(
        select(Device.account_id, Target.id, Target.channel)
        .join(Target, Target.id == Device.push_target_id)
        .where(Device.account_id.in_(account_ids), reachable(read(edition.audience)))
        .where(Target.state == "active", Target.channel.in_(PUSHED))
        .order_by(Device.account_id, Target.id)
    )
    found: dict[int, list[AnyRow]] = defaultdict(list)
    for row in rows:
        found[row.account_id].append(row)
    return found


def had_today(event: Posted, account_ids: Collection[int]) -> Mapping[int, int]:
    """How many other notices these people were pushed within a day, of those who were.

    Who was pushed an earlier edition of this one had none: what they hold is replaced, whatever the day brought.
    """
    holding = session.scalars(
        select(Delivery.person_id).where(
            Delivery.person_id.in_(account_ids), Delivery.subject == event.subject, Delivery.event_id < event.id
        )
    ).all()
    rows = session.execute(
        select(Delivery.person_id, func.count(Delivery.subject.distinct()))
        .join(Event, Event.id == Delivery.event_id)
        .where(Delivery.person_id.in_(account_ids), Delivery.created_at > now() - DAY)
        .where(Event.kind == NOTICE_SENT, Delivery.subject != event.subject)
        .group_by(Delivery.person_id)
    )
    return {int(person): count for person, count in rows if person is not None and person not in holding}


def in_inbox(event: Posted, sending: Sending, account_id: int, content: Mapping[str, Any]) -> Kept:
    """The message in somebody's inbox, once for each edition."""
    row = {
        "uid": new_uid(),
        "municipality_id": event.municipality_id,
        "account_id": account_id,
        "event_id": event.id,
        "kind": event.kind,
        "title": content["title"],
        "body": content["body"],
        "about_kind": NOTICE,
        "about": str(sending.notice.uid),
        "created_at": now(),
    }
    return Kept(InboxMessage, row, account_id)


def left_out(event: Posted, account_id: int, channel: str, reason: str, devices: int) -> Kept:
    """That somebody was not pushed it, and why."""
    row = {
        "municipality_id": event.municipality_id,
        "event_id": event.id,
        "account_id": account_id,
        "channel": channel,
        "reason": reason,
        "devices": devices,
    }
    return Kept(NoticeLeftOut, row, account_id)

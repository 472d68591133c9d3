"""E-mail digests: what a person was told since the last one, and what is new in the topics that they follow.

The recurring job owes one event for each person whose digest is due; the worker asks `who_gets_the_mail`, made with
the table of givers, what stands in it. A digest without anything in it is not sent. It tells up to a few minutes ago:
what is being written at the moment stands in the next one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from service.db import session
from service.db.clock import now
from service.db.leases import fixed
from service.db.types import AnyRow
from service.municipalities.directory import Municipality, municipality_with
from service.notices.following import follows_of
from service.notices.models import InboxMessage
from service.notices.preferences.keeping import next_digest
from service.notices.preferences.models import NoticePreference
from service.outbox.expanding import Expand, Owed, Posted
from service.outbox.models import Target
from service.outbox.posting import owe
from service.people.models import Account
from service.text import N_, pick, say

MAIL_DIGEST = "mail_digest"
DUE_AT_ONCE = 100
SETTLED = timedelta(minutes=10)
"""No transaction that dates what it writes is open for so long."""
MOST_ENTRIES = 50

SUBJECT = N_("News from {municipality}: {count}")
WHY = N_("You get this because you asked for it in the app, where you can also end it.")


@dataclass(frozen=True)
class Entry:
    """Something that a feature has published.

    kind, key        the link to it: ("article", its uid)
    title, summary   language → text
    path             where a browser shows it, below the public address of the service
    topics           the follows that it belongs to, as (kind, value): who follows one of them reads it
    """

    kind: str
    key: str
    title: Mapping[str, str]
    summary: Mapping[str, str]
    path: str
    published_at: datetime
    topics: Sequence[tuple[str, str]] = ()


Giver = Callable[[Municipality, datetime, datetime], Sequence[Entry]]
"""What a feature published in a municipality after the one moment, and up to the other."""


def due(limit: int = DUE_AT_ONCE) -> Sequence[NoticePreference]:
    """Some people whose digest is due, locked; inside `transaction()`."""
    query = select(NoticePreference).where(NoticePreference.digest_due_at <= now(), NoticePreference.digest != "never")
    return session.scalars(query.order_by(NoticePreference.id).limit(limit).with_for_update(skip_locked=True)).all()


def owe_some(base: str) -> int:
    """Owe some digests that are due; how many. `base`: the public address, without a slash. Inside `transaction()`."""
    moment = now()
    found = due()
    uids = {
        row.id: row.uid
        for row in session.execute(
            select(Account.id, Account.uid).where(Account.id.in_([wish.account_id for wish in found]))
        )
    }
    for wish in found:
        municipality = municipality_with(wish.municipality_id)
        since = wish.digest_after or moment - SETTLED
        wish.digest_after = until = max(since, moment - SETTLED)
        wish.digest_due_at = next_digest(municipality, wish.digest, moment)
        payload = {"account_id": wish.account_id, "since": since.isoformat(), "until": until.isoformat(), "base": base}
        version = int(moment.timestamp())
        owe(wish.municipality_id, MAIL_DIGEST, f"account:{uids[wish.account_id]}", version, payload)
    return len(found)


def mailing(givers: Sequence[Giver]) -> Expand:
    """The function of the worker's table of events that words digests."""

    def who_gets_the_mail(event: Posted) -> Iterator[Owed]:
        """One mail to the person's confirmed address, if there is one and anything is new."""
        municipality = municipality_with(event.municipality_id)
        account = session.get(Account, event.payload["account_id"])
        target_id = None if account is None else alive(account.email_target_id)
        if account is None or target_id is None:
            return
        since, until = (datetime.fromisoformat(event.payload[name]) for name in ("since", "until"))
        spoken = municipality.language_for(account.language)
        lines = [*told_since(account.id, since, until)]
        about = {(row.about_kind, row.about) for row in lines}
        entries = [entry for give in givers for entry in give(municipality, since, until)]
        news = [entry for entry in wanted(account.id, entries) if (entry.kind, entry.key) not in about]
        if lines or news:
            yield Owed(
                target_id,
                str(event.uid),
                worded(municipality, spoken, lines, (event.payload["base"], news)),
                person_id=account.id,
            )

    return who_gets_the_mail


def alive(target_id: int | None) -> int | None:
    """The target, while somebody is reached there."""
    return session.scalar(select(Target.id).where(Target.id == target_id, Target.state == fixed("active")))


def told_since(account_id: int, since: datetime, until: datetime) -> Sequence[AnyRow]:
    """What came into the person's inbox in this time and is not read."""
    columns = (InboxMessage.title, InboxMessage.body, InboxMessage.about_kind, InboxMessage.about)
    query = select(*columns).where(
        InboxMessage.account_id == account_id,
        InboxMessage.created_at > since,
        InboxMessage.created_at <= until,
        InboxMessage.read_at.is_(None),
    )
    return session.execute(query.order_by(InboxMessage.id).limit(MOST_ENTRIES)).all()


def wanted(account_id: int, entries: Sequence[Entry]) -> Sequence[Entry]:
    """Those of the entries that belong to something that the person follows."""
    if not entries:
        return []
    mine = {(row.kind, row.value) for row in follows_of(account_id)}
    found = [entry for entry in entries if mine.intersection(entry.topics)]
    return sorted(found, key=lambda entry: entry.published_at)[:MOST_ENTRIES]


def worded(
    municipality: Municipality, spoken: str, lines: Sequence[AnyRow], news: tuple[str, Sequence[Entry]]
) -> dict[str, str]:
    """Subject and text of the mail; `news` with the address before their paths."""
    base, entries = news
    order = (spoken, municipality.main_language)
    parts = [f"{row.title}\n{row.body}" for row in lines]
    parts += [f"{pick(entry.title, *order)}\n{pick(entry.summary, *order)}\n{base}{entry.path}" for entry in entries]
    subject = say(spoken, SUBJECT, municipality=pick(municipality.name, *order), count=len(parts))
    return {"subject": subject, "text": "\n\n".join([*parts, say(spoken, WHY)]) + "\n"}

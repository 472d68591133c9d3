"""E-mail digests: what a person was told since the last one, and what is new in the topics that they follow.

The recurring job owes one event for some people of a municipality whose digests are due; the worker asks
`who_gets_the_mail`, made with the table of givers, what stands in theirs: each giver once, and everything else once for
all of them. A digest without anything in it is not sent. It tells up to a few minutes ago: what is being written at the
moment stands in the next one.

Each begins where the one before ended, which is noted in the transaction that owes it: two runs at once share people
out, and no run owes somebody a further one before the last is worded. The mails of one person go out in their order.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, func, or_, select

from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.db.leases import fixed
from service.db.types import AnyRow
from service.municipalities.directory import Municipality, municipality_with
from service.notices.letters import Item, letter
from service.notices.models import Follow, InboxMessage
from service.notices.preferences.keeping import DIGEST, NEVER, next_digest
from service.notices.preferences.models import NoticePreference
from service.notices.preferences.unsubscribing import address_of
from service.outbox.channels.email import takes_one_click
from service.outbox.expanding import Expand, Owed, Posted
from service.outbox.models import Event, Target
from service.outbox.posting import owe
from service.people.models import Account
from service.text import pick

MAIL_DIGEST = "mail_digest"
DUE_AT_ONCE = 100
SETTLED = timedelta(minutes=10)
"""No transaction that dates what it writes is open for so long."""
MOST_ENTRIES = 50
"""Of the inbox, and of what was published; a mail says how many more there are, and where."""


@dataclass(frozen=True)
class Entry:
    """Something that a feature has published.

    kind, key        the link to it: ("article", its uid)
    title, summary   language → text
    path             where a browser shows it, below the public address of the service; "": only the app does
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


ListAddress = Callable[[Municipality], str]
"""Where a browser finds what was published in a municipality, below the public address of the service."""


@dataclass(frozen=True)
class Inbox:
    """What came into somebody's inbox: the first lines, and how many there are in all."""

    lines: Sequence[AnyRow] = ()
    count: int = 0


def due(limit: int) -> Sequence[NoticePreference]:
    """Some people whose digest is due, locked; inside `transaction()`. Who is owed one that could not be worded yet
    waits, and finds the time since in the next one.
    """
    unworded = exists().where(Event.id == NoticePreference.digest_event_id, Event.state == fixed("new"))
    query = select(NoticePreference).where(
        NoticePreference.digest_due_at <= now(), NoticePreference.digest != NEVER, ~unworded
    )
    return session.scalars(query.order_by(NoticePreference.id).limit(limit).with_for_update(skip_locked=True)).all()


def owe_some(base: str, limit: int = DUE_AT_ONCE) -> int:
    """Owe some digests that are due; how many. `base`: the public address, without a slash. Inside `transaction()`."""
    moment, found = now(), due(limit)
    people: dict[tuple[int, datetime], list[tuple[NoticePreference, str]]] = defaultdict(list)
    for wish in found:
        since = wish.digest_after or moment - SETTLED
        wish.digest_after = until = max(since, moment - SETTLED)
        wish.digest_due_at = next_digest(municipality_with(wish.municipality_id), wish.digest, moment)
        people[wish.municipality_id, until].append((wish, since.isoformat()))
    for (municipality_id, until), theirs in people.items():
        told = sorted((wish.account_id, since) for wish, since in theirs)
        payload = {"people": told, "until": until.isoformat(), "base": base}
        event_id = owe(municipality_id, MAIL_DIGEST, f"{DIGEST}:{new_uid()}", 1, payload)
        for wish, _ in theirs:
            wish.digest_event_id = event_id
    return len(found)


def mailing(givers: Sequence[Giver], list_address: ListAddress) -> Expand:
    """The function of the worker's table of events that words digests."""

    def who_gets_the_mail(event: Posted) -> Iterator[Owed]:
        """One mail to each person's confirmed address, if there is one and anything is new."""
        here, until = municipality_with(event.municipality_id), datetime.fromisoformat(event.payload["until"])
        told = told_from(event.payload)
        people = reachable([account for account in told if account > event.cursor])
        if not people:
            return
        inboxes = told_since({row.id: told[row.id] for row in people}, until)
        entries = sorted(
            (entry for give in givers for entry in give(here, min(told.values()), until)),
            key=lambda entry: entry.published_at,
        )
        ids, base = [row.id for row in people], event.payload["base"]
        followed = topics_of(ids) if entries else {}
        known = told_about(ids, entries) if entries else {}
        addresses = {(entry.kind, entry.key): base + entry.path for entry in entries if entry.path}
        for row in people:
            inbox, spoken = inboxes.get(row.id, Inbox()), here.language_for(row.language)
            news = wanted(entries, told[row.id], followed.get(row.id, frozenset()), known.get(row.id, frozenset()))
            if inbox.count or news:
                items = [*of_inbox(inbox, addresses), *of_entries(news, (spoken, here.main_language), addresses)]
                end = base + address_of(here, row.uid)
                content = letter(here, spoken, items, inbox.count + len(news), base + list_address(here), end)
                content |= {"unsubscribe": end} if takes_one_click(end) else {}
                yield Owed(row.email_target_id, str(event.uid), content, row.id, row.id, subject=DIGEST)

    return who_gets_the_mail


def told_from(payload: Mapping[str, Any]) -> dict[int, datetime]:
    """Since when each account is told; what was owed before an update names one person alone."""
    people = payload.get("people") or [(payload["account_id"], payload["since"])]
    return {account_id: datetime.fromisoformat(since) for account_id, since in people}


def wanted(
    entries: Sequence[Entry],
    since: datetime,
    followed: Collection[tuple[str, str]],
    known: Collection[tuple[str, str]],
) -> Sequence[Entry]:
    """Those of the entries that are new to somebody who follows this and has been told of that."""
    return [
        entry
        for entry in entries
        if entry.published_at > since
        and not set(entry.topics).isdisjoint(followed)
        and (entry.kind, entry.key) not in known
    ]


def told_about(account_ids: Collection[int], entries: Sequence[Entry]) -> Mapping[int, frozenset[tuple[str, str]]]:
    """Of which of these entries each of these people has a message in their inbox, as (kind, key); one statement.

    One that is read counts, and one that came after the end of this digest, which tells of it the next time.
    """
    found: dict[int, set[tuple[str, str]]] = defaultdict(set)
    query = select(InboxMessage.account_id, InboxMessage.about_kind, InboxMessage.about).where(
        InboxMessage.account_id.in_(account_ids), InboxMessage.about.in_({entry.key for entry in entries})
    )
    for row in session.execute(query):
        found[row.account_id].add((row.about_kind, row.about))
    return {account_id: frozenset(things) for account_id, things in found.items()}


def of_inbox(inbox: Inbox, addresses: Mapping[tuple[str, str], str]) -> Iterator[Item]:
    """What came into somebody's inbox; with its address where a browser can show what it is about."""
    for line in inbox.lines:
        yield Item(line.title, line.body, addresses.get((line.about_kind, line.about), ""))


def of_entries(
    entries: Sequence[Entry], languages: Sequence[str], addresses: Mapping[tuple[str, str], str]
) -> Iterator[Item]:
    """What was published, the first of it, in the first of these languages that it has."""
    for entry in entries[:MOST_ENTRIES]:
        words = (pick(entry.title, *languages), pick(entry.summary, *languages))
        yield Item(*words, addresses.get((entry.kind, entry.key), ""))


def reachable(account_ids: Collection[int]) -> Sequence[AnyRow]:
    """(id, uid, language, email_target_id) of those of these people whose address is alive and who have not ended
    their digests meanwhile, in the order of their ids.
    """
    columns = (Account.id, Account.uid, Account.language, Account.email_target_id)
    ended = exists().where(NoticePreference.account_id == Account.id, NoticePreference.digest == NEVER)
    query = select(*columns).join(Target, Target.id == Account.email_target_id)
    alive = query.where(Account.id.in_(account_ids), Target.state == fixed("active"), ~ended)
    return session.execute(alive.order_by(Account.id)).all()


def told_since(since: Mapping[int, datetime], until: datetime) -> Mapping[int, Inbox]:
    """What came into each person's inbox after their moment and is not read, by account; one statement."""
    alike: dict[datetime, list[int]] = defaultdict(list)
    for account_id, moment in since.items():
        alike[moment].append(account_id)
    of_theirs = [
        and_(InboxMessage.account_id.in_(people), InboxMessage.created_at > moment) for moment, people in alike.items()
    ]
    columns = (InboxMessage.account_id, InboxMessage.title, InboxMessage.body)
    numbered = (
        select(
            *(*columns, InboxMessage.about_kind, InboxMessage.about),
            func.row_number().over(partition_by=InboxMessage.account_id, order_by=InboxMessage.id).label("number"),
            func.count().over(partition_by=InboxMessage.account_id).label("total"),
        )
        .where(or_(*of_theirs), InboxMessage.created_at <= until, InboxMessage.read_at.is_(None))
        .subquery()
    )
    query = select(numbered).where(numbered.c.number <= MOST_ENTRIES)
    found: dict[int, list[AnyRow]] = defaultdict(list)
    for row in session.execute(query.order_by(numbered.c.account_id, numbered.c.number)):
        found[row.account_id].append(row)
    return {account_id: Inbox(lines, lines[0].total) for account_id, lines in found.items()}


def topics_of(account_ids: Collection[int]) -> Mapping[int, frozenset[tuple[str, str]]]:
    """What each of these people follows, as (kind, value); one statement."""
    found: dict[int, set[tuple[str, str]]] = defaultdict(set)
    query = select(Follow.account_id, Follow.kind, Follow.value).where(Follow.account_id.in_(account_ids))
    for row in session.execute(query):
        found[row.account_id].add((row.kind, row.value))
    return {account_id: frozenset(topics) for account_id, topics in found.items()}

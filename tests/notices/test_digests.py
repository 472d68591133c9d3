"""Digests of one person: in their order, nothing twice and nothing left out, whoever is killed or works beside."""

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import insert, select, update

from service.db import session, transaction
from service.db.clock import now, seconds_from_now
from service.municipalities.directory import Municipality
from service.notices.digests import MAIL_DIGEST, Entry, mailing, owe_some
from service.notices.letters import STOP, Item, letter
from service.notices.models import Follow, InboxMessage
from service.notices.preferences.models import NoticePreference
from service.outbox.channels.email import Email, Server
from service.outbox.expanding import Expand, Kept, Owed, Posted, expand
from service.outbox.models import Delivery, Event
from service.outbox.sending import Sender
from service.text import say
from tests.factories.people import Person, give_address, make_resident
from tests.notices.office import prefer
from tests.outbox.mail_server import mail_server

BASE = "https://here.example"
MINUTE = timedelta(minutes=1)
FOLLOWED = {"kind": "news_kind", "value": "news", "part": ""}


@pytest.fixture
def reader(client: FlaskClient, here: Municipality, alice: Person) -> Person:
    """Alice, who follows the news and wants a digest each day."""
    give_address(here, alice, "alice@home.example")
    prefer(client, alice, digest="daily")
    follow = {"uid": uuid.uuid4(), "municipality_id": here.id, "account_id": alice.account_id, "created_at": now()}
    with transaction():
        session.execute(insert(Follow), [FOLLOWED | follow])
    return alice


def told(who: Person, here: Municipality, title: str, at: datetime, about: str = "1") -> None:
    """A message in somebody's inbox since that moment."""
    row = {"uid": uuid.uuid4(), "municipality_id": here.id, "account_id": who.account_id, "created_at": at}
    about_it = {"event_id": uuid.uuid4().int % 10**9, "kind": "x", "about_kind": "article", "about": about}
    with transaction():
        session.execute(insert(InboxMessage), [row | about_it | {"title": title, "body": "Text"}])


def let_it_be_due(since: datetime | None = None) -> None:
    """The hour of everybody's digest has come; `since`: the one before ended then."""
    values = {"digest_due_at": seconds_from_now(-1)} | ({} if since is None else {"digest_after": since})
    with transaction():
        session.execute(update(NoticePreference).values(**values).execution_options(synchronize_session=False))


def owe_digests(limit: int = 100) -> int:
    with transaction():
        return owe_some(BASE, limit)


def expand_all(giver: Sequence[Entry] = (), worded: Expand | None = None) -> None:
    session.rollback()
    table = {MAIL_DIGEST: worded or mailing([lambda *_: giver], lambda here: f"/of/{here.slug}")}
    while expand(table):
        session.rollback()
    session.rollback()


def mails() -> list[str]:
    session.rollback()
    return [content["text"] for content in session.scalars(select(Delivery.content).order_by(Delivery.id))]


def broken(_: Posted) -> list[Owed | Kept]:
    raise RuntimeError


def test_a_later_digest_does_not_overtake_one_that_waits(here: Municipality, reader: Person) -> None:
    at = now()
    for number, minutes in ((1, 30), (2, 12)):
        told(reader, here, f"Number {number}", at - minutes * MINUTE)
        let_it_be_due(since=at - (minutes + 5) * MINUTE)
        assert owe_digests() == 1
        expand_all()
        if number == 1:  # what the second tells of has not happened
            with transaction():
                session.execute(update(InboxMessage).values(read_at=at))
    assert len(mails()) == 2
    with mail_server() as server:
        sender = Sender(Email(Server.from_url(server.url), "here@here.example"), "me")
        delay(first=seconds_from_now(3600))
        assert sender.send_due() == 0 and server.accepted == []
        delay(first=seconds_from_now(-1))
        while sender.send_due():
            session.rollback()
        sender.close()
    texts = [letter.get_body(("plain",)).get_content() for letter in server.accepted]  # type: ignore[union-attr]
    assert [text.splitlines()[0] for text in texts] == ["Number 1", "Number 2"]


def delay(first: object) -> None:
    """The older mail is due then."""
    session.rollback()
    ids = session.scalars(select(Delivery.id).order_by(Delivery.id)).all()
    with transaction():
        session.execute(update(Delivery).where(Delivery.id == ids[0]).values(next_at=first))


def test_nobody_is_owed_a_further_digest_before_the_last_is_worded(here: Municipality, reader: Person) -> None:
    at = now()
    told(reader, here, "Number 1", at - 30 * MINUTE)
    let_it_be_due(since=at - 35 * MINUTE)
    assert owe_digests() == 1
    expand_all(worded=broken)
    let_it_be_due()
    assert owe_digests() == 0, "it would begin where the other one ends, and could arrive before it"
    with transaction():
        session.execute(update(Event).values(next_at=seconds_from_now(-1)))
    expand_all()
    assert [mail.splitlines()[0] for mail in mails()] == ["Number 1"]
    told(reader, here, "Number 2", at - 12 * MINUTE)
    let_it_be_due(since=at - 15 * MINUTE)
    assert owe_digests() == 1
    expand_all()
    assert [mail.splitlines()[0] for mail in mails()] == ["Number 1", "Number 2"]


def test_of_several_runs_at_once_each_person_is_owed_one_digest(
    app: Flask, client: FlaskClient, here: Municipality
) -> None:
    people = [make_resident(here) for _ in range(12)]
    at = now()
    for number, who in enumerate(people):
        give_address(here, who, f"{number}@home.example")
        prefer(client, who, digest="daily")
        told(who, here, "News", at - 30 * MINUTE)
    let_it_be_due(since=at - 35 * MINUTE)
    assert sum(at_once(app, 4, owe_all)) == 12
    at_once(app, 3, expand_here)
    session.rollback()
    reached = session.scalars(select(Delivery.person_id)).all()
    assert sorted(person or 0 for person in reached) == sorted(who.account_id for who in people)


def owe_all() -> int:
    """Three people at a time, as long as anybody is due."""
    count = 0
    while some := owe_digests(3):
        count += some
    return count


def expand_here() -> int:
    expand_all()
    return 0


def at_once(app: Flask, count: int, step: Callable[[], int]) -> list[int]:
    """What so many threads say that begin together."""
    barrier = Barrier(count)

    def run(_: int) -> int:
        barrier.wait(30)
        with app.app_context():
            return step()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_what_was_published_before_the_end_and_told_after_it_stands_in_one_digest(
    here: Municipality, reader: Person
) -> None:
    at = now()
    entry = Entry(
        "article", "a", {"en": "Title"}, {"en": "Summary"}, "/news/a", at - 11 * MINUTE, [("news_kind", "news")]
    )
    told(reader, here, "A new article", at - 9 * MINUTE, about="a")
    let_it_be_due(since=at - 60 * MINUTE)
    owe_digests()
    expand_all([entry])
    assert mails() == [], "the next one tells of it"
    let_it_be_due(since=at - 10 * MINUTE)
    with transaction():
        session.execute(update(InboxMessage).values(created_at=at - 10 * MINUTE + timedelta(milliseconds=1)))
    owe_digests()
    expand_all([])
    (mail,) = mails()
    assert mail.splitlines()[0] == "A new article"


def test_what_somebody_has_read_is_not_news_to_them(here: Municipality, reader: Person) -> None:
    at = now()
    entry = Entry(
        "article", "a", {"en": "Title"}, {"en": "Summary"}, "/news/a", at - 31 * MINUTE, [("news_kind", "news")]
    )
    told(reader, here, "A new article", at - 30 * MINUTE, about="a")
    with transaction():
        session.execute(update(InboxMessage).values(read_at=at))
    let_it_be_due(since=at - 60 * MINUTE)
    owe_digests()
    expand_all([entry])
    assert mails() == []


def test_another_rhythm_begins_where_the_one_before_ended(
    client: FlaskClient, here: Municipality, reader: Person
) -> None:
    since = now() - timedelta(days=3)
    let_it_be_due(since=since)

    def begins() -> datetime | None:
        session.rollback()
        return session.scalars(select(NoticePreference.digest_after)).one()

    prefer(client, reader, digest="weekly")
    assert begins() == since, "the days since the last one would be lost"
    prefer(client, reader, digest="never")
    prefer(client, reader, digest="daily")
    again = begins()
    assert again is not None and again > since + timedelta(days=2), "who wanted none is told nothing of that time"


def test_a_letter_says_the_same_in_both_its_forms_and_loads_nothing(here: Municipality, reader: Person) -> None:
    items = [
        Item("A & <b>", "First\nsecond", f'{BASE}/a?x=1&y="2"'),
        Item("Without", ""),
        Item("Only in the app", "Text"),
    ]
    made = letter(here, "el", items, 5, f"{BASE}/all", f"{BASE}/end?a&b")
    page = html.fromstring(made["html"])
    assert page.get("lang") == "el" and page.xpath("string(//h1)") == made["subject"]
    assert page.xpath("//h2//text()") == ["A & <b>", "Without", "Only in the app"]
    assert page.xpath("//a/@href") == [f'{BASE}/a?x=1&y="2"', f"{BASE}/all", f"{BASE}/end?a&b"]
    assert not page.xpath("//img | //link | //script | //style | //@src")
    lines = made["text"].split("\n\n")
    assert lines[0].split("\n") == ["A & <b>", "First", "second", f'{BASE}/a?x=1&y="2"'] and lines[1] == "Without"
    assert "2" in lines[3] and f"{BASE}/all" in lines[3] and len(lines) == 5
    assert lines[4].endswith(f" {BASE}/end?a&b\n")
    assert "2" in page.xpath("string((//a)[2])") and page.xpath("string((//a)[3])") == say("el", STOP)
    whole = letter(here, "en", items, 3, f"{BASE}/all", f"{BASE}/end")
    assert "/all" not in whole["text"] + whole["html"]


def test_a_mail_brings_both_forms_the_text_first(here: Municipality, reader: Person) -> None:
    told(reader, here, "Ένα νέο", now() - 30 * MINUTE, about="a")
    let_it_be_due(since=now() - 60 * MINUTE)
    owe_digests()
    published = Entry("article", "a", {"en": "T"}, {}, "/news/a", now() - 31 * MINUTE, [("news_kind", "call")])
    expand_all([published])
    with mail_server() as server:
        sender = Sender(Email(Server.from_url(server.url), "here@here.example"), "me")
        assert sender.send_due() == 1
        sender.close()
    (mail,) = server.accepted
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    plain, rich = (part.get_content() for part in mail.iter_parts())
    assert plain.splitlines()[:3] == ["Ένα νέο", "Text", f"{BASE}/news/a"], "where a browser shows what it is about"
    assert html.fromstring(rich).xpath("//h2/a/@href") == [f"{BASE}/news/a"]

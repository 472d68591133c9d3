"""Another site's feed is read again and again: nothing twice, edits followed, and nothing that could do harm."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import feedparser
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.db import session, transaction
from service.jobs.models import Job
from service.municipalities.changing import change_settings
from service.municipalities.directory import Municipality
from service.news.erasing import forget_in_news
from service.news.models import Article, NewsSource
from service.news.reading_feeds import FeedUnreadable, moment_of, read_feed
from service.news.sourcing import FETCH_NEWS, MOST_SOURCES, add_source
from service.outbox.models import Event
from tests.factories.jobs import make_due
from tests.factories.people import Person
from tests.fetching.server import Answered, Asked, Served, serving
from tests.news.office import Office, in_days, read, titles, work_all, written

NOTHING = {"new": 0, "changed": 0, "told": 0, "held": 0}
FEEDS = "/api/v1/here/staff/news-feeds"
ITEM = """<item><guid isPermaLink="false">{guid}</guid><title>{title}</title><link>https://old.example/{guid}</link>
<pubDate>Mon, 02 Nov 2026 10:00:00 +0200</pubDate>
<description>&lt;p&gt;Text &lt;script&gt;x&lt;/script&gt;&lt;img src="x" onerror="y"&gt; of {guid}&lt;/p&gt;</description></item>"""


class Site:
    """A site with a feed that a test edits."""

    def __init__(self) -> None:
        self.items = {"1": "First", "2": "Second"}
        self.broken: bytes | None = None

    def __call__(self, asked: Asked) -> Answered:
        if self.broken is not None:
            return Answered(self.broken)
        tag = f'"{hash(tuple(self.items.items()))}"'
        if asked.headers.get("If-None-Match") == tag:
            return Answered(status=304)
        items = "".join(ITEM.format(guid=guid, title=title) for guid, title in self.items.items())
        body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Old</title>{items}</channel></rss>'
        return Answered(body.encode(), headers={"ETag": tag})


@pytest.fixture(autouse=True)
def settings(app: Flask) -> Iterator[None]:
    """Servers on loopback may be asked."""
    before = app.config["PLATEIA"]
    app.config["PLATEIA"] = replace(before, fetch_allowed=("127.0.0.0/8",))
    yield
    app.config["PLATEIA"] = before


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def server(site: Site) -> Iterator[Served]:
    with serving(site) as served:
        yield served


def add(client: FlaskClient, who: Person, url: str, status: int = 201, **more: Any) -> Any:
    body = {"url": url, "language": "el", "publishes": True} | more
    answer = client.post(FEEDS, json=body, headers=who.headers)
    assert answer.status_code == status, answer.text
    return answer.json


def outcome(client: FlaskClient, office: Office) -> Any:
    found = client.get(FEEDS, headers=office.editor.headers).json["feeds"][0]["outcome"]
    return {name: value for name, value in found.items() if value is not None}


def read_again() -> None:
    make_due("fetch_news")
    assert work_all() == 1


def test_a_feed_is_followed_without_doubles_and_without_harm(
    client: FlaskClient, office: Office, site: Site, server: Served
) -> None:
    made = add(client, office.publisher, f"{server.url}/feed")
    assert add(client, office.publisher, f"{server.url}/feed", 409)["code"] == "feed_known"
    assert work_all() == 1 and outcome(client, office) == {"state": "read"} | NOTHING | {"new": 2}
    assert sorted(titles(client)) == ["First", "Second"]
    session.rollback()
    assert session.scalars(select(Event.kind)).all() == []  # nobody is told of what stood there before
    article = str(session.scalars(select(Article.uid).filter_by(guid="1")).one())
    shown = read(client, f"/{article}").json
    assert shown["origin"] == "https://old.example/1" and shown["published_at"].startswith("2026-11-02T08:00")
    assert shown["html"].strip() == "<p>Text  of 1</p>" and office.show(article)["format"] == "html"

    read_again()
    assert outcome(client, office) == {"state": "unchanged", "new": 0, "changed": 0}
    site.items = {"3": "Third", "1": "First, corrected", "2": "Second"}
    read_again()
    assert outcome(client, office) == {"state": "read"} | NOTHING | {"new": 1, "changed": 1, "told": 1}
    assert sorted(titles(client)) == ["First, corrected", "Second", "Third"]
    session.rollback()
    assert session.scalars(select(Event.kind)).all() == ["article_published"]

    office.revise(article, 2, written())
    second = str(session.scalars(select(Article.uid).filter_by(guid="2")).one())
    office.move(second, "withdraw")
    site.items = {"1": "Not ours any more", "2": "Not shown", "3": "Third"}
    for _ in range(2):
        answer = client.post(f"{FEEDS}/{made['id']}/fetches", headers=office.publisher.headers)
        assert answer.status_code == 202
    assert work_all() == 1 and outcome(client, office) == {"state": "read"} | NOTHING

    for broken, refused in ((b"<html>no feed</html>", "feed_unreadable"), (b"", "feed_unreadable")):
        site.broken = broken
        read_again()
        assert outcome(client, office) == {"state": "refused", "code": refused}
    assert sorted(titles(client)) == ["First, corrected", "Third"]
    assert client.delete(f"{FEEDS}/{made['id']}", headers=office.publisher.headers).status_code == 204
    assert work_all() == 0 and len(titles(client)) == 2
    assert client.get(FEEDS, headers=office.editor.headers).json["feeds"] == []


def test_what_is_not_published_at_once_becomes_drafts_that_follow(
    client: FlaskClient, office: Office, site: Site, server: Served, here: Municipality, charlie: Person
) -> None:
    made = add(client, office.publisher, f"{server.url}/feed", publishes=False)
    assert work_all() == 1 and titles(client) == []
    site.items["1"] = "First, corrected"
    read_again()
    drafts = office.call(office.editor, "GET", "")["articles"]
    assert {draft["title"] for draft in drafts} == {"First, corrected", "Second"}
    assert {(draft["state"], draft["imported"]) for draft in drafts} == {("draft", True)}
    faults = add(client, office.publisher, "https://x.example/", 422, language="lt", categories=["sport"])["faults"]
    assert [fault["where"] for fault in faults] == ["language", "categories"]
    assert add(client, office.publisher, "http://10.0.0.1/", 422)["code"] == "address_refused"
    add(client, office.editor, "https://x.example/", 403)
    with transaction():
        session.execute(update(Job).where(Job.kind == FETCH_NEWS).values(state="running"))
    before = session.scalar(select(Job.id).where(Job.kind == FETCH_NEWS))
    client.post(f"{FEEDS}/{made['id']}/fetches", headers=office.publisher.headers)
    session.rollback()
    assert session.scalar(select(Job.id).where(Job.kind == FETCH_NEWS)) == before  # it is being read already
    about = {"language": "el", "categories": [], "publishes": False, "every_seconds": 3600}
    with transaction():
        for number in range(MOST_SOURCES - 1):
            add_source(here, {"url": f"https://x.example/{number}"} | about, office.publisher.account_id, ())
    assert add(client, office.publisher, "https://x.example/", 409)["most"] == MOST_SOURCES
    with transaction():
        forget_in_news(office.publisher.account_id, is_resident=False)
        forget_in_news(office.editor.account_id, is_resident=False)
    assert session.scalars(select(NewsSource).where(NewsSource.by_id.is_not(None))).all() == []
    assert client.delete(f"{FEEDS}/{uuid.uuid4()}", headers=office.publisher.headers).status_code == 404
    assert client.delete(f"{FEEDS}/{made['id']}", headers=charlie.headers).status_code == 401


def drafts(office: Office) -> dict[str, Any]:
    return {one["title"]: one for one in office.call(office.editor, "GET", "")["articles"]}


def test_a_feed_that_was_refused_at_first_or_has_moved_does_not_flood_its_followers(
    client: FlaskClient, office: Office, site: Site, server: Served
) -> None:
    site.broken = b"<html>being moved</html>"
    add(client, office.publisher, f"{server.url}/feed")
    assert work_all() == 1 and outcome(client, office)["state"] == "refused"
    site.broken = None
    read_again()
    assert outcome(client, office) == {"state": "read"} | NOTHING | {"new": 2}
    site.items = {f"n{number}": f"New {number}" for number in range(30)} | site.items
    read_again()
    assert outcome(client, office) == {"state": "read"} | NOTHING | {"new": 30, "told": 5}
    session.rollback()
    told = session.scalars(select(Event.payload).where(Event.kind == "article_published")).all()
    assert sorted(one["texts"]["el"]["title"] for one in told) == [f"New {number}" for number in range(5)]


def test_an_edit_elsewhere_undoes_nothing_that_was_decided_here(
    client: FlaskClient, office: Office, site: Site, server: Served
) -> None:
    add(client, office.publisher, f"{server.url}/feed", publishes=False)
    assert work_all() == 1
    first, second = (drafts(office)[title]["id"] for title in ("First", "Second"))
    office.move(first, "schedule", at=in_days(1))
    office.move(second, "publish")
    site.items = {"1": "First, corrected", "2": "Second, corrected"}
    read_again()
    assert outcome(client, office) == {"state": "read"} | NOTHING | {"changed": 1, "held": 1}
    assert office.show(first)["state"] == "scheduled" and titles(client) == ["Second"]
    assert (office.show(second)["state"], office.show(second)["published_number"]) == ("draft", 1)
    office.submit(second, 2)
    office.move(first, "publish")
    site.items["2"] = "Second, once more"
    read_again()
    assert outcome(client, office) == {"state": "read"} | NOTHING | {"changed": 2}
    assert office.show(second)["state"] == "review" and sorted(titles(client)) == ["First", "Second"]


def test_a_feed_is_changed_and_deleted_and_added_again_without_doubles(
    client: FlaskClient, office: Office, site: Site, server: Served, here: Municipality, charlie: Person
) -> None:
    made = add(client, office.publisher, f"{server.url}/feed", publishes=False)
    address, body = f"{FEEDS}/{made['id']}", {"categories": [], "publishes": True, "every_minutes": 120}
    assert work_all() == 1
    changed = client.put(address, json=body, headers=office.publisher.headers)
    assert changed.status_code == 200 and (changed.json["publishes"], changed.json["every_minutes"]) == (True, 120)
    assert client.put(address, json=body, headers=charlie.headers).status_code == 401
    wrong = client.put(address, json=body | {"categories": ["none"]}, headers=office.publisher.headers)
    assert wrong.status_code == 422
    session.rollback()
    assert session.scalar(select(Job.every_seconds).where(Job.kind == FETCH_NEWS)) == 7200
    assert client.delete(address, headers=office.publisher.headers).status_code == 204
    add(client, office.publisher, f"{server.url}/feed")
    site.items = {"3": "Third", "1": "First, corrected", "2": "Second"}
    assert work_all() == 1 and outcome(client, office) == {"state": "read"} | NOTHING | {"new": 1, "changed": 1}
    assert {(title, one["imported"]) for title, one in drafts(office).items()} == {
        (title, True) for title in ("First, corrected", "Second", "Third")
    }


def test_two_feeds_of_one_site_bring_an_entry_once(
    client: FlaskClient, office: Office, site: Site, server: Served
) -> None:
    first = add(client, office.publisher, f"{server.url}/all")
    add(client, office.publisher, f"{server.url}/works")
    assert work_all() == 2 and sorted(titles(client)) == ["First", "Second"]
    site.items["1"] = "First, corrected"
    make_due("fetch_news")
    assert work_all() == 2 and sorted(titles(client)) == ["First, corrected", "Second"]
    assert client.delete(f"{FEEDS}/{first['id']}", headers=office.publisher.headers).status_code == 204
    site.items["1"] = "First, once more"
    read_again()
    assert sorted(titles(client)) == ["First, once more", "Second"], "the other feed follows it from now on"


def test_where_a_second_person_has_to_look_no_feed_publishes(
    client: FlaskClient, office: Office, site: Site, server: Served, here: Municipality
) -> None:
    add(client, office.publisher, f"{server.url}/before")
    with transaction():
        change_settings(here.id, {"notices_need_second_person": True})
    assert work_all() == 1 and titles(client) == [] and set(drafts(office)) == {"First", "Second"}
    assert add(client, office.publisher, f"{server.url}/feed", 403)["code"] == "another_must_publish"
    add(client, office.publisher, f"{server.url}/feed", publishes=False)


def test_a_bad_entry_is_cleaned_and_a_fault_of_ours_is_noted(
    client: FlaskClient, office: Office, site: Site, server: Served, here: Municipality
) -> None:
    entry = "<item><guid>{}</guid><link>http://x.example/a&#0;b</link><title>t</title></item>"
    rss = '<rss version="2.0"><channel><title>x</title>{}</channel></rss>'
    for guid, kept in (("a&#0;b", "ab"), ("a&#xD800;b", "ab"), ("a&#57343;b", "ab"), ("a&#55295;b", "a\ud7ffb")):
        (item,) = read_feed(rss.format(entry.format(guid)).encode())
        assert (item.guid, item.link) == (kept, "http://x.example/ab")
    bad_title = rss.format("<item><guid>1</guid><title>t&#xD800;</title></item>")
    site.broken = bad_title.encode()
    add(client, office.publisher, f"{server.url}/feed")
    assert work_all() == 1 and outcome(client, office)["new"] == 1
    site.broken = None
    with transaction():
        session.execute(update(NewsSource).values(categories=[["x"]]))
    read_again()
    assert outcome(client, office) == {"state": "failed", "reason": "TypeError"}


def test_feeds_of_all_sorts_are_read_and_nothing_else() -> None:
    atom = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title>
    <entry><id>tag:1</id><title type="html">One &amp;lt;b&amp;gt; <![CDATA[<b>bold</b>]]></title>
    <content type="html">&lt;h1 onclick="x"&gt;Big&lt;/h1&gt;</content><updated>2026-11-02T10:00:00Z</updated></entry>
    <entry><id>tag:1</id><title>Again</title></entry><entry><title>Nameless</title></entry>
    <entry><id>%s</id><title>Long</title><link href="javascript:x"/><updated>soon</updated>
    <summary>%s</summary></entry></feed>""" % (b"x" * 300, b"word " * 200)
    first, long = read_feed(atom)
    assert (first.guid, first.html, first.published_at) == ("tag:1", "Big", datetime(2026, 11, 2, 10, tzinfo=UTC))
    assert len(long.guid) == 64 and long.link is None and long.published_at is None
    assert long.summary.endswith("word…") and len(long.summary) <= 500
    bomb = b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><rss version="2.0"><channel><item><guid>1</guid><title>&b;</title></item></channel></rss>'
    assert all("aaaaaaaaaaaa" not in item.title for item in read_feed(bomb))
    for data in (b"", b"\x00\xff", b"<html><body>x</body></html>", b"{}"):
        with pytest.raises(FeedUnreadable):
            read_feed(data)


def test_whatever_the_library_cannot_read_is_an_unreadable_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError

    monkeypatch.setattr(feedparser, "parse", broken)
    with pytest.raises(FeedUnreadable):
        read_feed(b"<rss/>")


def test_a_moment_that_no_calendar_has_is_none() -> None:
    assert moment_of({"published_parsed": (200_000, 1, 1, 0, 0, 0, 0, 1, 0)}) is None
    assert moment_of({}) is None

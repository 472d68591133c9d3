"""What people choose: channels, quiet hours, places that are kept coarse; it is theirs, and goes with them."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient
from sqlalchemy import func, insert, select, update

from service.db import session, transaction
from service.db.clock import seconds_from_now
from service.housekeeping import plan_recurring
from service.jobs.models import Job
from service.jobs.working import work_one
from service.municipalities.directory import Municipality
from service.notices.digests import MAIL_DIGEST, Entry, mailing, told_from
from service.notices.models import Follow, InboxMessage
from service.notices.office.models import NoticeLeftOut, NoticeOpening
from service.notices.preferences.cells import (
    MOST_CELLS,
    RADII,
    STEP,
    AreaTooLarge,
    cell_of,
    cells_around,
    centre_of,
)
from service.notices.preferences.keeping import next_digest, wishes_of
from service.notices.preferences.models import NoticePlace, NoticePreference
from service.notices.preferences.quiet import Wishes, end_of_quiet
from service.notices.topics import ARTICLE_PUBLISHED, told_to_followers
from service.outbox.expanding import Posted, expand
from service.outbox.models import Delivery, Event, Target
from service.outbox.posting import owe
from service.people.erasing import Person as Held
from service.people.erasing import person_of
from service.people.models import Account
from service.personal_data.slices import Wish, collect, erase, hand_over
from service.worker import EVENTS, JOBS
from tests.factories.people import Person, give_address, make_resident, make_staff
from tests.notices.office import act, around_now, call, compose, owed, phone, prefer, send, work
from tests.outbox.browser import Browser
from tests.reports.test_statement_counts import statements

ME = "/api/v1/here/me/notices"
CHOSEN: dict[str, Any] = {
    "follows_mail": False,
    "quiet": {"start": "22:00", "end": "07:30"},
    "most_a_day": 3,
    "digest": "weekly",
    "home": {"longitude": 21.7512345, "latitude": 40.2512345},
    "circles": [{"name": "School", "longitude": 21.71, "latitude": 40.22, "metres": 1000}],
}


def test_what_is_chosen_is_kept_coarse_shown_again_and_replaced_whole(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    usual = call(client, alice, "GET", ME, 200)
    assert usual["notices_push"] and usual["quiet"] is None and usual["digest"] == "never"
    shown = prefer(client, alice, **CHOSEN)
    assert shown == call(client, alice, "GET", ME, 200)
    assert shown["quiet"] == CHOSEN["quiet"] and shown["circles"][0]["name"] == "School"
    assert shown["home"] == {"district": None, "longitude": 21.7525, "latitude": 40.2525}, "the middle of a square"
    answer = client.get(ME, headers=alice.headers)
    again = client.get(ME, headers=alice.headers | {"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert prefer(client, alice, home={"district": "west"})["home"]["district"] == "west"
    assert session.scalar(select(func.count()).select_from(NoticePlace)) == 1
    away = call(client, alice, "PUT", ME, 422, home={"longitude": 2.0, "latitude": 4.0})
    assert away["code"] == "outside_municipality"
    assert call(client, alice, "PUT", ME, 422, home={"district": "x"})["code"] == "no_such_district"
    for home in ({}, {"district": "west", "longitude": 21.7, "latitude": 40.2}, {"longitude": 21.7}):
        assert call(client, alice, "PUT", ME, 422, home=home)["code"] == "fields_not_valid"


def test_a_browser_is_told_as_a_phone_is(client: FlaskClient, here: Municipality, alice: Person) -> None:
    put = "/api/v1/here/me/web-push"
    browser = Browser("https://push.example/abc")
    call(client, alice, "PUT", put, 204, **browser.subscription)
    target = session.scalars(select(Target).where(Target.state == "active", Target.channel != "email")).one()
    assert (target.channel, target.kind) == ("web", "subscription")
    inside = browser.subscription | {"endpoint": "http://127.0.0.1/"}
    assert call(client, alice, "PUT", put, 422, **inside)["code"] == "address_refused"
    wrong = browser.subscription | {"keys": {"p256dh": "AAAA", "auth": "AAAA"}}
    assert call(client, alice, "PUT", put, 422, **wrong)["code"] == "fields_not_valid"
    assert client.get("/api/v1/here/web-push-key").json == {"key": None}
    ann = make_staff(here, "ann", [("communications_editor", None)])
    assert call(client, ann, "PUT", put, 409, **browser.subscription)["code"] == "device_needed"
    send(client, ann)
    assert session.scalars(select(Delivery.channel)).all() == ["web"]


def test_who_follows_a_topic_is_told_by_the_channels_that_they_want(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    quiet, silent = phone(here, "quiet", "en"), phone(here, "silent")
    for who, kind, value in ((quiet, "news_kind", "call"), (quiet, "district", "west"), (silent, "district", "west")):
        named = call(client, who, "POST", "/api/v1/here/follows", 201, kind=kind, value=value)["name"]
        assert named
    for kind, value in (
        ("district", "x"),
        ("news_kind", "x"),
        ("news_category", "x"),
        ("plan", "p1"),
        ("consultation", "c"),
    ):
        refused = call(client, alice, "POST", "/api/v1/here/follows", 422, kind=kind, value=value)
        assert refused["code"] == "nothing_to_follow"
    prefer(client, quiet, quiet=around_now())
    prefer(client, silent, follows_push=False)
    texts = {"en": {"title": "A call", "body": "Until May"}, "el": {"title": "Πρόσκληση", "body": "Ως τον Μάιο"}}
    topics = [("news_kind", "call"), ("district", "west")]
    with transaction():
        owe(here.id, ARTICLE_PUBLISHED, "article:1", 1, told_to_followers(topics, texts, ("article", "1")))
        owe(here.id, ARTICLE_PUBLISHED, "article:2", 1, told_to_followers([], texts, ("article", "2")))
    work()
    assert owed() == {"quiet": [("A call", "pending")]}
    due, made = session.execute(select(Delivery.next_at, Delivery.created_at)).one()
    assert (due - made).total_seconds() > 5 * 3600
    inbox = client.get("/api/v1/here/inbox", headers=silent.headers).json["messages"]
    assert [(message["title"], message["about"]) for message in inbox] == [
        ("Πρόσκληση", {"kind": "article", "id": "1"})
    ]


def test_a_digest_tells_once_what_is_new(client: FlaskClient, here: Municipality, alice: Person) -> None:
    ann = make_staff(here, "ann", [("communications_editor", None)])
    nobody = make_resident(here)
    give_address(here, alice, "alice@home.example")
    for who in (alice, nobody):
        prefer(client, who, digest="daily")
        call(client, who, "POST", "/api/v1/here/follows", 201, kind="news_kind", value="news")
    at = datetime.now(UTC)
    notice = compose(client, ann)
    act(client, ann, notice, "send", version=1, reason=None)
    session.rollback()
    while work_one(JOBS, "tests"):
        session.rollback()
    with transaction():
        session.execute(update(Event).values(created_at=at - timedelta(days=2)))
    work()
    written = session.scalars(select(InboxMessage.created_at)).all()
    assert min(written) >= at, "a digest that went out before it was written did not have it"
    with transaction():
        session.execute(update(InboxMessage).values(created_at=at - timedelta(minutes=20)))
        session.execute(update(NoticePreference).values(digest_after=at - timedelta(days=1)))
    entries = [
        Entry("article", key, {"en": f"Title {key}"}, {"en": "Summary"}, f"/news/{key}", at, [("news_kind", kind)])
        for key, kind in (("a", "news"), ("b", "call"))
    ]
    table = EVENTS | {MAIL_DIGEST: mailing([lambda *_: entries], lambda here: f"/of/{here.slug}")}

    def mails() -> list[str]:
        with transaction():
            for wish in session.scalars(select(NoticePreference)):
                wish.digest_due_at = at
        run_job_only("mail_digests")
        while expand(table):
            session.rollback()
        session.rollback()
        found = select(Delivery.content).where(Delivery.channel == "email").order_by(Delivery.id)
        return [content["text"] for content in session.scalars(found)]

    (mail,) = mails()
    assert (
        "Διακοπή νερού" in mail and "Title a\nSummary\nhttp://127.0.0.1:8000/news/a" in mail and "Title b" not in mail
    )
    entries.clear()
    with transaction():
        session.execute(update(InboxMessage).values(created_at=at))
    assert len(mails()) == 1, "what has only just been written waits for the next one"
    with transaction():
        session.execute(update(NoticePreference).values(digest_after=at - timedelta(minutes=15)))
        session.execute(update(InboxMessage).values(created_at=at - timedelta(minutes=20)))
    assert len(mails()) == 1, "nothing is new, and nothing is sent"
    prefer(client, alice, digest="never")
    session.rollback()
    assert session.scalars(select(NoticePreference.digest_due_at).where(NoticePreference.digest == "never")).all() == [
        None
    ]


def test_digests_of_many_ask_once_and_lose_nothing(client: FlaskClient, here: Municipality) -> None:
    at, asked_for = datetime.now(UTC), []
    edge = at - timedelta(hours=1)
    moments = [edge, edge + timedelta(microseconds=1), *(at - timedelta(minutes=30) for _ in range(58))]

    def give(_: Municipality, since: datetime, until: datetime) -> list[Entry]:
        asked_for.append((since, until))
        return [
            Entry("article", str(n), {"en": f"Title {n}"}, {}, f"/news/{n}", moment, [("news_kind", "news")])
            for n, moment in enumerate(moments)
            if since < moment <= until
        ]

    people = [make_resident(here) for _ in range(6)]
    for number, who in enumerate(people):
        give_address(here, who, f"{number}@home.example")
    account_ids = [who.account_id for who in people]
    follows = [{"uid": uuid.uuid4(), "municipality_id": here.id, "account_id": a} for a in account_ids]
    with transaction():
        session.execute(insert(Follow), [row | FOLLOWED | {"created_at": at} for row in follows])
    told = partial(digest_of, here, at)
    with statements() as for_one:
        (alone,) = mailing([give], lambda _: "/all")(told([(account_ids[0], edge)]))
    with statements() as for_all:
        mails = list(mailing([give], lambda _: "/all")(told([(one, edge) for one in account_ids])))
    one, six = ([said for said in asked if "generations" not in said] for asked in (for_one, for_all))
    assert len(one) == len(six) and len(mails) == 6 and len(asked_for) == 2
    text = alone.content["text"]
    assert text.count("Title ") == 50 and "9" in text.split("/all")[0].rsplit("\n", 1)[1], "59 are new"
    assert "Title 0\n" not in text and "Title 1\n" in text, "what lies on the edge was told before"
    before = mailing([give], lambda _: "/all")(told([(account_ids[0], at - timedelta(days=1))], until=edge))
    assert [mail.content["text"].count("Title ") for mail in before] == [1]
    (late,) = mailing([give], lambda _: "/all")(told([(account_ids[0], at - timedelta(minutes=40))]))
    assert late.content["text"].count("Title ") == 50 and "Title 1\n" not in late.content["text"]
    rest = list(mailing([give], lambda _: "/all")(told([(one, edge) for one in account_ids], cursor=account_ids[2])))
    assert [mail.person_id for mail in rest] == account_ids[3:], "after a kill"
    assert list(mailing([give], lambda _: "/all")(told([(account_ids[0], edge)], cursor=account_ids[-1]))) == []
    old = {"account_id": account_ids[0], "since": edge.isoformat(), "until": at.isoformat(), "base": ""}
    assert told_from(old) == {account_ids[0]: edge}


FOLLOWED = {"kind": "news_kind", "value": "news", "part": ""}


def digest_of(
    here: Municipality,
    at: datetime,
    people: Sequence[tuple[int, datetime]],
    until: datetime | None = None,
    cursor: int = 0,
) -> Posted:
    """The event by which these people are owed a digest since their moments."""
    named = [(account, since.isoformat()) for account, since in people]
    payload = {"people": named, "until": (until or at).isoformat(), "base": "https://here.example"}
    return Posted(1, uuid.uuid4(), here.id, MAIL_DIGEST, "digest:1", 1, payload, cursor, 0, at)


def run_job_only(kind: str) -> None:
    """The job, without what else a worker would expand."""
    with transaction():
        plan_recurring()
        session.execute(update(Job).where(Job.kind == kind).values(run_at=seconds_from_now(-1), state="waiting"))
    while work_one({kind: JOBS[kind]}, "tests"):
        session.rollback()


def held(who: Person) -> Held:
    return person_of(session.get_one(Account, who.account_id))


def test_preferences_are_given_out_handed_over_and_erased(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    ann = make_staff(here, "ann", [("communications_editor", None)])
    other = phone(here, "other")
    prefer(client, alice, **(CHOSEN | {"most_a_day": 0}))
    prefer(client, other, notices_push=False)
    notice = send(client, ann)
    call(client, alice, "POST", f"/api/v1/here/notices/{notice['id']}/opened", 204)
    session.rollback()
    everything = dict(collect(here, held(alice)))
    assert everything["preferences"][0]["most_a_day"] == 0 and everything["notices"][0]["notice"]
    third = make_resident(here)
    with transaction():
        hand_over(here, held(other), held(third))
        hand_over(here, held(third), held(other))
        hand_over(here, held(alice), held(other))
    assert wishes_of([alice.account_id]) == {} and not wishes_of([other.account_id])[other.account_id].wants(
        "notices", "push"
    )
    with transaction():
        erase(here, held(other), Wish())
        erase(here, held(ann), Wish())
    session.rollback()
    for model in (NoticePreference, NoticePlace, NoticeOpening, NoticeLeftOut, Follow):
        assert session.scalar(select(func.count()).select_from(model)) == 0


def test_quiet_hours_end_by_the_clock_on_the_wall() -> None:
    night = (22 * 60, 8 * 60)

    def end(moment: str, quiet: tuple[int, int] | None = night) -> str | None:
        found = end_of_quiet(quiet, datetime.fromisoformat(moment), "Europe/Athens")
        return None if found is None else found.isoformat()

    assert end("2026-01-10T21:00:00+00:00") == "2026-01-11T06:00:00+00:00"
    assert end("2026-01-11T05:59:00+00:00") == "2026-01-11T06:00:00+00:00"
    assert end("2026-01-11T06:00:00+00:00") is None
    assert end("2026-03-28T21:00:00+00:00") == "2026-03-29T05:00:00+00:00", "the clocks go forward in that night"
    assert end("2026-10-24T20:00:00+00:00") == "2026-10-25T06:00:00+00:00", "and back in this one"
    assert end("2026-07-01T10:30:00+00:00", (13 * 60, 14 * 60)) == "2026-07-01T11:00:00+00:00"
    assert end("2026-07-01T10:30:00+00:00", None) is None and end("2026-07-01T10:30:00+00:00", (60, 60)) is None
    moment = datetime(2026, 1, 10, 21, tzinfo=UTC)
    spread = {Wishes(night).not_before(moment, "Europe/Athens", person) for person in range(50)}
    assert len(spread) > 20, "not all are told at once"


def test_the_next_digest_is_in_the_morning(here: Municipality) -> None:
    saturday = datetime(2026, 11, 21, 20, tzinfo=UTC)
    assert next_digest(here, "daily", saturday).isoformat() == "2026-11-22T08:00:00+02:00"
    assert next_digest(here, "weekly", saturday).isoformat() == "2026-11-23T08:00:00+02:00"
    monday = datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert next_digest(here, "weekly", monday).isoformat() == "2026-11-30T08:00:00+02:00"


def test_cells_are_within_reach_of_an_area() -> None:
    place = (21.7512, 40.2512)
    longitude, latitude = centre_of(cell_of(*place))
    assert abs(longitude - place[0]) <= STEP / 2 and abs(latitude - place[1]) <= STEP / 2
    square = shapely.box(21.75, 40.25, 21.7501, 40.2501)
    cells = cells_around(square)
    assert cell_of(21.75005, 40.25005) in cells[0] and len(cells[0]) <= 4
    assert [len(cells[metres]) for metres in (0, *RADII)] == sorted(len(found) for found in cells.values())
    kilometre_east = cell_of(21.75 + 0.0118 + STEP, 40.25005)
    assert kilometre_east in cells[2000] and kilometre_east not in cells[500]
    for area in (shapely.box(20, 39, 22, 41), shapely.box(-180, -90, 180, 90)):
        with pytest.raises(AreaTooLarge):
            cells_around(area)
    assert sum(len(found) for found in cells.values()) < MOST_CELLS

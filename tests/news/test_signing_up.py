"""Who signs up comes while there are places; who is later waits and moves up; who is let down is told."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from time import sleep
from typing import Any

import pytest
import vobject
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from service.db import session, transaction
from service.db.clock import now
from service.errors import NotFound
from service.jobs.planning import RECURRING, plan
from service.municipalities.directory import Municipality
from service.news.finding import article_here, version_of
from service.news.models import Article, Occasion, SignUp
from service.news.shelving import plan_end, put_up
from service.news.signing_up import hand_over_sign_ups
from service.news.signing_up import sign_up as sign_up_for
from service.people.erasing import person_of
from service.people.models import Account
from service.personal_data.joining import join_accounts
from service.personal_data.slices import collect
from tests.conftest import OutsideClient
from tests.factories.jobs import make_due
from tests.factories.people import Person, make_resident
from tests.news.office import NEWS, STAFF, Office, event, in_days, local_in, read, work_all, written
from tests.personal_data.scene import erase, traces
from tests.reports.scene import expand_all, inbox_of


def starts(client: FlaskClient, article: str) -> list[str]:
    return [time["starts_at"] for time in read(client, f"/{article}/times").json["times"]]


def sign_up(client: FlaskClient, who: Person, article: str, starts_at: str, status: int = 200, **more: Any) -> Any:
    body = {"starts_at": starts_at} | more
    answer = client.put(f"{NEWS}/{article}/sign-up", json=body, headers=who.headers)
    assert answer.status_code == status, answer.text
    return answer.json


def sign_off(client: FlaskClient, who: Person, article: str, starts_at: str, status: int = 204) -> None:
    answer = client.delete(f"{NEWS}/{article}/sign-up", query_string={"starts_at": starts_at}, headers=who.headers)
    assert answer.status_code == status, answer.text


def told(who: Person) -> list[str]:
    expand_all()
    return [message.title for message in inbox_of(who)]


def mine(client: FlaskClient, who: Person) -> Any:
    return client.get("/api/v1/here/my/sign-ups", headers=who.headers | {"Accept-Language": "en"}).json["sign_ups"]


def test_places_are_given_in_order_and_who_waits_moves_up(
    client: FlaskClient, office: Office, here: Municipality, alice: Person, charlie: Person
) -> None:
    article = office.publish(event(capacity=3))
    (time,) = starts(client, article)
    ben, cleo, dina = (make_resident(here, language) for language in ("en", "el", "en"))
    assert sign_up(client, alice, article, time, places=2, note="A wheelchair")["state"] == "going"
    assert sign_up(client, ben, article, time, places=2)["state"] == "waiting"
    assert sign_up(client, cleo, article, time)["state"] == "waiting"  # nobody overtakes
    assert sign_up(client, dina, article, time, places=4, status=409)["most"] == 3
    assert sign_up(client, alice, article, time, places=2)["note"] is None
    row = read(client, f"/{article}/times").json["times"][0]
    assert (row["capacity"], row["taken"], row["waiting"], row["cancelled"]) == (3, 2, 3, False)
    sign_off(client, alice, article, time)
    sign_off(client, alice, article, time, status=404)
    assert [mine(client, who)[0]["state"] for who in (ben, cleo)] == ["going", "going"]
    assert told(ben) == ["You have a place: New roads in Kozani"] and told(cleo) == [
        "Έχετε θέση: Νέοι δρόμοι στην Κοζάνη"
    ]
    assert sign_up(client, dina, article, time)["state"] == "waiting"
    assert sign_up(client, cleo, article, time, places=2)["state"] == "waiting"
    assert mine(client, dina)[0]["state"] == "going"

    bigger = event(capacity=9)
    office.revise(article, 1, bigger)
    office.move(article, "publish", seen=2)
    assert mine(client, cleo)[0]["state"] == "going"
    people = office.call(office.editor, "GET", f"/{article}/sign-ups", query_string={"starts_at": time})["sign_ups"]
    assert [one["places"] for one in people] == [2, 1, 2] and "name" not in people[0]
    answer = client.get(f"{STAFF}/{article}/sign-ups", query_string={"starts_at": time}, headers=charlie.headers)
    assert answer.status_code == 401


def test_what_cannot_be_signed_up_for_says_why(
    client: FlaskClient, office: Office, alice: Person, charlie: Person
) -> None:
    free = office.publish(event(sign_up=False))
    far = "9999-12-31T23:59:00-14:00"
    sign_off(client, alice, free, far, 404)
    assert office.call(office.editor, "GET", f"/{free}/sign-ups", query_string={"starts_at": far}) == {"sign_ups": []}
    (time,) = starts(client, free)
    assert sign_up(client, alice, free, time, 409)["reason"] == "no_sign_up"
    article = office.publish(event())
    assert sign_up(client, alice, article, now().isoformat(), 409)["reason"] == "no_such_time"
    past = office.publish(event(starts=local_in(-1), ends=local_in(1)))
    assert starts(client, past) == []
    gone = (now() - timedelta(days=1)).astimezone()
    assert sign_up(client, alice, past, gone.isoformat(), 409)["reason"] in ("no_such_time", "past")
    sign_up(client, charlie, article, time, 401)
    sign_up(client, office.editor, article, time, 403)
    office.move(article, "withdraw")
    sign_up(client, alice, article, time, 404)
    news = office.publish({"kind": "news"} | {k: v for k, v in event().items() if k not in ("kind", "facts")})
    sign_up(client, alice, news, time, 404)
    read(client, f"/{news}/times", status=404)
    office.call(office.publisher, "POST", f"/{news}/cancellations", 404, json={})


def test_who_signed_up_is_told_of_a_cancellation_and_of_a_time_that_is_no_more(
    client: FlaskClient, office: Office, alice: Person
) -> None:
    article = office.publish(event(rule="FREQ=DAILY;COUNT=3"))
    times = starts(client, article)
    for time in times[:2]:
        sign_up(client, alice, article, time)
    body = {"starts_at": times[0], "reason": "A storm is coming."}
    assert office.call(office.publisher, "POST", f"/{article}/cancellations", json=body) == {"cancelled": 1}
    assert office.call(office.publisher, "POST", f"/{article}/cancellations", json=body) == {"cancelled": 0}
    office.call(office.publisher, "POST", f"/{article}/cancellations", 409, json={"starts_at": now().isoformat()})
    assert sign_up(client, alice, article, times[0], 409)["reason"] == "cancelled"
    assert told(alice) == ["Ακυρώθηκε: Νέοι δρόμοι στην Κοζάνη"]
    assert inbox_of(alice)[0].body.endswith("A storm is coming.")
    office.revise(article, 1, event(rule="FREQ=DAILY;COUNT=3", starts=local_in(7, "19:00")))
    office.move(article, "publish", seen=2)
    assert len(told(alice)) == 2 and [one["cancelled"] for one in mine(client, alice)] == [True, True]


def test_who_signed_up_is_told_when_the_event_is_withdrawn_or_taken_down_early(
    client: FlaskClient, office: Office, alice: Person
) -> None:
    article = office.publish(event(rule="FREQ=DAILY;COUNT=2"))
    first, second = starts(client, article)
    sign_up(client, alice, article, first)
    sign_up(client, alice, article, second)
    sign_off(client, alice, article, second)
    office.move(article, "withdraw", tell=False, reason="Only for the office")
    assert told(alice) == ["Ακυρώθηκε: Νέοι δρόμοι στην Κοζάνη"] and "office" not in inbox_of(alice)[0].body
    assert [one["cancelled"] for one in mine(client, alice)] == [True]
    office.move(article, "publish")
    assert [time["cancelled"] for time in read(client, f"/{article}/times").json["times"]] == [True, False]

    early = office.publish(event() | {"expires_at": in_days(1)})
    sign_up(client, alice, early, starts(client, early)[0])
    with transaction():
        row = session.scalars(select(Article).where(Article.uid == uuid.UUID(early))).one()
        row.expires_at = now()
        plan_end(row)
    assert work_all() == 1
    read(client, f"/{early}", status=404)
    assert len(told(alice)) == 2 and [one["cancelled"] for one in mine(client, alice)] == [True, True]


def test_nobody_gets_a_place_at_an_event_that_was_withdrawn_meanwhile(
    client: FlaskClient, office: Office, here: Municipality, alice: Person
) -> None:
    article = office.publish(event())
    (time,) = starts(client, article)
    office.move(article, "withdraw")
    found, moment = article_here(here, uuid.UUID(article)), datetime.fromisoformat(time)
    with transaction(), pytest.raises(NotFound):
        sign_up_for(here, found, alice.account_id, moment, 1, None)


def test_an_event_that_is_moved_and_moved_back_takes_place_but_not_what_the_office_cancelled(
    client: FlaskClient, office: Office, here: Municipality
) -> None:
    ben = make_resident(here, "en")
    usual, moved = event(rule="FREQ=DAILY;COUNT=2"), event(rule="FREQ=DAILY;COUNT=2", starts=local_in(7, "19:00"))
    article = office.publish(usual)
    first, second = starts(client, article)
    for time in (first, second):
        sign_up(client, ben, article, time)
    office.call(office.publisher, "POST", f"/{article}/cancellations", json={"starts_at": first})
    for seen, body in ((1, moved), (2, usual)):
        office.revise(article, seen, body)
        office.move(article, "publish", seen=seen + 1)
    assert [time["cancelled"] for time in read(client, f"/{article}/times").json["times"]] == [True, False]
    assert [one["cancelled"] for one in mine(client, ben)] == [True, False]
    assert sorted(told(ben)) == ["Cancelled: New roads in Kozani"] * 2 + [
        "It takes place after all: New roads in Kozani"
    ]
    assert sign_up(client, make_resident(here), article, second)["state"] == "going"


def test_who_asks_again_sees_that_a_time_was_cancelled(client: FlaskClient, office: Office) -> None:
    article = office.publish(event(rule="FREQ=DAILY;COUNT=2"))
    paths = ("/calendar.ics", f"/{article}/event.ics", f"/{article}/page", "/feeds/rss")
    before = {path: read(client, path) for path in paths}
    for _ in range(2):
        office.call(
            office.publisher, "POST", f"/{article}/cancellations", json={"starts_at": starts(client, article)[0]}
        )
    for path in paths:
        headers = {"If-None-Match": before[path].headers["ETag"], "Accept-Language": "en"}
        assert client.get(f"{NEWS}{path}", headers=headers).status_code == 200, path
    old, new = (
        vobject.readOne(one.get_data(as_text=True)).vevent for one in (before[paths[0]], read(client, paths[0]))
    )
    assert (old.sequence.value, new.sequence.value) == ("1", "2") and new.dtstamp.value >= old.dtstamp.value
    office.call(office.publisher, "POST", f"/{article}/cancellations", 409, json={"starts_at": now().isoformat()})


def test_what_is_being_written_anew_is_seen_by_nobody_who_signed_up(
    client: FlaskClient, office: Office, here: Municipality
) -> None:
    ben, cleo = make_resident(here, "en"), make_resident(here, "en")
    article = office.publish(event(capacity=1))
    (time,) = starts(client, article)
    for who in (ben, cleo):
        sign_up(client, who, article, time)
    office.move(article, "withdraw", tell=False)
    secret = event(capacity=9) | {"title": {"el": "Μυστικό", "en": "Secret"}}
    office.revise(article, 1, secret)
    assert {mine(client, who)[0]["title"] for who in (ben, cleo)} == {"New roads in Kozani"}
    sign_off(client, ben, article, time)
    assert mine(client, cleo)[0]["state"] == "waiting" and not any("Secret" in title for title in told(cleo))
    draft = office.write({"kind": "event"} | written(facts={}))["id"]
    refused = office.call(office.publisher, "POST", f"/{draft}/cancellations", 409, json={})
    assert refused["reason"] == "not_published"


def test_of_two_accounts_of_a_person_the_better_place_stays(
    client: FlaskClient, office: Office, here: Municipality
) -> None:
    ben, again, cleo, dina = (make_resident(here) for _ in range(4))
    article = office.publish(event(capacity=2))
    (time,) = starts(client, article)
    for who in (ben, cleo, again, dina):
        sign_up(client, who, article, time)
    with transaction():
        hand_over_sign_ups(ben.account_id, again.account_id)
    assert [mine(client, who)[0]["state"] for who in (again, cleo, dina)] == ["going", "going", "waiting"]
    with transaction():
        hand_over_sign_ups(again.account_id, cleo.account_id)
    assert [mine(client, who)[0]["state"] for who in (cleo, dina)] == ["going", "going"]


def test_nobody_gets_a_place_at_a_time_that_is_left_out_meanwhile(
    app: Flask, client: FlaskClient, office: Office, here: Municipality, alice: Person
) -> None:
    article = office.publish(event())
    (time,) = starts(client, article)
    office.revise(article, 1, event(starts=local_in(7, "19:00")))
    session.rollback()
    with ThreadPoolExecutor(1) as threads:
        with transaction():
            row = article_here(here, uuid.UUID(article), locked=True)
            put_up(here, row, version_of(row, 2))
            late = threads.submit(sign_up, OutsideClient(app, app.response_class), alice, article, time, 409)
            sleep(0.3)
        assert late.result()["reason"] == "no_such_time"
    assert mine(client, alice) == []


@pytest.mark.parametrize("count", [8])
def test_of_many_at_once_nobody_gets_a_place_too_many(
    app: Flask, client: FlaskClient, office: Office, here: Municipality, count: int
) -> None:
    article = office.publish(event(capacity=3))
    (time,) = starts(client, article)
    people = [make_resident(here) for _ in range(count)]

    def one(who: Person) -> str:
        return str(sign_up(OutsideClient(app, app.response_class), who, article, time)["state"])

    with ThreadPoolExecutor(count) as threads:
        states = list(threads.map(one, people))
    assert sorted(states) == ["going"] * 3 + ["waiting"] * (count - 3)
    going = [who for who, state in zip(people, states, strict=True) if state == "going"]
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda who: sign_off(OutsideClient(app, app.response_class), who, article, time), going))
    session.rollback()
    assert session.scalar(select(func.count()).select_from(SignUp).filter_by(state="going")) == 3


def test_sign_ups_go_with_the_person_and_after_a_month(
    client: FlaskClient, office: Office, here: Municipality, alice: Person
) -> None:
    article = office.publish(event(capacity=1))
    (time,) = starts(client, article)
    ben, cleo = make_resident(here), make_resident(here)
    for who in (alice, ben, cleo):
        sign_up(client, who, article, time, note="zq7marker" if who is ben else "Not to be forgotten")
    with transaction():
        assert join_accounts(here, alice.account_id, ben.account_id)
    assert mine(client, alice) == [] and mine(client, ben)[0]["state"] == "going"
    sign_up(client, alice, article, time)
    answer = erase(client, ben)
    assert answer.status_code == 201, answer.text
    assert mine(client, cleo)[0]["state"] == "going" and traces("zq7marker") == []
    person = person_of(session.get_one(Account, cleo.account_id))
    copied = dict(collect(here, person))["sign_ups"]
    assert [(one["event"], one["note"]) for one in copied] == [("Νέοι δρόμοι στην Κοζάνη", "Not to be forgotten")]
    with transaction():
        session.execute(update(Occasion).values(starts_at=now() - timedelta(days=31)))
    with transaction():
        plan("forget_sign_ups", RECURRING, every_seconds=86400)
    make_due("forget_sign_ups")
    assert work_all() >= 1
    session.rollback()
    assert session.scalars(select(SignUp)).all() == []

"""The office writes a notice, sees whom it reaches, has it approved, sends, stops, corrects and counts it."""

import time
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import func, select, update

from service.db import session, transaction
from service.db.clock import now, seconds_from_now
from service.jobs.models import Job
from service.jobs.working import work_one
from service.municipalities.directory import Municipality
from service.notices.following import follow
from service.notices.models import InboxMessage
from service.notices.office.audience import PolygonNotValid, polygon_in
from service.notices.office.models import Notice, NoticeLeftOut
from service.notices.office.states import STATES, TRANSITIONS, NotNow, next_state
from service.notices.preferences.resting import who_rests
from service.outbox import expanding
from service.outbox.channels.push import Push
from service.outbox.expanding import expand
from service.outbox.loopback_fcm import LoopbackFcm, running
from service.outbox.models import Delivery
from service.outbox.sending import Sender
from service.people.audit_models import AuditEntry
from service.worker import EVENTS, JOBS
from tests.consultation.scene import office as consultation_office
from tests.factories.people import Person, give_address, make_staff
from tests.notices.office import (
    OTHER,
    STAFF,
    TEXTS,
    act,
    around_now,
    call,
    compose,
    owed,
    phone,
    prefer,
    run_job,
    send,
    settings,
    work,
)
from tests.outbox.conftest import KEY
from tests.outbox.scene import send_all

WEST = {"longitude": 21.71, "latitude": 40.22}
EAST = {"longitude": 21.79, "latitude": 40.28}
SQUARE = {"type": "Polygon", "coordinates": [[[21.70, 40.21], [21.72, 40.21], [21.72, 40.23], [21.70, 40.21]]]}


@pytest.fixture
def ann(here: Municipality) -> Person:
    """Who writes."""
    return make_staff(here, "ann", [("communications_editor", None)])


@pytest.fixture
def pete(here: Municipality) -> Person:
    """Who approves."""
    return make_staff(here, "pete", [("communications_publisher", None)])


@pytest.fixture
def fcm() -> Iterator[LoopbackFcm]:
    with running() as server:
        yield server


@pytest.fixture
def sender(fcm: LoopbackFcm) -> Iterator[Sender]:
    channel = Push(KEY | {"token_uri": f"{fcm.url}/token"}, threads=4, loopback=fcm.url)
    sender = Sender(channel, "worker-1", put_off=who_rests)
    yield sender
    sender.close()
    channel.close()


def test_a_notice_is_sent_stopped_corrected_and_sent_again(
    client: FlaskClient, here: Municipality, ann: Person, fcm: LoopbackFcm, sender: Sender
) -> None:
    people = [phone(here, "a"), phone(here, "b", "en"), phone(here, "unreg-c"), phone(here, "sender-d")]
    prefer(client, people[1], quiet=around_now())
    asked = str(consultation_office(client, here).begin().fix().uid)
    notice = send(client, ann, subject={"kind": "consultation", "id": asked})
    assert owed() == {
        "a": [("Διακοπή νερού", "pending")],
        "b": [("Water is off", "pending")],
        "unreg-c": [("Διακοπή νερού", "pending")],
        "sender-d": [("Διακοπή νερού", "pending")],
    }
    deadline = time.monotonic() + 20
    while [states[0][1] for states in owed().values()].count("pending") > 1 and time.monotonic() < deadline:
        sender.send_due()
    taken = {message["token"]: message for message in fcm.accepted}
    assert set(taken) == {"a"}, "the quiet one waits"
    assert taken["a"]["data"]["about"] == asked
    assert taken["a"]["android"]["notification"]["tag"] == f"notice.{notice['id']}"
    found = call(client, ann, "GET", f"{STAFF}/{notice['id']}/figures", 200)["editions"][0]
    assert {"targeted": 4, "accepted": 1, "failed": 2, "waiting": 1}.items() <= found.items()
    assert found["put_off"] == 1 and found["reasons"] == {"gone": 1, "other_app": 1}

    stopped = act(client, ann, notice, "cancel", reason="Wrong street")
    assert stopped["state"] == "cancelled"
    send_all(sender, 3)
    work()
    assert {name: states[0][1] for name, states in owed().items()} == {
        "a": "sent",
        "b": "cancelled",
        "unreg-c": "failed",
        "sender-d": "failed",
    }
    drafted = act(client, ann, notice, "correct", texts=OTHER, reason="The time")
    assert (drafted["state"], drafted["mode"]) == ("draft", "correction")
    act(client, ann, drafted, "send", version=drafted["version"], reason=None)
    work()
    send_all(sender, 3)
    run_job("finish_notices")
    assert [m["notification"]["title"] for m in fcm.accepted if m["token"] == "a"] == ["Διακοπή νερού", "Διόρθωση"]
    assert len({m["android"]["notification"]["tag"] for m in fcm.accepted}) == 1
    shown = call(client, ann, "GET", f"{STAFF}/{notice['id']}", 200)
    assert shown["edition"] == 2 and [e["mode"] for e in shown["editions"]] == ["first", "correction"]
    public = client.get(f"/api/v1/here/notices/{notice['id']}", headers={"Accept-Language": "en"})
    assert (public.json["title"], public.json["edition"]) == ("Corrected", 2)
    again = act(client, ann, notice, "correct", texts=TEXTS, reason="Once more")
    act(client, ann, again, "send", version=again["version"], reason=None)
    work()
    act(client, ann, again, "cancel", reason="It was right")
    public = client.get(f"/api/v1/here/notices/{notice['id']}", headers={"Accept-Language": "en"})
    assert (public.json["title"], public.json["edition"]) == ("Corrected", 2), "a correction that was taken back"
    session.rollback()
    acts = set(session.scalars(select(AuditEntry.action)))
    assert {"notice_sent_alone", "notice_cancelled", "notice_corrected"} <= acts


def test_what_was_held_up_does_not_come_in_quiet_hours_but_for_an_emergency(
    client: FlaskClient, here: Municipality, ann: Person, fcm: LoopbackFcm, sender: Sender
) -> None:
    person = phone(here, "e503-1-a")
    send(client, ann)
    sender.send_due()
    tried = session.scalars(select(Delivery)).one()
    assert (tried.state, tried.attempt, fcm.accepted) == ("pending", 1, []), "it is to be tried again"
    prefer(client, person, quiet=around_now())
    make_due()
    send_all(sender, 2)
    waiting = session.scalars(select(Delivery).execution_options(populate_existing=True)).one()
    assert (waiting.state, waiting.attempt, fcm.accepted) == ("pending", 1, [])
    assert now() + timedelta(hours=5) < waiting.next_at < now() + timedelta(hours=7)
    session.rollback()
    send(client, ann, emergency=True, texts=OTHER)
    send_all(sender, 2)
    assert [message["notification"]["title"] for message in fcm.accepted] == ["Διόρθωση"]
    prefer(client, person, quiet=None)
    make_due()
    send_all(sender, 2)
    assert [message["notification"]["title"] for message in fcm.accepted] == ["Διόρθωση", "Διακοπή νερού"]


def make_due() -> None:
    """Let what waits be due."""
    with transaction():
        session.execute(update(Delivery).where(Delivery.state == "pending").values(next_at=seconds_from_now(-1)))


def test_what_a_tap_opens_is_there_for_everybody(client: FlaskClient, here: Municipality, ann: Person) -> None:
    council = consultation_office(client, here).begin()
    asked = str(council.uid)
    lost = [{"kind": kind, "id": name} for kind, name in (("article", "7"), ("consultation", asked), ("layer", "moon"))]
    for subject in (*lost, {"kind": "consultation", "id": "7"}):
        refused = call(client, ann, "POST", STAFF, 422, texts=TEXTS, subject=subject)
        assert (refused["code"], refused["links"]) == ("link_not_found", [subject])
    council.fix()
    notice = compose(client, ann, subject=lost[1])
    body = {"texts": TEXTS, "version": notice["version"]}
    assert call(client, ann, "PUT", f"{STAFF}/{notice['id']}", 422, subject=lost[0], **body)["links"] == lost[:1]
    call(client, ann, "PUT", f"{STAFF}/{uuid.uuid4()}", 404, subject=lost[0], **body)
    assert call(client, ann, "GET", f"{STAFF}/{notice['id']}", 200)["subject"] == lost[1]


def test_who_was_not_reached_gets_it_again_and_the_inbox_holds_it_once(
    client: FlaskClient, here: Municipality, ann: Person, fcm: LoopbackFcm, sender: Sender
) -> None:
    people = [phone(here, "a"), phone(here, "unreg-b")]
    notice = send(client, ann)
    send_all(sender, 2)
    run_job("finish_notices")
    shown = call(client, ann, "GET", f"{STAFF}/{notice['id']}", 200)
    assert shown["state"] == "sent"
    new = {"kind": "token", "value": "fresh-b"}
    client.put("/api/v1/here/me/push-target", json=new, headers=people[1].headers)
    drafted = act(client, ann, notice, "repeat")
    act(client, ann, notice, "send", version=drafted["version"], reason=None)
    work()
    send_all(sender, 2)
    run_job("finish_notices")
    assert sorted(message["token"] for message in fcm.accepted) == ["a", "fresh-b"]
    assert session.scalar(select(func.count()).select_from(InboxMessage)) == 2
    for _ in range(2):
        call(client, people[0], "POST", f"/api/v1/here/notices/{notice['id']}/opened", 204)
    prefer(client, people[0], notices_push=False, notices_web=False)
    figures = call(client, ann, "GET", f"{STAFF}/{notice['id']}/figures", 200)
    assert (figures["opened"], figures["unsubscribed"], len(figures["editions"])) == (1, 1, 2)
    drafted = act(client, ann, notice, "correct", texts=OTHER, reason="The time")
    act(client, ann, notice, "send", version=drafted["version"], reason=None)
    work()
    send_all(sender, 2)
    run_job("finish_notices")
    assert call(client, ann, "GET", f"{STAFF}/{notice['id']}", 200)["state"] == "corrected"
    assert set(session.scalars(select(InboxMessage.title))) == {"Διόρθωση"}


def test_a_repeat_goes_to_who_holds_no_true_text_and_is_counted_before(
    client: FlaskClient, here: Municipality, ann: Person, fcm: LoopbackFcm, sender: Sender
) -> None:
    people = [phone(here, "a"), phone(here, "b")]
    notice = send(client, ann)
    phone(here, "later")
    path = f"{STAFF}/{notice['id']}"

    def counted() -> tuple[int, int]:
        found = call(client, ann, "GET", f"{path}/audience", 200)
        return found["people"], found["devices"]

    def go(drafted: dict[str, object]) -> None:
        act(client, ann, notice, "send", version=drafted["version"], reason=None)
        work()
        send_all(sender, 2)
        run_job("finish_notices")

    send_all(sender, 2)
    run_job("finish_notices")
    prefer(client, people[1], notices_push=False)
    drafted = act(client, ann, notice, "correct", texts=OTHER, reason="The time")
    assert counted() == (2, 2), "whoever came later never had the wrong text"
    go(drafted)
    assert owed() == {"a": [("Διακοπή νερού", "sent"), ("Διόρθωση", "sent")], "b": [("Διακοπή νερού", "sent")]}
    prefer(client, people[1], notices_push=True)
    drafted = act(client, ann, notice, "repeat")
    assert counted() == (1, 1), "a phone still shows the wrong text"
    go(drafted)
    assert owed()["b"] == [("Διακοπή νερού", "sent"), ("Διόρθωση", "sent")] and len(owed()["a"]) == 2
    with transaction():
        session.scalars(select(Notice)).one().sent_at = now() - timedelta(days=61)
    run_job("finish_notices")
    assert act(client, ann, notice, "repeat", 409)["code"] == "notice_not_now", "whom it reached is forgotten"
    assert len(call(client, ann, "GET", f"{path}/figures", 200)["editions"]) == 3


def test_the_audience_is_any_mix_of_topic_area_language_and_platform(
    client: FlaskClient, here: Municipality, ann: Person
) -> None:
    a, b, c, d = (phone(here, name, "en" if name == "b" else "el") for name in "abcd")
    prefer(client, a, home=WEST)
    prefer(client, b, home={"district": "west"}, notices_push=False)
    prefer(client, c, home=EAST, circles=[{**WEST, "metres": 500, "name": "School"}])
    prefer(client, d, circles=[{**EAST, "metres": 500}], quiet=around_now())
    call(client, d, "POST", "/api/v1/here/follows", 201, kind="news_kind", value="call")

    def counted(**audience: object) -> tuple[int, int, list[str]]:
        notice = compose(client, ann, audience=audience)
        found = call(client, ann, "GET", f"{STAFF}/{notice['id']}/audience", 200)
        act(client, ann, notice, "send", version=1, reason=None)
        work()
        told = session.scalars(select(InboxMessage.account_id).where(InboxMessage.about == notice["id"])).all()
        names = {person.account_id: name for person, name in zip((a, b, c, d), "abcd", strict=True)}
        return found["people"], found["devices"], sorted(names[account] for account in told)

    assert counted() == (4, 4, ["a", "b", "c", "d"])
    assert counted(districts=["west"]) == (3, 3, ["a", "b", "c"])
    assert counted(polygon=SQUARE) == (3, 3, ["a", "b", "c"])
    assert counted(districts=["west"], languages=["en"]) == (1, 1, ["b"])
    assert counted(topics=[{"kind": "news_kind", "value": "call"}]) == (1, 1, ["d"])
    assert counted(topics=[{"kind": "news_kind", "value": "call"}], districts=["west"]) == (0, 0, [])
    with transaction():
        follow(here, a.account_id, "layer", "wifi", "W1")
        follow(here, c.account_id, "layer", "wifi")
    assert counted(topics=[{"kind": "layer", "value": "wifi"}]) == (1, 1, ["c"]), "not who follows one feature of it"
    assert counted(platforms=["ios"]) == (0, 0, [])
    by = call(client, ann, "GET", f"{STAFF}/{compose(client, ann)['id']}/audience", 200)["by"]
    assert [(r["language"], r["devices"], r["muted"], r["quiet"]) for r in by] == [("el", 3, 0, 1), ("en", 1, 1, 0)]
    for polygon, why in (({"type": "Point", "coordinates": [1, 2]}, "no polygon"), ({"type": "x"}, "unreadable")):
        refused = call(client, ann, "POST", STAFF, 422, texts=OTHER, audience={"polygon": polygon})
        assert (refused["code"], refused["reason"]) == ("polygon_not_valid", why)
    assert (
        call(client, ann, "POST", STAFF, 422, texts=OTHER, audience={"districts": ["x"]})["code"] == "no_such_district"
    )


def test_quiet_hours_caps_and_switches_hold_but_for_an_emergency(
    client: FlaskClient, here: Municipality, ann: Person
) -> None:
    settings("here", notices_a_day=2)
    _, quiet, muted, few = (phone(here, name) for name in ("loud", "quiet", "muted", "few"))
    prefer(client, quiet, quiet=around_now())
    prefer(client, muted, notices_push=False)
    prefer(client, few, most_a_day=1)
    sent = [send(client, ann) for _ in range(3)]
    assert {name: len(found) for name, found in owed().items()} == {"loud": 2, "quiet": 2, "few": 1}
    put_off = select(func.count()).where(Delivery.next_at > func.coalesce(Delivery.sent_at, Delivery.created_at))
    assert session.scalar(put_off) >= 2
    last = call(client, ann, "GET", f"{STAFF}/{sent[2]['id']}/figures", 200)["editions"][0]
    assert {"targeted": 4, "owed": 0, "muted": 1, "capped": 3}.items() <= last.items()
    send(client, ann, emergency=True)
    assert {name: len(found) for name, found in owed().items()} == {"loud": 3, "quiet": 3, "few": 2, "muted": 1}
    timed = session.execute(select(Delivery.next_at, Delivery.created_at).order_by(Delivery.id.desc()).limit(4)).all()
    assert all((next_at - created_at).total_seconds() < 5 for next_at, created_at in timed)
    ends = select(Delivery.expires_at).where(Delivery.subject == f"notice:{sent[0]['id']}")
    assert len(set(session.scalars(ends))) == 1, "quiet hours make no notice live longer"
    for notice in (sent[2], sent[0]):
        drafted = act(client, ann, notice, "correct", texts=OTHER, reason="The time")
        act(client, ann, notice, "send", version=drafted["version"], reason=None)
        work()
    titles = {name: [title for title, _ in found].count(OTHER["el"]["title"]) for name, found in owed().items()}
    assert titles == {"loud": 1, "quiet": 1, "few": 1, "muted": 0}, "no way around the cap but for who holds the text"


def test_a_second_person_approves_where_it_is_wanted_and_an_emergency_says_why(
    client: FlaskClient, here: Municipality, ann: Person, pete: Person
) -> None:
    phone(here, "a")
    both = make_staff(here, "mia", [("communications_editor", None), ("communications_publisher", None)])
    settings("here", notices_need_second_person=True)
    notice = compose(client, both)
    assert act(client, both, notice, "send", 403, version=1, reason=None)["code"] == "second_person_needed"
    waiting = act(client, both, notice, "submit", version=1)
    assert waiting["state"] == "waiting"
    assert act(client, both, notice, "approve", 403, version=2)["code"] == "second_person_needed"
    assert act(client, pete, notice, "approve", 409, version=1)["code"] == "notice_changed"
    back = act(client, pete, notice, "refuse", reason="Too vague")
    assert (back["state"], back["reason"]) == ("draft", "Too vague")
    act(client, both, notice, "submit", version=3)
    assert act(client, pete, notice, "approve", version=4)["state"] == "scheduled"
    work()
    own = compose(client, both)
    call(client, ann, "PUT", f"{STAFF}/{own['id']}", 200, texts=OTHER, version=1)
    act(client, ann, own, "submit", version=2)
    refused = act(client, both, own, "approve", 403, version=3)
    assert refused["code"] == "second_person_needed", "it stays their own text when somebody else has changed it"
    assert act(client, pete, own, "approve", version=3)["state"] == "scheduled"
    assert call(client, pete, "GET", f"{STAFF}/{notice['id']}", 200)["state"] == "sending"
    assert act(client, pete, notice, "refuse", reason="Stop")["state"] == "cancelled"
    urgent = compose(client, ann, emergency=True)
    assert act(client, ann, urgent, "send", 422, version=1, reason=None)["code"] == "notice_reason_needed"
    assert act(client, ann, urgent, "send", version=1, reason="Flood")["state"] == "scheduled"
    assert act(client, ann, urgent, "send", 409, version=2, reason="Flood")["code"] == "notice_not_now"
    nothing_sent = compose(client, ann)
    act(client, ann, nothing_sent, "cancel")
    assert act(client, ann, nothing_sent, "correct", 409, texts=OTHER, reason="x")["code"] == "notice_not_now"


def test_a_draft_is_changed_timed_previewed_tried_and_thrown_away(
    client: FlaskClient, here: Municipality, ann: Person, charlie: Person
) -> None:
    notice = compose(client, ann, texts={"en": OTHER["en"]}, send_at="2030-07-01T09:00:00")
    assert (notice["send_at"], notice["missing_languages"]) == ("2030-07-01T06:00:00Z", ["el"])
    one = f"{STAFF}/{notice['id']}"
    assert act(client, ann, notice, "send", 422, version=1, reason=None)["code"] == "notice_text_missing"
    zoned = call(client, ann, "PUT", one, 422, texts=OTHER, version=1, send_at="2030-03-31T03:30:00+02:00")
    assert "clock" in zoned["errors"]["json"]["send_at"][0]
    skipped = call(client, ann, "PUT", one, 422, texts=OTHER, version=1, send_at="2030-03-31T03:30:00")
    assert skipped["code"] == "no_such_time"
    changed = call(client, ann, "PUT", one, 200, texts=OTHER, version=1, send_at="2030-07-01T10:00:00")
    assert (changed["version"], changed["missing_languages"]) == (2, [])
    assert call(client, ann, "PUT", one, 409, texts=OTHER, version=1)["code"] == "notice_changed"
    long = {"el": {"title": "Α", "body": "α" * 2000}}
    call(client, ann, "PUT", one, 200, texts=long, version=2)
    assert act(client, ann, notice, "submit", 422, version=3)["code"] == "notice_too_long"
    call(client, ann, "PUT", one, 200, texts=OTHER, version=3, send_at="2030-07-01T10:00:00")

    links = [act(client, ann, notice, "preview-link", 201)["address"] for _ in range(2)]
    paths = [link.partition("8000")[2] for link in links]
    assert client.get(paths[0]).status_code == 404
    assert client.get(paths[1]).json["texts"] == OTHER
    shown = client.get(paths[1], headers={"Accept": "text/html,*/*;q=0.8", "Accept-Language": "el"})
    assert shown.content_type.startswith("text/html") and shown.headers["Cache-Control"] == "no-store"
    page = html.fromstring(shown.data)
    assert page.xpath("//h2/text()") == ["Ελληνικά", "English"] and not page.xpath("//script | //@src")
    assert len(page.xpath("//figure")) == 8 and page.xpath("string(//figure[5]//strong)") == OTHER["en"]["title"]
    assert page.xpath("//main/p/text()")[1:3] == [
        "Το κείμενο αυτό δεν έχει σταλεί σε κανέναν.",
        "Προγραμματίστηκε για 1 Ιουλίου 2030, 10:00",
    ]
    with transaction():
        session.scalars(select(Notice)).one().preview_until = session.scalar(select(Notice.created_at))
    assert client.get(paths[1]).status_code == 404

    assert act(client, ann, notice, "test", 409)["code"] == "no_own_phone"
    own = phone(here, "own", "en")
    give_address(here, own, "ann@here.example")
    assert act(client, ann, notice, "test", 202) == {"devices": 1}
    work()
    assert owed() == {"own": [("Corrected", "pending")]}

    planned = act(client, ann, notice, "send", version=4, reason=None)
    work()
    assert call(client, ann, "GET", one, 200)["state"] == planned["state"] == "scheduled"
    assert call(client, ann, "DELETE", one, 409)["code"] == "notice_not_now"
    act(client, ann, notice, "cancel")
    draft = compose(client, ann, audience={"districts": ["west"]})
    call(client, ann, "DELETE", f"{STAFF}/{draft['id']}", 204)
    assert call(client, ann, "GET", f"{STAFF}/{draft['id']}", 404)["code"] == "not_found"
    listed = call(client, ann, "GET", f"{STAFF}?limit=1", 200)
    assert [row["state"] for row in listed["notices"]] == ["cancelled"] and listed["next"] is None
    assert call(client, ann, "GET", f"{STAFF}?state=draft&after=WzFd", 200)["notices"] == []
    assert client.get(one, headers=charlie.headers).status_code == 401
    assert client.get(f"/api/v1/here/notices/{notice['id']}").status_code == 404
    assert call(client, own, "POST", f"/api/v1/here/notices/{notice['id']}/opened", 404)["code"] == "not_found"
    assert client.get(f"/api/v1/here/notices/{uuid.UUID(int=1)}").status_code == 404


def test_a_planned_notice_goes_at_its_own_time_and_no_other(
    client: FlaskClient, here: Municipality, ann: Person, pete: Person
) -> None:
    phone(here, "a")
    notice = compose(client, ann, send_at="2030-07-01T10:00:00")
    act(client, ann, notice, "send", version=1, reason=None)
    with transaction():
        planned = session.scalars(select(Job).filter_by(kind="send_notice")).one()
        of_the_first = planned.payload
        planned.run_at = seconds_from_now(-1)
    work()
    assert call(client, ann, "GET", f"{STAFF}/{notice['id']}", 200)["state"] == "scheduled", "its time has not come"
    second = compose(client, ann, send_at="2030-07-01T11:00:00")
    act(client, ann, second, "send", version=1, reason=None)
    act(client, pete, second, "refuse", reason="Not today")
    session.rollback()
    assert session.scalars(select(Job).filter_by(kind="send_notice", state="waiting")).all() == []
    call(client, ann, "DELETE", f"{STAFF}/{second['id']}", 204)
    third = compose(client, ann, send_at="2030-07-01T12:00:00")
    act(client, ann, third, "send", version=1, reason=None)
    act(client, ann, third, "cancel")
    session.rollback()
    assert session.scalars(select(Job).filter_by(kind="send_notice", state="waiting")).all() == []
    assert of_the_first == {"notice": notice["id"], "version": 2}, "no id that a later notice may be given"
    assert owed() == {}


def test_texts_are_weighed_and_compared_as_they_are_typed(client: FlaskClient, here: Municipality, ann: Person) -> None:
    before = send(client, ann)
    typed = {"el": {"title": "ΔΙΑΚΟΠΉ νερού", "body": "Εως τις 14:00 στο κέντρο!"}}
    found = call(client, ann, "POST", f"{STAFF}/check", 200, texts=typed)
    assert found["missing_languages"] == ["en"]
    assert [one["notice"] for one in found["repeats"]] == [before["id"]] and found["repeats"][0]["likeness"] > 0.9
    assert call(client, ann, "POST", f"{STAFF}/check", 200, texts=typed, notice=before["id"])["repeats"] == []
    assert found["weights"][0]["left"] == 4096 - found["weights"][0]["bytes"]
    longer = {"el": {"title": "ΔΙΑΚΟΠΉ νερού", "body": "Εως τις 14:00 στο κέντρο!" + "ω" * 100}}
    more = call(client, ann, "POST", f"{STAFF}/check", 200, texts=longer)
    assert more["weights"][0]["bytes"] == found["weights"][0]["bytes"] + 200, "a Greek letter has two bytes"
    assert more["screens"]["el"]["android"]["cut"] and not found["screens"]["el"]["ios"]["cut"]


def test_every_step_that_is_not_in_the_table_is_refused() -> None:
    acts = {act for _, act in TRANSITIONS}
    for state in STATES:
        for act_name in acts:
            if (state, act_name) in TRANSITIONS:
                assert next_state(state, act_name) in STATES
            else:
                with pytest.raises(NotNow):
                    next_state(state, act_name)


def test_a_notice_that_is_corrected_while_it_is_sent_reaches_the_others_corrected_only(
    client: FlaskClient,
    here: Municipality,
    ann: Person,
    fcm: LoopbackFcm,
    sender: Sender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in "abc":
        phone(here, name)
    monkeypatch.setattr(expanding, "CHUNK", 1)
    notice = compose(client, ann)
    act(client, ann, notice, "send", version=1, reason=None)
    session.rollback()
    assert work_one(JOBS, "tests") and expand(EVENTS)
    assert set(owed()) == {"a"}
    send_all(sender, 1)
    session.rollback()
    assert expand(EVENTS) and set(owed()) == {"a", "b"}
    drafted = act(client, ann, notice, "correct", texts=OTHER, reason="The time")
    act(client, ann, notice, "send", version=drafted["version"], reason=None)
    work()
    send_all(sender, 3)
    run_job("finish_notices")
    assert owed() == {
        "a": [("Διακοπή νερού", "sent"), ("Διόρθωση", "sent")],
        "b": [("Διακοπή νερού", "cancelled"), ("Διόρθωση", "sent")],
        "c": [("Διόρθωση", "sent")],
    }
    assert [message["notification"]["title"] for message in fcm.accepted if message["token"] != "a"] == 2 * ["Διόρθωση"]
    assert session.scalars(select(InboxMessage.title)).all() == 3 * ["Διόρθωση"]


def test_figures_outlive_the_rows_that_they_count(client: FlaskClient, here: Municipality, ann: Person) -> None:
    prefer(client, phone(here, "muted"), notices_push=False)
    notice = send(client, ann, audience={"districts": []})
    run_job("finish_notices")
    path = f"{STAFF}/{notice['id']}/figures"
    before = call(client, ann, "GET", path, 200)
    assert before["editions"][0]["muted"] == 1
    with transaction():
        session.scalars(select(Notice)).one().sent_at = now() - timedelta(days=61)
    run_job("finish_notices")
    assert session.scalar(select(func.count()).select_from(NoticeLeftOut)) == 0
    assert call(client, ann, "GET", path, 200) == before


def test_an_area_that_is_no_polygon_is_refused() -> None:
    corners = [[21.7 + n / 10_000, 40.2 + (n % 2) / 100] for n in range(600)]
    for coordinates, reason in (
        ([[*corners, corners[0]]], "corners"),
        ([[[200, 40], [201, 40], [201, 41], [200, 40]]], "coordinates"),
        ([[[21, 40], [22, 41], [22, 40], [21, 41], [21, 40]]], "crosses itself"),
    ):
        with pytest.raises(PolygonNotValid) as refused:
            polygon_in({"type": "Polygon", "coordinates": coordinates})
        assert refused.value.details["reason"] == reason

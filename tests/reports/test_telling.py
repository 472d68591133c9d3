"""Who is told what, in which language and when: reporters of every step, departments of what is new with them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality, municipality
from service.notices.inbox import reach
from service.outbox.models import Delivery, Event
from service.reports.closing import close_resolved
from service.reports.digesting import SETTLED, all_news, owe_digest
from service.reports.erasing import erase_report
from service.reports.history import Actor
from service.reports.messages import local_time, shortened
from service.reports.models import Report, ReportEntry
from service.reports.moving import hand_over
from service.reports.states import STATES
from service.text import say
from tests.factories.people import Person, give_address, make_resident
from tests.factories.reports import make_report
from tests.reports.scene import (
    by_system,
    change_department,
    count,
    deliveries,
    expand_all,
    hours_in,
    inbox_of,
    move_mine,
    put,
    the_report,
)

NOTE = "Ποια κολόνα;"
WAYS = {
    "received": (),
    "acknowledged": ("acknowledged",),
    "in_progress": ("in_progress",),
    "waiting_for_reporter": ("waiting_for_reporter",),
    "with_another_body": ("with_another_body",),
    "resolved": ("resolved",),
    "closed": ("resolved", "closed"),
    "rejected": ("rejected",),
    "duplicate": ("duplicate",),
    "withdrawn": ("withdrawn",),
}
QUOTES_THE_NOTE = {"waiting_for_reporter", "resolved", "rejected", "duplicate"}


@pytest.mark.parametrize("state", list(STATES))
def test_each_step_is_told_by_push_inbox_and_mail(client: FlaskClient, here: Municipality, state: str) -> None:
    alice = make_resident(here, language="el")
    ann = make_resident(here, language="en")
    give_address(here, alice, "alice@example.org")
    for person in (alice, ann):
        report = make_report(here, person)
        for to in WAYS[state]:
            put(here, report, to, by_reporter(person) if to == "withdrawn" else None, note=NOTE)
    expand_all()
    greek, english = inbox_of(alice)[-1], inbox_of(ann)[-1]
    assert len(inbox_of(alice)) == len(inbox_of(ann)) == 1 + len(WAYS[state])
    assert greek.title != english.title and "-000001" in greek.title and "-000002" in english.title
    assert (NOTE in greek.body) is (state in QUOTES_THE_NOTE)
    assert (greek.about_kind, greek.about, greek.read_at) == ("report", str(report_of(alice).uid), None)
    pushes = [delivery for delivery, value in deliveries("push") if value == f"phone-{alice.installation}"]
    mails = [delivery for delivery, value in deliveries("email") if value == "alice@example.org"]
    assert len(pushes) == len(mails) == 1 + len(WAYS[state])
    assert (pushes[-1].content["title"], pushes[-1].content["body"]) == (greek.title, greek.body)
    assert mails[-1].content == {"subject": greek.title, "text": f"{greek.body}\n"}
    assert pushes[-1].tag == mails[-1].tag and pushes[-1].tag.endswith(f".{1 + len(WAYS[state])}")
    assert pushes[-1].content["data"] == {
        "report": str(report_of(alice).uid),
        "state": state,
        "municipality": "here",
    }


@pytest.mark.parametrize("language", ["el", "en"])
@pytest.mark.parametrize("state", ["resolved", "rejected"])
def test_reopening_is_told_as_such_with_the_new_promise(here: Municipality, language: str, state: str) -> None:
    ann = make_resident(here, language=language)
    report = make_report(here, ann)
    put(here, report, "acknowledged")
    put(here, report, state, note=NOTE)
    put(here, report, "acknowledged")
    expand_all()
    _, read, _, reopened = inbox_of(ann)
    assert reopened.title == say(language, "Your report {number} has been reopened", number=report.number)
    assert reopened.title != read.title
    assert local_time(here, the_report(report.uid).promised_at, language) in reopened.body
    pushes = [delivery.content for delivery, value in deliveries("push") if value == f"phone-{ann.installation}"]
    assert (pushes[-1]["title"], pushes[-1]["body"]) == (reopened.title, reopened.body)


def test_a_long_push_is_cut_after_a_word_and_the_inbox_has_it_whole(here: Municipality, alice: Person) -> None:
    note = " ".join(["κολόνα"] * 200)
    put(here, make_report(here, alice), "rejected", note=note)
    expand_all()
    body = inbox_of(alice)[-1].body
    assert body.endswith(note)
    pushes = [delivery.content["body"] for delivery, value in deliveries("push") if value.startswith("phone-")]
    assert body.startswith(pushes[-1].removesuffix("…")) and pushes[-1].endswith(" κολόνα…")
    assert 490 < len(pushes[-1]) <= 500


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("Ten signs.", "Ten signs."),
        ("Ten signs and more", "Ten signs…"),
        ("Ten sign and more", "Ten sign…"),
        ("Twelve, signs", "Twelve…"),
        ("Nine here signs", "Nine here…"),
        ("A line\nanother", "A line…"),
        ("https://endless.example", "https://e…"),
        ("A https://endless.example", "A https:/…"),
    ],
)
def test_what_is_too_long_is_cut_after_a_word(text: str, short: str) -> None:
    assert shortened(text, 10) == short


def by_reporter(person: Person) -> Actor:
    return Actor("reporter", person.account_id)


def report_of(person: Person) -> Report:
    session.rollback()
    return session.scalars(select(Report).where(Report.reporter_id == person.account_id)).one()


def test_a_person_is_told_in_the_language_that_they_chose_last(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    make_report(here, alice)
    client.patch("/api/v1/here/me", json={"language": "en"}, headers=alice.headers)
    expand_all()
    assert inbox_of(alice)[0].title.startswith("We have your report")
    assert "Dark lamp: Lighting crew" in inbox_of(alice)[0].body


def test_the_promise_is_told_in_local_time(here: Municipality) -> None:
    ann = make_resident(here, language="en")
    report = make_report(here, ann)
    expand_all()
    there = (report.promised_at or now()).astimezone(ZoneInfo("Europe/Athens"))
    assert f"by {there:%d/%m/%Y, %H:%M}" in inbox_of(ann)[0].body
    assert local_time(here, datetime(2026, 7, 1, 6, 30, tzinfo=UTC), "en") == "01/07/2026, 09:30"


def test_what_is_not_a_step_for_the_reporter_is_not_told(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    report = make_report(here, alice)
    at = f"/api/v1/here/staff/reports/{report.uid}"
    client.post(f"{at}/assignee", json={"person": str(bob.account)}, headers=bob.headers)
    client.post(f"{at}/look", json={"text": True, "photos": True}, headers=bob.headers)
    client.post(f"{at}/hand-over", json={"department": "desk"}, headers=bob.headers)
    expand_all()
    assert len(inbox_of(alice)) == 1


def test_nobody_is_told_of_an_anonymous_report_but_its_department(here: Municipality, alice: Person) -> None:
    report = make_report(here)
    put(here, report, "resolved", note="Done")
    expand_all()
    assert inbox_of(alice) == [] and deliveries("push") == []
    assert [value for _, value in deliveries("email")] == ["lighting@here.example"]


def test_a_refused_move_tells_nobody(client: FlaskClient, here: Municipality, alice: Person) -> None:
    report = make_report(here, alice)
    before = count(Event)
    assert move_mine(client, alice, report.uid, "resolved").status_code == 409
    assert count(Event) == before


def test_the_department_is_told_of_what_is_new_there_in_its_language_without_the_reporters_name(
    here: Municipality, alice: Person
) -> None:
    report = make_report(here, alice, address="Αριστοτέλους 5")
    expand_all()
    mails = deliveries("email")
    assert [value for _, value in mails] == ["lighting@here.example"]
    text = mails[0][0].content["text"]
    assert report.number in mails[0][0].content["subject"]
    assert "Ελληνικά dark-lamp" in text and "Αριστοτέλους 5" in text and str(alice.account) not in text


def test_who_takes_a_report_over_is_told_and_who_gave_it_is_not_told_again(here: Municipality) -> None:
    report = make_report(here)
    with transaction():
        hand_over(here, session.merge(report), "desk", Actor("staff"))
    expand_all()
    assert sorted(value for _, value in deliveries("email")) == ["desk@here.example", "lighting@here.example"]


def test_a_department_gets_its_mail_when_it_is_at_work(here: Municipality) -> None:
    here = change_department("here", "lighting", working_hours=hours_in(2))
    make_report(here)
    make_report(here, category="private")
    expand_all()
    mails = {value: delivery for delivery, value in deliveries("email")}
    closed, at_work = mails["lighting@here.example"], mails["desk@here.example"]
    opening = here.departments["lighting"].calendar.next_opening(now())
    assert opening > now() and closed.next_at == opening and closed.expires_at > opening
    assert at_work.next_at <= now()


@pytest.mark.parametrize("values", [{"digest": "none"}, {"digest": "hourly"}, {"email": None}])
def test_a_department_that_wants_no_single_mails_gets_none(here: Municipality, values: dict[str, str]) -> None:
    here = change_department("here", "lighting", **values)
    make_report(here)
    expand_all()
    assert deliveries() == []


def settle() -> None:
    """Let the time pass after which an entry can be told in a digest."""
    with transaction():
        session.execute(update(ReportEntry).values(at=now() - 2 * SETTLED))


def owe_digests() -> int:
    """What the job does; how many were owed."""
    news = list(all_news())
    for one in news:
        with transaction():
            owe_digest(one)
    return len(news)


def digests() -> list[Delivery]:
    """The digests that are owed after one more run."""
    settle()
    owe_digests()
    expand_all()
    return [delivery for delivery, value in deliveries("email") if value == "roads@here.example"]


def test_a_digest_names_each_new_report_once(here: Municipality) -> None:
    first, second = (make_report(here, category="pothole", address=f"Street {n}") for n in (1, 2))
    make_report(here)
    mails = digests()
    assert len(mails) == 1 and mails[0].content["subject"].endswith("2")
    lines = mails[0].content["text"].splitlines()
    assert [line.split(":")[0] for line in lines] == [first.number, second.number]
    assert "Street 1" in lines[0] and "Street 2" in lines[1]
    assert len(digests()) == 1
    third = make_report(here, category="pothole")
    assert [third.number in mail.content["text"] for mail in digests()] == [False, True]


def test_a_digest_names_what_was_handed_over_and_leaves_out_what_is_done_or_gone(here: Municipality) -> None:
    handed, done, gone = make_report(here), make_report(here, category="pothole"), make_report(here, category="pothole")
    with transaction():
        hand_over(here, session.merge(handed), "roads", Actor("staff"))
        hand_over(here, session.merge(gone), "desk", Actor("staff"))
    put(here, done, "resolved")
    (mail,) = digests()
    assert [line.split(":")[0] for line in mail.content["text"].splitlines()] == [handed.number]


def test_there_is_no_digest_outside_working_hours_and_none_is_lost(here: Municipality) -> None:
    change_department("here", "roads", working_hours=hours_in(3))
    make_report(municipality("here"), category="pothole")
    assert digests() == []
    change_department("here", "roads", working_hours=None)
    assert len(digests()) == 1


def test_there_is_no_digest_without_news_or_without_a_mailbox(here: Municipality) -> None:
    assert digests() == []
    change_department("here", "roads", email=None)
    make_report(municipality("here"), category="pothole")
    assert digests() == [] and count(Event) == 2


def test_what_may_not_be_committed_yet_waits_for_the_next_digest(here: Municipality) -> None:
    make_report(here, category="pothole")
    assert owe_digests() == 0
    assert len(digests()) == 1


def test_a_report_that_follows_an_erased_one_is_in_the_digest(here: Municipality) -> None:
    erased = make_report(here, category="pothole")
    assert len(digests()) == 1
    with transaction():
        erase_report(here, erased.number)
    new = make_report(here, category="pothole")
    assert new.number in digests()[-1].content["text"]


def test_a_digest_of_reports_that_were_erased_or_done_meanwhile_is_not_sent(here: Municipality) -> None:
    report = make_report(here, category="pothole")
    settle()
    assert owe_digests() == 1
    put(here, report, "resolved")
    expand_all()
    assert deliveries("email") == []


def test_a_long_digest_goes_on_in_the_next_one(here: Municipality, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.reports.digesting.MOST", 2)
    for _ in range(3):
        make_report(here, category="pothole")
    assert [len(mail.content["text"].splitlines()) for mail in digests()] == [2]
    assert [len(mail.content["text"].splitlines()) for mail in digests()] == [2, 1]


def test_what_was_owed_for_an_erased_report_is_no_fault(here: Municipality, alice: Person) -> None:
    report = make_report(here, alice)
    event = session.scalars(select(Event)).one()
    session.expunge(event)
    with transaction():
        erase_report(here, report.number)
    with transaction():
        session.merge(Event(**{c.key: getattr(event, c.key) for c in Event.__table__.columns}))
    expand_all()
    after = session.scalars(select(Event)).one()
    assert (after.state, after.error, deliveries(), inbox_of(alice)) == ("expanded", None, [], [])


def test_what_is_told_after_the_account_is_gone_is_no_fault(here: Municipality, alice: Person) -> None:
    assert reach(alice.account_id) is not None
    assert reach(-1) is None


def test_what_was_resolved_closes_itself_after_its_days(here: Municipality, next_door: Municipality) -> None:
    due, fresh, reopened = (make_report(here) for _ in range(3))
    beyond = make_report(next_door, longitude=21.82)
    for report, place in ((due, here), (fresh, here), (reopened, here), (beyond, next_door)):
        put(place, report, "resolved")
    put(here, reopened, "acknowledged")
    days = timedelta(days=here.settings["auto_close_days"])
    with transaction():
        old = update(Report).values(moved_at=now() - days - timedelta(minutes=1))
        session.execute(old.where(Report.id.in_([due.id, reopened.id])))
        session.execute(old.where(Report.id == fresh.id).values(moved_at=now() - days + timedelta(minutes=1)))
    with transaction():
        assert close_resolved() == 1
    with transaction():
        assert close_resolved() == 0
    states = dict(session.execute(select(Report.id, Report.state)).all())
    assert states == {due.id: "closed", fresh.id: "resolved", reopened.id: "acknowledged", beyond.id: "resolved"}
    last = select(func.max(ReportEntry.version)).where(ReportEntry.report_id == due.id).scalar_subquery()
    entry = session.scalars(
        select(ReportEntry).where(ReportEntry.report_id == due.id, ReportEntry.version == last)
    ).one()
    assert (entry.by_kind, entry.by_id, entry.state) == ("system", None, "closed")
    assert by_system().account_id is None

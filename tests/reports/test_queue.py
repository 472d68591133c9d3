"""The queue: whose reports, in what order, page by page while reports come in, and which of them are late."""

from datetime import timedelta
from functools import partial
from typing import Any

from flask.testing import FlaskClient

from service.db.clock import now
from service.http import cursor
from service.municipalities.directory import Municipality
from tests.factories.people import Person, make_staff
from tests.factories.reports import make_report
from tests.reports.scene import all_pages, change, put, queue


def pages(client: FlaskClient, who: Person, meanwhile: Any = None, **query: Any) -> list[str]:
    return all_pages(partial(queue, client, who, **query), "reports", meanwhile)


def numbers(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json
    return [line["number"][-1] for line in answer.json["reports"]]


def test_staff_see_the_reports_of_their_departments_and_no_others(
    client: FlaskClient, here: Municipality, next_door: Municipality, bob: Person
) -> None:
    make_report(here)
    make_report(here, category="pothole")
    make_report(here, category="private")
    make_report(next_door, longitude=21.82)
    dispatcher = make_staff(here, "dina", [("dispatcher", None)])
    both = make_staff(here, "ada", [("department_staff", "roads"), ("department_staff", "desk")])
    assert numbers(queue(client, bob)) == ["1"]
    assert numbers(queue(client, dispatcher)) == ["3", "2", "1"]
    assert numbers(queue(client, both)) == ["3", "2"]
    assert numbers(queue(client, dispatcher, department="roads")) == ["2"]
    assert numbers(queue(client, both, department="desk")) == ["3"]
    for who, department in ((bob, "roads"), (both, "lighting"), (dispatcher, "no-such")):
        answer = queue(client, who, department=department)
        assert (answer.status_code, answer.json["code"]) == (422, "no_such_department")


def test_residents_and_strangers_have_no_queue(
    client: FlaskClient, here: Municipality, alice: Person, charlie: Person
) -> None:
    assert queue(client, alice).json["code"] == "forbidden"
    assert queue(client, charlie).json["code"] == "sign_in_needed"
    assert client.get("/api/v1/here/staff/reports").status_code == 401


def test_the_queue_is_filtered_by_category_state_openness_and_lateness(client: FlaskClient, here: Municipality) -> None:
    dina = make_staff(here, "dina", [("dispatcher", None)])
    late, done, hole = make_report(here), make_report(here), make_report(here, category="pothole")
    put(here, done, "resolved")
    for report in (late, done):
        change(report.uid, promised_at=now() - timedelta(minutes=1))
    assert numbers(queue(client, dina, late=True)) == ["1"]
    assert numbers(queue(client, dina, late=False)) == ["3", "2", "1"]
    assert numbers(queue(client, dina, open=True)) == ["3", "1"]
    assert numbers(queue(client, dina, state="resolved")) == ["2"]
    assert numbers(queue(client, dina, category="pothole")) == ["3"]
    assert numbers(queue(client, dina, order="due")) == ["1", "3"]
    assert numbers(queue(client, dina, order="due", department="roads")) == ["3"]
    assert hole.open


def test_lateness_counts_in_the_order_of_urgency_too(client: FlaskClient, here: Municipality, bob: Person) -> None:
    late, later = make_report(here), make_report(here)
    make_report(here)
    change(late.uid, promised_at=now() - timedelta(minutes=1))
    change(later.uid, promised_at=now() - timedelta(minutes=2))
    assert numbers(queue(client, bob, order="due", late=True)) == ["2", "1"]


def test_the_newest_first_page_by_page_while_reports_come_in(
    client: FlaskClient, here: Municipality, bob: Person
) -> None:
    before = [str(make_report(here).uid) for _ in range(7)]
    assert pages(client, bob, meanwhile=lambda: make_report(here), limit=2) == before[::-1]


def test_the_most_urgent_first_page_by_page_with_equal_promises(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    base = now() + timedelta(hours=1)
    hours = [3, 1, 2, 1, 1, 0, 3]
    reports = [make_report(here) for _ in hours]
    for hour, report in zip(hours, reports, strict=True):
        change(report.uid, promised_at=base + timedelta(hours=hour))
    paused = make_report(here, alice)
    put(here, paused, "waiting_for_reporter", note="Where?")
    order = sorted(range(len(hours)), key=lambda n: (hours[n], n))
    expected = [str(reports[n].uid) for n in order]
    found = pages(client, bob, lambda: make_report(here), order="due", limit=2)
    assert found[: len(expected)] == expected and len(found) == len(set(found))
    assert str(paused.uid) not in found


def test_a_cursor_that_nobody_gave_is_refused(client: FlaskClient, here: Municipality, bob: Person) -> None:
    for after in ("!", cursor("x", 1), cursor("2026-01-01T00:00:00", 1), cursor(1, 1), cursor("9999", 1), cursor(1)):
        answer = queue(client, bob, order="due", after=after)
        assert (answer.status_code, answer.json["code"]) == (422, "cursor_not_valid"), after
    assert queue(client, bob, after=cursor("x", 1)).json["code"] == "cursor_not_valid"


def test_a_line_of_the_queue_says_all_that_staff_may_see(client: FlaskClient, here: Municipality, bob: Person) -> None:
    make_report(here, description="At my house")
    line = queue(client, bob).json["reports"][0]
    assert (line["description"], line["longitude"], line["looked_at"]) == ("At my house", 21.72, None)

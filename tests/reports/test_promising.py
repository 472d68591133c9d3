"""By when a report should be solved: working hours of the department that has it, paused while the reporter is asked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.db.clock import now
from service.municipalities.directory import Department, Municipality
from service.municipalities.working_time import Calendar
from service.reports.catalogue import Category
from service.reports.models import Report
from service.reports.promising import change_calendar, promise, start_clock, stop_clock
from tests.factories.municipalities import category
from tests.factories.people import Person, make_staff
from tests.factories.reports import make_report
from tests.reports.scene import (
    about,
    as_staff,
    by_system,
    change,
    change_department,
    hours_in,
    move,
    move_mine,
    put,
    queue,
    the_report,
)

MORNINGS = {day: [["08:00", "14:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
NIGHTS = {"sat": [["20:00", "24:00"]], "sun": [["00:00", "04:00"]]}
MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # ten o'clock in Athens, an ordinary week


def crew(hours: dict[str, Any]) -> Department:
    calendar = Calendar("Europe/Athens", hours, "GR")
    return Department(1, "crew", {}, None, None, False, False, "each", None, None, calendar)


def eight_hours() -> Category:
    values = category("any", target_hours=8.0)
    return Category(id=1, active=True, **values | {"questions": ()})


def test_the_target_is_counted_in_the_departments_own_hours() -> None:
    report = Report()
    promise(report, eight_hours(), crew(MORNINGS), MONDAY)
    assert report.promised_at == MONDAY + timedelta(days=1, hours=2)  # four hours today, four tomorrow from eight
    promise(report, eight_hours(), crew(NIGHTS), MONDAY)
    assert report.promised_at == datetime(2026, 3, 8, 2, 0, tzinfo=UTC)  # the night to Sunday has just eight hours


def test_a_pause_keeps_what_was_left_however_long_it_lasts() -> None:
    report, lighting = Report(), crew(MORNINGS)
    promise(report, eight_hours(), lighting, MONDAY)
    stop_clock(report, lighting, MONDAY + timedelta(hours=1))
    assert (report.promised_at, report.seconds_left) == (None, 7 * 3600)
    start_clock(report, lighting, MONDAY + timedelta(days=7))
    assert (report.promised_at, report.seconds_left) == (MONDAY + timedelta(days=8, hours=1), None)


def test_a_second_stop_or_start_changes_nothing() -> None:
    report, lighting = Report(), crew(MORNINGS)
    promise(report, eight_hours(), lighting, MONDAY)
    start_clock(report, lighting, MONDAY + timedelta(hours=1))
    assert report.promised_at == MONDAY + timedelta(days=1, hours=2)
    stop_clock(report, lighting, MONDAY + timedelta(hours=1))
    stop_clock(report, lighting, MONDAY + timedelta(hours=2))
    assert report.seconds_left == 7 * 3600


def test_what_was_late_is_late_again_at_once() -> None:
    report, lighting = Report(), crew(MORNINGS)
    promise(report, eight_hours(), lighting, MONDAY)
    stop_clock(report, lighting, MONDAY + timedelta(days=2))
    assert report.seconds_left == -4 * 3600
    evening = MONDAY + timedelta(days=3, hours=10)
    start_clock(report, lighting, evening)
    assert report.promised_at == evening


def test_the_time_that_was_left_counts_in_the_hours_of_who_takes_over() -> None:
    report, lighting, nights = Report(), crew(MORNINGS), crew(NIGHTS)
    promise(report, eight_hours(), lighting, MONDAY)
    change_calendar(report, lighting, nights, MONDAY + timedelta(hours=2))
    assert report.promised_at == datetime(2026, 3, 8, 0, 0, tzinfo=UTC)  # six hours into the night to Sunday


def test_a_hand_over_makes_nothing_less_late() -> None:
    report, lighting, nights = Report(), crew(MORNINGS), crew(NIGHTS)
    promise(report, eight_hours(), lighting, MONDAY)
    promised = report.promised_at
    change_calendar(report, lighting, nights, MONDAY + timedelta(days=2))
    assert report.promised_at == promised


def test_a_hand_over_while_the_clock_stands_promises_nothing() -> None:
    report, lighting, nights = Report(), crew(MORNINGS), crew(NIGHTS)
    promise(report, eight_hours(), lighting, MONDAY)
    stop_clock(report, lighting, MONDAY + timedelta(hours=2))
    change_calendar(report, lighting, nights, MONDAY + timedelta(hours=3))
    assert (report.promised_at, report.seconds_left) == (None, 6 * 3600)


def test_a_new_report_is_promised_by_its_departments_calendar(here: Municipality) -> None:
    here = change_department("here", "lighting", working_hours=hours_in(2))
    report = make_report(here)
    crew_hours = here.departments["lighting"].calendar
    assert report.promised_at == crew_hours.add_working_seconds(report.created_at, 16 * 3600)
    assert not about(report.promised_at, now() + timedelta(hours=16))
    assert about(make_report(here, category="pothole").promised_at, now() + timedelta(hours=16))


def test_the_promise_is_paused_while_the_reporter_is_asked(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    report = make_report(here, alice)
    change(report.uid, promised_at=now() + timedelta(hours=2))
    assert move(client, bob, report.uid, "waiting_for_reporter", note="Where?").json["promised_at"] is None
    assert 7100 < (the_report(report.uid).seconds_left or 0) <= 7200
    change(report.uid, seconds_left=3600)
    assert move_mine(client, alice, report.uid, "acknowledged", note="There").status_code == 200
    assert about(the_report(report.uid).promised_at, now() + timedelta(hours=1))


@pytest.mark.parametrize("to", ["acknowledged", "in_progress", "with_another_body"])
def test_moves_between_states_whose_clock_runs_keep_the_promise(here: Municipality, to: str) -> None:
    report = make_report(here)
    put(here, report, to)
    assert the_report(report.uid).promised_at == report.promised_at


@pytest.mark.parametrize("end", ["resolved", "closed", "rejected", "duplicate"])
def test_a_reopened_report_is_promised_anew(here: Municipality, end: str) -> None:
    report = make_report(here)
    if end == "closed":
        put(here, report, "resolved")
        put(here, report, "closed", by_system())
    else:
        put(here, report, end, note="because")
    change(report.uid, promised_at=now() - timedelta(days=30))
    put(here, report, "acknowledged")
    assert about(the_report(report.uid).promised_at, now() + timedelta(hours=16))


def test_a_report_solved_while_waiting_is_promised_anew_when_it_is_reopened(here: Municipality, alice: Person) -> None:
    report = make_report(here, alice)
    put(here, report, "waiting_for_reporter", note="Where?")
    put(here, report, "resolved")
    put(here, report, "acknowledged")
    again = the_report(report.uid)
    assert about(again.promised_at, now() + timedelta(hours=16)) and again.seconds_left is None


def test_what_is_late_stays_late_through_question_and_hand_over(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    report = make_report(here, alice)
    dispatcher = make_staff(here, "dina", [("dispatcher", None)])
    change_department("here", "roads", working_hours=hours_in(3))
    change(report.uid, promised_at=now() - timedelta(hours=1))
    assert len(queue(client, dispatcher, late=True).json["reports"]) == 1
    move(client, bob, report.uid, "waiting_for_reporter", note="Where?")
    assert queue(client, dispatcher, late=True).json["reports"] == []
    move(client, bob, report.uid, "in_progress")
    assert len(queue(client, dispatcher, late=True).json["reports"]) == 1
    as_staff(client, bob, report.uid, "hand-over", department="roads")
    assert len(queue(client, dispatcher, late=True).json["reports"]) == 1


def test_a_hand_over_counts_what_is_left_in_the_hours_of_the_other_department(
    client: FlaskClient, here: Municipality, bob: Person
) -> None:
    report = make_report(here)
    here = change_department("here", "roads", working_hours=hours_in(3))
    change(report.uid, promised_at=now() + timedelta(hours=2))
    as_staff(client, bob, report.uid, "hand-over", department="roads")
    opening = here.departments["roads"].calendar.next_opening(now())
    assert about(the_report(report.uid).promised_at, opening + timedelta(hours=2))

"""Working time: the hours that count towards a promise, in each country that we serve."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from service.municipalities.working_time import (
    WEEKDAYS,
    Calendar,
    CalendarRefused,
    LocalHoliday,
    NoWorkingTime,
)

HOUR = 3600
MONDAY_TO_FRIDAY = WEEKDAYS[:5]
SEVEN_TO_THREE = {day: [["07:00", "15:00"]] for day in MONDAY_TO_FRIDAY}
WITH_LUNCH = {day: [["08:00", "12:00"], ["13:00", "17:00"]] for day in MONDAY_TO_FRIDAY}
SHORT_FRIDAY = {day: [["08:00", "12:00"], ["12:45", "17:00"]] for day in WEEKDAYS[:4]} | {
    "fri": [["08:00", "12:00"], ["12:45", "15:45"]]
}
ROUND_THE_CLOCK = {day: [["00:00", "24:00"]] for day in (*WEEKDAYS, "holidays")}

KOZANI = Calendar("Europe/Athens", SEVEN_TO_THREE, "GR", [LocalHoliday(10, 11), LocalHoliday(12, 7, 2026)])
SOPOT = Calendar("Europe/Sofia", WITH_LUNCH, "BG")
KAUNAS = Calendar("Europe/Vilnius", SHORT_FRIDAY, "LT")
CREW = Calendar("Europe/Athens", ROUND_THE_CLOCK, "GR")
NIGHTS = Calendar("Europe/Athens", {"sat": [["22:00", "24:00"]], "sun": [["00:00", "03:30"], ["03:30", "06:00"]]}, "GR")


def athens(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Athens"))


def sofia(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Sofia"))


def vilnius(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Vilnius"))


# Worked examples


def test_a_report_a_minute_before_friday_closing_is_due_on_tuesday_a_minute_before_closing():
    assert KOZANI.add_working_seconds(athens("2026-11-20 14:59"), 16 * HOUR) == athens("2026-11-24 14:59")


def test_a_report_of_saturday_night_counts_from_monday_morning():
    assert KOZANI.add_working_seconds(athens("2026-11-21 23:00"), HOUR) == athens("2026-11-23 08:00")


def test_a_promise_that_fills_the_day_falls_due_at_closing_time_and_not_the_next_morning():
    assert KOZANI.add_working_seconds(athens("2026-11-20 07:00"), 8 * HOUR) == athens("2026-11-20 15:00")


def test_nothing_to_wait_for_is_due_at_once_even_at_night():
    night = athens("2026-11-21 23:00")
    assert KOZANI.add_working_seconds(night, 0) == night


def test_results_are_utc():
    due = KOZANI.add_working_seconds(athens("2026-11-20 09:00"), HOUR)
    assert (due.tzinfo, due.hour) == (UTC, 8)
    assert KOZANI.next_opening(athens("2026-11-20 09:00")).tzinfo is UTC


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ("2026-04-09", "2026-04-14", "Good Friday to Easter Monday, Easter on 12 April 2026"),
        ("2026-04-30", "2026-05-04", "Labour Day on a Friday"),
        ("2026-10-27", "2026-10-29", "Ohi Day"),
        ("2026-02-20", "2026-02-24", "Clean Monday"),
        ("2026-05-29", "2026-06-02", "Monday of the Holy Spirit"),
        ("2027-04-29", "2027-05-05", "Easter of 2027 with Labour Day moved to 4 May"),
        ("2028-10-10", "2028-10-12", "liberation of Kozani, each year"),
        ("2026-12-04", "2026-12-08", "a day off in 2026 only"),
        ("2027-12-06", "2027-12-07", "and not in 2027"),
    ],
)
def test_greek_and_local_holidays_do_not_count(before, after, name):
    closing, opening = athens(f"{before} 15:00"), athens(f"{after} 07:00")
    assert KOZANI.next_opening(closing) == opening, name
    assert KOZANI.working_seconds_between(closing, opening) == 0, name


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ("2025-12-31", "2026-01-05", "New Year with 2 January given as a day off once"),
        ("2027-01-04", "2027-01-05", "no such day in 2027"),
        ("2026-04-09", "2026-04-14", "Easter"),
        ("2026-05-22", "2026-05-26", "Saints Cyril and Methodius on a Sunday, observed on Monday"),
        ("2026-09-04", "2026-09-08", "Unification Day observed"),
        ("2026-12-23", "2026-12-29", "Christmas with its Saturday given back on Monday"),
    ],
)
def test_bulgarian_holidays_do_not_count(before, after, name):
    closing, opening = sofia(f"{before} 17:00"), sofia(f"{after} 08:00")
    assert SOPOT.next_opening(closing) == opening, name
    assert SOPOT.working_seconds_between(closing, opening) == 0, name


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ("2026-04-03 15:45", "2026-04-07 08:00", "Easter Monday; Good Friday is worked"),
        ("2026-02-13 15:45", "2026-02-17 08:00", "Restoration of the State"),
        ("2026-06-23 17:00", "2026-06-25 08:00", "Midsummer"),
        ("2026-10-30 15:45", "2026-11-03 08:00", "All Souls' Day"),
        ("2026-05-04 17:00", "2026-05-05 08:00", "Mothers' Day on Sunday moves nothing"),
    ],
)
def test_lithuanian_holidays_do_not_count(before, after, name):
    assert KAUNAS.next_opening(vilnius(before)) == vilnius(after), name
    assert KAUNAS.working_seconds_between(vilnius(before), vilnius(after)) == 0, name


def test_lithuanian_sundays_do_not_shorten_the_week():
    week = (vilnius("2026-05-04 00:00"), vilnius("2026-05-11 00:00"))
    assert KAUNAS.working_seconds_between(*week) == (4 * 8.25 + 7) * HOUR


def test_a_lunch_break_does_not_count():
    assert SOPOT.add_working_seconds(sofia("2026-11-23 11:30"), HOUR) == sofia("2026-11-23 13:30")
    assert SOPOT.next_opening(sofia("2026-11-23 12:00")) == sofia("2026-11-23 13:00")
    assert not SOPOT.is_working(sofia("2026-11-23 12:30"))


def test_a_promise_over_the_year_end_counts_both_years():
    assert KOZANI.add_working_seconds(athens("2026-12-31 14:00"), 2 * HOUR) == athens("2027-01-04 08:00")
    assert KOZANI.working_seconds_between(athens("2026-12-31 14:00"), athens("2027-01-04 08:00")) == 2 * HOUR


def test_several_years_are_measured_as_the_sum_of_their_days():
    years = [athens(f"{year}-01-01 00:00") for year in range(2024, 2031)]
    apart = sum(KOZANI.working_seconds_between(a, b) for a, b in pairwise(years))
    assert KOZANI.working_seconds_between(years[0], years[-1]) == apart
    assert KOZANI.add_working_seconds(years[0], apart) == athens("2029-12-31 15:00")


def test_the_door_is_open_from_the_first_minute_and_closed_at_the_last():
    assert KOZANI.is_working(athens("2026-11-20 07:00"))
    assert KOZANI.is_working(athens("2026-11-20 14:59:59.999999"))
    assert not KOZANI.is_working(athens("2026-11-20 15:00"))
    assert not KOZANI.is_working(athens("2026-01-01 00:00"))


def test_the_next_opening_while_at_work_is_now():
    now = athens("2026-11-20 10:00")
    assert KOZANI.next_opening(now) == now


def test_time_between_is_below_zero_when_the_second_comes_first():
    assert KOZANI.working_seconds_between(athens("2026-11-20 12:00"), athens("2026-11-20 10:00")) == -2 * HOUR


def test_parts_of_a_second_are_dropped_from_a_measure_and_kept_in_a_promise():
    start = athens("2026-11-20 10:00:00.250000")
    assert KOZANI.working_seconds_between(start, athens("2026-11-20 10:00:02")) == 1
    assert KOZANI.add_working_seconds(start, 1) == athens("2026-11-20 10:00:01.250000")


# Summer time


@pytest.mark.parametrize("sunday", ["2026-03-29", "2026-10-25"])
def test_the_hours_of_the_clock_stay_when_summer_time_comes_and_goes(sunday):
    friday = athens(f"{sunday} 14:00") - timedelta(days=2)
    monday = athens(f"{sunday} 08:00") + timedelta(days=1)
    assert KOZANI.add_working_seconds(friday, 2 * HOUR) == monday


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-01", 24)])
def test_a_round_the_clock_crew_works_the_hours_that_the_day_has(day, hours):
    begin = athens(f"{day} 00:00")
    assert CREW.working_seconds_between(begin, begin + timedelta(days=1)) == hours * HOUR


def test_a_round_the_clock_crew_works_at_easter_when_its_hours_say_so():
    assert CREW.is_working(athens("2026-04-13 03:00"))
    assert CREW.add_working_seconds(athens("2026-04-10 00:00"), 24 * HOUR) == athens("2026-04-11 00:00")


def test_the_hour_that_comes_twice_is_told_apart():
    first = datetime(2026, 10, 25, 3, 15, tzinfo=ZoneInfo("Europe/Athens"), fold=0)
    second = first.replace(fold=1)
    assert CREW.working_seconds_between(first, second) == HOUR
    assert CREW.working_seconds_between(second, first) == -HOUR
    assert CREW.add_working_seconds(first, HOUR) == second.astimezone(UTC)


def test_a_shift_over_the_skipped_hour_is_an_hour_shorter():
    night = (athens("2026-03-28 22:00"), athens("2026-03-29 06:00"))
    assert NIGHTS.working_seconds_between(*night) == 7 * HOUR


def test_a_shift_inside_the_skipped_hour_comes_after_it_and_is_never_counted_twice():
    calendar = Calendar("Europe/Athens", {"sun": [["03:00", "03:50"], ["04:00", "04:30"]]}, "GR")
    day = (athens("2026-03-29 00:00"), athens("2026-03-30 00:00"))
    assert calendar.working_seconds_between(*day) == 50 * 60
    assert calendar.next_opening(day[0]) == athens("2026-03-29 04:00")


def test_a_shift_over_the_repeated_hour_is_an_hour_longer():
    night = (athens("2026-10-24 22:00"), athens("2026-10-25 06:00"))
    assert NIGHTS.working_seconds_between(*night) == 9 * HOUR


# Refusals


@pytest.mark.parametrize("hours", [{}, {"mon": []}, {"mon": [], "sun": []}, {"holidays": [["00:00", "24:00"]]}])
def test_a_calendar_without_working_hours_is_refused(hours):
    with pytest.raises(CalendarRefused, match="without working hours"):
        Calendar("Europe/Athens", hours, "GR")


@pytest.mark.parametrize(
    "spans",
    [
        [["15:00", "07:00"]],
        [["07:00", "07:00"]],
        [["07:00", "12:00"], ["11:59", "15:00"]],
        [["12:00", "15:00"], ["07:00", "11:00"]],
        [["7:00", "15:00"]],
        [["07:00", "24:01"]],
        [["07:60", "15:00"]],
        [["07:00"]],
        ["07:00-15:00"],
        [[7, 15]],
        [["07:0\u0665", "15:00"]],
        7,
    ],
)
def test_hours_that_are_none_are_refused(spans):
    with pytest.raises(CalendarRefused, match="mon"):
        Calendar("Europe/Athens", {"mon": spans}, "GR")


def test_an_unknown_weekday_is_refused():
    with pytest.raises(CalendarRefused, match="monday"):
        Calendar("Europe/Athens", {"monday": [["07:00", "15:00"]]}, "GR")


@pytest.mark.parametrize("zone", ["Europe/Kozani", "", "../etc/passwd", "Europe"])
def test_an_unknown_time_zone_is_refused(zone):
    with pytest.raises(CalendarRefused, match="time zone"):
        Calendar(zone, SEVEN_TO_THREE, "GR")


@pytest.mark.parametrize("country", ["XX", "", "gr", "Greece"])
def test_an_unknown_country_is_refused(country):
    with pytest.raises(CalendarRefused, match="public holidays"):
        Calendar("Europe/Athens", SEVEN_TO_THREE, country)


@pytest.mark.parametrize("day", [(2, 30, None), (13, 1, None), (2, 29, 2027), ("10", "11", None), (10,)])
def test_a_local_holiday_that_is_no_day_is_refused(day):
    with pytest.raises(CalendarRefused, match="not a day"):
        Calendar("Europe/Athens", SEVEN_TO_THREE, "GR", [day])


def test_a_local_holiday_on_29_february_exists_in_leap_years():
    calendar = Calendar("Europe/Athens", SEVEN_TO_THREE, "GR", [LocalHoliday(2, 29)])
    assert not calendar.is_working(athens("2028-02-29 10:00"))
    assert calendar.is_working(athens("2027-03-01 10:00"))


def test_a_calendar_that_is_all_holidays_says_so_and_does_not_loop():
    days = {(day.month, day.day) for day in (datetime(2028, 1, 1) + timedelta(days=n) for n in range(366))}
    calendar = Calendar("Europe/Athens", SEVEN_TO_THREE, "GR", [LocalHoliday(*day) for day in days])
    start = athens("2026-11-20 10:00")
    with pytest.raises(NoWorkingTime):
        calendar.add_working_seconds(start, 1)
    with pytest.raises(NoWorkingTime):
        calendar.next_opening(start)
    assert calendar.working_seconds_between(start, athens("2027-11-20 10:00")) == 0


def test_a_promise_of_a_hundred_years_is_refused():
    with pytest.raises(NoWorkingTime):
        KOZANI.add_working_seconds(athens("2026-11-20 10:00"), 100 * 365 * 8 * HOUR)


def test_the_end_of_the_calendar_is_not_passed():
    with pytest.raises(NoWorkingTime):
        KOZANI.add_working_seconds(athens("9999-12-31 10:00"), 100 * HOUR)


def test_less_than_nothing_cannot_be_added():
    with pytest.raises(ValueError, match="negative"):
        KOZANI.add_working_seconds(athens("2026-11-20 10:00"), -1)


def test_instants_without_a_time_zone_are_refused():
    naive = datetime(2026, 11, 20, 10, 0)
    for question in (KOZANI.is_working, KOZANI.next_opening, lambda at: KOZANI.add_working_seconds(at, 1)):
        with pytest.raises(ValueError, match="time zone"):
            question(naive)
    with pytest.raises(ValueError, match="time zone"):
        KOZANI.add_working_seconds(naive, 0)
    with pytest.raises(ValueError, match="time zone"):
        KOZANI.working_seconds_between(naive, naive)


# What holds for every calendar

calendars = st.sampled_from([KOZANI, SOPOT, KAUNAS, CREW, NIGHTS])
instants = st.datetimes(datetime(2019, 12, 1), datetime(2031, 2, 1), timezones=st.just(UTC))
turns = st.sampled_from(
    [athens("2026-03-29 00:00"), athens("2026-10-25 00:00"), athens("2025-12-31 12:00"), athens("2028-02-28 12:00")]
).flatmap(lambda near: st.timedeltas(timedelta(0), timedelta(days=2)).map(lambda after: near.astimezone(UTC) + after))
moments = instants | turns
waits = st.integers(0, 400 * HOUR)


@given(calendars, moments, waits)
def test_what_was_added_is_what_is_measured(calendar, start, seconds):
    assert calendar.working_seconds_between(start, calendar.add_working_seconds(start, seconds)) == seconds


@given(calendars, moments, waits)
def test_a_promise_is_the_earliest_instant_at_which_it_can_be_kept(calendar, start, seconds):
    assume(seconds)
    due = calendar.add_working_seconds(start, seconds)
    assert due > start
    assert calendar.working_seconds_between(start, due - timedelta(microseconds=1)) == seconds - 1


@given(calendars, moments, waits, waits)
def test_waiting_twice_is_waiting_once_for_both(calendar, start, first, second):
    twice = calendar.add_working_seconds(calendar.add_working_seconds(start, first), second)
    assert twice == calendar.add_working_seconds(start, first + second)


@given(calendars, moments, moments, waits)
def test_who_comes_first_is_served_first(calendar, a, b, seconds):
    a, b = sorted((a, b))
    assume(seconds)
    assert calendar.add_working_seconds(a, seconds) <= calendar.add_working_seconds(b, seconds)


@given(calendars, moments, waits, waits)
def test_a_longer_promise_is_never_due_earlier(calendar, start, shorter, longer):
    shorter, longer = sorted((shorter, longer))
    assert calendar.add_working_seconds(start, shorter) <= calendar.add_working_seconds(start, longer)


@given(calendars, st.tuples(moments, moments, moments))
def test_parts_add_up_to_the_whole(calendar, three):
    a, b, c = (at.replace(microsecond=0) for at in sorted(three))
    parts = calendar.working_seconds_between(a, b) + calendar.working_seconds_between(b, c)
    assert calendar.working_seconds_between(a, c) == parts


@given(calendars, moments, moments)
def test_there_and_back_is_nothing(calendar, a, b):
    assert calendar.working_seconds_between(a, b) == -calendar.working_seconds_between(b, a)
    assert abs(calendar.working_seconds_between(a, b)) <= abs(b - a).total_seconds()


@given(calendars, moments)
def test_it_opens_when_work_begins(calendar, at):
    opening = calendar.next_opening(at)
    assert calendar.is_working(opening)
    assert calendar.working_seconds_between(at, opening) == 0
    assert (opening == at) == calendar.is_working(at)


@settings(max_examples=40)
@given(calendars, moments, st.integers(0, 3 * 24 * 60))
def test_the_measure_is_the_count_of_the_working_minutes(calendar, start, minutes):
    start = start.replace(second=0, microsecond=0)
    walked = sum(60 for n in range(minutes) if calendar.is_working(start + timedelta(minutes=n)))
    assert calendar.working_seconds_between(start, start + timedelta(minutes=minutes)) == walked


@given(moments, waits)
def test_the_zone_of_the_question_does_not_matter(at, seconds):
    elsewhere = at.astimezone(ZoneInfo("Pacific/Kiritimati"))
    assert KOZANI.add_working_seconds(at, seconds) == KOZANI.add_working_seconds(elsewhere, seconds)
    assert KOZANI.is_working(at) == KOZANI.is_working(elsewhere)

"""Working time: how long a municipality has been at work between two instants, and when a promise falls due.

A calendar is its weekly hours in its own time zone, less the national holidays (the `holidays` package, days moved to
a weekday included) and the local ones. Working time runs only inside those hours. Instants go in and come out aware;
results are UTC. Everything here is pure and safe to share between threads.
"""

import re
from bisect import bisect_left, bisect_right
from calendar import isleap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ON_HOLIDAYS = "holidays"
"""The optional key of the hours worked on a public holiday, whatever its weekday: the round-the-clock crews."""

HORIZON_YEARS = 30
"""How far ahead working time is looked for, in calendar years: a promise beyond it is a mistake in the data."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)

Hours = tuple[tuple[tuple[int, int], ...], ...]
"""Minutes since local midnight (from, to), for each of the seven weekdays and, last, for public holidays."""


class CalendarRefused(ValueError):
    """The data do not make a calendar: no working hours, an unknown zone or country, a time that is none."""


class NoWorkingTime(ValueError):
    """Not enough working time within the horizon."""


class LocalHoliday(NamedTuple):
    """A municipality's own day off: each year on that day, or in one year only."""

    month: int
    day: int
    year: int | None = None


class _Year(NamedTuple):
    """The working spans that begin in one local year: microseconds since the epoch, in order, never overlapping."""

    opens: list[int]
    closes: list[int]
    worked_before: list[int]
    total: int

    def worked_until(self, instant: int) -> int:
        """Working microseconds from the beginning of the year to the instant."""
        span = bisect_right(self.opens, instant) - 1
        if span < 0:
            return 0
        return self.worked_before[span] + min(instant, self.closes[span]) - self.opens[span]

    def instant_of(self, worked: int) -> int:
        """The earliest instant by which so many microseconds (1 to total) have been worked."""
        span = bisect_left(self.worked_before, worked) - 1
        return self.opens[span] + worked - self.worked_before[span]


class Calendar:
    """When a municipality, or one of its departments, is at work.

    `time_zone` is an IANA name, `country` an ISO 3166 code that the `holidays` package knows. `working_hours` is
    `{"mon": [["07:00", "15:00"]], …}` in local time with the weekdays mon … sun; a day left out is a day off, 24:00 is
    the end of the day, and the key `holidays` gives hours that are worked on public holidays too. Local holidays are
    (month, day, year); they repeat each year where the year is None. Raises CalendarRefused.
    """

    def __init__(
        self,
        time_zone: str,
        working_hours: Mapping[str, Sequence[Sequence[str]]],
        country: str,
        local_holidays: Iterable[tuple[int, int, int | None]] = (),
    ) -> None:
        self._zone = _zone(time_zone)
        self._hours = _hours(working_hours)
        self._country = _country(country)
        self._local_holidays = frozenset(_checked(day) for day in local_holidays)
        self._years: dict[int, _Year] = {}

    def add_working_seconds(self, start: datetime, seconds: int) -> datetime:
        """The earliest instant (UTC) by which `seconds` of working time have passed since `start`.

        Nothing to wait for is `start` itself; a wait that ends with the working day ends at closing time, not at the
        next opening. Raises ValueError for less than nothing, NoWorkingTime beyond the horizon.
        """
        if seconds < 0:
            raise ValueError("Working time to add cannot be negative.")
        year, instant = self._place(start)
        if seconds == 0:
            return _datetime(instant)
        wanted = self._year(year).worked_until(instant) + seconds * _SECOND
        for spans in self._years_from(year):
            if wanted <= spans.total:
                return _datetime(spans.instant_of(wanted))
            wanted -= spans.total
        raise NoWorkingTime(f"{seconds} seconds of working time do not pass within {HORIZON_YEARS} years of {start}.")

    def working_seconds_between(self, a: datetime, b: datetime) -> int:
        """Whole working seconds from `a` to `b`; below zero where `b` comes first."""
        (first, begin), (last, end) = self._place(a), self._place(b)
        if end < begin:
            return -self.working_seconds_between(b, a)
        worked = self._year(last).worked_until(end) - self._year(first).worked_until(begin)
        worked += sum(self._year(year).total for year in range(first, last))
        return worked // _SECOND

    def is_working(self, instant: datetime) -> bool:
        """Whether it is at work then: at opening time yes, at closing time no longer."""
        year, at = self._place(instant)
        spans = self._year(year)
        span = bisect_right(spans.opens, at) - 1
        return span >= 0 and at < spans.closes[span]

    def next_opening(self, instant: datetime) -> datetime:
        """The instant itself (UTC) while at work, else when work begins next. Raises NoWorkingTime."""
        year, at = self._place(instant)
        for spans in self._years_from(year):
            span = bisect_right(spans.closes, at)
            if span < len(spans.opens):
                return _datetime(max(at, spans.opens[span]))
        raise NoWorkingTime(f"Nobody is at work within {HORIZON_YEARS} years of {instant}.")

    def holidays_of(self, year: int) -> frozenset[date]:
        """The public holidays of a year, national and local."""
        return _national_holidays(self._country, year) | _on(self._local_holidays, year)

    def _place(self, instant: datetime) -> tuple[int, int]:
        """The local year of an instant, and its microseconds since the epoch."""
        if instant.tzinfo is None:
            raise ValueError("Working time is measured between instants with a time zone.")
        return instant.astimezone(self._zone).year, (instant - _EPOCH) // _MICROSECOND

    def _year(self, year: int) -> _Year:
        spans = self._years.get(year)
        if spans is None:
            spans = _year_of(self._zone, self._hours, self._country, self._local_holidays, year)
            self._years[year] = spans
        return spans

    def _years_from(self, year: int) -> Iterator[_Year]:
        return (self._year(y) for y in range(year, min(year + HORIZON_YEARS, date.max.year) + 1))


def _datetime(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CalendarRefused(f"There is no time zone {name!r}.") from None


def _country(code: str) -> str:
    if code not in holidays.list_supported_countries():
        raise CalendarRefused(f"The public holidays of {code!r} are not known.")
    return code


def _checked(month_day_year: tuple[int, int, int | None]) -> LocalHoliday:
    """The local holiday, if there can be such a day. 29 February exists in leap years only."""
    leap_year = 2000
    try:
        day = LocalHoliday(*month_day_year)
        date(leap_year if day.year is None else day.year, day.month, day.day)
    except (ValueError, TypeError):
        raise CalendarRefused(f"A local holiday is not a day: {month_day_year}.") from None
    return day


def _hours(working_hours: Mapping[str, Sequence[Sequence[str]]]) -> Hours:
    keys = (*WEEKDAYS, ON_HOLIDAYS)
    unknown = sorted(set(working_hours) - set(keys))
    if unknown:
        raise CalendarRefused(f"Working hours know the days {', '.join(keys)}; not {', '.join(map(str, unknown))}.")
    hours = tuple(_spans_of_day(key, working_hours.get(key, ())) for key in keys)
    if not any(hours[:7]):
        raise CalendarRefused("A calendar without working hours would never come to an end.")
    return hours


def _spans_of_day(day: str, spans: Sequence[Sequence[str]]) -> tuple[tuple[int, int], ...]:
    """Spans as minutes since midnight: each begins before it ends, and not before the one before it has ended."""
    try:
        minutes = tuple((_minutes(begin), _minutes(end)) for begin, end in spans)
    except (TypeError, ValueError) as fault:
        raise CalendarRefused(f"Working hours of {day}: {fault}") from None
    ordered = all(begin < end for begin, end in minutes)
    apart = all(earlier[1] <= later[0] for earlier, later in pairwise(minutes))
    if not (ordered and apart):
        raise CalendarRefused(f"Working hours of {day} are not in order: {spans}")
    return minutes


def _minutes(time: str) -> int:
    if not isinstance(time, str) or not _TIME.fullmatch(time):
        raise ValueError(f"{time!r} is not a time from 00:00 to 24:00.")
    return int(time[:2]) * 60 + int(time[3:])


@lru_cache(maxsize=1024)
def _year_of(zone: ZoneInfo, hours: Hours, country: str, local_holidays: frozenset[LocalHoliday], year: int) -> _Year:
    """The spans of a year, made once for all calendars with the same hours (some 365 days, about a millisecond)."""
    opens: list[int] = []
    closes: list[int] = []
    worked_before: list[int] = []
    total = 0
    for begin, end in _spans(zone, hours, _national_holidays(country, year) | _on(local_holidays, year), year):
        begin = max(begin, closes[-1]) if closes else begin
        if begin < end:
            opens.append(begin)
            closes.append(end)
            worked_before.append(total)
            total += end - begin
    return _Year(opens, closes, worked_before, total)


def _spans(zone: ZoneInfo, hours: Hours, days_off: frozenset[date], year: int) -> Iterator[tuple[int, int]]:
    day = date(year, 1, 1)
    while day.year == year:
        for begin, end in hours[7 if day in days_off else day.weekday()]:
            yield _instant(zone, day, begin), _instant(zone, day, end)
        if day == date.max:
            return
        day += timedelta(days=1)


def _instant(zone: ZoneInfo, day: date, minutes: int) -> int:
    """Microseconds since the epoch of a local time: where the clock goes back, the first of the two."""
    local = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)
    return (local.replace(tzinfo=zone) - _EPOCH) // _MICROSECOND


def _on(local_holidays: frozenset[LocalHoliday], year: int) -> frozenset[date]:
    return frozenset(
        date(year, month, day)
        for month, day, only in local_holidays
        if only in (None, year) and ((month, day) != (2, 29) or isleap(year))
    )


@lru_cache(maxsize=256)
def _national_holidays(country: str, year: int) -> frozenset[date]:
    """Public holidays with the days they are moved to, Sundays among them (Lithuania lists Mothers' Day)."""
    return frozenset(holidays.country_holidays(country, years=year, observed=True))

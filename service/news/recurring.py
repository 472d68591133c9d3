"""When an event takes place: wall times of the municipality, recurring by a rule of RFC 5545 as dateutil reads it.

An event at six o'clock is at six o'clock in winter and in summer, so that rules are applied to wall times and the zone
comes last. A rule is bounded: by COUNT or UNTIL, by MOST times, by YEARS from the first.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

MOST = 500
YEARS = 5
PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"}
OFTEN = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
UNTIL = re.compile(r"\d{8}(T\d{6}Z?)?")
NUMBER = re.compile(r"[1-9][0-9]{0,3}")
LAST_YEAR = 9999
LONGEST_MONTHS = dict(enumerate((31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), 1))
ANY_START = datetime(2026, 1, 5, 12)


class RuleFaulty(Exception):
    """The rule is none of ours; `why` is a short word for it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Time:
    """One time at which an event takes place, in UTC."""

    starts_at: datetime
    ends_at: datetime


def parse_rule(text: str) -> dict[str, str]:
    """The parts of a rule by name. Raises RuleFaulty."""
    pairs = [part.partition("=") for part in text.upper().removeprefix("RRULE:").strip(";").split(";")]
    parts = {name: value for name, _, value in pairs}
    if len(parts) < len(pairs) or not parts.keys() <= PARTS or parts.get("FREQ") not in OFTEN:
        raise RuleFaulty("rule")
    if ("COUNT" in parts) == ("UNTIL" in parts):
        raise RuleFaulty("endless")
    if not all(NUMBER.fullmatch(parts.get(name, "1")) for name in ("INTERVAL", "COUNT")):
        raise RuleFaulty("rule")
    if "UNTIL" in parts and not UNTIL.fullmatch(parts["UNTIL"]):
        raise RuleFaulty("until")
    if not days_exist(parts):
        raise RuleFaulty("rule")
    try:
        next(iter(rule_from(parts, ANY_START, "UTC")), None)
    except (ValueError, TypeError, OverflowError, ZeroDivisionError, KeyError, IndexError):
        raise RuleFaulty("rule") from None
    return parts


def rule_from(parts: Mapping[str, str], start: datetime, zone: str) -> Any:
    """The wall times of the rule from `start` on, without a zone.

    dateutil looks for the next time up to the year 9999, minutes long where there is none. So the rule is read in late
    years whose days are those of the years in question, and what it finds is brought back.
    """
    shift = late_year(start.year) - start.year
    last = start.replace(year=start.year + YEARS, day=min(start.day, 28))
    until = last if "UNTIL" not in parts else min(last, until_of(parts["UNTIL"], zone))
    text = ";".join(f"{name}={value}" for name, value in parts.items() if name not in ("UNTIL", "COUNT"))
    if until < start:
        return iter(())
    until, late = until.replace(year=until.year + shift), start.replace(year=start.year + shift)
    found = rrulestr(f"{text};UNTIL={until:%Y%m%dT%H%M%S}", dtstart=late)
    times = (wall.replace(year=wall.year - shift) for wall in found)
    return islice(times, min(MOST, int(parts.get("COUNT", MOST))))


def late_year(year: int) -> int:
    """A late year that begins on the same day of the week, as do the next YEARS; all repeat after 28 years, where a
    century begins without a leap day after 400.
    """
    if year // 100 != (year + YEARS + 1) // 100 or not 2000 <= year < 2100:
        return year + (LAST_YEAR - YEARS - 1 - year) // 400 * 400
    last = range(LAST_YEAR - YEARS - 1, LAST_YEAR - YEARS - 29, -1)
    return next(
        late for late in last if late % 4 == year % 4 and date(late, 1, 1).weekday() == date(year, 1, 1).weekday()
    )


def days_exist(parts: Mapping[str, str]) -> bool:
    """Whether a month that the rule names has a day that it names."""
    if "BYMONTHDAY" not in parts:
        return True
    try:
        days = [abs(int(day)) for day in parts["BYMONTHDAY"].split(",")]
        months = [int(month) for month in parts.get("BYMONTH", "1").split(",")]
        return min(days) <= max(LONGEST_MONTHS[month] for month in months)
    except (ValueError, KeyError):
        return False


def until_of(text: str, zone: str) -> datetime:
    """The last wall time that UNTIL allows: a day counts whole, Z is UTC."""
    if len(text) == 8:
        return datetime.strptime(text, "%Y%m%d") + timedelta(hours=23, minutes=59, seconds=59)
    moment = datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S")
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) if text[-1] == "Z" else moment


def times_of(facts: Mapping[str, Any], zone: str) -> list[Time]:
    """Every time at which the event takes place, the first one first; at most MOST."""
    start, end = datetime.fromisoformat(facts["starts"]), datetime.fromisoformat(facts["ends"])
    starts = rule_from(parse_rule(facts["rule"]), start, zone) if "rule" in facts else [start]
    without = set(facts.get("except", ()))
    return [
        Time(in_utc(wall, zone), in_utc(wall + (end - start), zone))
        for wall in starts
        if wall.date().isoformat() not in without
    ]


def in_utc(wall: datetime, zone: str) -> datetime:
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def last_end(facts: Mapping[str, Any], zone: str) -> datetime | None:
    """When the event is over for the last time; None where its exceptions leave nothing of it."""
    times = times_of(facts, zone)
    return max((time.ends_at for time in times), default=None)

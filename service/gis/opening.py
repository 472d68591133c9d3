"""Whether something is open: `opening_hours` as OpenStreetMap writes it, in the municipality's zone.

`PH` are the holidays by which the municipality works, its local ones included, where the weekdays begin a rule
(`Mo-Fr 08:00-15:00; PH off`); in any other place they are the national holidays that the library knows.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours, ParserError  # type: ignore[attr-defined]  # its stub leaves one out

from service.municipalities.directory import Municipality

ATTRIBUTE = "opening_hours"
LONGEST = 500
DAYS_AHEAD = 366
"""A change that is farther away is none."""
DAY = "(?:Mo|Tu|We|Th|Fr|Sa|Su|PH|SH)"
RULE = re.compile(rf"({DAY}(?:[-,]{DAY})*)(\s.*|)", re.DOTALL)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
UTC_ZONE = ZoneInfo("UTC")  # the library asks a time zone for its name


@dataclass(frozen=True)
class Opening:
    """Whether it is open (None: nobody knows), and when that changes next (None: not within a year)."""

    open: bool | None
    next_change: datetime | None


UNKNOWN = Opening(None, None)


def opening_of(municipality: Municipality, attributes: Any, at: datetime) -> Opening | None:
    """What the feature's `opening_hours` say of this instant; None where it has none."""
    said = attributes.get(ATTRIBUTE)
    if said is None:
        return None
    hours = _hours(municipality, str(said), municipality.day(at).year) if len(str(said)) <= LONGEST else None
    if hours is None:
        return UNKNOWN
    instant = at.astimezone(UTC_ZONE)
    changes: datetime | None = hours.next_change(instant)
    is_open = None if hours.is_unknown(instant) else hours.is_open(instant)
    return Opening(is_open, changes.astimezone(UTC) if changes else None)


@lru_cache(maxsize=4096)
def _hours(municipality: Municipality, said: str, year: int) -> OpeningHours | None:
    """The hours as the library reads them; None where they cannot be read."""
    longitude, latitude = municipality.settings["centre"]
    holidays = sorted(day for of in (year - 1, year, year + 1) for day in municipality.calendar.holidays_of(of))
    try:
        return OpeningHours(
            _with_days_off(said, holidays),
            timezone=ZoneInfo(municipality.time_zone),
            country=municipality.country,
            coords=(latitude, longitude),
            max_interval_days=DAYS_AHEAD,
        )
    except ParserError:
        return None


def _with_days_off(said: str, holidays: list[date]) -> str:
    """The same with the dates of the holidays in place of `PH`. Comments and fallbacks are left to the library."""
    if "PH" not in said or '"' in said or "||" in said:
        return said
    dates = ",".join(f"{day.year} {MONTHS[day.month - 1]} {day.day:02}" for day in holidays)
    return "; ".join(rule for part in said.split(";") for rule in _rules(part.strip(), dates))


def _rules(rule: str, dates: str) -> list[str]:
    found = RULE.fullmatch(rule)
    if found is None or "PH" not in found[1]:
        return [rule]
    others = ",".join(days for days in found[1].split(",") if days != "PH")
    return [*([others + found[2]] if others else []), dates + found[2]]

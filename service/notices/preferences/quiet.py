"""Quiet hours and channels: when a person is pushed something, and whether at all. Knows no database."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

REPORTS, FOLLOWS, NOTICES = "reports", "follows", "notices"
CHANNELS = {"push": "push", "web": "web", "email": "mail"}
"""Channel of the outbox → how a preference calls it."""
SPREAD = 600
"""Seconds over which those whose quiet hours end together are told, so that they are not all told at once."""


@dataclass(frozen=True)
class Wishes:
    """What one person wants; as it stands: everything at once. `quiet`: minutes of the day, (from, until)."""

    quiet: tuple[int, int] | None = None
    silent: frozenset[str] = frozenset()
    most_a_day: int | None = None

    def wants(self, about: str, channel: str) -> bool:
        """Whether messages about this (`reports`, `follows`, `notices`) come by this channel of the outbox."""
        return f"{about}_{CHANNELS.get(channel, channel)}" not in self.silent

    def not_before(self, moment: datetime, zone: str, person: int) -> datetime | None:
        """When quiet hours that now hold end, spread a little by the person's number; None outside of them."""
        end = end_of_quiet(self.quiet, moment, zone)
        return None if end is None else end + timedelta(seconds=crc32(str(person).encode()) % SPREAD)


DEFAULT = Wishes()


def end_of_quiet(quiet: tuple[int, int] | None, moment: datetime, zone: str) -> datetime | None:
    """When the quiet hours end in which this moment lies, in UTC; None where it lies in none.

    By the clock on the wall: in the night in which clocks change the hours are an hour longer or shorter.
    """
    if quiet is None or quiet[0] == quiet[1]:
        return None
    begin, until = quiet
    local = moment.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    inside = begin <= minute < until if begin < until else minute >= begin or minute < until
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if minute >= until else 0)
    end = datetime(day.year, day.month, day.day, until // 60, until % 60, tzinfo=ZoneInfo(zone))
    return end.astimezone(UTC)

"""Events as iCalendar (RFC 5545), written by icalendar: one event, or all of them to subscribe to."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from icalendar import Calendar, Event, vDuration, vRecur

from service.db.types import AnyRow
from service.municipalities.directory import Municipality
from service.news.content import attached_in
from service.news.kinds.facts import is_local
from service.news.places import Addresses
from service.news.presenting import fact_in, html_of, spoken
from service.news.recurring import YEARS, RuleFaulty, Time, parse_rule, times_of, until_of
from service.news.rendering import for_xml, plain

log = structlog.get_logger()

MEDIA_TYPE = "text/calendar"
PRODUCT = "-//Plateia//News//EN"
SELDOM = timedelta(hours=1)
"""How often a subscriber should ask again."""


def calendar_of(
    name: str, rows: Sequence[AnyRow], cancelled: Mapping[int, Collection[datetime]], wanted: str, addresses: Addresses
) -> bytes:
    """The events as one calendar; `cancelled` are the times of each article (its key) that do not take place."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", for_xml(name))
    calendar.add("refresh-interval", SELDOM, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(SELDOM))
    sound = []
    for row in rows:
        try:
            calendar.add_component(event_of(row, cancelled.get(row.id, ()), wanted, addresses))
            sound.append(row)
        except (ValueError, OverflowError, KeyError, RuleFaulty) as fault:  # one event does not break all the others
            log.error("event_not_in_calendar", article=str(row.uid), error=type(fault).__name__)
    calendar.add_missing_timezones(*years_of(sound))
    found: bytes = calendar.to_ical()
    return found


def years_of(rows: Sequence[AnyRow]) -> tuple[date, date]:
    """For which time a calendar has to say how the clocks go."""
    starts = [datetime.fromisoformat(row.content["facts"]["starts"]).year for row in rows] or [date.today().year]
    return date(min(starts) - 1, 1, 1), date(max(starts) + YEARS + 1, 1, 1)


def event_of(row: AnyRow, cancelled: Collection[datetime], wanted: str, addresses: Addresses) -> Event:
    """One event with its rule; CANCELLED where none of its times is left. Raises ValueError, OverflowError, KeyError,
    RuleFaulty for what is faulty, as no article is that was checked.
    """
    here, facts = addresses.here, row.content["facts"]
    if not (is_local(facts["starts"]) and is_local(facts["ends"])):
        raise ValueError(facts["starts"])
    times = times_of(facts, here.time_zone)
    language, main = spoken(row.content, wanted), row.content["main_language"]
    zone = ZoneInfo(here.time_zone)
    event = Event()
    event.add("uid", f"{row.uid}@{here.slug}.plateia")
    event.add("dtstamp", row.updated_at)
    event.add("last-modified", row.updated_at)
    event.add("sequence", row.times)
    event.add("summary", for_xml(row.content["title"][language]))
    event.add("description", for_xml(plain(html_of(row, language))))
    event.add("url", addresses.page(row.uid))
    event.add("categories", [row.kind, *row.content["categories"]])
    event.add("dtstart", datetime.fromisoformat(facts["starts"]).replace(tzinfo=zone))
    event.add("dtend", datetime.fromisoformat(facts["ends"]).replace(tzinfo=zone))
    add_rule(event, row, here, cancelled, times)
    add_place(event, fact_in("place", facts["place"], language, main))
    if "organiser" in facts:
        event.add("contact", for_xml(fact_in("texts", facts["organiser"], language, main)))
    for one in attached_in(row.content):
        event.add("attach", addresses.document(row.uid, one["id"]), parameters={"FMTTYPE": one["media_type"]})
    return event


def add_rule(
    event: Event, row: AnyRow, here: Municipality, cancelled: Collection[datetime], times: Sequence[Time]
) -> None:
    """The rule with UNTIL in UTC, as the standard wants it beside a zone, and the times that are left out."""
    facts, zone = row.content["facts"], ZoneInfo(here.time_zone)
    left = [time for time in times if time.starts_at not in cancelled]
    event.add("status", "CONFIRMED" if left else "CANCELLED")
    if "rule" not in facts:
        return
    parts = parse_rule(facts["rule"])
    if "UNTIL" in parts:
        until = until_of(parts["UNTIL"], here.time_zone).replace(tzinfo=zone)
        parts["UNTIL"] = f"{until.astimezone(ZoneInfo('UTC')):%Y%m%dT%H%M%SZ}"
    event.add("rrule", vRecur.from_ical(";".join(f"{name}={value}" for name, value in parts.items())))
    clock = datetime.fromisoformat(facts["starts"]).time()
    without = [datetime.combine(datetime.fromisoformat(day), clock, zone) for day in facts.get("except", ())]
    without += [moment.astimezone(zone) for moment in sorted(cancelled)] if left else []
    if without:
        event.add("exdate", without)


def add_place(event: Event, place: dict[str, object]) -> None:
    if "name" in place:
        event.add("location", for_xml(str(place["name"])))
    if "lon" in place:
        event.add("geo", (place["lat"], place["lon"]))

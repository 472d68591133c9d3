"""What an article says beside its texts, as a list for people: when and where, what to do, until when, whom to ask."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from babel.dates import format_date
from babel.numbers import format_decimal

from service.db.clock import now
from service.db.types import AnyRow
from service.municipalities.directory import Municipality
from service.news.kinds.announcement import EMERGENCY, URGENT
from service.news.messages import when
from service.news.places import Addresses
from service.news.presenting import facts_in
from service.news.recurring import RuleFaulty, Time, times_of
from service.news.rendering import for_xml
from service.text import N_, locale_of, say

log = structlog.get_logger()

MOST_TIMES = 10

WHEN, WHERE, BEGINS, ENDS = N_("When"), N_("Where"), N_("From"), N_("Until")
DEADLINE, REGISTER, PAPERS = N_("Deadline"), N_("Number in the public register"), N_("Documents")
WHAT_TO_DO, HOW, ACCESSIBILITY = N_("What to do"), N_("How to take part"), N_("Accessibility")
ORGANISER, CONTACT, ONLINE, READ_ON = N_("Organiser"), N_("Contact"), N_("Online"), N_("Read on")
PLACES, SIGN_UP = N_("Places"), N_("Sign-up")
IN_THE_APP, ON_THE_MAP, FOR_CALENDARS = N_("In the app"), N_("On the map"), N_("Add to a calendar")
CANCELLED, MORE_TIMES = N_("Cancelled"), N_("Further dates: {count}")
WORDS: Mapping[str, str] = {
    EMERGENCY: N_("Emergency"),
    URGENT: N_("Urgent"),
    "tender": N_("Tender"),
    "job": N_("Job"),
    "programme": N_("Programme"),
}
"""What a choice that people see is called."""


@dataclass(frozen=True)
class Reading:
    """An article as somebody reads it: its facts in their language, and which of its times are cancelled."""

    row: AnyRow
    language: str
    addresses: Addresses
    cancelled: Collection[datetime]

    @property
    def here(self) -> Municipality:
        return self.addresses.here

    @property
    def facts(self) -> dict[str, Any]:
        content = self.row.content
        return facts_in(self.row.kind, content["facts"], self.language, content["main_language"])

    def say(self, message: str, **values: Any) -> str:
        return escape(say(self.language, message, **values))


Lines = Iterator[tuple[str, Sequence[str]]]
"""A label, and what stands beside it as HTML, a line each."""


def facts_html(read: Reading) -> str:
    """The list; nothing where there is nothing to say."""
    try:
        lines = [(label, values) for label, values in LINES[read.row.kind](read, read.facts) if values]
    except (ValueError, OverflowError, KeyError, RuleFaulty) as fault:  # one article does not break a feed of many
        log.error("facts_not_shown", article=str(read.row.uid), error=type(fault).__name__)
        return ""
    items = [
        f"<dt>{read.say(label)}</dt>\n" + "".join(f"<dd>{value}</dd>\n" for value in values) for label, values in lines
    ]
    return f"<dl>\n{''.join(items)}</dl>\n" if items else ""


def of_news(read: Reading, facts: Mapping[str, Any]) -> Lines:
    yield READ_ON, links(facts.get("more"))


def of_action(read: Reading, facts: Mapping[str, Any]) -> Lines:
    yield HOW, texts(facts.get("how_to_take_part"))
    yield BEGINS, days(read, facts.get("begins_on"))
    yield ENDS, days(read, facts.get("ends_on"))
    yield WHERE, places(read, facts.get("place", {}))
    yield ORGANISER, texts(facts.get("organiser"))
    yield CONTACT, contacts(facts.get("contact", {}))


def of_announcement(read: Reading, facts: Mapping[str, Any]) -> Lines:
    yield WHAT_TO_DO, texts(facts.get("instruction"))
    yield BEGINS, moments(read, facts.get("begins_at"))
    yield ENDS, moments(read, facts.get("ends_at"))
    yield WHERE, places(read, facts.get("place", {}))


def of_call(read: Reading, facts: Mapping[str, Any]) -> Lines:
    yield DEADLINE, moments(read, facts.get("deadline"))
    yield REGISTER, texts(facts.get("registry_number"))
    papers = [link(one["url"], one["title"]) for one in facts.get("documents", ())]
    yield PAPERS, papers
    yield CONTACT, contacts(facts.get("contact", {}))


def of_event(read: Reading, facts: Mapping[str, Any]) -> Lines:
    yield WHEN, [*times(read), link(read.addresses.calendar(read.row.uid), say(read.language, FOR_CALENDARS))]
    yield WHERE, places(read, facts["place"])
    yield ONLINE, links(facts.get("online"))
    if "capacity" in facts:
        yield PLACES, [format_decimal(facts["capacity"], locale=locale_of(read.language))]
    if facts.get("sign_up"):
        yield SIGN_UP, [read.say(IN_THE_APP)]
    yield ACCESSIBILITY, texts(facts.get("accessibility"))
    yield ORGANISER, texts(facts.get("organiser"))


LINES: Mapping[str, Callable[[Reading, Mapping[str, Any]], Lines]] = {
    "news": of_news,
    "action": of_action,
    "announcement": of_announcement,
    "call": of_call,
    "event": of_event,
}
"""Kind of article → its lines, what matters most first."""


def times(read: Reading) -> list[str]:
    """The next times, those that are cancelled struck out and named so."""
    all_of_them = times_of(read.row.content["facts"], read.here.time_zone)
    left = [time for time in all_of_them if time.ends_at > now()] or all_of_them[-1:]
    lines = []
    for time in left[:MOST_TIMES]:
        said = escape(span(read, time))
        gone = f"<s>{said}</s> <strong>{read.say(CANCELLED)}</strong>"
        lines.append(gone if time.starts_at in read.cancelled else said)
    more = len(left) - MOST_TIMES
    return [*lines, read.say(MORE_TIMES, count=more)] if more > 0 else lines


def span(read: Reading, time: Time) -> str:
    """From when until when by the clocks there, with the day of the week."""
    zone, locale = ZoneInfo(read.here.time_zone), locale_of(read.language)
    starts, ends = time.starts_at.astimezone(zone), time.ends_at.astimezone(zone)
    begun = f"{format_date(starts, 'full', locale)}, {starts:%H:%M}"
    if starts.date() == ends.date():
        return f"{begun}–{ends:%H:%M}"
    return f"{begun} – {format_date(ends, 'full', locale)}, {ends:%H:%M}"


def moments(read: Reading, instant: str | None) -> list[str]:
    return [escape(when(read.here, instant, read.language))] if instant else []


def days(read: Reading, day: str | None) -> list[str]:
    return [escape(format_date(date.fromisoformat(day), "full", locale_of(read.language)))] if day else []


def texts(text: str | None) -> list[str]:
    return [escape(for_xml(text)).replace("\n", "<br>")] if text else []


def links(address: str | None) -> list[str]:
    return [link(address, address)] if address else []


def places(read: Reading, place: Mapping[str, Any]) -> list[str]:
    """Its name, and where a map shows it."""
    lines = texts(place.get("name"))
    if "lon" in place:
        lat, lon = place["lat"], place["lon"]
        map_of_it = f"https://www.openstreetmap.org/?mlat={lat}&mlon={lon}#map=17/{lat}/{lon}"
        lines.append(link(map_of_it, say(read.language, ON_THE_MAP)))
    return lines


def contacts(contact: Mapping[str, str]) -> list[str]:
    """A name, an address to write to, a number to call."""
    lines = texts(contact.get("name"))
    if "email" in contact:
        lines.append(link(f"mailto:{contact['email']}", contact["email"]))
    if "phone" in contact:
        lines.append(link("tel:" + "".join(c for c in contact["phone"] if c in "+0123456789"), contact["phone"]))
    return lines


def link(address: str, words: str) -> str:
    return f'<a href="{escape(for_xml(address))}">{escape(for_xml(words))}</a>'

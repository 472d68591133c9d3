"""What an article of a kind can say beside its texts: facts by name, each of a shape that can be checked."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from service.text import LANGUAGES

MOST_TEXT = 2_000
MOST_ITEMS = 50
YEARS = range(2000, 2101)
"""In which a date can be; what is further away breaks calendars."""
ADDRESS = re.compile(r"https?://[^\s<>\"]{1,2000}")
EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,190}")
Faults = Iterator[tuple[str, str]]
"""(where, why): which fact, and a short word for what is wrong with it."""


@dataclass(frozen=True)
class Fact:
    """A fact: in words, its shape, whether there has to be one, and what can be chosen."""

    words: str
    shape: str
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A kind of article: in words, its facts, its schema.org type, what makes it valid, and when its time is over.

    `check(facts, now)` says what contradicts itself; `ends(facts, zone)` is the moment after which readers see it no
    more by itself, None: it stays.
    """

    name: str
    words: str
    schema_type: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    check: Callable[[Mapping[str, Any], datetime], Faults] = lambda facts, now: iter(())
    ends: Callable[[Mapping[str, Any], str], datetime | None] = lambda facts, zone: None


def is_text(value: Any, most: int = MOST_TEXT) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= most


def is_texts(value: Any) -> bool:
    """A text in at least one language that we speak."""
    return isinstance(value, dict) and bool(value) and all(k in LANGUAGES and is_text(v) for k, v in value.items())


def is_instant(value: Any) -> bool:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return moment.tzinfo is not None and moment.year in YEARS


def is_local(value: Any) -> bool:
    """A wall time without a zone, to the minute: that of the municipality is meant."""
    if not isinstance(value, str) or len(value) != 16:
        return False
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return False
    return moment.tzinfo is None and moment.year in YEARS


def is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) == 10 and date.fromisoformat(value).year in YEARS
    except ValueError:
        return False


def is_address(value: Any) -> bool:
    return isinstance(value, str) and ADDRESS.fullmatch(value) is not None


def is_place(value: Any) -> bool:
    """Where: a name in some languages, longitude and latitude in degrees; the two together or neither."""
    if not isinstance(value, dict) or not set(value) <= {"name", "lon", "lat"} or not value:
        return False
    if "name" in value and not is_texts(value["name"]):
        return False
    if ("lon" in value) != ("lat" in value):
        return False
    return "lon" not in value or (is_number(value["lon"], -180, 180) and is_number(value["lat"], -90, 90))


def is_number(value: Any, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def is_contact(value: Any) -> bool:
    """Whom to ask: a name, an e-mail address, a telephone number; at least one of them."""
    if not isinstance(value, dict) or not value or not set(value) <= {"name", "email", "phone"}:
        return False
    right_mail = "email" not in value or (isinstance(value["email"], str) and EMAIL.fullmatch(value["email"]))
    return bool(right_mail) and all(is_text(text, 200) for text in value.values())


def is_documents(value: Any) -> bool:
    """Papers by address, each with its title in some languages."""
    return (
        isinstance(value, list)
        and len(value) <= MOST_ITEMS
        and all(
            isinstance(one, dict) and set(one) == {"title", "url"} and is_texts(one["title"]) and is_address(one["url"])
            for one in value
        )
    )


SHAPES: Mapping[str, Callable[[Any], bool]] = {
    "text": is_text,
    "texts": is_texts,
    "instant": is_instant,
    "local": is_local,
    "day": is_day,
    "days": lambda value: isinstance(value, list) and len(value) <= MOST_ITEMS and all(map(is_day, value)),
    "address": is_address,
    "place": is_place,
    "contact": is_contact,
    "documents": is_documents,
    "count": lambda value: isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 100_000,
    "yes": lambda value: isinstance(value, bool),
}
"""Shape of a fact → whether a value has it."""


def faults_of(kind: Kind, facts: Mapping[str, Any], now: datetime) -> Faults:
    """What is wrong with the facts of an article of this kind: shapes first, and only then what they say together."""
    found = list(faults_of_shapes(kind, facts))
    yield from found or kind.check(facts, now)


def faults_of_shapes(kind: Kind, facts: Mapping[str, Any]) -> Faults:
    for name in facts:
        if name not in kind.facts:
            yield name, "unknown"
    for name, fact in kind.facts.items():
        if name not in facts:
            if fact.required:
                yield name, "missing"
        elif fact.shape == "choice":
            if facts[name] not in fact.choices:
                yield name, "choice"
        elif not SHAPES[fact.shape](facts[name]):
            yield name, fact.shape


def instant(text: str) -> datetime:
    """The moment that a fact of that shape says, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)

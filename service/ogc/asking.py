"""What a query asks for: how much, where, when, of which attributes, in which coordinate reference system."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.ogc.filtering import moment_of, test_of
from service.ogc.items import GEOMETRY, Item, Test, most_looked_at
from service.ogc.refusing import QueryNotValid
from service.ogc.systems import area_of, system_named

USUAL, MOST = 100, 1000
PARAMETERS = ("limit", "after", "bbox", "bbox-crs", "crs", "datetime", "filter", "filter-lang", "filter-crs", "f")


@dataclass(frozen=True)
class Asked:
    """What is asked for; `area` is in longitude and latitude, `test` is whether an item is among what is wanted, and
    `most` how many items are held against it for one page."""

    limit: int
    after: str | None
    area: Any
    system: str
    test: Test | None
    most: int


def asked_of(query: Mapping[str, Sequence[str]], properties: Mapping[str, Any], moment: str | None) -> Asked:
    """What the query asks of a collection with these properties; `moment` is the one that `datetime` means.

    Raises QueryNotValid.
    """
    given = {name: only(name, values) for name, values in query.items()}
    tests = [equal(name, value, properties) for name, value in given.items() if name not in PARAMETERS]
    if "datetime" in given:
        tests += during(given["datetime"], moment)
    if given.get("filter"):
        if given.get("filter-lang", "cql2-text") != "cql2-text":
            raise QueryNotValid(parameter="filter-lang", reason="only_cql2_text")
        known = {GEOMETRY: None, **properties}
        tests.append(test_of(given["filter"], system_named(given.get("filter-crs"), "filter-crs"), known))
    return Asked(
        limit=limit_of(given.get("limit")),
        after=given.get("after"),
        area=box_of(given.get("bbox"), system_named(given.get("bbox-crs"), "bbox-crs")),
        system=system_named(given.get("crs"), "crs"),
        test=all_of(tests),
        most=most_looked_at(len(given.get("filter", ""))),
    )


def only(name: str, values: Sequence[str]) -> str:
    if len(values) != 1 or "\0" in values[0]:
        raise QueryNotValid(parameter=name, reason="more_than_once")
    return values[0]


def all_of(tests: Sequence[Test]) -> Test | None:
    if len(tests) < 2:
        return tests[0] if tests else None
    return lambda item: all(test(item) for test in tests)


def limit_of(text: str | None) -> int:
    """More than there is on a page is no fault."""
    if text is None:
        return USUAL
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise QueryNotValid(parameter="limit", reason="not_a_number")
    return min(int(text), MOST)


def box_of(text: str | None, system: str) -> Any:
    """Four numbers, or six with heights, which are left out."""
    if text is None:
        return None
    try:
        edges = [float(part) for part in text.split(",")]
    except ValueError:
        edges = []
    if len(edges) == 6:
        edges = [*edges[0:2], *edges[3:5]]
    if len(edges) != 4 or not all(map(math.isfinite, edges)):
        raise QueryNotValid(parameter="bbox", reason="box")
    return area_of(edges, system, "bbox")


def equal(name: str, text: str, properties: Mapping[str, Any]) -> Test:
    """Whether a property is what the text says: a parameter that is no other is an attribute."""
    if name not in properties:
        raise QueryNotValid(parameter=name, reason="no_such_parameter")
    return lambda item: said(item.properties.get(name), text)


def said(value: Any, text: str) -> bool:
    """Whether the text says this value, as a person would write it."""
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    if isinstance(value, int | float):
        try:
            return float(text) == value
        except ValueError:
            return False
    if isinstance(value, datetime):
        return moment_of(text) == value
    return isinstance(value, str) and value == text


def during(text: str, moment: str | None) -> list[Test]:
    """An instant, or two with a slash between, of which one may be open; it asks nothing of what has no time."""
    begin, slash, end = text.partition("/")
    bounds = [bound(begin), bound(end) if slash else bound(begin)]
    if bounds == [None, None]:
        raise QueryNotValid(parameter="datetime", reason="not_a_time")
    if moment is None:
        return []
    return [between(moment, *bounds)]


def bound(text: str) -> datetime | None:
    if text in ("", ".."):
        return None
    found = moment_of(text)
    if found is None:
        raise QueryNotValid(parameter="datetime", reason="not_a_time")
    return found


def between(name: str, begin: datetime | None, end: datetime | None) -> Callable[[Item], bool]:
    def holds(item: Item) -> bool:
        moment = item.properties[name]
        return (begin is None or begin <= moment) and (end is None or moment <= end)

    return holds

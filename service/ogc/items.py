"""What collections hold, and pages of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

GEOMETRY = "geometry"
"""What filters call the geometry of a feature."""
MOST_LOOKED_AT, LEAST_LOOKED_AT = 10_000, 200
"""How many features are held against a filter for one page. The next page goes on where this one ended."""
MOST_WORK = 1_000_000
"""Of one page: features times characters of the filter."""


@dataclass(frozen=True)
class Item:
    """A feature: its id, its properties, its geometry in longitude and latitude, its place in the order of pages."""

    key: str
    properties: Mapping[str, Any]
    geometry: Any
    place: str | int


Test = Callable[[Item], bool]


def most_looked_at(filter_length: int) -> int:
    """How many features are held against a filter of this length for one page: few against a long one."""
    return min(MOST_LOOKED_AT, max(LEAST_LOOKED_AT, MOST_WORK // max(filter_length, 1)))


def page_of_items(
    items: Iterable[Item], test: Test | None, limit: int, most: int
) -> tuple[list[Item], str | int | None]:
    """The first that pass, of so many at most, and the place after which the next page begins, None at the end."""
    found: list[Item] = []
    last = None
    for looked_at, item in enumerate(items):
        if last is not None and (len(found) == limit or looked_at == most):
            return found, last.place
        last = item
        if test is None or test(item):
            found.append(item)
    return found, None

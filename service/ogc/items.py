"""What collections hold, and pages of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

GEOMETRY = "geometry"
"""What filters call the geometry of a feature."""
MOST_LOOKED_AT = 10_000
"""How many features are held against a filter for one page. The next page goes on where this one ended."""


@dataclass(frozen=True)
class Item:
    """A feature: its id, its properties, its geometry in longitude and latitude, its place in the order of pages."""

    key: str
    properties: Mapping[str, Any]
    geometry: Any
    place: str | int


Test = Callable[[Item], bool]


def page_of_items(items: Iterable[Item], test: Test | None, limit: int) -> tuple[list[Item], str | int | None]:
    """The first that pass, and the place after which the next page begins, None at the end."""
    found: list[Item] = []
    last = None
    for looked_at, item in enumerate(items):
        if last is not None and (len(found) == limit or looked_at == MOST_LOOKED_AT):
            return found, last.place
        last = item
        if test is None or test(item):
            found.append(item)
    return found, None

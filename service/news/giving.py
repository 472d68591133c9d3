"""What the news give to other slices: entries of digests, and categories as something that people follow."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from service.municipalities.directory import Municipality
from service.news.finding import categories_of, published_between
from service.news.messages import topics_of
from service.news.places import Addresses
from service.notices.digests import Entry
from service.notices.following import NEWS_CATEGORY, Followed


def entries(municipality: Municipality, since: datetime, until: datetime) -> Sequence[Entry]:
    """What readers have seen first after the one moment and up to the other, oldest first."""
    places = Addresses("", municipality)
    return [
        Entry(
            kind="article",
            key=str(row.uid),
            title=row.content["title"],
            summary=row.content["summary"],
            path=places.page(row.uid),
            published_at=row.seen_first_at,
            topics=topics_of(row.kind, row.content),
        )
        for row in published_between(municipality, since, until)
    ]


def list_address(municipality: Municipality) -> str:
    """Where a browser shows what was published last."""
    return Addresses("", municipality).list


def as_category(municipality: Municipality, key: str, part: str) -> Followed | None:
    """A category under which articles are filed."""
    found = next((category for category in categories_of(municipality) if category.key == key), None)
    return None if found is None or part else Followed(found.name)


FOLLOWED: Mapping[str, Callable[[Municipality, str, str], Followed | None]] = {NEWS_CATEGORY: as_category}
"""Kind of thing → what one of them is called."""

"""What the news give to other slices: entries of digests, words for notices, and categories as something that people
follow.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from service.db.types import AnyRow
from service.municipalities.directory import Municipality
from service.municipalities.linking import Words
from service.news.finding import categories_of, published_article, published_between
from service.news.messages import topics_of
from service.news.places import Addresses
from service.news.presenting import html_of
from service.news.rendering import plain
from service.notices.digests import Entry
from service.notices.following import NEWS_CATEGORY, Followed
from service.notices.office.wording import LONGEST_TITLE, cut

MOST = 300
"""Characters of a notice's body that come from an article: what a phone shows, and a little more."""


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


def words_of_article(municipality: Municipality, key: str) -> Words:
    """In what words a notice tells of an article at first, in each of its languages. Raises NotFound."""
    row = published_article(municipality, uuid.UUID(key))
    return {
        language: {"title": cut(title, LONGEST_TITLE), "body": cut(in_short(row, language), MOST)}
        for language, title in row.content["title"].items()
    }


def in_short(row: AnyRow, language: str) -> str:
    """Its summary; else how the text begins; else the title."""
    if summary := row.content["summary"].get(language):
        return str(summary)
    text = plain(html_of(row, language)) if language in row.body else ""
    return text.split("\n")[0] or str(row.content["title"][language])


def as_category(municipality: Municipality, key: str, part: str) -> Followed | None:
    """A category under which articles are filed."""
    found = next((category for category in categories_of(municipality) if category.key == key), None)
    return None if found is None or part else Followed(found.name)


FOLLOWED: Mapping[str, Callable[[Municipality, str, str], Followed | None]] = {NEWS_CATEGORY: as_category}
"""Kind of thing → what one of them is called."""

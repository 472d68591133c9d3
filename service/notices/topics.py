"""Something happened that belongs to topics which people follow: each of them is told once, in their language.

A feature owes one event with `told_to_followers` as its payload, however many follow; the worker's table names
`who_follows_the_topics` for its kind.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, or_, select

from service.db import session
from service.municipalities.directory import municipality_with
from service.notices.inbox import messages_to, reach_each
from service.notices.models import Follow
from service.outbox.expanding import Kept, Owed, Posted
from service.text import pick

ARTICLE_PUBLISHED = "article_published"
AT_ONCE = 100  # people


def told_to_followers(
    topics: Sequence[tuple[str, str]],
    texts: Mapping[str, Mapping[str, str]],
    about: tuple[str, str],
) -> dict[str, Any]:
    """The payload of such an event.

    topics   (kind, value) of follows: ("news_kind", "announcement"), ("district", "west") …
    texts    language → {"title", "body"}
    about    the link that a tap opens: ("article", its uid)
    """
    return {
        "topics": [list(topic) for topic in topics],
        "texts": {k: dict(v) for k, v in texts.items()},
        "about": list(about),
    }


def who_follows_the_topics(event: Posted) -> Iterator[Owed | Kept]:
    """A message to each who follows one of the event's topics."""
    municipality = municipality_with(event.municipality_id)
    kind, about = event.payload["about"]
    texts = event.payload["texts"]
    for account_ids in followers(event):
        for account_id, person in sorted(reach_each(account_ids).items()):
            order = (municipality.language_for(person.language), municipality.main_language)
            title, body = (
                pick({lang: text[part] for lang, text in texts.items()}, *order) for part in ("title", "body")
            )
            data = {"municipality": municipality.slug, "about_kind": kind, "about": about}
            yield from messages_to(event, person, (title, body), (kind, about), data, str(event.uid), account_id)


def followers(event: Posted) -> Iterator[Sequence[int]]:
    """The accounts that follow one of the topics, so many at once, in order, after the event's cursor."""
    topics = [and_(Follow.kind == kind, Follow.value == value) for kind, value in event.payload["topics"]]
    reached = event.cursor
    while topics:
        ids = select(Follow.account_id).where(Follow.municipality_id == event.municipality_id, or_(*topics))
        page = session.scalars(
            ids.where(Follow.account_id > reached).distinct().order_by(Follow.account_id).limit(AT_ONCE)
        ).all()
        if not page:
            return
        yield page
        reached = page[-1]

"""What articles owe: an event to whoever follows their topics, and messages to those who signed up for an event."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from service.db import session
from service.gis.locating import DISTRICT
from service.municipalities.directory import Municipality, municipality_with
from service.news.models import Article, Occasion, SignUp
from service.notices.following import NEWS_CATEGORY, NEWS_KIND
from service.notices.inbox import messages_to, reach_each
from service.notices.topics import ARTICLE_PUBLISHED, told_to_followers
from service.outbox.expanding import Kept, Owed, Posted
from service.outbox.posting import owe
from service.text import N_, moment_in, pick, say

ARTICLE_WITHDRAWN = "article_withdrawn"
OCCASION_CANCELLED = "occasion_cancelled"
PLACE_FREED = "event_place_freed"
OCCASION_RESTORED = "occasion_restored"
AT_ONCE = 100

WITHDRAWN_TITLE = N_("Withdrawn: {title}")
WITHDRAWN_BODY = N_("This was published and has been taken back.")
CANCELLED = N_("Cancelled: {title}")
CANCELLED_BODY = N_("It does not take place on {when}.")
RESTORED = N_("It takes place after all: {title}")
RESTORED_BODY = N_("It was cancelled and now takes place again on {when}. You are still signed up or waiting for it.")
FREED = N_("You have a place: {title}")
FREED_BODY = N_("You waited for a place. You have one now, on {when}. If you cannot come, please sign off.")

ABOUT_ALL = {OCCASION_CANCELLED: (CANCELLED, CANCELLED_BODY), OCCASION_RESTORED: (RESTORED, RESTORED_BODY)}
"""What everybody who signed up is told of: the title and the body."""


def owe_published(article: Article, content: Mapping[str, Any], changed: bool) -> None:
    """Owe what followers are told when readers see a version for the first time; one event, however many follow."""
    texts = {k: {"title": title, "body": content["summary"].get(k) or title} for k, title in content["title"].items()}
    facts = for_followers(article, content, texts) | {"changed": changed}
    owe(article.municipality_id, ARTICLE_PUBLISHED, f"article:{article.uid}", 2 * article.times, facts)


def owe_withdrawn(article: Article, content: Mapping[str, Any]) -> None:
    """The same when an article is taken back."""
    said = {k: say(k, WITHDRAWN_TITLE, title=title) for k, title in content["title"].items()}
    texts = {k: {"title": title, "body": say(k, WITHDRAWN_BODY)} for k, title in said.items()}
    facts = for_followers(article, content, texts)
    owe(article.municipality_id, ARTICLE_WITHDRAWN, f"article:{article.uid}", 2 * article.times + 1, facts)


def for_followers(article: Article, content: Mapping[str, Any], texts: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of the article to whoever expands the event: its topics as people follow them, the texts by
    language, and what a tap opens.
    """
    return told_to_followers(topics_of(article.kind, content), texts, ("article", str(article.uid)))


def topics_of(kind: str, content: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """What an article belongs to, as (kind, value) of follows."""
    return [
        (NEWS_KIND, kind),
        *((NEWS_CATEGORY, key) for key in content["categories"]),
        *((DISTRICT, key) for key in content["districts"]),
    ]


def owe_cancelled(article: Article, occasion: Occasion, title: Mapping[str, str]) -> None:
    """Owe what everybody who signed up, or waits, is told of a cancelled occasion; it is locked."""
    occasion.step += 1
    facts = about(article, occasion, title) | {"reason": occasion.reason}
    owe(article.municipality_id, OCCASION_CANCELLED, f"occasion:{occasion.id}", occasion.step, facts)


def owe_restored(article: Article, occasion: Occasion, title: Mapping[str, str]) -> None:
    """Owe what they are told when it takes place after all; the occasion is locked."""
    occasion.step += 1
    owe(
        article.municipality_id,
        OCCASION_RESTORED,
        f"occasion:{occasion.id}",
        occasion.step,
        about(article, occasion, title),
    )


def owe_place(article: Article, occasion: Occasion, title: Mapping[str, str], account_id: int) -> None:
    """Owe what somebody is told who waited and has a place now; the occasion is locked."""
    occasion.step += 1
    facts = about(article, occasion, title) | {"account_id": account_id}
    owe(article.municipality_id, PLACE_FREED, f"occasion:{occasion.id}", occasion.step, facts)


def about(article: Article, occasion: Occasion, title: Mapping[str, str]) -> dict[str, Any]:
    return {
        "article": str(article.uid),
        "occasion": occasion.id,
        "title": dict(title),
        "starts_at": occasion.starts_at.isoformat(),
    }


def who_signed_up(event: Posted) -> Iterator[Owed | Kept]:
    """Of an occasion that is cancelled, or takes place after all: a message to each who signed up or waits, in the
    order of their accounts.
    """
    title, body = ABOUT_ALL[event.kind]
    above = event.cursor
    while True:
        query = select(SignUp.account_id).where(
            SignUp.occasion_id == event.payload["occasion"], SignUp.account_id > above
        )
        people = session.scalars(query.order_by(SignUp.account_id).limit(AT_ONCE)).all()
        if not people:
            return
        yield from told(event, people, title, body)
        above = people[-1]


def who_has_a_place(event: Posted) -> Iterator[Owed | Kept]:
    """Of a freed place: a message to who has it, unless they have signed off meanwhile."""
    query = select(SignUp.account_id).filter_by(
        occasion_id=event.payload["occasion"], account_id=event.payload["account_id"], state="going"
    )
    yield from told(event, session.scalars(query).all(), FREED, FREED_BODY)


def told(event: Posted, people: Any, title: str, body: str) -> Iterator[Owed | Kept]:
    here, payload = municipality_with(event.municipality_id), event.payload
    reachable = reach_each(people)
    for account_id in people:
        if (person := reachable.get(account_id)) is None:
            continue
        spoken = person.language
        name = pick(payload["title"], spoken, here.main_language)
        said = say(spoken, body, when=when(here, payload["starts_at"], spoken))
        if payload.get("reason"):
            said = f"{said} {payload['reason']}"
        data = {"municipality": here.slug, "article": payload["article"]}
        yield from messages_to(
            event,
            person,
            (say(spoken, title, title=name), said),
            ("article", payload["article"]),
            data,
            f"occasion-{payload['occasion']}",
            account_id,
        )


def when(here: Municipality, instant: str, language: str) -> str:
    """The moment by the municipality's clocks, as people write it in this language."""
    return moment_in(language, datetime.fromisoformat(instant), here.time_zone)

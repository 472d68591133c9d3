"""Move an article from state to state: hand it in, give it back, publish it now or later, withdraw it, pin it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from service.crash_points import crash_here
from service.db import session
from service.db.clock import now
from service.errors import Problem
from service.jobs.planning import plan, unplan
from service.municipalities.directory import Municipality
from service.news.boards import touch
from service.news.content import Written, check_whole
from service.news.finding import version_of
from service.news.models import Article, ArticleVersion
from service.news.shelving import EXPIRE_ARTICLE, put_up, take_down
from service.news.states import ArticleMoveRefused, move_for, possible
from service.news.writing import check_seen
from service.people.auditing import record
from service.people.callers import Caller
from service.text import N_

PUBLISH_ARTICLE = "publish_article"


class SecondPersonNeeded(Problem):
    """The municipality has decided that nobody publishes what they wrote themselves."""

    status, code, message = 403, "another_must_publish", N_("Somebody else has to publish what you wrote.")


class MomentMissing(Problem):
    """To schedule an article takes a moment that is still to come."""

    status, code, message = 422, "moment_missing", N_("Please say when: a moment that is still to come.")


@dataclass(frozen=True)
class Wish:
    """What somebody wants done with an article: the version that they have seen, when and why, and whether followers
    are told of a version that is published.
    """

    action: str
    seen: int
    at: datetime | None = None
    reason: str | None = None
    tell: bool = True


def move(here: Municipality, by: Caller, article: Article, wish: Wish) -> None:
    """Do it with a locked article; whether the caller may is the route's matter. Inside `transaction()`.

    Raises ArticleChanged, ArticleMoveRefused, ArticleIncomplete, SecondPersonNeeded, MomentMissing.
    """
    check_seen(article, wish.seen)
    found = move_for(article.state, wish.action)
    version = version_of(article, article.number)
    HANDLERS[wish.action](here, by, article, version, wish)
    article.state = found.to or article.state
    article.changed_at = now()
    session.flush()


def submit(here: Municipality, by: Caller, article: Article, version: ArticleVersion, wish: Wish) -> None:
    check_whole(here, article.kind, written_in(version))
    article.reason = wish.reason


def give_back(here: Municipality, by: Caller, article: Article, version: ArticleVersion, wish: Wish) -> None:
    article.reason = wish.reason


def publish(here: Municipality, by: Caller, article: Article, version: ArticleVersion, wish: Wish) -> None:
    check_publishable(here, by, article, version)
    call_off(article)
    put_up(here, article, version, wish.tell)
    record(here.id, by, "article_published", "article", str(article.uid), {"version": version.number})
    session.flush()
    crash_here("before_article_commit")


def schedule(here: Municipality, by: Caller, article: Article, version: ArticleVersion, wish: Wish) -> None:
    if wish.at is None or wish.at <= now():
        raise MomentMissing
    check_publishable(here, by, article, version)
    call_off(article)
    article.publish_at = wish.at
    payload = {"article": article.id, "number": version.number, "at": wish.at.isoformat(), "tell": wish.tell}
    plan(PUBLISH_ARTICLE, str(article.id), wish.at, payload, None, here.id)
    facts = {"version": version.number, "at": wish.at.isoformat()}
    record(here.id, by, "article_scheduled", "article", str(article.uid), facts)


def unschedule(here: Municipality, by: Caller, article: Article, version: ArticleVersion, wish: Wish) -> None:
    call_off(article)


def call_off(article: Article) -> None:
    unplan(PUBLISH_ARTICLE, str(article.id))
    article.publish_at = None


def withdraw(here: Municipality, by: Caller, article: Article, version: ArticleVersion, wish: Wish) -> None:
    if article.published_number is None:
        raise ArticleMoveRefused(state=article.state, possible=possible(article.state))
    shown = version_of(article, article.published_number)
    unplan(EXPIRE_ARTICLE, str(article.id))
    take_down(article, shown.content, tell=wish.tell)
    article.reason = wish.reason
    record(here.id, by, "article_withdrawn", "article", str(article.uid), {"version": shown.number})


def pin(here: Municipality, by: Caller, article: Article, version: ArticleVersion, wish: Wish) -> None:
    article.pinned = wish.action == "pin"
    touch(here.id)


Handler = Callable[[Municipality, Caller, Article, ArticleVersion, Wish], None]
HANDLERS: Mapping[str, Handler] = {
    "submit": submit,
    "return": give_back,
    "publish": publish,
    "schedule": schedule,
    "unschedule": unschedule,
    "withdraw": withdraw,
    "pin": pin,
    "unpin": pin,
}
"""Action → what it does."""


def check_publishable(here: Municipality, by: Caller, article: Article, version: ArticleVersion) -> None:
    """Raises SecondPersonNeeded, ArticleIncomplete."""
    if here.notices_need_second_person and version.by_id == by.account_id:
        raise SecondPersonNeeded
    check_whole(here, article.kind, written_in(version))


def written_in(version: ArticleVersion) -> Written:
    return Written(version.content, version.body, version.format)

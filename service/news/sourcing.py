"""Say which feed is read, how often, and what becomes of what it brings; read it at once, or no more."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select, update

from service.db import session
from service.db.keys import new_uid
from service.errors import Problem
from service.fetching.addresses import Allowed, ensure_askable
from service.jobs.models import Job
from service.jobs.planning import plan, unplan
from service.municipalities.directory import Municipality
from service.news.content import ArticleIncomplete, known_categories
from service.news.models import Article, NewsCategory, NewsSource
from service.news.moving import SecondPersonNeeded
from service.text import N_

FETCH_NEWS = "fetch_news"
MOST_SOURCES = 50


class FeedKnown(Problem):
    """This address is read already."""

    status, code, message = 409, "feed_known", N_("This feed is read already.")


class TooManyFeeds(Problem):
    """The municipality reads as many feeds as it can; `most`."""

    status, code, message = 409, "too_many_feeds", N_("Very many feeds are read already. Delete one of them first.")


def add_source(here: Municipality, about: Mapping[str, Any], by_id: int | None, allowed: Sequence[str]) -> NewsSource:
    """Read this feed, now and in its rhythm; inside `transaction()`.

    `about` are the columns url, language, categories, publishes, every_seconds.
    Raises AddressRefused, FeedKnown, TooManyFeeds, ArticleIncomplete, SecondPersonNeeded.
    """
    ensure_askable(about["url"], Allowed(allowed))
    check_source(here, about["language"], about)
    urls = session.scalars(select(NewsSource.url).where(NewsSource.municipality_id == here.id)).all()
    if about["url"] in urls:
        raise FeedKnown
    if len(urls) >= MOST_SOURCES:
        raise TooManyFeeds(most=MOST_SOURCES)
    source = NewsSource(uid=new_uid(), municipality_id=here.id, by_id=by_id, **about)
    session.add(source)
    session.flush()
    plan_fetches(source)
    return source


def change_source(here: Municipality, source: NewsSource, about: Mapping[str, Any]) -> None:
    """Change its categories, publishes and every_seconds, for what it brings from now on; inside `transaction()`.

    Raises ArticleIncomplete, SecondPersonNeeded.
    """
    check_source(here, source.language, about)
    job = update(Job).where(Job.kind == FETCH_NEWS, Job.unique_key == str(source.id))
    rhythm = job.values(every_seconds=about["every_seconds"])
    session.execute(rhythm.execution_options(synchronize_session=False))
    source.categories, source.publishes = list(about["categories"]), about["publishes"]
    source.every_seconds = about["every_seconds"]
    session.flush()


def check_source(here: Municipality, language: str, about: Mapping[str, Any]) -> None:
    """Raises ArticleIncomplete, SecondPersonNeeded."""
    check_topics(here, language, about["categories"])
    if about["publishes"] and here.notices_need_second_person:
        raise SecondPersonNeeded


def check_topics(here: Municipality, language: str, categories: Collection[str]) -> None:
    """Raises ArticleIncomplete."""
    faults = [] if language in here.languages else [{"where": "language", "why": "unknown"}]
    unknown = sorted(set(categories) - known_categories(here))
    faults += [{"where": "categories", "why": f"unknown: {key}"} for key in unknown]
    if faults:
        raise ArticleIncomplete(faults=faults)


def plan_fetches(source: NewsSource) -> None:
    """Read it now, and from now on in its rhythm."""
    unplan(FETCH_NEWS, str(source.id))
    plan(FETCH_NEWS, str(source.id), None, {"source": source.id}, source.every_seconds, source.municipality_id)


def fetch_now(source: NewsSource) -> None:
    """Let a worker read it at once, whatever it said last; inside `transaction()`. Nothing where it is being read."""
    state = session.scalar(select(Job.state).filter_by(kind=FETCH_NEWS, unique_key=str(source.id)))
    if state == "running":
        return
    source.etag = source.last_modified = None
    session.flush()
    plan_fetches(source)


def forget_source(source: NewsSource) -> None:
    """Read it no more; what it brought stays, as if written here. Inside `transaction()`."""
    unplan(FETCH_NEWS, str(source.id))
    theirs = update(Article).where(Article.source_id == source.id).values(source_id=None)
    session.execute(theirs.execution_options(synchronize_session=False))
    session.delete(source)
    session.flush()


def keep_category(here: Municipality, key: str, about: Mapping[str, Any]) -> None:
    """Make a heading, or change one: name, position, active; inside `transaction()`."""
    found = session.scalar(select(NewsCategory).filter_by(municipality_id=here.id, key=key))
    if found is None:
        found = NewsCategory(municipality_id=here.id, key=key)
        session.add(found)
    found.name, found.position, found.active = dict(about["name"]), about["position"], about["active"]
    session.flush()


def forget_setter(account_id: int) -> None:
    """Unlink the feeds that this person set up."""
    theirs = update(NewsSource).where(NewsSource.by_id == account_id).values(by_id=None)
    session.execute(theirs.execution_options(synchronize_session=False))

"""Read a feed and keep what it brings: what is new becomes an article, what was edited there follows, nothing twice.

What somebody here has written anew, or withdrawn, is not touched any more. The feed is asked and read before the
transaction; a feed that breaks or turns empty changes nothing.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from service.db import session, stop_reading, transaction
from service.db.clock import now
from service.errors import Problem
from service.fetching.fetching import Answer, Bounds, Fetcher
from service.jobs.working import LeaseLost, Progress, Work
from service.municipalities.directory import Municipality, municipality_with
from service.news.content import Written
from service.news.models import Article, ArticleVersion, NewsSource
from service.news.reading_feeds import Item, read_feed
from service.news.rendering import HTML
from service.news.shelving import put_up
from service.news.states import DRAFT, PUBLISHED, REVIEW, SCHEDULED, WITHDRAWN
from service.news.writing import add_version, begin

BOUNDS = Bounds(bytes=5_000_000, seconds=60)
AT_ONCE = 25
MOST_TOLD = 5
"""Of how many articles followers are told at one reading; a feed that brings more has been away, or has moved."""
ACCEPTED = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1"


def fetch_news(job: Work, progress: Progress, fetcher: Fetcher) -> dict[str, Any]:
    """The job: read the feed once. Killed anywhere it begins anew, which brings nothing twice."""
    source = source_with(job)
    url, headers = source.url, conditions(source)
    stop_reading()
    try:
        answer, data = ask(fetcher, url, headers)
        items = read_feed(data) if answer.status != 304 else []
    except Problem as refusal:
        told = {"state": "refused", "code": refusal.code, "reason": refusal.details.get("reason")}
        return note(job, progress, told, None)
    if answer.status == 304:
        return note(job, progress, {"state": "unchanged", "new": 0, "changed": 0}, None)
    try:
        counts = keep_all(job, progress, items)
    except LeaseLost:
        raise
    except Exception as fault:  # the office sees that the feed is not followed, and the job fails as it would have
        session.rollback()
        note(job, progress, {"state": "failed", "reason": type(fault).__name__}, None)
        raise
    return note(job, progress, {"state": "read"} | counts, None if counts["held"] else answer)


def keep_all(job: Work, progress: Progress, items: Sequence[Item]) -> dict[str, int]:
    """Keep what the feed brings, some at once: how many were new, were changed, were told to followers, and were held
    back because somebody here has set a moment for them.
    """
    counts = {"new": 0, "changed": 0, "told": 0, "held": 0}
    for begin_at in range(0, len(items), AT_ONCE):
        with transaction():
            keep(source_with(job), items[begin_at : begin_at + AT_ONCE], counts)
            progress.note(dict(counts))
    return counts


def source_with(job: Work) -> NewsSource:
    """Raises LeaseLost where it was deleted, and this job with it."""
    found = session.scalar(select(NewsSource).filter_by(id=job.payload["source"], municipality_id=job.municipality_id))
    if found is None:
        raise LeaseLost
    return found


def conditions(source: NewsSource) -> dict[str, str]:
    """By which the other server knows what we have."""
    said = {"If-None-Match": source.etag, "If-Modified-Since": source.last_modified}
    return {"Accept": ACCEPTED} | {name: value for name, value in said.items() if value}


def ask(fetcher: Fetcher, url: str, headers: Mapping[str, str]) -> tuple[Answer, bytes]:
    """Raises AddressRefused, FetchFailed."""
    into = io.BytesIO()
    answer = fetcher.fetch(url, into, BOUNDS, headers)
    return answer, into.getvalue()


def note(job: Work, progress: Progress, outcome: dict[str, Any], answer: Answer | None) -> dict[str, Any]:
    """Write down what came of it, and by what the next time is known to bring nothing new."""
    with transaction():
        source = source_with(job)
        source.asked_at, source.outcome = now(), outcome
        if outcome["state"] == "read":
            source.read_at = source.asked_at
        if answer is not None:
            source.etag, source.last_modified = answer.headers.get("etag"), answer.headers.get("last-modified")
        progress.note(None)
    return outcome


def keep(source: NewsSource, items: Sequence[Item], counts: dict[str, int]) -> None:
    """Keep these entries, inside `transaction()`; the oldest first, so that lists have them in their order. Followers
    are told of the newest ones, and of nothing that stood there when the feed was read for the first time.
    """
    here = municipality_with(source.municipality_id)
    lock_sources(here)
    others = brought_by_others(here, source, items)
    items = [item for item in items if item.guid not in others]
    known = known_among(here, source, items)
    new = [item.guid for item in items if item.guid not in known]
    told = new[: MOST_TOLD - counts["told"]] if source.read_at is not None and publishes(here, source) else []
    for item in reversed(items):
        article = known.get(item.guid)
        if article is None:
            keep_new(here, source, item, item.guid in told)
            counts["new"] += 1
            counts["told"] += item.guid in told
        elif (come_of := follow(here, source, article, item)) is not None:
            counts[come_of] += 1


def lock_sources(here: Municipality) -> None:
    """Two feeds of one site are kept one after the other, so that the later one finds what the earlier one brought."""
    theirs = select(NewsSource.id).where(NewsSource.municipality_id == here.id).order_by(NewsSource.id)
    session.execute(theirs.with_for_update()).all()


def brought_by_others(here: Municipality, source: NewsSource, items: Sequence[Item]) -> set[str]:
    """Those of the entries, by their identity, that another feed brings: at the same address there, under the same
    identity or title. They are that feed's to follow, until it is deleted.
    """
    links = {item.link for item in items if item.link is not None}
    query = select(Article.origin, Article.guid, ArticleVersion.content)
    there = query.join(ArticleVersion, ArticleVersion.article_id == Article.id).where(
        Article.municipality_id == here.id,
        Article.origin.in_(links),
        Article.source_id.is_not(None),
        Article.source_id != source.id,
    )
    known: set[tuple[str, str]] = set()
    for row in session.execute(there):
        known |= {(row.origin, said) for said in (row.guid, *row.content["title"].values())}
    return {item.guid for item in items if item.link and {(item.link, item.guid), (item.link, item.title)} & known}


def known_among(here: Municipality, source: NewsSource, items: Sequence[Item]) -> dict[str, Article]:
    """The articles that these entries became, by their identity; those of a feed that was deleted and added again
    become its own anew.
    """
    links = {item.guid: item.link for item in items}
    query = select(Article).where(Article.guid.in_(list(links)), Article.municipality_id == here.id)
    mine = query.where(Article.source_id == source.id).with_for_update()
    known = {article.guid: article for article in session.scalars(mine) if article.guid}
    left = query.where(Article.source_id.is_(None)).order_by(Article.id).with_for_update()
    for article in session.scalars(left).all():
        if article.guid and article.guid not in known and article.origin == links[article.guid]:
            article.source_id = source.id
            known[article.guid] = article
    return known


def keep_new(here: Municipality, source: NewsSource, item: Item, tell: bool) -> None:
    article = begin(here, "news", source_id=source.id, guid=item.guid, origin=item.link)
    version = add_version(here, article, written_from(source, item), None)
    if publishes(here, source):
        if item.published_at is not None and item.published_at < now():
            article.published_at = item.published_at
        put_up(here, article, version, tell)
        article.state = PUBLISHED


def publishes(here: Municipality, source: NewsSource) -> bool:
    """Whether what it brings is published at once; never where the municipality wants a second person to look."""
    return source.publishes and not here.notices_need_second_person


def follow(here: Municipality, source: NewsSource, article: Article, item: Item) -> str | None:
    """Bring an article up to what the feed says now: "changed", "held" where a moment is set for its publication, None
    where there is nothing new or it is not the feed's to change any more.
    """
    newest = session.scalars(select(ArticleVersion).filter_by(article_id=article.id, number=article.number)).one()
    written = written_from(source, item)
    if newest.by_id is not None or newest.format != HTML or article.state == WITHDRAWN:
        return None
    if newest.body == written.body and all(
        newest.content[name] == written.content[name] for name in ("title", "summary")
    ):
        return None
    if article.state == SCHEDULED:
        return "held"
    version = add_version(here, article, written, None)
    if article.published_number is not None and publishes(here, source):
        put_up(here, article, version, tell=False)
        article.state = PUBLISHED
    elif article.state != REVIEW:
        article.state = DRAFT
    return "changed"


def written_from(source: NewsSource, item: Item) -> Written:
    """The entry as somebody here might have written it."""
    language = source.language
    content = {
        "main_language": language,
        "title": {language: item.title},
        "summary": {language: item.summary} if item.summary else {},
        "facts": {"more": item.link} if item.link else {},
        "categories": list(source.categories),
        "districts": [],
        "links": [],
        "pictures": [],
        "attachments": [],
        "expires_at": None,
    }
    return Written(content, {language: item.html}, HTML)

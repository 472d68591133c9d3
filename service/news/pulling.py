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
from service.news.states import DRAFT, PUBLISHED, WITHDRAWN
from service.news.writing import add_version, begin

BOUNDS = Bounds(bytes=5_000_000, seconds=60)
AT_ONCE = 25
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
    counts = {"new": 0, "changed": 0}
    for begin_at in range(0, len(items), AT_ONCE):
        with transaction():
            keep(source_with(job), items[begin_at : begin_at + AT_ONCE], counts)
            progress.note(dict(counts))
    return note(job, progress, {"state": "read"} | counts, answer)


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
        if answer is not None:
            source.etag, source.last_modified = answer.headers.get("etag"), answer.headers.get("last-modified")
        progress.note(None)
    return outcome


def keep(source: NewsSource, items: Sequence[Item], counts: dict[str, int]) -> None:
    """Keep these entries, inside `transaction()`; the oldest first, so that lists have them in their order."""
    here = municipality_with(source.municipality_id)
    query = select(Article).where(Article.source_id == source.id, Article.guid.in_([item.guid for item in items]))
    known = {article.guid: article for article in session.scalars(query.with_for_update())}
    for item in reversed(items):
        article = known.get(item.guid)
        if article is None:
            keep_new(here, source, item)
            counts["new"] += 1
        elif follow(here, source, article, item):
            counts["changed"] += 1


def keep_new(here: Municipality, source: NewsSource, item: Item) -> None:
    article = begin(here, "news", source_id=source.id, guid=item.guid, origin=item.link)
    version = add_version(here, article, written_from(source, item), None)
    if source.publishes:
        if item.published_at is not None and item.published_at < now():
            article.published_at = item.published_at
        put_up(here, article, version, tell=source.asked_at is not None)  # nobody is told of what stood there before
        article.state = PUBLISHED


def follow(here: Municipality, source: NewsSource, article: Article, item: Item) -> bool:
    """Bring an article up to what the feed says now; whether that was anything new, and ours to change."""
    newest = session.scalars(select(ArticleVersion).filter_by(article_id=article.id, number=article.number)).one()
    written = written_from(source, item)
    if newest.by_id is not None or newest.format != HTML or article.state == WITHDRAWN:
        return False
    if newest.body == written.body and all(
        newest.content[name] == written.content[name] for name in ("title", "summary")
    ):
        return False
    version = add_version(here, article, written, None)
    if article.published_number is not None:
        put_up(here, article, version, tell=False)
    else:
        article.state = DRAFT
    return True


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
        "expires_at": None,
    }
    return Written(content, {language: item.html}, HTML)

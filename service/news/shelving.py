"""What readers see, and what they find it by, is put up and taken down in one place; inside `transaction()`."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert

from service.db import session
from service.db.clock import now
from service.jobs.planning import plan, unplan
from service.municipalities.directory import Municipality
from service.news.boards import touch
from service.news.content import end_of
from service.news.finding import CATEGORY, DISTRICT, LANGUAGE, version_of
from service.news.kinds.announcement import is_warning
from service.news.kinds.facts import instant
from service.news.messages import owe_published, owe_withdrawn
from service.news.models import Article, ArticleTopic, ArticleVersion
from service.news.searching import forget_words, put_words, weights
from service.news.signing_up import cancel_signed_up, cancel_vanished, move_up_everywhere, restore_dropped

EXPIRE_ARTICLE = "expire_article"


def put_up(here: Municipality, article: Article, version: ArticleVersion, tell: bool = True) -> None:
    """Let readers see this version of the article, which is locked, from now on; `tell` its topics' followers."""
    content, changed = version.content, article.seen_first_at is not None
    article.previous_at = article.updated_at if stands_as_warning(article) else None
    article.published_number, article.publish_at, article.reason = version.number, None, None
    article.shown_number = version.number
    article.updated_at = article.changed_at = now()
    article.published_at = article.published_at or article.updated_at
    article.seen_first_at = article.seen_first_at or article.updated_at
    article.expires_at = end_of(here, article.kind, content)
    article.times += 1
    put_topics(article, content)
    put_words(article, weights(content, version.body, version.format))
    plan_end(article)
    if article.kind == "event":
        session.flush()
        cancel_vanished(here, article, content)
        restore_dropped(here, article, content)
        move_up_everywhere(article, content)
    touch(here.id)
    if tell:
        owe_published(article, content, changed)


def take_down(article: Article, content: Mapping[str, Any], tell: bool) -> None:
    """Let readers see the article no more, of which they saw this content; `tell` its topics' followers. Who signed
    up for a time of it that is still to come is told in any case.
    """
    if article.kind == "event":
        cancel_signed_up(article, content)
    take_back_warning(article, content)
    article.published_number, article.expires_at, article.pinned = None, None, False
    article.changed_at = now()
    session.execute(delete(ArticleTopic).filter_by(article_id=article.id).execution_options(synchronize_session=False))
    forget_words(article)
    touch(article.municipality_id)
    if tell:
        owe_withdrawn(article, content)


def stands_as_warning(article: Article) -> bool:
    """Whether readers see it as a warning now."""
    if article.kind != "announcement" or article.published_number is None:
        return False
    return is_warning(article.kind, version_of(article, article.published_number).content)


def take_back_warning(article: Article, content: Mapping[str, Any]) -> None:
    """A warning whose time is not over is called off for other services too; one that is over ends by itself."""
    if not is_warning(article.kind, content):
        return
    if instant(content["facts"]["ends_at"]) <= now():
        article.previous_at = None
        return
    article.previous_at, article.updated_at = article.updated_at, now()
    article.times += 1


def put_topics(article: Article, content: Mapping[str, Any]) -> None:
    session.execute(delete(ArticleTopic).filter_by(article_id=article.id).execution_options(synchronize_session=False))
    topics = [(CATEGORY, key) for key in content["categories"]]
    topics += [(DISTRICT, key) for key in content["districts"]]
    topics += [(LANGUAGE, key) for key in content["title"]]
    rows = [{"article_id": article.id, "kind": kind, "key": key} for kind, key in dict.fromkeys(topics)]
    session.execute(insert(ArticleTopic).values(rows))


def plan_end(article: Article) -> None:
    """Let the worker take it down when its time is over."""
    unplan(EXPIRE_ARTICLE, str(article.id))
    if article.expires_at is not None:
        payload = {"article": article.id, "at": article.expires_at.isoformat()}
        plan(EXPIRE_ARTICLE, str(article.id), article.expires_at, payload, None, article.municipality_id)

"""What the worker does when a moment has come: publish what was scheduled, take down what is over, forget who came."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from service.db import session, transaction
from service.db.clock import now
from service.jobs.working import Progress, Work
from service.municipalities.directory import municipality_with
from service.news.content import ArticleIncomplete, check_whole
from service.news.finding import version_of
from service.news.models import Article, Occasion, SignUp
from service.news.moving import written_in
from service.news.shelving import put_up, take_down
from service.news.states import EXPIRED, PUBLISHED, REVIEW, SCHEDULED

AT_ONCE = 500
SIGN_UPS_LAST = timedelta(days=30)
"""After an occasion; then nobody needs to know any more who came."""


def locked(article_id: int) -> Article | None:
    query = select(Article).where(Article.id == article_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def publish_article(job: Work, progress: Progress) -> dict[str, Any]:
    """The job: publish what was scheduled, unless that was called off; what is over by then goes back to review."""
    asked, done = job.payload, False
    with transaction():
        article = locked(asked["article"])
        if article is not None and is_due(article, asked):
            done = publish_due(article, asked["tell"])
        progress.note(None)
    return {"published": done}


def is_due(article: Article, asked: dict[str, Any]) -> bool:
    """Whether this is what was scheduled last."""
    at = datetime.fromisoformat(asked["at"])
    return article.state == SCHEDULED and article.number == asked["number"] and article.publish_at == at


def publish_due(article: Article, tell: bool) -> bool:
    here, version = municipality_with(article.municipality_id), version_of(article, article.number)
    try:
        check_whole(here, article.kind, written_in(version))
    except ArticleIncomplete as refusal:
        article.state, article.publish_at, article.reason = REVIEW, None, refusal.code
        return False
    put_up(here, article, version, tell)
    article.state = PUBLISHED
    return True


def expire_article(job: Work, progress: Progress) -> dict[str, Any]:
    """The job: take down what is over, unless it was given another end meanwhile."""
    asked, done = job.payload, False
    with transaction():
        article = locked(asked["article"])
        if article is not None and article.published_number is not None:
            done = article.expires_at == datetime.fromisoformat(asked["at"])
            if done:
                take_down(article, version_of(article, article.published_number).content, tell=False)
                article.state = EXPIRED if article.state == PUBLISHED else article.state
        progress.note(None)
    return {"expired": done}


def forget_sign_ups() -> int:
    """Delete some sign-ups for occasions that are long over, inside `transaction()`; how many."""
    over = select(Occasion.id).where(Occasion.starts_at < now() - SIGN_UPS_LAST)
    some = select(SignUp.id).where(SignUp.occasion_id.in_(over)).limit(AT_ONCE)
    gone = delete(SignUp).where(SignUp.id.in_(some)).returning(SignUp.id)
    return len(session.scalars(gone.execution_options(synchronize_session=False)).all())

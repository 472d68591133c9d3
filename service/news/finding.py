"""Questions about articles, read only. Readers find what is published, staff everything of their municipality."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select, tuple_

from service.db import session
from service.db.types import AnyRow, AnySelect
from service.errors import NotFound
from service.municipalities.directory import Municipality
from service.news.models import Article, ArticleTopic, ArticleVersion, NewsCategory, NewsSource
from service.people.models import Account

CATEGORY, DISTRICT, LANGUAGE = "category", "district", "language"


@dataclass(frozen=True)
class Wanted:
    """Which published articles: of a kind, and filed under all of these topics (kind of topic → key)."""

    kind: str | None = None
    topics: Mapping[str, str] | None = None
    pinned_first: bool = True


SHOWN = (
    *(Article.id, Article.uid, Article.kind, Article.pinned, Article.published_number, Article.times, Article.origin),
    *(Article.published_at, Article.seen_first_at, Article.updated_at, Article.previous_at, Article.expires_at),
    *(ArticleVersion.format, ArticleVersion.content),
)


def shelf(municipality: Municipality, with_body: bool = False) -> AnySelect:
    """Everything that readers see, unordered."""
    columns = (*SHOWN, ArticleVersion.body) if with_body else SHOWN
    of_readers = and_(ArticleVersion.article_id == Article.id, ArticleVersion.number == Article.published_number)
    here = (Article.municipality_id == municipality.id, Article.published_number.is_not(None))
    return select(*columns).join(ArticleVersion, of_readers).where(*here)


def filed(statement: AnySelect, wanted: Wanted) -> AnySelect:
    """Of them those that are wanted."""
    if wanted.kind is not None:
        statement = statement.where(Article.kind == wanted.kind)
    for kind, key in (wanted.topics or {}).items():
        under = select(ArticleTopic.article_id).filter_by(kind=kind, key=key)
        statement = statement.where(Article.id.in_(under))
    return statement


def published(
    municipality: Municipality,
    wanted: Wanted,
    after: tuple[bool, datetime, int] | None,
    limit: int,
    with_body: bool = False,
) -> Sequence[AnyRow]:
    """A page of what readers see, newest first, pinned ones before; `after`: (pinned, published_at, id) of a row."""
    return session.execute(page_of(municipality, wanted, after, limit, with_body)).all()


def page_of(
    municipality: Municipality,
    wanted: Wanted,
    after: tuple[bool, datetime, int] | None,
    limit: int,
    with_body: bool = False,
) -> AnySelect:
    """The statement for it; who wants pinned ones first gets the order of `ix_articles_shelf`, others that by time."""
    statement = filed(shelf(municipality, with_body), wanted)
    pinned_first = [Article.pinned.desc()] if wanted.pinned_first else []
    if after is not None:
        statement = statement.where(tuple_(Article.pinned, Article.published_at, Article.id) < after)
    return statement.order_by(*pinned_first, Article.published_at.desc(), Article.id.desc()).limit(limit)


def published_article(municipality: Municipality, uid: uuid.UUID) -> AnyRow:
    """One article as readers see it, with its body. Raises NotFound."""
    found = session.execute(shelf(municipality, with_body=True).where(Article.uid == uid)).one_or_none()
    if found is None:
        raise NotFound
    return found


def announcement(municipality: Municipality, uid: uuid.UUID) -> AnyRow:
    """One announcement with what readers see of it: null when they see it no more. Raises NotFound."""
    of_readers = and_(ArticleVersion.article_id == Article.id, ArticleVersion.number == Article.published_number)
    query = select(*SHOWN, ArticleVersion.body).outerjoin(ArticleVersion, of_readers)
    named = (Article.municipality_id == municipality.id, Article.uid == uid, Article.kind == "announcement")
    found = session.execute(query.where(*named)).one_or_none()
    if found is None:
        raise NotFound
    return found


def published_between(municipality: Municipality, since: datetime, until: datetime) -> Sequence[AnyRow]:
    """What readers have seen first after the one moment and up to the other, oldest first."""
    statement = shelf(municipality).where(Article.seen_first_at > since, Article.seen_first_at <= until)
    return session.execute(statement.order_by(Article.seen_first_at, Article.id)).all()


def is_published(municipality: Municipality, uid: str) -> bool:
    """Whether readers see an article of this id."""
    try:
        named = uuid.UUID(uid)
    except ValueError:
        return False
    found = select(Article.id).where(Article.municipality_id == municipality.id, Article.uid == named)
    return session.scalar(found.where(Article.published_number.is_not(None))) is not None


def article_here(municipality: Municipality, uid: uuid.UUID, locked: bool = False) -> Article:
    """One article whatever its state, for staff; `locked` inside `transaction()`. Raises NotFound."""
    query = select(Article).where(Article.municipality_id == municipality.id, Article.uid == uid)
    if locked:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def version_of(article: Article, number: int) -> ArticleVersion:
    """Raises NotFound."""
    found = session.scalar(select(ArticleVersion).filter_by(article_id=article.id, number=number))
    if found is None:
        raise NotFound
    return found


def versions_of(article: Article) -> Sequence[AnyRow]:
    """Number, moment and author of each version, newest first."""
    columns = (ArticleVersion.number, ArticleVersion.created_at, Account.name.label("by_name"))
    query = select(*columns).outerjoin(Account, Account.id == ArticleVersion.by_id)
    return session.execute(
        query.filter(ArticleVersion.article_id == article.id).order_by(ArticleVersion.number.desc())
    ).all()


def newest_articles(
    municipality: Municipality, state: str | None, kind: str | None, after: tuple[datetime, int] | None, limit: int
) -> Sequence[AnyRow]:
    """Articles with their newest versions, what changed last first."""
    of_now = and_(ArticleVersion.article_id == Article.id, ArticleVersion.number == Article.number)
    query = select(Article, ArticleVersion.content).join(ArticleVersion, of_now)
    query = query.where(Article.municipality_id == municipality.id)
    if state is not None:
        query = query.where(Article.state == state)
    if kind is not None:
        query = query.where(Article.kind == kind)
    if after is not None:
        changed_at, key = after
        query = query.where(
            or_(Article.changed_at < changed_at, and_(Article.changed_at == changed_at, Article.id < key))
        )
    return session.execute(query.order_by(Article.changed_at.desc(), Article.id.desc()).limit(limit)).all()


def categories_of(municipality: Municipality) -> Sequence[NewsCategory]:
    query = select(NewsCategory).where(NewsCategory.municipality_id == municipality.id)
    return session.scalars(query.order_by(NewsCategory.position, NewsCategory.key)).all()


def sources_of(municipality: Municipality) -> Sequence[NewsSource]:
    query = select(NewsSource).where(NewsSource.municipality_id == municipality.id)
    return session.scalars(query.order_by(NewsSource.id)).all()


def source_here(municipality: Municipality, uid: uuid.UUID, locked: bool = False) -> NewsSource:
    """`locked` inside `transaction()`: before its job and its articles, as reading it does. Raises NotFound."""
    query = select(NewsSource).where(NewsSource.municipality_id == municipality.id, NewsSource.uid == uid)
    if locked:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotFound
    return found

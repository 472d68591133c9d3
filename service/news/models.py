"""What there is: articles with their versions, how they are found, where they are fetched from, who signed up."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Json, Uid
from service.municipalities.models import Municipality
from service.people.models import Account

Word = String(40).with_variant(String(40, collation="C"), "postgresql")


class NewsBoard(Base):
    """How often what readers see of a municipality's news has changed, and when it did last; no two changes share a
    second.
    """

    __tablename__ = "news_boards"

    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id), primary_key=True)
    version: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(Instant)


class NewsCategory(Base):
    """A heading under which articles are filed; one that is not `active` is offered no more."""

    __tablename__ = "news_categories"
    __table_args__ = (UniqueConstraint("municipality_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    key: Mapped[str] = mapped_column(String(64))
    name: Mapped[dict[str, str]] = mapped_column(Json)
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)


class NewsSource(Base):
    """A feed that is read again and again. `outcome` is what came of it last; `publishes`: what comes is published at
    once, otherwise it becomes drafts. `etag` and `last_modified` are those of its last whole answer.
    """

    __tablename__ = "news_sources"
    __table_args__ = (UniqueConstraint("municipality_id", "url"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    url: Mapped[str] = mapped_column(String(2048))
    language: Mapped[str] = mapped_column(String(8))
    categories: Mapped[list[str]] = mapped_column(Json)
    publishes: Mapped[bool]
    every_seconds: Mapped[int]
    by_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    asked_at: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[dict[str, Any] | None] = mapped_column(Json)
    read_at: Mapped[datetime | None] = mapped_column(Instant)
    """When it was read to its end last; null: never."""


SHELVED: Any = dict.fromkeys(("postgresql_where", "sqlite_where"), text("published_number IS NOT NULL"))
"""What readers see, in the two orders in which lists have it."""


class Article(Base):
    """An article; `state` is that of its newest version `number`, readers see `published_number` (null: nothing).

    `published_at` is when they saw it first, `updated_at` when they saw the version of now first, or lost a warning,
    `times` how often either happened. `previous_at` is when the warning was given that the article of now replaces or
    takes back (null: none). `publish_at` and `expires_at` are when the worker publishes it and takes it away. What a
    feed brought names its `source_id`, its `guid` there and its address there (`origin`).
    """

    __tablename__ = "articles"
    __table_args__ = (
        UniqueConstraint("source_id", "guid"),
        Index("ix_articles_shelf", "municipality_id", "pinned", "published_at", "id", **SHELVED),
        Index("ix_articles_shelf_by_time", "municipality_id", "published_at", "id", **SHELVED),
        Index("ix_articles_municipality_id_changed_at", "municipality_id", "changed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    number: Mapped[int]
    published_number: Mapped[int | None]
    times: Mapped[int] = mapped_column(default=0)
    pinned: Mapped[bool] = mapped_column(default=False)
    publish_at: Mapped[datetime | None] = mapped_column(Instant)
    published_at: Mapped[datetime | None] = mapped_column(Instant)
    updated_at: Mapped[datetime | None] = mapped_column(Instant)
    previous_at: Mapped[datetime | None] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)
    reason: Mapped[str | None]
    source_id: Mapped[int | None] = mapped_column(ForeignKey(NewsSource.id))
    guid: Mapped[str | None] = mapped_column(String(255))
    origin: Mapped[str | None] = mapped_column(String(2048))
    seen_first_at: Mapped[datetime | None] = mapped_column(Instant)
    """When readers could see it here first; `published_at` of what a feed brought is what the feed says."""
    shown_number: Mapped[int | None]
    """What readers saw last, also when it is withdrawn or over; null: they never saw any."""


class ArticleVersion(Base):
    """One numbered state of an article, never changed. `body` is text by language, Markdown or, of a feed, HTML
    (`format`); `content` is all the rest as `service.news.content` describes it.
    """

    __tablename__ = "article_versions"
    __table_args__ = (UniqueConstraint("article_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey(Article.id))
    number: Mapped[int]
    by_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    format: Mapped[str] = mapped_column(String(8))
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    body: Mapped[dict[str, str]] = mapped_column(Json)


class ArticleTopic(Base):
    """What a published article is filed under: a category, a district, a language; only while readers see it."""

    __tablename__ = "article_topics"
    __table_args__ = (Index("ix_article_topics_topic", "kind", "key", "article_id"),)

    article_id: Mapped[int] = mapped_column(ForeignKey(Article.id), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)


class ArticleWord(Base):
    """A word of a published article in Latin letters, and how much it weighs; only while readers see it."""

    __tablename__ = "article_words"
    __table_args__ = (Index("ix_article_words_word", "municipality_id", "word", "article_id", "weight"),)

    article_id: Mapped[int] = mapped_column(ForeignKey(Article.id), primary_key=True)
    word: Mapped[str] = mapped_column(Word, primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    weight: Mapped[int]


class Occasion(Base):
    """One time at which an event takes place, from the first sign-up or its cancellation on. Who signs up or off locks
    it first. `step` counts what its people were told.
    """

    __tablename__ = "event_occasions"
    __table_args__ = (UniqueConstraint("article_id", "starts_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey(Article.id))
    starts_at: Mapped[datetime] = mapped_column(Instant, index=True)
    cancelled_at: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str | None]
    dropped: Mapped[bool] = mapped_column(default=False)
    """Cancelled because a version left this time out: one that has it again lets it take place."""
    step: Mapped[int] = mapped_column(default=0)


class SignUp(Base):
    """Somebody comes to an occasion with so many people in all, or waits for places; `note` is for the organiser."""

    __tablename__ = "event_sign_ups"
    __table_args__ = (UniqueConstraint("occasion_id", "account_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    occasion_id: Mapped[int] = mapped_column(ForeignKey(Occasion.id))
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), index=True)
    state: Mapped[str] = mapped_column(String(8))
    places: Mapped[int]
    note: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(Instant)

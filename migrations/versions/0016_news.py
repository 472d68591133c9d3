"""News: articles with their versions, how they are found, feeds that are read, sign-ups for events

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant, Json, Uid

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

WORD = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "news_boards",
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_news_boards_municipality_id")
        ),
        sa.PrimaryKeyConstraint("municipality_id", name=op.f("pk_news_boards")),
    )
    op.create_table(
        "news_categories",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("name", Json, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_news_categories_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_news_categories")),
        sa.UniqueConstraint("municipality_id", "key", name=op.f("uq_news_categories_municipality_id_key")),
    )
    op.create_table(
        "news_sources",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", Uid(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(2048), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("categories", Json, nullable=False),
        sa.Column("publishes", sa.Boolean(), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("etag", sa.String(), nullable=True),
        sa.Column("last_modified", sa.String(), nullable=True),
        sa.Column("asked_at", Instant(), nullable=True),
        sa.Column("outcome", Json, nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_news_sources_municipality_id")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["accounts.id"], name=op.f("fk_news_sources_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_news_sources")),
        sa.UniqueConstraint("uid", name=op.f("uq_news_sources_uid")),
        sa.UniqueConstraint("municipality_id", "url", name=op.f("uq_news_sources_municipality_id_url")),
    )
    op.create_index(op.f("ix_news_sources_by_id"), "news_sources", ["by_id"])
    op.create_table(
        "articles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", Uid(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("published_number", sa.Integer(), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("publish_at", Instant(), nullable=True),
        sa.Column("published_at", Instant(), nullable=True),
        sa.Column("updated_at", Instant(), nullable=True),
        sa.Column("previous_at", Instant(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("guid", sa.String(255), nullable=True),
        sa.Column("origin", sa.String(2048), nullable=True),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_articles_municipality_id")),
        sa.ForeignKeyConstraint(["source_id"], ["news_sources.id"], name=op.f("fk_articles_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
        sa.UniqueConstraint("uid", name=op.f("uq_articles_uid")),
        sa.UniqueConstraint("source_id", "guid", name=op.f("uq_articles_source_id_guid")),
    )
    op.create_index("ix_articles_shelf", "articles", ["municipality_id", "published_number", "published_at"])
    op.create_index("ix_articles_municipality_id_changed_at", "articles", ["municipality_id", "changed_at"])
    op.create_table(
        "article_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("format", sa.String(8), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_article_versions_article_id")),
        sa.ForeignKeyConstraint(["by_id"], ["accounts.id"], name=op.f("fk_article_versions_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_versions")),
        sa.UniqueConstraint("article_id", "number", name=op.f("uq_article_versions_article_id_number")),
    )
    op.create_index(op.f("ix_article_versions_by_id"), "article_versions", ["by_id"])
    op.create_table(
        "article_topics",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_article_topics_article_id")),
        sa.PrimaryKeyConstraint("article_id", "kind", "key", name=op.f("pk_article_topics")),
    )
    op.create_index("ix_article_topics_topic", "article_topics", ["kind", "key", "article_id"])
    op.create_table(
        "article_words",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("word", WORD, nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_article_words_article_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_article_words_municipality_id")
        ),
        sa.PrimaryKeyConstraint("article_id", "word", name=op.f("pk_article_words")),
    )
    op.create_index("ix_article_words_word", "article_words", ["municipality_id", "word", "article_id", "weight"])
    op.create_table(
        "event_occasions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("cancelled_at", Instant(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_event_occasions_article_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_occasions")),
        sa.UniqueConstraint("article_id", "starts_at", name=op.f("uq_event_occasions_article_id_starts_at")),
    )
    op.create_index(op.f("ix_event_occasions_starts_at"), "event_occasions", ["starts_at"])
    op.create_table(
        "event_sign_ups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("occasion_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["occasion_id"], ["event_occasions.id"], name=op.f("fk_event_sign_ups_occasion_id")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_event_sign_ups_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_sign_ups")),
        sa.UniqueConstraint("occasion_id", "account_id", name=op.f("uq_event_sign_ups_occasion_id_account_id")),
    )
    op.create_index(op.f("ix_event_sign_ups_account_id"), "event_sign_ups", ["account_id"])


def downgrade() -> None:
    for table in (
        "event_sign_ups",
        "event_occasions",
        "article_words",
        "article_topics",
        "article_versions",
        "articles",
        "news_sources",
        "news_categories",
        "news_boards",
    ):
        op.drop_table(table)

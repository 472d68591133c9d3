"""What readers saw last of an article, times that a version dropped, and when a feed was read

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("articles", sa.Column("shown_number", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE articles SET shown_number = COALESCE(published_number, (SELECT max(number) FROM article_versions"
        " WHERE article_versions.article_id = articles.id AND article_versions.created_at <= articles.updated_at))"
        " WHERE published_at IS NOT NULL"
    )
    op.add_column("event_occasions", sa.Column("dropped", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("news_sources", sa.Column("read_at", Instant(), nullable=True))
    op.execute(
        "UPDATE news_sources SET read_at = asked_at WHERE EXISTS"
        " (SELECT 1 FROM articles WHERE articles.source_id = news_sources.id)"
    )


def downgrade() -> None:
    op.drop_column("news_sources", "read_at")
    op.drop_column("event_occasions", "dropped")
    op.drop_column("articles", "shown_number")

"""Lists of news are read from an index in their order

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

SHELVED = dict.fromkeys(("postgresql_where", "sqlite_where"), sa.text("published_number IS NOT NULL"))


def upgrade() -> None:
    op.drop_index("ix_articles_shelf", "articles")
    op.create_index("ix_articles_shelf", "articles", ["municipality_id", "pinned", "published_at", "id"], **SHELVED)
    op.create_index("ix_articles_shelf_by_time", "articles", ["municipality_id", "published_at", "id"], **SHELVED)


def downgrade() -> None:
    op.drop_index("ix_articles_shelf_by_time", "articles")
    op.drop_index("ix_articles_shelf", "articles")
    op.create_index("ix_articles_shelf", "articles", ["municipality_id", "published_number", "published_at"])

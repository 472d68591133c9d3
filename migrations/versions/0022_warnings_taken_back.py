"""An article remembers the moment of the warning before it, not of whatever was published before

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant, Json

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

articles = sa.table(
    "articles",
    sa.column("id", sa.Integer),
    sa.column("kind", sa.String),
    sa.column("published_number", sa.Integer),
    sa.column("previous_at", Instant()),
)
versions = sa.table(
    "article_versions",
    sa.column("article_id", sa.Integer),
    sa.column("number", sa.Integer),
    sa.column("content", Json),
)


def upgrade() -> None:
    shown = sa.and_(versions.c.article_id == articles.c.id, versions.c.number == articles.c.published_number)
    query = sa.select(articles.c.id, versions.c.content).join(versions, shown)
    found = op.get_bind().execute(query.where(articles.c.kind == "announcement")).all()
    warnings = [row.id for row in found if row.content["facts"]["urgency"] != "normal"]
    op.execute(articles.update().where(articles.c.id.not_in(warnings)).values(previous_at=None))


def downgrade() -> None:
    """What the moments were is not known any more, and nobody needs them."""

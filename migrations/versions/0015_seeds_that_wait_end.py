"""The seed of an authenticator that waits for its first code ends

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

authenticators = sa.table("authenticators", sa.column("pending"))


def upgrade() -> None:
    op.add_column("authenticators", sa.Column("pending_until", Instant(), nullable=True))
    op.execute(authenticators.update().values(pending=None))  # whoever was at it begins anew


def downgrade() -> None:
    op.drop_column("authenticators", "pending_until")

"""Changes of what everybody sees of a plan are counted apart from those of its drafts

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("plans", sa.Column("shown", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE plans SET shown = revision")


def downgrade() -> None:
    op.drop_column("plans", "shown")

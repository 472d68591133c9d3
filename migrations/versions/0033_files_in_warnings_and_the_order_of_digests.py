"""The SHA-1 by which a warning names its files, and the digest that a person was owed last

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attachments", sa.Column("sha1", sa.String(length=40), nullable=True))
    op.add_column("notice_preferences", sa.Column("digest_event_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("notice_preferences", "digest_event_id")
    op.drop_column("attachments", "sha1")

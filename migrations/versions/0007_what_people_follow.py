"""What people follow

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant, Uid

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "follows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", Uid(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.Column("part", sa.String(length=255), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_follows_municipality_id")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_follows_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follows")),
        sa.UniqueConstraint("uid", name=op.f("uq_follows_uid")),
        sa.UniqueConstraint("account_id", "kind", "value", "part", name=op.f("uq_follows_account_id_kind_value_part")),
    )
    op.create_index("ix_follows_thing", "follows", ["municipality_id", "kind", "value", "account_id"])


def downgrade() -> None:
    op.drop_table("follows")

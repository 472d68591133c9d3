"""Which account was joined into which other

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "former_accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("former_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("joined_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["former_id"], ["accounts.id"], name=op.f("fk_former_accounts_former_id")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_former_accounts_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_accounts")),
        sa.UniqueConstraint("former_id", name=op.f("uq_former_accounts_former_id")),
    )
    op.create_index(op.f("ix_former_accounts_account_id"), "former_accounts", ["account_id"])


def downgrade() -> None:
    op.drop_table("former_accounts")

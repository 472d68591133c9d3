"""What was entered by mistake is taken back; that it was, and why, stays

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant, Uid

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contributions", sa.Column("taken_back", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "contributions_taken_back",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", Uid(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("consultation_id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("entered_at", Instant(), nullable=False),
        sa.Column("taken_back_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_contributions_taken_back_municipality_id")
        ),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultations.id"], name=op.f("fk_contributions_taken_back_consultation_id")
        ),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_contributions_taken_back_thread_id")),
        sa.ForeignKeyConstraint(["by_id"], ["accounts.id"], name=op.f("fk_contributions_taken_back_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contributions_taken_back")),
        sa.UniqueConstraint("uid", name=op.f("uq_contributions_taken_back_uid")),
    )
    op.create_index(
        "ix_contributions_taken_back_consultation_id_id", "contributions_taken_back", ["consultation_id", "id"]
    )
    op.create_index(op.f("ix_contributions_taken_back_by_id"), "contributions_taken_back", ["by_id"])


def downgrade() -> None:
    op.drop_table("contributions_taken_back")
    op.drop_column("contributions", "taken_back")

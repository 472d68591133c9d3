"""Who is making a file now, so that others wait for it, and who gets the heads of a consultation by e-mail

Revision ID: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant, Json

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "file_makings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_file_makings_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_makings")),
        sa.UniqueConstraint("key", name=op.f("uq_file_makings_key")),
    )
    op.add_column("consultations", sa.Column("observers", Json, nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("consultations", "observers")
    op.drop_table("file_makings")

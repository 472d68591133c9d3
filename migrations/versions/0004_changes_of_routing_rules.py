"""Who changed the routing rules, and which reports are about one asset

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant, Json

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "routing_rule_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("before", Json, nullable=True),
        sa.Column("after", Json, nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_routing_rule_changes_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_rule_changes")),
        sa.UniqueConstraint("municipality_id", "number", name=op.f("uq_routing_rule_changes_municipality_id_number")),
    )
    named = sa.text("asset_key IS NOT NULL")
    op.create_index(
        "ix_reports_asset",
        "reports",
        ["municipality_id", "asset_layer", "asset_key", "id"],
        postgresql_where=named,
        sqlite_where=named,
    )


def downgrade() -> None:
    op.drop_index("ix_reports_asset", "reports")
    op.drop_table("routing_rule_changes")

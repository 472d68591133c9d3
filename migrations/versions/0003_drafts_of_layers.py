"""Drafts of layers, and what came into force when, by whom and why

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant, Json

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LAYER_COLUMNS = (("key_attribute", sa.String(length=255)), ("style", Json))
VERSION_COLUMNS = (
    ("based_on_id", sa.Integer()),
    ("findings", Json),
    ("publish_at", Instant()),
    ("by_id", sa.Integer()),
    ("reason", sa.String()),
)


def upgrade() -> None:
    for table, columns in (("layers", LAYER_COLUMNS), ("layer_versions", VERSION_COLUMNS)):
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind, nullable=True))
    op.create_table(
        "layer_publications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("layer_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("before_id", sa.Integer(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["layer_id"], ["layers.id"], name=op.f("fk_layer_publications_layer_id_layers")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["layer_versions.id"], name=op.f("fk_layer_publications_version_id_layer_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_layer_publications")),
    )
    op.create_index("ix_layer_publications_layer_id_id", "layer_publications", ["layer_id", "id"])


def downgrade() -> None:
    op.drop_table("layer_publications")
    for table, columns in (("layers", LAYER_COLUMNS), ("layer_versions", VERSION_COLUMNS)):
        for name, _ in columns:
            op.drop_column(table, name)

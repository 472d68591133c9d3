"""Where layers are fetched from, and what came of each fetch

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant, Json

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("layer_versions", sa.Column("pulled", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "layer_sources",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("layer_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("wanted", Json, nullable=False),
        sa.Column("credentials", sa.String(), nullable=True),
        sa.Column("credentials_kind", sa.String(length=16), nullable=True),
        sa.Column("every_seconds", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("limits", Json, nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("etag", sa.String(), nullable=True),
        sa.Column("last_modified", sa.String(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["layer_id"], ["layers.id"], name=op.f("fk_layer_sources_layer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_layer_sources")),
        sa.UniqueConstraint("layer_id", name=op.f("uq_layer_sources_layer_id")),
    )
    op.create_table(
        "layer_fetches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("layer_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("findings", Json, nullable=True),
        sa.Column("counts", Json, nullable=True),
        sa.Column("unpublished", Json, nullable=True),
        sa.Column("refusal", Json, nullable=True),
        sa.ForeignKeyConstraint(["layer_id"], ["layers.id"], name=op.f("fk_layer_fetches_layer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_layer_fetches")),
    )
    op.create_index("ix_layer_fetches_layer_id_id", "layer_fetches", ["layer_id", "id"])


def downgrade() -> None:
    op.drop_table("layer_fetches")
    op.drop_table("layer_sources")
    op.drop_column("layer_versions", "pulled")

"""That somebody was erased, without saying who; copies of what is held about somebody; whom deliveries are for

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
        "erasures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("account_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("public_kept", sa.Boolean(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("listed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_erasures_municipality_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
        sa.UniqueConstraint("uid", name=op.f("uq_erasures_uid")),
        sa.UniqueConstraint(
            "municipality_id", "account_digest", name=op.f("uq_erasures_municipality_id_account_digest")
        ),
    )
    op.create_table(
        "personal_copies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("file_key", sa.String(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("ready_at", Instant(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("link_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("link_until", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_personal_copies_municipality_id")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_personal_copies_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_copies")),
        sa.UniqueConstraint("uid", name=op.f("uq_personal_copies_uid")),
        sa.UniqueConstraint("account_id", name=op.f("uq_personal_copies_account_id")),
        sa.UniqueConstraint("link_digest", name=op.f("uq_personal_copies_link_digest")),
    )
    op.create_index(op.f("ix_personal_copies_expires_at"), "personal_copies", ["expires_at"])
    known = sa.text("person_id IS NOT NULL")
    op.create_index("ix_deliveries_person_id", "deliveries", ["person_id"], postgresql_where=known, sqlite_where=known)


def downgrade() -> None:
    op.drop_index("ix_deliveries_person_id", "deliveries")
    op.drop_table("personal_copies")
    op.drop_table("erasures")

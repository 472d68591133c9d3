"""Districts and years of birth of verified residents, numbers of who took part, and what became of a result

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant, Json, Uid

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "districts",
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("name", Json, nullable=False),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_districts_municipality_id")),
        sa.PrimaryKeyConstraint("municipality_id", "key", name=op.f("pk_districts")),
    )
    for table in ("verified_residents", "letter_codes"):
        op.add_column(table, sa.Column("birth_year", sa.Integer(), nullable=True))
        op.add_column(table, sa.Column("district", sa.String(32), nullable=True))
    op.add_column("participations", sa.Column("district", sa.String(32), nullable=True))
    op.add_column("participations", sa.Column("ages", sa.String(8), nullable=True))
    op.add_column("consultations", sa.Column("among", Json, nullable=False, server_default="{}"))
    op.add_column("consultations", sa.Column("eligible_source", Json, nullable=True))
    op.add_column("consultations", sa.Column("statistics", Json, nullable=True))
    op.create_table(
        "consultation_outcomes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", Uid(), nullable=False),
        sa.Column("consultation_id", sa.Integer(), nullable=False),
        sa.Column("corrects", Uid(), nullable=True),
        sa.Column("said_on", sa.Date(), nullable=False),
        sa.Column("title", Json, nullable=False),
        sa.Column("text", Json, nullable=False),
        sa.Column("links", Json, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultations.id"], name=op.f("fk_consultation_outcomes_consultation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation_outcomes")),
        sa.UniqueConstraint(
            "consultation_id", "corrects", name=op.f("uq_consultation_outcomes_consultation_id_corrects")
        ),
        sa.UniqueConstraint("uid", name=op.f("uq_consultation_outcomes_uid")),
    )
    op.create_index("ix_consultation_outcomes_consultation_id_id", "consultation_outcomes", ["consultation_id", "id"])


def downgrade() -> None:
    op.drop_table("consultation_outcomes")
    for name in ("statistics", "eligible_source", "among"):
        op.drop_column("consultations", name)
    for name in ("ages", "district"):
        op.drop_column("participations", name)
    for table in ("letter_codes", "verified_residents"):
        op.drop_column(table, "district")
        op.drop_column(table, "birth_year")
    op.drop_table("districts")

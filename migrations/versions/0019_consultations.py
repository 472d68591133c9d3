"""Consultations, who took part, ballots and the log

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant, Json, Uid

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

PENDING = sa.text("place IS NULL")


def consultation(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("consultation_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["consultation_id"], ["consultations.id"], name=op.f(f"fk_{table}_consultation_id")),
    ]


def account(table: str, column: str, nullable: bool) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column(column, sa.Integer(), nullable=nullable),
        sa.ForeignKeyConstraint([column], ["accounts.id"], name=op.f(f"fk_{table}_{column}")),
    ]


def upgrade() -> None:
    op.create_table(
        "consultations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", Uid(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", Json, nullable=False),
        sa.Column("text", Json, nullable=False),
        sa.Column("about", Json, nullable=False),
        sa.Column("secrecy", sa.String(length=16), nullable=False),
        sa.Column("eligibility", sa.String(length=16), nullable=False),
        sa.Column("eligible", sa.Integer(), nullable=True),
        sa.Column("questions", Json, nullable=False),
        sa.Column("extensions", Json, nullable=False),
        sa.Column("definition", Json, nullable=True),
        sa.Column("definition_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=True),
        sa.Column("tally", Json, nullable=True),
        sa.Column("bundle", sa.String(length=200), nullable=True),
        sa.Column("bundle_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_consultations_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultations")),
        sa.UniqueConstraint("uid", name=op.f("uq_consultations_uid")),
    )
    op.create_index("ix_consultations_municipality_id_id", "consultations", ["municipality_id", "id"])
    op.create_table(
        "consultation_phases",
        sa.Column("id", sa.Integer(), nullable=False),
        *consultation("consultation_phases"),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("opens_at", Instant(), nullable=False),
        sa.Column("closes_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation_phases")),
        sa.UniqueConstraint("consultation_id", "kind", name=op.f("uq_consultation_phases_consultation_id_kind")),
    )
    op.create_table(
        "paper_codes",
        *consultation("paper_codes"),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("consultation_id", "digest", name=op.f("pk_paper_codes")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "participations",
        *consultation("participations"),
        sa.Column("voter", sa.LargeBinary(length=32), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("consultation_id", "voter", name=op.f("pk_participations")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ballots",
        *consultation("ballots"),
        sa.Column("tracker", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("consultation_id", "tracker", name=op.f("pk_ballots")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ballot_answers",
        *consultation("ballot_answers"),
        sa.Column("tracker", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("ballot", sa.LargeBinary(length=32), nullable=True),
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("answer", Json, nullable=True),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=True),
        sa.Column("blind", sa.LargeBinary(length=16), nullable=False),
        sa.Column("commitment", sa.LargeBinary(length=32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("consultation_id", "tracker", "sequence", name=op.f("pk_ballot_answers")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ballot_answers_consultation_id_ballot", "ballot_answers", ["consultation_id", "ballot"])
    op.create_index(
        "ix_ballot_answers_pending",
        "ballot_answers",
        ["consultation_id", "tracker"],
        postgresql_where=PENDING,
        sqlite_where=PENDING,
    )
    op.create_table(
        "open_votes",
        sa.Column("id", sa.Integer(), nullable=False),
        *consultation("open_votes"),
        *account("open_votes", "account_id", nullable=False),
        sa.Column("tracker", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open_votes")),
    )
    op.create_index(op.f("ix_open_votes_consultation_id"), "open_votes", ["consultation_id"])
    op.create_index(op.f("ix_open_votes_account_id"), "open_votes", ["account_id"])
    op.create_table(
        "consultation_log",
        *consultation("consultation_log"),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("consultation_id", "place", name=op.f("pk_consultation_log")),
    )
    op.create_table(
        "consultation_heads",
        *consultation("consultation_heads"),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("checkpoint", sa.String(), nullable=False),
        sa.Column("parts", Json, nullable=False),
        sa.PrimaryKeyConstraint("consultation_id", "size", name=op.f("pk_consultation_heads")),
    )
    op.create_table(
        "paper_batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", Uid(), nullable=False),
        *consultation("paper_batches"),
        sa.Column("station", sa.String(length=100), nullable=False),
        sa.Column("scan_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("voters", Json, nullable=True),
        sa.Column("answers", Json, nullable=True),
        *account("paper_batches", "first_id", nullable=True),
        *account("paper_batches", "second_id", nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_batches")),
        sa.UniqueConstraint("uid", name=op.f("uq_paper_batches_uid")),
    )
    for column in ("consultation_id", "first_id", "second_id"):
        op.create_index(op.f(f"ix_paper_batches_{column}"), "paper_batches", [column])


def downgrade() -> None:
    for table in (
        *("paper_batches", "consultation_heads", "consultation_log", "open_votes", "ballot_answers", "ballots"),
        *("participations", "paper_codes", "consultation_phases", "consultations"),
    ):
        op.drop_table(table)

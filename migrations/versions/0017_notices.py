"""What people want to be told; notices of the office

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant, Json

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice_left_out",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("devices", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_notice_left_out_account_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_notice_left_out_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_left_out")),
        sa.UniqueConstraint(
            "event_id", "account_id", "channel", name=op.f("uq_notice_left_out_event_id_account_id_channel")
        ),
    )
    op.create_index(op.f("ix_notice_left_out_account_id"), "notice_left_out", ["account_id"], unique=False)
    op.create_table(
        "notice_places",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("home", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=True),
        sa.Column("district", sa.String(length=255), nullable=True),
        sa.Column("cell", sa.BigInteger(), nullable=True),
        sa.Column("metres", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_notice_places_account_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_notice_places_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_places")),
        sa.UniqueConstraint("uid", name=op.f("uq_notice_places_uid")),
    )
    op.create_index("ix_notice_places_account_id", "notice_places", ["account_id"], unique=False)
    op.create_index(
        "ix_notice_places_cell", "notice_places", ["municipality_id", "metres", "cell", "account_id"], unique=False
    )
    op.create_table(
        "notice_preferences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("reports_push", sa.Boolean(), nullable=False),
        sa.Column("reports_web", sa.Boolean(), nullable=False),
        sa.Column("reports_mail", sa.Boolean(), nullable=False),
        sa.Column("follows_push", sa.Boolean(), nullable=False),
        sa.Column("follows_web", sa.Boolean(), nullable=False),
        sa.Column("follows_mail", sa.Boolean(), nullable=False),
        sa.Column("notices_push", sa.Boolean(), nullable=False),
        sa.Column("notices_web", sa.Boolean(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_until", sa.Integer(), nullable=True),
        sa.Column("most_a_day", sa.Integer(), nullable=True),
        sa.Column("digest", sa.String(length=8), nullable=False),
        sa.Column("digest_due_at", Instant(), nullable=True),
        sa.Column("digest_after", Instant(), nullable=True),
        sa.Column("notices_off_at", Instant(), nullable=True),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_notice_preferences_account_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_notice_preferences_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_preferences")),
        sa.UniqueConstraint("account_id", name=op.f("uq_notice_preferences_account_id")),
    )
    op.create_index(
        "ix_notice_preferences_digest_due_at",
        "notice_preferences",
        ["digest_due_at"],
        unique=False,
        postgresql_where=sa.text("digest_due_at IS NOT NULL"),
        sqlite_where=sa.text("digest_due_at IS NOT NULL"),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("wide", sa.Boolean(), nullable=False),
        sa.Column("emergency", sa.Boolean(), nullable=False),
        sa.Column("texts", Json, nullable=False),
        sa.Column("subject_kind", sa.String(length=32), nullable=True),
        sa.Column("subject", sa.String(length=255), nullable=True),
        sa.Column("audience", Json, nullable=False),
        sa.Column("districts", Json, nullable=False),
        sa.Column("lasts_hours", sa.Integer(), nullable=False),
        sa.Column("send_at", Instant(), nullable=True),
        sa.Column("written_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("preview_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("preview_until", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("figures", Json, nullable=True),
        sa.ForeignKeyConstraint(["approved_by_id"], ["accounts.id"], name=op.f("fk_notices_approved_by_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_notices_municipality_id")),
        sa.ForeignKeyConstraint(["written_by_id"], ["accounts.id"], name=op.f("fk_notices_written_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("preview_digest", name=op.f("uq_notices_preview_digest")),
        sa.UniqueConstraint("uid", name=op.f("uq_notices_uid")),
    )
    op.create_index(op.f("ix_notices_approved_by_id"), "notices", ["approved_by_id"], unique=False)
    op.create_index("ix_notices_municipality_id_id", "notices", ["municipality_id", "id"], unique=False)
    op.create_index("ix_notices_state", "notices", ["state"], unique=False)
    op.create_index(op.f("ix_notices_written_by_id"), "notices", ["written_by_id"], unique=False)
    op.create_table(
        "notice_cells",
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("metres", sa.Integer(), nullable=False),
        sa.Column("cell", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_notice_cells_notice_id")),
        sa.PrimaryKeyConstraint("notice_id", "metres", "cell", name=op.f("pk_notice_cells")),
    )
    op.create_table(
        "notice_editions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("texts", Json, nullable=False),
        sa.Column("audience", Json, nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["accounts.id"], name=op.f("fk_notice_editions_by_id")),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_notice_editions_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_editions")),
        sa.UniqueConstraint("notice_id", "number", name=op.f("uq_notice_editions_notice_id_number")),
    )
    op.create_index(op.f("ix_notice_editions_by_id"), "notice_editions", ["by_id"], unique=False)
    op.create_index("ix_notice_editions_event_id", "notice_editions", ["event_id"], unique=False)
    op.create_table(
        "notice_openings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_notice_openings_account_id")),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_notice_openings_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_openings")),
        sa.UniqueConstraint("notice_id", "account_id", name=op.f("uq_notice_openings_notice_id_account_id")),
    )
    op.create_index(op.f("ix_notice_openings_account_id"), "notice_openings", ["account_id"], unique=False)


def downgrade() -> None:
    op.drop_table("notice_openings")
    op.drop_table("notice_editions")
    op.drop_table("notice_cells")
    op.drop_table("notices")
    op.drop_table("notice_preferences")
    op.drop_table("notice_places")
    op.drop_table("notice_left_out")

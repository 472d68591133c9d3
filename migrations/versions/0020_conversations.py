"""What people contribute to consultations, the answers, and moderation

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant, Json, Uid

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TOP = sa.text("parent_id IS NULL")
DUE = sa.text("answer_id IS NULL AND official IS false AND withdrawn_at IS NULL")
DUE_ON_SQLITE = sa.text("answer_id IS NULL AND official IS 0 AND withdrawn_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "house_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("text", Json, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_house_rules_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_house_rules")),
        sa.UniqueConstraint("municipality_id", "key", name=op.f("uq_house_rules_municipality_id_key")),
    )
    op.create_table(
        "contribution_answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", Uid(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("consultation_id", sa.Integer(), nullable=False),
        sa.Column("disposition", sa.String(length=16), nullable=False),
        sa.Column("reason", Json, nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("changed_text", Json, nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["accounts.id"], name=op.f("fk_contribution_answers_by_id")),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultations.id"], name=op.f("fk_contribution_answers_consultation_id")
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_contribution_answers_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contribution_answers")),
        sa.UniqueConstraint("uid", name=op.f("uq_contribution_answers_uid")),
    )
    op.create_index(op.f("ix_contribution_answers_by_id"), "contribution_answers", ["by_id"])
    op.create_index(op.f("ix_contribution_answers_consultation_id"), "contribution_answers", ["consultation_id"])
    op.create_table(
        "moderation_cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", Uid(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("target", Uid(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("complaints", sa.Integer(), nullable=False),
        sa.Column("burst", sa.Boolean(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("waiting_since", Instant(), nullable=True),
        sa.Column("rule", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("appeal", sa.String(), nullable=True),
        sa.Column("appealed_at", Instant(), nullable=True),
        sa.Column("appeal_by_id", sa.Integer(), nullable=True),
        sa.Column("appeal_upheld", sa.Boolean(), nullable=True),
        sa.Column("appeal_reason", sa.String(), nullable=True),
        sa.Column("appeal_decided_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["appeal_by_id"], ["accounts.id"], name=op.f("fk_moderation_cases_appeal_by_id")),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name=op.f("fk_moderation_cases_author_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["accounts.id"], name=op.f("fk_moderation_cases_decided_by_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_moderation_cases_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderation_cases")),
        sa.UniqueConstraint(
            "municipality_id", "kind", "target", name=op.f("uq_moderation_cases_municipality_id_kind_target")
        ),
        sa.UniqueConstraint("uid", name=op.f("uq_moderation_cases_uid")),
    )
    op.create_index(op.f("ix_moderation_cases_appeal_by_id"), "moderation_cases", ["appeal_by_id"])
    op.create_index(op.f("ix_moderation_cases_author_id"), "moderation_cases", ["author_id"])
    op.create_index(op.f("ix_moderation_cases_decided_by_id"), "moderation_cases", ["decided_by_id"])
    op.create_index(
        "ix_moderation_cases_waiting",
        "moderation_cases",
        ["municipality_id", "id"],
        postgresql_where=sa.text("waiting_since IS NOT NULL"),
        sqlite_where=sa.text("waiting_since IS NOT NULL"),
    )
    op.create_table(
        "threads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("consultation_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("title", Json, nullable=True),
        sa.Column("revision", sa.String(length=64), nullable=True),
        sa.Column("contributions", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["consultation_id"], ["consultations.id"], name=op.f("fk_threads_consultation_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_threads_municipality_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_threads")),
        sa.UniqueConstraint("consultation_id", "kind", "target", name=op.f("uq_threads_consultation_id_kind_target")),
    )
    op.create_table(
        "complaints",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_complaints_account_id")),
        sa.ForeignKeyConstraint(["case_id"], ["moderation_cases.id"], name=op.f("fk_complaints_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints")),
        sa.UniqueConstraint("case_id", "account_id", name=op.f("uq_complaints_case_id_account_id")),
    )
    op.create_index(op.f("ix_complaints_account_id"), "complaints", ["account_id"])
    op.create_index(op.f("ix_complaints_case_id"), "complaints", ["case_id"])
    op.create_table(
        "contributions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", Uid(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("consultation_id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("stance", sa.String(length=8), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("official", sa.Boolean(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("entered_by_id", sa.Integer(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("quote", Json, nullable=True),
        sa.Column("quote_start", sa.Integer(), nullable=True),
        sa.Column("supports", sa.Integer(), nullable=False),
        sa.Column("opposes", sa.Integer(), nullable=False),
        sa.Column("passes", sa.Integer(), nullable=False),
        sa.Column("divided", sa.Integer(), nullable=False),
        sa.Column("replies", sa.Integer(), nullable=False),
        sa.Column("answer_id", sa.Integer(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["answer_id"], ["contribution_answers.id"], name=op.f("fk_contributions_answer_id")),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name=op.f("fk_contributions_author_id")),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultations.id"], name=op.f("fk_contributions_consultation_id")
        ),
        sa.ForeignKeyConstraint(["entered_by_id"], ["accounts.id"], name=op.f("fk_contributions_entered_by_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_contributions_municipality_id")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["contributions.id"], name=op.f("fk_contributions_parent_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_contributions_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contributions")),
        sa.UniqueConstraint("uid", name=op.f("uq_contributions_uid")),
    )
    op.create_index(op.f("ix_contributions_answer_id"), "contributions", ["answer_id"])
    op.create_index("ix_contributions_author_id_id", "contributions", ["author_id", "id"])
    op.create_index("ix_contributions_consultation_id_id", "contributions", ["consultation_id", "id"])
    op.create_index(
        "ix_contributions_divided",
        "contributions",
        ["thread_id", "divided", "id"],
        postgresql_where=TOP,
        sqlite_where=TOP,
    )
    op.create_index(
        "ix_contributions_due",
        "contributions",
        ["consultation_id", "id"],
        postgresql_where=DUE,
        sqlite_where=DUE_ON_SQLITE,
    )
    op.create_index(op.f("ix_contributions_entered_by_id"), "contributions", ["entered_by_id"])
    op.create_index(
        "ix_contributions_newest", "contributions", ["thread_id", "id"], postgresql_where=TOP, sqlite_where=TOP
    )
    op.create_index("ix_contributions_parent_id_id", "contributions", ["parent_id", "id"])
    op.create_index(
        "ix_contributions_supported",
        "contributions",
        ["thread_id", "supports", "id"],
        postgresql_where=TOP,
        sqlite_where=TOP,
    )
    op.create_index(
        "ix_contributions_unanswered",
        "contributions",
        ["thread_id", "id"],
        postgresql_where=DUE,
        sqlite_where=DUE_ON_SQLITE,
    )
    op.create_table(
        "thread_texts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_thread_texts_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread_texts")),
        sa.UniqueConstraint("thread_id", "revision", name=op.f("uq_thread_texts_thread_id_revision")),
    )
    op.create_table(
        "answers_given",
        sa.Column("answer_id", sa.Integer(), nullable=False),
        sa.Column("contribution_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["answer_id"], ["contribution_answers.id"], name=op.f("fk_answers_given_answer_id")),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contributions.id"], name=op.f("fk_answers_given_contribution_id")
        ),
        sa.PrimaryKeyConstraint("answer_id", "contribution_id", name=op.f("pk_answers_given")),
    )
    op.create_index(op.f("ix_answers_given_contribution_id"), "answers_given", ["contribution_id"])
    op.create_table(
        "contribution_votes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contribution_id", sa.Integer(), nullable=False),
        sa.Column("participant", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("vote", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_contribution_votes_account_id")),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contributions.id"], name=op.f("fk_contribution_votes_contribution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contribution_votes")),
        sa.UniqueConstraint(
            "contribution_id", "account_id", name=op.f("uq_contribution_votes_contribution_id_account_id")
        ),
        sa.UniqueConstraint(
            "contribution_id", "participant", name=op.f("uq_contribution_votes_contribution_id_participant")
        ),
    )
    op.create_index(op.f("ix_contribution_votes_account_id"), "contribution_votes", ["account_id"])


def downgrade() -> None:
    op.drop_table("contribution_votes")
    op.drop_table("answers_given")
    op.drop_table("thread_texts")
    op.drop_table("contributions")
    op.drop_table("complaints")
    op.drop_table("threads")
    op.drop_table("moderation_cases")
    op.drop_table("contribution_answers")
    op.drop_table("house_rules")

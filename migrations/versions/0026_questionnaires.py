"""Questionnaires for everyone or for named bodies

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant, Json, Uid

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

UNCOUNTED = sa.text("counted_at IS NULL AND digest IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "questionnaires",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", Uid(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("consultation_id", sa.Integer(), nullable=False),
        sa.Column("audience", sa.String(length=16), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", Json, nullable=False),
        sa.Column("text", Json, nullable=False),
        sa.Column("sections", Json, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("results", Json, nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("counted_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultations.id"], name=op.f("fk_questionnaires_consultation_id")
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_questionnaires_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questionnaires")),
        sa.UniqueConstraint("uid", name=op.f("uq_questionnaires_uid")),
    )
    op.create_index(
        "ix_questionnaires_uncounted", "questionnaires", ["id"], postgresql_where=UNCOUNTED, sqlite_where=UNCOUNTED
    )
    op.create_index("ix_questionnaires_consultation_id_id", "questionnaires", ["consultation_id", "id"])
    op.create_table(
        "questionnaire_bodies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", Uid(), nullable=False),
        sa.Column("questionnaire_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("plan", sa.String(length=200), nullable=True),
        sa.Column("plan_body", sa.String(length=200), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("issue", sa.Integer(), nullable=False),
        sa.Column("code_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("answered_issue", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["questionnaire_id"], ["questionnaires.id"], name=op.f("fk_questionnaire_bodies_questionnaire_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questionnaire_bodies")),
        sa.UniqueConstraint("questionnaire_id", "name", name=op.f("uq_questionnaire_bodies_questionnaire_id_name")),
        sa.UniqueConstraint(
            "questionnaire_id", "code_digest", name=op.f("uq_questionnaire_bodies_questionnaire_id_code_digest")
        ),
        sa.UniqueConstraint("uid", name=op.f("uq_questionnaire_bodies_uid")),
    )
    op.create_table(
        "questionnaire_responses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", Uid(), nullable=False),
        sa.Column("questionnaire_id", sa.Integer(), nullable=False),
        sa.Column("respondent", sa.LargeBinary(length=32), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("answers", Json, nullable=False),
        sa.Column("entered_by_id", sa.Integer(), nullable=True),
        sa.Column("second_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_questionnaire_responses_account_id")),
        sa.ForeignKeyConstraint(
            ["body_id"], ["questionnaire_bodies.id"], name=op.f("fk_questionnaire_responses_body_id")
        ),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["accounts.id"], name=op.f("fk_questionnaire_responses_entered_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["questionnaire_id"], ["questionnaires.id"], name=op.f("fk_questionnaire_responses_questionnaire_id")
        ),
        sa.ForeignKeyConstraint(
            ["second_by_id"], ["accounts.id"], name=op.f("fk_questionnaire_responses_second_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questionnaire_responses")),
        sa.UniqueConstraint(
            "questionnaire_id", "respondent", name=op.f("uq_questionnaire_responses_questionnaire_id_respondent")
        ),
        sa.UniqueConstraint("uid", name=op.f("uq_questionnaire_responses_uid")),
    )
    for column in ("account_id", "body_id", "entered_by_id", "second_by_id"):
        op.create_index(op.f(f"ix_questionnaire_responses_{column}"), "questionnaire_responses", [column])
    op.create_table(
        "open_answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", Uid(), nullable=False),
        sa.Column("questionnaire_id", sa.Integer(), nullable=False),
        sa.Column("response_id", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["questionnaire_id"], ["questionnaires.id"], name=op.f("fk_open_answers_questionnaire_id")
        ),
        sa.ForeignKeyConstraint(
            ["response_id"], ["questionnaire_responses.id"], name=op.f("fk_open_answers_response_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open_answers")),
        sa.UniqueConstraint("response_id", "question", name=op.f("uq_open_answers_response_id_question")),
        sa.UniqueConstraint("uid", name=op.f("uq_open_answers_uid")),
    )
    op.create_index("ix_open_answers_questionnaire_id_uid", "open_answers", ["questionnaire_id", "uid"])


def downgrade() -> None:
    for table in ("open_answers", "questionnaire_responses", "questionnaire_bodies", "questionnaires"):
        op.drop_table(table)

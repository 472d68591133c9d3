"""What finds similar contributions, whose duty each is and until when, votes of new accounts, who decided a case

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

MANY = sa.text("newcomers >= 10")


def upgrade() -> None:
    op.create_table(
        "moderation_deciders",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_moderation_deciders_account_id")),
        sa.ForeignKeyConstraint(["case_id"], ["moderation_cases.id"], name=op.f("fk_moderation_deciders_case_id")),
        sa.PrimaryKeyConstraint("case_id", "account_id", name=op.f("pk_moderation_deciders")),
    )
    op.create_index(op.f("ix_moderation_deciders_account_id"), "moderation_deciders", ["account_id"])
    op.execute(
        "INSERT INTO moderation_deciders (case_id, account_id)"
        " SELECT id, decided_by_id FROM moderation_cases WHERE decided_by_id IS NOT NULL"
        " UNION SELECT cases.id, accounts.id FROM audit_entries"
        " JOIN moderation_cases AS cases"
        " ON replace(CAST(cases.uid AS VARCHAR(36)), '-', '') = replace(audit_entries.subject, '-', '')"
        " JOIN accounts ON accounts.uid = audit_entries.actor"
        " WHERE audit_entries.subject_kind = 'moderation_case'"
        " AND audit_entries.action IN ('text_hidden', 'text_shown')"
    )
    op.create_table(
        "contribution_marks",
        sa.Column("consultation_id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.Column("contribution_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultations.id"], name=op.f("fk_contribution_marks_consultation_id")
        ),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contributions.id"], name=op.f("fk_contribution_marks_contribution_id")
        ),
        sa.PrimaryKeyConstraint("consultation_id", "mark", "contribution_id", name=op.f("pk_contribution_marks")),
    )
    op.create_index(op.f("ix_contribution_marks_contribution_id"), "contribution_marks", ["contribution_id"])
    op.create_table(
        "contribution_duties",
        sa.Column("contribution_id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contributions.id"], name=op.f("fk_contribution_duties_contribution_id")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_contribution_duties_department_id")
        ),
        sa.PrimaryKeyConstraint("contribution_id", name=op.f("pk_contribution_duties")),
    )
    op.create_index(
        "ix_contribution_duties_department_id_contribution_id",
        "contribution_duties",
        ["department_id", "contribution_id"],
    )
    op.create_table(
        "answer_promises",
        sa.Column("consultation_id", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultations.id"], name=op.f("fk_answer_promises_consultation_id")
        ),
        sa.PrimaryKeyConstraint("consultation_id", name=op.f("pk_answer_promises")),
    )
    for table, column in (("contribution_votes", "newcomer"), ("complaints", "newcomer")):
        op.add_column(table, sa.Column(column, sa.Boolean(), nullable=False, server_default=sa.false()))
    for table in ("contributions", "moderation_cases"):
        op.add_column(table, sa.Column("newcomers", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(
        "ix_contributions_newcomers",
        "contributions",
        ["consultation_id", "id"],
        postgresql_where=MANY,
        sqlite_where=MANY,
    )


def downgrade() -> None:
    op.drop_index("ix_contributions_newcomers", "contributions")
    for table in ("moderation_cases", "contributions"):
        op.drop_column(table, "newcomers")
    for table in ("complaints", "contribution_votes"):
        op.drop_column(table, "newcomer")
    for table in ("answer_promises", "contribution_duties", "contribution_marks", "moderation_deciders"):
        op.drop_table(table)

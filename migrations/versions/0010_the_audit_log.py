"""The audit log: entries that nobody can edit, and their personal part, which can be deleted

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant, Json

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEPT = (
    "id",
    "uid",
    "municipality_id",
    "at",
    "action",
    "actor_kind",
    "actor",
    "subject_kind",
    "subject",
    "facts",
    "details_digest",
)

SQLITE = (
    """
    CREATE TRIGGER audit_entries_are_kept BEFORE DELETE ON audit_entries
    BEGIN SELECT RAISE(ABORT, 'entries of the audit log are never deleted'); END
    """,
    f"""
    CREATE TRIGGER audit_entries_are_final BEFORE UPDATE ON audit_entries
    WHEN OLD.place IS NOT NULL OR NEW.place IS NULL OR NEW.chain IS NULL
      OR {" OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in KEPT)}
    BEGIN SELECT RAISE(ABORT, 'entries of the audit log are never changed'); END
    """,
    """
    CREATE TRIGGER audit_details_are_final BEFORE UPDATE ON audit_details
    BEGIN SELECT RAISE(ABORT, 'details of the audit log are deleted or kept, never changed'); END
    """,
)

POSTGRESQL = (
    f"""
    CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_TABLE_NAME = 'audit_entries' AND TG_OP = 'UPDATE' THEN
        IF OLD.place IS NULL AND NEW.place IS NOT NULL AND NEW.chain IS NOT NULL
          AND ({", ".join(f"NEW.{name}" for name in KEPT)}) IS NOT DISTINCT FROM ({", ".join(f"OLD.{name}" for name in KEPT)})
        THEN RETURN NEW; END IF;
      END IF;
      RAISE EXCEPTION 'entries of the audit log are never changed or deleted';
    END $$
    """,
    """
    CREATE TRIGGER audit_entries_are_final BEFORE UPDATE OR DELETE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit()
    """,
    """
    CREATE TRIGGER audit_entries_are_kept BEFORE TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit()
    """,
    """
    CREATE TRIGGER audit_details_are_final BEFORE UPDATE ON audit_details
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit()
    """,
)


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.Uuid(), nullable=True),
        sa.Column("subject_kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=True),
        sa.Column("facts", Json, nullable=False),
        sa.Column("details_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("chain", sa.LargeBinary(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_audit_entries_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
        sa.UniqueConstraint("uid", name=op.f("uq_audit_entries_uid")),
        sa.UniqueConstraint("municipality_id", "place", name=op.f("uq_audit_entries_municipality_id_place")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_entries_municipality_id_id", "audit_entries", ["municipality_id", "id"])
    unsealed = sa.text("place IS NULL")
    op.create_index(
        "ix_audit_entries_open",
        "audit_entries",
        ["municipality_id", "id"],
        postgresql_where=unsealed,
        sqlite_where=unsealed,
    )
    op.create_table(
        "audit_details",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("resident", sa.Uuid(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entries.id"], name=op.f("fk_audit_details_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_details")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_details_entry_id")),
    )
    op.create_index(op.f("ix_audit_details_resident"), "audit_details", ["resident"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("audit_details")
    op.drop_table("audit_entries")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change_of_audit()")

"""Plans: versions that the database keeps as they were frozen, elements, what is recorded, progress

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant, Json

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

FIXED = (
    "id",
    "plan_id",
    "number",
    "label",
    "content_hash",
    "heading",
    "based_on_id",
    "reason",
    "created_at",
    "frozen_at",
)
SAID = {
    "plan_revisions": "version_id, element_id, parent_id, ordinal, detail, revision_hash",
    "plan_changes": "version_id, element_id, kind, others, reason, at",
    "plan_progress_reports": "plan_id, key, position, detail, approved_at",
}
"""What is never changed; who did it can be forgotten."""
STEPS = "(OLD.state, NEW.state) IN (('frozen', 'frozen'), ('frozen', 'published'), ('published', 'published'), ('published', 'superseded'))"
FROZEN = "'a frozen version of a plan is never changed'"
APPROVED = "'an approved report on progress is never changed'"


def updating(act, table):
    return f"UPDATE OF {SAID[table]}" if act == "UPDATE" else act


def guards_on_sqlite():
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in FIXED)
    yield f"""
        CREATE TRIGGER plan_versions_are_final BEFORE UPDATE ON plan_versions
        WHEN OLD.state <> 'working' AND ({changed} OR NOT {STEPS})
          OR OLD.state = 'working' AND NEW.state NOT IN ('working', 'frozen')
        BEGIN SELECT RAISE(ABORT, {FROZEN}); END
        """
    yield f"""
        CREATE TRIGGER plan_versions_are_kept BEFORE DELETE ON plan_versions
        WHEN OLD.state <> 'working' BEGIN SELECT RAISE(ABORT, {FROZEN}); END
        """
    for table in ("plan_revisions", "plan_changes"):
        for act, rows in (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",))):
            open_ = " OR ".join(
                f"(SELECT state FROM plan_versions WHERE id = {row}.version_id) <> 'working'" for row in rows
            )
            yield f"""
                CREATE TRIGGER {table}_are_final_{act.lower()} BEFORE {updating(act, table)} ON {table}
                WHEN {open_} BEGIN SELECT RAISE(ABORT, {FROZEN}); END
                """
    yield """
        CREATE TRIGGER plan_elements_are_final BEFORE UPDATE ON plan_elements
        BEGIN SELECT RAISE(ABORT, 'an element of a plan keeps its names'); END
        """
    for act in ("UPDATE", "DELETE"):
        yield f"""
            CREATE TRIGGER plan_progress_reports_are_final_{act.lower()} BEFORE {updating(act, "plan_progress_reports")} ON plan_progress_reports
            WHEN OLD.approved_at IS NOT NULL BEGIN SELECT RAISE(ABORT, {APPROVED}); END
            """
    for act, rows in (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",))):
        open_ = " OR ".join(
            f"(SELECT approved_at FROM plan_progress_reports WHERE id = {row}.report_id) IS NOT NULL" for row in rows
        )
        yield f"""
            CREATE TRIGGER plan_progress_entries_are_final_{act.lower()} BEFORE {act} ON plan_progress_entries
            WHEN {open_} BEGIN SELECT RAISE(ABORT, {APPROVED}); END
            """


def guards_on_postgresql():
    kept = ", ".join(f"NEW.{name}" for name in FIXED), ", ".join(f"OLD.{name}" for name in FIXED)
    yield f"""
        CREATE FUNCTION refuse_change_of_plan_version() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'DELETE' THEN
            IF OLD.state = 'working' THEN RETURN OLD; END IF;
          ELSIF OLD.state = 'working' THEN
            IF NEW.state IN ('working', 'frozen') THEN RETURN NEW; END IF;
          ELSIF ({kept[0]}) IS NOT DISTINCT FROM ({kept[1]}) AND {STEPS} THEN RETURN NEW;
          END IF;
          RAISE EXCEPTION {FROZEN};
        END $$
        """
    yield """
        CREATE TRIGGER plan_versions_are_final BEFORE UPDATE OR DELETE ON plan_versions
        FOR EACH ROW EXECUTE FUNCTION refuse_change_of_plan_version()
        """
    yield from of_rows("refuse_change_of_plan_content", "plan_versions", "version_id", "state <> 'working'", FROZEN)
    for table in ("plan_revisions", "plan_changes"):
        yield of_table(table, "refuse_change_of_plan_content")
    yield """
        CREATE FUNCTION refuse_change_of_plan_element() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'an element of a plan keeps its names'; END $$
        """
    yield """
        CREATE TRIGGER plan_elements_are_final BEFORE UPDATE ON plan_elements
        FOR EACH ROW EXECUTE FUNCTION refuse_change_of_plan_element()
        """
    yield f"""
        CREATE FUNCTION refuse_change_of_progress() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF OLD.approved_at IS NOT NULL THEN RAISE EXCEPTION {APPROVED}; END IF;
          IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
          RETURN NEW;
        END $$
        """
    yield f"""
        CREATE TRIGGER plan_progress_reports_are_final BEFORE UPDATE OF {SAID["plan_progress_reports"]} OR DELETE
        ON plan_progress_reports
        FOR EACH ROW EXECUTE FUNCTION refuse_change_of_progress()
        """
    yield from of_rows(
        "refuse_change_of_progress_entry", "plan_progress_reports", "report_id", "approved_at IS NOT NULL", APPROVED
    )
    yield of_table("plan_progress_entries", "refuse_change_of_progress_entry")


def of_rows(function, owners, column, closed, message):
    yield f"""
        CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP <> 'INSERT' AND EXISTS (SELECT 1 FROM {owners} WHERE id = OLD.{column} AND {closed})
          THEN RAISE EXCEPTION {message}; END IF;
          IF TG_OP <> 'DELETE' AND EXISTS (SELECT 1 FROM {owners} WHERE id = NEW.{column} AND {closed})
          THEN RAISE EXCEPTION {message}; END IF;
          IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
          RETURN NEW;
        END $$
        """


def of_table(table, function):
    update = f"UPDATE OF {SAID[table]}" if table in SAID else "UPDATE"
    return f"""
        CREATE TRIGGER {table}_are_final BEFORE INSERT OR {update} OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION {function}()
        """


def upgrade() -> None:
    op.create_table(
        "plans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("title", Json, nullable=False),
        sa.Column("published_version_id", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipalities.id"], name=op.f("fk_plans_municipality_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
        sa.UniqueConstraint("uid", name=op.f("uq_plans_uid")),
        sa.UniqueConstraint("municipality_id", "key", name=op.f("uq_plans_municipality_id_key")),
    )
    op.create_table(
        "plan_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=True),
        sa.Column("heading", Json, nullable=False),
        sa.Column("based_on_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("frozen_at", Instant(), nullable=True),
        sa.Column("published_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_versions_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_versions")),
        sa.UniqueConstraint("plan_id", "number", name=op.f("uq_plan_versions_plan_id_number")),
        sa.UniqueConstraint("plan_id", "content_hash", name=op.f("uq_plan_versions_plan_id_content_hash")),
    )
    op.create_table(
        "plan_elements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_elements_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_elements")),
        sa.UniqueConstraint("uid", name=op.f("uq_plan_elements_uid")),
        sa.UniqueConstraint("plan_id", "key", name=op.f("uq_plan_elements_plan_id_key")),
    )
    op.create_table(
        "plan_revisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("element_id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.Column("revision_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["plan_versions.id"], name=op.f("fk_plan_revisions_version_id")),
        sa.ForeignKeyConstraint(["element_id"], ["plan_elements.id"], name=op.f("fk_plan_revisions_element_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["plan_elements.id"], name=op.f("fk_plan_revisions_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_revisions")),
        sa.UniqueConstraint("version_id", "element_id", name=op.f("uq_plan_revisions_version_id_element_id")),
    )
    op.create_index("ix_plan_revisions_element_id", "plan_revisions", ["element_id"])
    op.create_table(
        "plan_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("element_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("others", Json, nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["plan_versions.id"], name=op.f("fk_plan_changes_version_id")),
        sa.ForeignKeyConstraint(["element_id"], ["plan_elements.id"], name=op.f("fk_plan_changes_element_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_changes")),
    )
    op.create_index("ix_plan_changes_version_id", "plan_changes", ["version_id"])
    op.create_table(
        "plan_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_entries_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_entries")),
        sa.UniqueConstraint("plan_id", "kind", "key", name=op.f("uq_plan_entries_plan_id_kind_key")),
    )
    op.create_table(
        "plan_progress_reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.Column("approved_at", Instant(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_progress_reports_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_progress_reports")),
        sa.UniqueConstraint("plan_id", "key", name=op.f("uq_plan_progress_reports_plan_id_key")),
    )
    op.create_table(
        "plan_progress_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("element_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["plan_progress_reports.id"], name=op.f("fk_plan_progress_entries_report_id")
        ),
        sa.ForeignKeyConstraint(["element_id"], ["plan_elements.id"], name=op.f("fk_plan_progress_entries_element_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_progress_entries")),
        sa.UniqueConstraint("report_id", "element_id", name=op.f("uq_plan_progress_entries_report_id_element_id")),
    )
    op.create_index("ix_plan_progress_entries_element_id", "plan_progress_entries", ["element_id"])
    op.create_table(
        "plan_evidence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("element_id", sa.Integer(), nullable=False),
        sa.Column("categories", Json, nullable=False),
        sa.Column("area", Json, nullable=False),
        sa.Column("metres", sa.Integer(), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["element_id"], ["plan_elements.id"], name=op.f("fk_plan_evidence_element_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_evidence")),
        sa.UniqueConstraint("element_id", name=op.f("uq_plan_evidence_element_id")),
    )
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in guards_on_sqlite() if on_sqlite else guards_on_postgresql():
        op.execute(statement)


def downgrade() -> None:
    for table in (
        "plan_evidence",
        "plan_progress_entries",
        "plan_progress_reports",
        "plan_entries",
        "plan_changes",
        "plan_revisions",
        "plan_elements",
        "plan_versions",
        "plans",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for name in ("plan_version", "plan_content", "plan_element", "progress", "progress_entry"):
            op.execute(f"DROP FUNCTION refuse_change_of_{name}()")

"""What a draft brings to the record waits with it; frozen rows cannot be replaced or truncated; a version comes back

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Json

revision = "0021"
down_revision = "0020"
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
STEPS_BEFORE = "(OLD.state, NEW.state) IN (('frozen', 'frozen'), ('frozen', 'published'), ('published', 'published'), ('published', 'superseded'))"
STEPS = "(OLD.state, NEW.state) IN (('frozen', 'frozen'), ('frozen', 'published'), ('published', 'published'), ('published', 'superseded'), ('superseded', 'superseded'), ('superseded', 'published'))"
ONCE = "(OLD.published_at IS NULL OR NEW.published_at = OLD.published_at)"
FROZEN = "'a frozen version of a plan is never changed'"
APPROVED = "'an approved report on progress is never changed'"
NAMES = "'an element of a plan keeps its names'"
VERSION = (
    "id <> OLD.id AND state <> 'working' AND (id = NEW.id"
    " OR plan_id = NEW.plan_id AND (number = NEW.number OR content_hash = NEW.content_hash))"
)
REPORT = "id <> OLD.id AND approved_at IS NOT NULL AND (id = NEW.id OR plan_id = NEW.plan_id AND key = NEW.key)"
OF_VERSION = "id = NEW.id AND id <> OLD.id AND (SELECT state FROM plan_versions WHERE id = version_id) <> 'working'"
OF_REPORT = (
    "id = NEW.id AND id <> OLD.id AND (SELECT approved_at FROM plan_progress_reports WHERE id = report_id) IS NOT NULL"
)
REPLACED = {
    "plan_versions": (VERSION, "id, plan_id, number, content_hash", FROZEN),
    "plan_revisions": (OF_VERSION, "id", FROZEN),
    "plan_changes": (OF_VERSION, "id", FROZEN),
    "plan_progress_reports": (REPORT, "id, plan_id, key", APPROVED),
    "plan_progress_entries": (OF_REPORT, "id", APPROVED),
    "plan_elements": ("id = NEW.id OR uid = NEW.uid OR plan_id = NEW.plan_id AND key = NEW.key", None, NAMES),
}
"""Table → which rows of it stay when another one with their id or unique key is written in their place (SQLite)."""


def version_guard_on_sqlite(steps, once):
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in FIXED)
    yield "DROP TRIGGER plan_versions_are_final"
    yield f"""
        CREATE TRIGGER plan_versions_are_final BEFORE UPDATE ON plan_versions
        WHEN OLD.state <> 'working' AND ({changed} OR NOT {steps} OR NOT {once})
          OR OLD.state = 'working' AND NEW.state NOT IN ('working', 'frozen')
        BEGIN SELECT RAISE(ABORT, {FROZEN}); END
        """


def version_guard_on_postgresql(steps, once):
    kept = ", ".join(f"NEW.{name}" for name in FIXED), ", ".join(f"OLD.{name}" for name in FIXED)
    yield f"""
        CREATE OR REPLACE FUNCTION refuse_change_of_plan_version() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'DELETE' THEN
            IF OLD.state = 'working' THEN RETURN OLD; END IF;
          ELSIF OLD.state = 'working' THEN
            IF NEW.state IN ('working', 'frozen') THEN RETURN NEW; END IF;
          ELSIF ({kept[0]}) IS NOT DISTINCT FROM ({kept[1]}) AND {steps} AND {once} THEN RETURN NEW;
          END IF;
          RAISE EXCEPTION {FROZEN};
        END $$
        """


def nothing_is_replaced():
    """SQLite deletes what REPLACE replaces without asking the triggers that guard against deleting."""
    for table, (rows, columns, message) in REPLACED.items():
        inserted = rows.replace("id <> OLD.id AND ", "").replace(" AND id <> OLD.id", "")
        yield f"""
            CREATE TRIGGER {table}_are_not_replaced BEFORE INSERT ON {table}
            WHEN EXISTS (SELECT 1 FROM {table} WHERE {inserted}) BEGIN SELECT RAISE(ABORT, {message}); END
            """
        if columns is not None:
            yield f"""
                CREATE TRIGGER {table}_are_not_displaced BEFORE UPDATE OF {columns} ON {table}
                WHEN EXISTS (SELECT 1 FROM {table} WHERE {rows}) BEGIN SELECT RAISE(ABORT, {message}); END
                """


def nothing_is_truncated():
    yield """
        CREATE FUNCTION refuse_truncation_of_plans() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'what was frozen or approved of plans is never changed'; END $$
        """
    for table in REPLACED:
        yield f"""
            CREATE TRIGGER {table}_are_not_truncated BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncation_of_plans()
            """


def execute(*parts):
    for statements in parts:
        for statement in statements:
            op.execute(statement)


def upgrade() -> None:
    op.add_column("plan_versions", sa.Column("brings", Json, nullable=False, server_default=sa.text("'{}'")))
    if op.get_bind().dialect.name == "sqlite":
        execute(version_guard_on_sqlite(STEPS, ONCE), nothing_is_replaced())
    else:
        execute(version_guard_on_postgresql(STEPS, ONCE), nothing_is_truncated())


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        execute(version_guard_on_sqlite(STEPS_BEFORE, "1"))
        for table, (_, columns, _) in REPLACED.items():
            execute([f"DROP TRIGGER {table}_are_not_replaced"])
            execute([f"DROP TRIGGER {table}_are_not_displaced"] if columns is not None else [])
    else:
        execute(version_guard_on_postgresql(STEPS_BEFORE, "true"))
        execute(f"DROP TRIGGER {table}_are_not_truncated ON {table}" for table in REPLACED)
        execute(["DROP FUNCTION refuse_truncation_of_plans()"])
    op.drop_column("plan_versions", "brings")

"""Whom a delivery is for

What is not sent yet to an address of a person was owed to the reporter of the report that its event tells of.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

deliveries = sa.table(
    "deliveries", sa.column("event_id"), sa.column("target_id"), sa.column("person_id"), sa.column("state")
)
targets = sa.table("targets", sa.column("id"), sa.column("kind"))
events = sa.table("events", sa.column("id"), sa.column("kind"), sa.column("payload", sa.JSON()))
reports = sa.table("reports", sa.column("id"), sa.column("reporter_id"))


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("person_id", sa.Integer(), nullable=True))
    reporter = (
        sa.select(reports.c.reporter_id)
        .join_from(reports, events, reports.c.id == events.c.payload["report_id"].as_integer())
        .where(events.c.id == deliveries.c.event_id, events.c.kind == "report_changed")
        .correlate(deliveries)
        .scalar_subquery()
    )
    addresses = sa.select(targets.c.id).where(targets.c.kind == "address")
    op.execute(
        deliveries.update()
        .where(deliveries.c.state.in_(("pending", "sending")), deliveries.c.target_id.in_(addresses))
        .values(person_id=reporter)
    )


def downgrade() -> None:
    op.drop_column("deliveries", "person_id")

"""Documents beside photos, quiet hours asked again, editions that were cancelled, when readers saw an article first

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "attachments", sa.Column("media_type", sa.String(length=80), nullable=False, server_default="image/jpeg")
    )
    with op.batch_alter_table("attachments") as table:
        table.alter_column("width", existing_type=sa.Integer(), nullable=True)
        table.alter_column("height", existing_type=sa.Integer(), nullable=True)
    op.add_column("deliveries", sa.Column("considerate", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("notice_editions", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("articles", sa.Column("seen_first_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE articles SET seen_first_at = published_at")


def downgrade() -> None:
    op.drop_column("articles", "seen_first_at")
    op.drop_column("notice_editions", "cancelled_at")
    op.drop_column("deliveries", "considerate")
    op.execute("DELETE FROM attachments WHERE media_type <> 'image/jpeg'")
    with op.batch_alter_table("attachments") as table:
        table.alter_column("width", existing_type=sa.Integer(), nullable=False)
        table.alter_column("height", existing_type=sa.Integer(), nullable=False)
        table.drop_column("media_type")

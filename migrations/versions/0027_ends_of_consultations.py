"""With which phase a consultation is over, the program that checks it, and when heads were signed

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consultations", sa.Column("ends_with", sa.String(length=16), nullable=False, server_default="vote"))
    op.add_column("consultations", sa.Column("verifier", sa.String(), nullable=True))
    op.add_column("consultation_heads", sa.Column("signed_at", Instant(), nullable=True))
    op.execute(
        "UPDATE consultation_heads SET signed_at = (SELECT created_at FROM consultations"
        " WHERE consultations.id = consultation_heads.consultation_id)"
    )
    with op.batch_alter_table("consultation_heads") as heads:
        heads.alter_column("signed_at", existing_type=Instant(), nullable=False)
    with op.batch_alter_table("consultations") as consultations:
        consultations.alter_column("ends_with", existing_type=sa.String(length=16), server_default=None)
    op.create_index("ix_consultation_heads_signed_at", "consultation_heads", ["signed_at"])


def downgrade() -> None:
    op.drop_index("ix_consultation_heads_signed_at", "consultation_heads")
    op.drop_column("consultation_heads", "signed_at")
    op.drop_column("consultations", "verifier")
    op.drop_column("consultations", "ends_with")

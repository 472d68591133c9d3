"""Everybody who has written a notice since it last went out

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Json

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notices", sa.Column("writers", Json, nullable=True))


def downgrade() -> None:
    op.drop_column("notices", "writers")

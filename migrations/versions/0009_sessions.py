"""Sessions, with access tokens and refresh tokens; phones that were removed; confirmed contacts

Who is signed in signs in again: a phone does so by itself, with its secret.

Revision ID: 0009
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from service.db.types import Instant, Uid

revision = "0009"
down_revision = "0004"
branch_labels = None
depends_on = None


accounts = sa.table("accounts", sa.column("kind"), sa.column("email"), sa.column("email_target_id"))
RESIDENT = sa.text("kind = 'resident'")
MAIL = sa.text("channel = 'email'")


def upgrade() -> None:
    sessions_in_place_of_tokens()
    confirmed_contacts()


def downgrade() -> None:
    contacts_as_they_were()
    tokens_as_they_were()


def confirmed_contacts() -> None:
    """What residents said before is nowhere confirmed: it is forgotten."""
    op.add_column("accounts", sa.Column("phone", sa.String(), nullable=True))
    op.execute(accounts.update().where(accounts.c.kind == "resident").values(email=None, email_target_id=None))
    op.create_index(
        "uq_accounts_resident_email",
        "accounts",
        ["municipality_id", "email"],
        unique=True,
        postgresql_where=RESIDENT,
        sqlite_where=RESIDENT,
    )
    op.create_index("uq_accounts_phone", "accounts", ["municipality_id", "phone"], unique=True)
    op.drop_index("ix_deliveries_mail_target_id", "deliveries")
    op.add_column("deliveries", sa.Column("fleeting", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "contact_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", Uid(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipalities.id"], name=op.f("fk_contact_codes_municipality_id")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_contact_codes_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_codes")),
        sa.UniqueConstraint("uid", name=op.f("uq_contact_codes_uid")),
    )
    op.create_index("ix_contact_codes_address", "contact_codes", ["municipality_id", "channel", "address"])
    op.create_index(op.f("ix_contact_codes_account_id"), "contact_codes", ["account_id"])
    op.create_index(op.f("ix_contact_codes_expires_at"), "contact_codes", ["expires_at"])
    op.create_table(
        "phone_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_phone_codes_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_codes")),
        sa.UniqueConstraint("account_id", name=op.f("uq_phone_codes_account_id")),
        sa.UniqueConstraint("digest", name=op.f("uq_phone_codes_digest")),
    )
    op.create_index(op.f("ix_phone_codes_expires_at"), "phone_codes", ["expires_at"])


def contacts_as_they_were() -> None:
    op.drop_table("phone_codes")
    op.drop_table("contact_codes")
    op.drop_column("deliveries", "fleeting")
    op.create_index(
        "ix_deliveries_mail_target_id",
        "deliveries",
        ["target_id", "created_at"],
        postgresql_where=MAIL,
        sqlite_where=MAIL,
    )
    op.drop_index("uq_accounts_resident_email", "accounts")
    op.drop_index("uq_accounts_phone", "accounts")
    op.drop_column("accounts", "phone")


def sessions_in_place_of_tokens() -> None:
    op.add_column("devices", sa.Column("removed_at", Instant(), nullable=True))
    op.drop_table("access_tokens")
    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", Uid(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=True),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("renewed_with", sa.Integer(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sessions_account_id")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_sessions_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("uid", name=op.f("uq_sessions_uid")),
    )
    op.create_index(op.f("ix_sessions_account_id"), "sessions", ["account_id"])
    op.create_index(op.f("ix_sessions_device_id"), "sessions", ["device_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    create_tokens("access_tokens", sa.Column("expires_at", Instant(), nullable=False))
    op.create_index("ix_access_tokens_expires_at", "access_tokens", ["expires_at"])
    create_tokens("refresh_tokens", sa.Column("given_for", sa.Integer(), nullable=True))


def create_tokens(table: str, column: sa.Column) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        column,
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f(f"fk_{table}_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("digest", name=op.f(f"uq_{table}_digest")),
    )
    op.create_index(op.f(f"ix_{table}_session_id"), table, ["session_id"])


def tokens_as_they_were() -> None:
    op.drop_table("refresh_tokens")
    op.drop_table("access_tokens")
    op.drop_table("sessions")
    op.drop_column("devices", "removed_at")
    op.create_table(
        "access_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_access_tokens_account_id")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_access_tokens_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_access_tokens_digest")),
    )
    op.create_index(op.f("ix_access_tokens_account_id"), "access_tokens", ["account_id"])
    op.create_index(op.f("ix_access_tokens_device_id"), "access_tokens", ["device_id"])
    op.create_index("ix_access_tokens_expires_at", "access_tokens", ["expires_at"])

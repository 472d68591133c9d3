"""Other ways to prove who one is: identity providers, identities, and who was shown to live here

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

from service.db.types import Instant, Json

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    identity_tables()
    residence_tables()


def downgrade() -> None:
    for table in (
        "letter_codes",
        "desk_codes",
        "verifications",
        "verified_residents",
        "followed_roles",
        "identities",
        "sign_in_attempts",
        "identity_providers",
    ):
        op.drop_table(table)


def key(table: str) -> list[SchemaItem]:
    return [sa.Column("id", sa.Integer(), nullable=False), sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))]


def pointer(table: str, column: str, to: str, nullable: bool = False) -> list[SchemaItem]:
    return [
        sa.Column(column, sa.Integer(), nullable=nullable),
        sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}")),
    ]


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def digest(column: str) -> sa.Column[bytes]:
    return sa.Column(column, sa.LargeBinary(length=32), nullable=False)


def identity_tables() -> None:
    op.create_table(
        "identity_providers",
        *key("identity_providers"),
        *pointer("identity_providers", "municipality_id", "municipalities"),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("audience", sa.String(length=10), nullable=False),
        sa.Column("name", Json, nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("sealed_secret", sa.String(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        unique("identity_providers", "municipality_id", "key"),
    )
    op.create_table(
        "sign_in_attempts",
        *key("sign_in_attempts"),
        *pointer("sign_in_attempts", "provider_id", "identity_providers"),
        digest("state_digest"),
        digest("ticket_digest"),
        *pointer("sign_in_attempts", "account_id", "accounts", nullable=True),
        *pointer("sign_in_attempts", "device_id", "devices", nullable=True),
        sa.Column("redirect", sa.String(length=400), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        unique("sign_in_attempts", "state_digest"),
    )
    for column in ("provider_id", "account_id", "device_id", "expires_at"):
        op.create_index(op.f(f"ix_sign_in_attempts_{column}"), "sign_in_attempts", [column])
    op.create_table(
        "identities",
        *key("identities"),
        *pointer("identities", "provider_id", "identity_providers"),
        *pointer("identities", "account_id", "accounts"),
        digest("subject_pseudonym"),
        sa.Column("linked_at", Instant(), nullable=False),
        unique("identities", "provider_id", "subject_pseudonym"),
        unique("identities", "provider_id", "account_id"),
    )
    op.create_index(op.f("ix_identities_account_id"), "identities", ["account_id"])
    op.create_table(
        "followed_roles",
        *key("followed_roles"),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name=op.f("fk_followed_roles_role_id"), ondelete="CASCADE"),
        *pointer("followed_roles", "provider_id", "identity_providers"),
        unique("followed_roles", "role_id"),
    )
    op.create_index(op.f("ix_followed_roles_provider_id"), "followed_roles", ["provider_id"])


def residence_tables() -> None:
    op.create_table(
        "verified_residents",
        *key("verified_residents"),
        sa.Column("uid", sa.Uuid(), nullable=False),
        *pointer("verified_residents", "municipality_id", "municipalities"),
        *pointer("verified_residents", "account_id", "accounts"),
        digest("person_pseudonym"),
        unique("verified_residents", "uid"),
        unique("verified_residents", "account_id"),
        unique("verified_residents", "municipality_id", "person_pseudonym"),
    )
    op.create_table(
        "verifications",
        *key("verifications"),
        *pointer("verifications", "resident_id", "verified_residents"),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=True),
        unique("verifications", "resident_id", "method"),
    )
    op.create_table(
        "desk_codes",
        *key("desk_codes"),
        *pointer("desk_codes", "municipality_id", "municipalities"),
        *pointer("desk_codes", "account_id", "accounts"),
        digest("digest"),
        sa.Column("expires_at", Instant(), nullable=False),
        unique("desk_codes", "account_id"),
        unique("desk_codes", "municipality_id", "digest"),
    )
    op.create_table(
        "letter_codes",
        *key("letter_codes"),
        *pointer("letter_codes", "municipality_id", "municipalities"),
        digest("digest"),
        digest("person_pseudonym"),
        sa.Column("expires_at", Instant(), nullable=False),
        unique("letter_codes", "municipality_id", "digest"),
        unique("letter_codes", "municipality_id", "person_pseudonym"),
    )

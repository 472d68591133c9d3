"""Who somebody is: accounts of one municipality, their devices, passwords and roles.

An account belongs to one municipality: who uses the app in two has two, and neither can see the other.
"""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Uid
from service.municipalities.models import Department, Municipality


class Account(Base):
    """A resident or a member of staff.

    A resident's `email` and `phone` (E.164) were confirmed, and are nobody else's here.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        Index(
            "uq_accounts_staff_email",
            "municipality_id",
            "email",
            unique=True,
            postgresql_where=text("kind = 'staff'"),
            sqlite_where=text("kind = 'staff'"),
        ),
        Index(
            "uq_accounts_resident_email",
            "municipality_id",
            "email",
            unique=True,
            postgresql_where=text("kind = 'resident'"),
            sqlite_where=text("kind = 'resident'"),
        ),
        Index("uq_accounts_phone", "municipality_id", "phone", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id), index=True)
    kind: Mapped[str]
    name: Mapped[str | None]
    email: Mapped[str | None]
    email_target_id: Mapped[int | None] = mapped_column(index=True)
    phone: Mapped[str | None]
    language: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Instant)


class Device(Base):
    """A phone. `installation` is made by the app, `secret_digest` proves that it is the same app that comes back.

    `platform`, `app_version` and `seen_at` say whom a message reaches that is for some phones only. A phone that was
    removed keeps its row, so that nobody else takes its place, and a secret that nobody knows.
    """

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("municipality_id", "installation"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), index=True)
    installation: Mapped[uuid.UUID] = mapped_column(Uid)
    secret_digest: Mapped[bytes] = mapped_column(LargeBinary)
    platform: Mapped[str]
    app_version: Mapped[str]
    push_target_id: Mapped[int | None] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    removed_at: Mapped[datetime | None] = mapped_column(Instant)


class Password(Base):
    """The argon2id hash of a member of staff's password."""

    __tablename__ = "passwords"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), unique=True)
    hash: Mapped[str]


class RoleGiven(Base):
    """A role in the municipality of the account, or only in one department of it."""

    __tablename__ = "roles"
    __table_args__ = (UniqueConstraint("account_id", "role", "department_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), index=True)
    role: Mapped[str]
    department_id: Mapped[int | None] = mapped_column(ForeignKey(Department.id))

"""What there is of staff beside their account: invitations, authenticators, recovery codes."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Json, Uid
from service.municipalities.models import Municipality
from service.people.models import Account


class Invitation(Base):
    """Somebody is asked by e-mail to become staff. The row goes when they accept or it is withdrawn.

    `roles` are [role, department key or null] pairs. `sent` counts the letters: only the link of the last one is good.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        UniqueConstraint("municipality_id", "email"),
        Index("ix_invitations_expires_at", "expires_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    email: Mapped[str]
    name: Mapped[str]
    roles: Mapped[list[list[Any]]] = mapped_column(Json)
    sent: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class Authenticator(Base):
    """An app that makes the codes of the second step (TOTP, RFC 6238).

    `seed` and `pending` are sealed; `pending` becomes the seed when the first code made from it is shown, until
    `pending_until`. `used_step`
    is the newest time step whose code was used. `failures` counts wrong codes in a row.
    """

    __tablename__ = "authenticators"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), unique=True)
    seed: Mapped[str | None]
    pending: Mapped[str | None]
    pending_until: Mapped[datetime | None] = mapped_column(Instant)
    used_step: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    failed_at: Mapped[datetime | None] = mapped_column(Instant)


class RecoveryCode(Base):
    """A code for who has lost the authenticator; the row goes when it is used. Only a keyed digest is kept."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("account_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id))
    digest: Mapped[bytes] = mapped_column(LargeBinary)

"""Other ways to prove who one is: providers, attempts that are under way, and whose identity belongs to whom."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Json
from service.municipalities.models import Municipality
from service.people.models import Account, Device, RoleGiven


class IdentityProvider(Base):
    """A provider that a municipality trusts, for residents or for staff. `settings`: see `providers.Provider`."""

    __tablename__ = "identity_providers"
    __table_args__ = (UniqueConstraint("municipality_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    key: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    audience: Mapped[str] = mapped_column(String(10))
    name: Mapped[dict[str, str]] = mapped_column(Json)
    settings: Mapped[dict[str, Any]] = mapped_column(Json)
    sealed_secret: Mapped[str | None]
    active: Mapped[bool]
    changed_at: Mapped[datetime] = mapped_column(Instant)


class SignInAttempt(Base):
    """Somebody is at the provider's page. Only digests are kept of the state and of the ticket of who began."""

    __tablename__ = "sign_in_attempts"

    id: Mapped[int] = mapped_column(primary_key=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey(IdentityProvider.id), index=True)
    state_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    ticket_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    account_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    device_id: Mapped[int | None] = mapped_column(ForeignKey(Device.id), index=True)
    redirect: Mapped[str] = mapped_column(String(400))
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


class Identity(Base):
    """Whom a provider calls by this name; of the name only a keyed pseudonym is kept."""

    __tablename__ = "identities"
    __table_args__ = (
        UniqueConstraint("provider_id", "subject_pseudonym"),
        UniqueConstraint("provider_id", "account_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey(IdentityProvider.id))
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), index=True)
    subject_pseudonym: Mapped[bytes] = mapped_column(LargeBinary(32))
    linked_at: Mapped[datetime] = mapped_column(Instant)


class FollowedRole(Base):
    """A role that follows the groups of a provider; one without such a row was given by hand."""

    __tablename__ = "followed_roles"

    id: Mapped[int] = mapped_column(primary_key=True)
    role_id: Mapped[int] = mapped_column(ForeignKey(RoleGiven.id, ondelete="CASCADE"), unique=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey(IdentityProvider.id), index=True)

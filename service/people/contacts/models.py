"""Codes that are under way, to an address that is to be confirmed and from one phone to another; what was joined."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Uid
from service.municipalities.models import Municipality
from service.people.models import Account


class ContactCode(Base):
    """Somebody says that an address is theirs, and is to repeat what was sent there.

    The code itself is kept nowhere: it is made from `nonce` with the installation's key, when it is sent and when it
    is checked. `tries` counts the guesses.
    """

    __tablename__ = "contact_codes"
    __table_args__ = (Index("ix_contact_codes_address", "municipality_id", "channel", "address"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), index=True)
    channel: Mapped[str]
    address: Mapped[str]
    target_id: Mapped[int]
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


class PhoneCode(Base):
    """A code that one phone shows and another reads; its SHA-256. One for each account."""

    __tablename__ = "phone_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


class FormerAccount(Base):
    """An account whose phone joined another one while nobody else could reach it: both are the same person's."""

    __tablename__ = "former_accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    former_id: Mapped[int] = mapped_column(ForeignKey(Account.id), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), index=True)
    joined_at: Mapped[datetime] = mapped_column(Instant)

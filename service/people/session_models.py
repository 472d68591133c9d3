"""Where somebody is signed in: sessions, the tokens that belong to them, and sign-ins that are not finished."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Uid
from service.people.models import Account, Device


class Session(Base):
    """Somebody who is signed in, on one phone or in one browser. With it all its tokens go.

    `how` they showed who they are: a key of `sessions.HOW`. `seen_at` is when they last called, to the hour.
    `renewed_with` is the refresh token that was used last.
    """

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_expires_at", "expires_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), index=True)
    device_id: Mapped[int | None] = mapped_column(ForeignKey(Device.id), index=True)
    how: Mapped[str]
    renewed_with: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class AccessToken(Base):
    """A bearer token; only its SHA-256 is kept."""

    __tablename__ = "access_tokens"
    __table_args__ = (Index("ix_access_tokens_expires_at", "expires_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    session_id: Mapped[int] = mapped_column(ForeignKey(Session.id, ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class RefreshToken(Base):
    """What brings a session its next access token; only its SHA-256 is kept.

    `given_for` is the refresh token in whose place it was given, null for the first. Those that were used stay until
    the session ends, so that who uses one again is found out.
    """

    __tablename__ = "refresh_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    session_id: Mapped[int] = mapped_column(ForeignKey(Session.id, ondelete="CASCADE"), index=True)
    given_for: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(Instant)


class HalfSignIn(Base):
    """Somebody has shown the password and not yet the code; only the SHA-256 of their half token is kept."""

    __tablename__ = "half_sign_ins"
    __table_args__ = (Index("ix_half_sign_ins_expires_at", "expires_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), index=True)
    expires_at: Mapped[datetime] = mapped_column(Instant)

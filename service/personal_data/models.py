"""That somebody was erased, without saying who; and copies of what is held about somebody, for them to fetch."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Uid
from service.municipalities.models import Municipality
from service.people.models import Account


class Erasure(Base):
    """That an account was erased. `uid` is random; `account_digest` is found again only by who has the account's row.

    `listed_at` is when the same was written into the store, where a restore of the database does not reach.
    """

    __tablename__ = "erasures"
    __table_args__ = (UniqueConstraint("municipality_id", "account_digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    account_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    public_kept: Mapped[bool]
    at: Mapped[datetime] = mapped_column(Instant)
    listed_at: Mapped[datetime | None] = mapped_column(Instant)


class PersonalCopy(Base):
    """A copy of everything that is held about a person: asked for, being made (`done` of `steps`), ready, gone.

    `file_key` is where the store has it; `link_digest` is the SHA-256 of the token of the newest link to it.
    """

    __tablename__ = "personal_copies"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), unique=True)
    language: Mapped[str]
    done: Mapped[int] = mapped_column(default=0)
    steps: Mapped[int]
    file_key: Mapped[str | None]
    size: Mapped[int | None]
    asked_at: Mapped[datetime] = mapped_column(Instant)
    ready_at: Mapped[datetime | None] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    link_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    link_until: Mapped[datetime | None] = mapped_column(Instant)

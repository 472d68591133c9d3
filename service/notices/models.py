"""What people were told, their inbox; and what they follow."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Uid
from service.municipalities.models import Municipality
from service.people.models import Account


class InboxMessage(Base):
    """One thing that one person was told, whether or not a push reached their phone."""

    __tablename__ = "inbox_messages"
    __table_args__ = (
        UniqueConstraint("account_id", "event_id"),
        Index("ix_inbox_messages_account_id_id", "account_id", "id"),
        Index("ix_inbox_messages_about", "about"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id))
    event_id: Mapped[int]
    kind: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    about_kind: Mapped[str]
    about: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Instant)
    read_at: Mapped[datetime | None] = mapped_column(Instant)


class Follow(Base):
    """That a person wants to be told of what happens to something: `kind` says what it is, `value` names it.

    kind `layer`: `value` is the key of a layer of the map, `part` that of one feature of it, "" for all of it.
    """

    __tablename__ = "follows"
    __table_args__ = (
        UniqueConstraint("account_id", "kind", "value", "part"),
        Index("ix_follows_thing", "municipality_id", "kind", "value", "account_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id))
    kind: Mapped[str] = mapped_column(String(16))
    value: Mapped[str] = mapped_column(String(255))
    part: Mapped[str] = mapped_column(String(255), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)

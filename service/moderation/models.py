"""What people complained of, what moderators decided, and the rules that they decide by."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Json, Uid
from service.municipalities.models import Municipality
from service.people.models import Account

OPEN, SHOWN, HIDDEN = "open", "shown", "hidden"
WAITING = text("waiting_since IS NOT NULL")


class HouseRule(Base):
    """A published rule, in the municipality's languages. An ended one is still the reason of what it was applied to."""

    __tablename__ = "house_rules"
    __table_args__ = (UniqueConstraint("municipality_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    key: Mapped[str] = mapped_column(String(32))
    text: Mapped[dict[str, str]] = mapped_column(Json)
    position: Mapped[int]
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class ModerationCase(Base):
    """All that moderation knows of one thing, named by `kind` and `target`: it says nothing of the thing itself.

    state open (nobody has decided), shown or hidden. `waiting_since` is set while a moderator has something to do.
    `rule` and `reason` are those of the decision in force; `burst`: very many complained within an hour; `newcomers`:
    how many complained from accounts that were new.
    """

    __tablename__ = "moderation_cases"
    __table_args__ = (
        UniqueConstraint("municipality_id", "kind", "target"),
        Index(
            "ix_moderation_cases_waiting",
            "municipality_id",
            "id",
            postgresql_where=WAITING,
            sqlite_where=WAITING,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    kind: Mapped[str] = mapped_column(String(16))
    target: Mapped[uuid.UUID] = mapped_column(Uid)
    author_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    state: Mapped[str] = mapped_column(String(8), default=OPEN)
    version: Mapped[int] = mapped_column(default=1)
    complaints: Mapped[int] = mapped_column(default=0)
    burst: Mapped[bool] = mapped_column(default=False)
    newcomers: Mapped[int] = mapped_column(default=0, server_default="0")
    opened_at: Mapped[datetime] = mapped_column(Instant)
    waiting_since: Mapped[datetime | None] = mapped_column(Instant)
    rule: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    appeal: Mapped[str | None]
    appealed_at: Mapped[datetime | None] = mapped_column(Instant)
    appeal_by_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    appeal_upheld: Mapped[bool | None]
    appeal_reason: Mapped[str | None]
    appeal_decided_at: Mapped[datetime | None] = mapped_column(Instant)


class Decider(Base):
    """That this moderator has hidden the thing once, or let it show: another one decides the appeal."""

    __tablename__ = "moderation_deciders"

    case_id: Mapped[int] = mapped_column(ForeignKey(ModerationCase.id), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), primary_key=True, index=True)


class Complaint(Base):
    """That one person complained of a thing, once; `rule` is the one that they say it breaks.

    `newcomer`: their account was new.
    """

    __tablename__ = "complaints"
    __table_args__ = (UniqueConstraint("case_id", "account_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey(ModerationCase.id), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    rule: Mapped[str] = mapped_column(String(32))
    note: Mapped[str | None]
    newcomer: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(Instant)

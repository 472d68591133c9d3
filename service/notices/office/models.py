"""Notices of the office: as they are written, what was sent of them, whom they were kept from, and who opened them."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Json, Uid
from service.municipalities.models import Municipality
from service.people.models import Account


class Notice(Base):
    """What the office is writing, or has sent. What was sent stands in its editions and is never changed.

    `texts` language → {"title", "body"}; `audience` as `Audience` has it, `districts` those that its area touches.
    `mode` is what the next sending is: the first, a correction, or again to those not reached. `version` counts the
    changes. `wide`: a correction goes to the whole audience, and not only to those who
    had it before. `written_by_id` wrote last; `writers` are all who have written since it last went out (ids of
    accounts), so that somebody else approves it.
    """

    __tablename__ = "notices"
    __table_args__ = (
        Index("ix_notices_municipality_id_id", "municipality_id", "id"),
        Index("ix_notices_state", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    state: Mapped[str] = mapped_column(String(12), default="draft")
    mode: Mapped[str] = mapped_column(String(12), default="first")
    version: Mapped[int] = mapped_column(default=1)
    edition: Mapped[int] = mapped_column(default=0)
    wide: Mapped[bool] = mapped_column(default=True)
    emergency: Mapped[bool] = mapped_column(default=False)
    texts: Mapped[dict[str, Any]] = mapped_column(Json)
    subject_kind: Mapped[str | None] = mapped_column(String(32))
    subject: Mapped[str | None] = mapped_column(String(255))
    audience: Mapped[dict[str, Any]] = mapped_column(Json)
    districts: Mapped[list[str]] = mapped_column(Json)
    lasts_hours: Mapped[int] = mapped_column(default=72)
    send_at: Mapped[datetime | None] = mapped_column(Instant)
    written_by_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    writers: Mapped[list[int] | None] = mapped_column(Json)
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    reason: Mapped[str | None]
    preview_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    preview_until: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    figures: Mapped[dict[str, Any] | None] = mapped_column(Json)


class NoticeEdition(Base):
    """One sending of a notice, frozen: the texts, to whom, by which event of the outbox; `cancelled_at` is when it was
    taken back while it was still going out.
    """

    __tablename__ = "notice_editions"
    __table_args__ = (UniqueConstraint("notice_id", "number"), Index("ix_notice_editions_event_id", "event_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey(Notice.id))
    number: Mapped[int]
    mode: Mapped[str] = mapped_column(String(12))
    texts: Mapped[dict[str, Any]] = mapped_column(Json)
    audience: Mapped[dict[str, Any]] = mapped_column(Json)
    event_id: Mapped[int]
    reason: Mapped[str | None]
    by_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id), index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    cancelled_at: Mapped[datetime | None] = mapped_column(Instant)


class NoticeCell(Base):
    """A square of the coarse grid that is within so many metres of the area of a notice."""

    __tablename__ = "notice_cells"

    notice_id: Mapped[int] = mapped_column(ForeignKey(Notice.id), primary_key=True)
    metres: Mapped[int] = mapped_column(primary_key=True)
    cell: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class NoticeLeftOut(Base):
    """That a person of the audience was not pushed a notice by one channel, and why: `muted` or `capped`."""

    __tablename__ = "notice_left_out"
    __table_args__ = (UniqueConstraint("event_id", "account_id", "channel"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    event_id: Mapped[int]
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), index=True)
    channel: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(16))
    devices: Mapped[int]


class NoticeOpening(Base):
    """That a person opened a notice, once."""

    __tablename__ = "notice_openings"
    __table_args__ = (UniqueConstraint("notice_id", "account_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey(Notice.id))
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), index=True)
    at: Mapped[datetime] = mapped_column(Instant)

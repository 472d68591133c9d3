"""What a person wants to be told of, and the places that they care about."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Uid
from service.municipalities.models import Municipality
from service.people.models import Account

DIGEST_DUE = text("digest_due_at IS NOT NULL")


class NoticePreference(Base):
    """One person's choice; who has chosen nothing has no row.

    `quiet_from` and `quiet_until` are minutes of the municipality's day. `most_a_day`: notices of the office.
    `notices_off_at` is when the office's notices were last switched off. `digest_event_id` is the event by which they
    were owed a digest last: there is no other one until it is worded.
    """

    __tablename__ = "notice_preferences"
    __table_args__ = (
        Index(
            "ix_notice_preferences_digest_due_at", "digest_due_at", postgresql_where=DIGEST_DUE, sqlite_where=DIGEST_DUE
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), unique=True)
    reports_push: Mapped[bool] = mapped_column(default=True)
    reports_web: Mapped[bool] = mapped_column(default=True)
    reports_mail: Mapped[bool] = mapped_column(default=True)
    follows_push: Mapped[bool] = mapped_column(default=True)
    follows_web: Mapped[bool] = mapped_column(default=True)
    follows_mail: Mapped[bool] = mapped_column(default=True)
    notices_push: Mapped[bool] = mapped_column(default=True)
    notices_web: Mapped[bool] = mapped_column(default=True)
    quiet_from: Mapped[int | None]
    quiet_until: Mapped[int | None]
    most_a_day: Mapped[int | None]
    digest: Mapped[str] = mapped_column(String(8), default="never")
    digest_due_at: Mapped[datetime | None] = mapped_column(Instant)
    digest_after: Mapped[datetime | None] = mapped_column(Instant)
    digest_event_id: Mapped[int | None]
    notices_off_at: Mapped[datetime | None] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)


class NoticePlace(Base):
    """A place that a person cares about: their home area, or a circle that they follow.

    `cell` is the square of the coarse grid that the place lies in; nothing finer is kept. A home that is a district
    has its key and no cell.
    """

    __tablename__ = "notice_places"
    __table_args__ = (
        Index("ix_notice_places_cell", "municipality_id", "metres", "cell", "account_id"),
        Index("ix_notice_places_account_id", "account_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id))
    home: Mapped[bool]
    name: Mapped[str | None] = mapped_column(String(80))
    district: Mapped[str | None] = mapped_column(String(255))
    cell: Mapped[int | None] = mapped_column(BigInteger)
    metres: Mapped[int] = mapped_column(default=0)

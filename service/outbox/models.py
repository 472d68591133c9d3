"""What happened, whom it concerns, and what became of each message."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.leases import Leased
from service.db.types import Instant, Json, Uid

Many = BigInteger().with_variant(Integer, "sqlite")
NEW = text("state = 'new'")
PENDING = text("state = 'pending'")
SENDING = text("state = 'sending'")
UNFINISHED = text("state IN ('pending', 'sending')")
FINISHED = text("state NOT IN ('pending', 'sending')")
RETIRED = text("state = 'retired'")
KNOWN = text("person_id IS NOT NULL")


class Event(Base):
    """Something that people are told of: state `new` until all its deliveries exist, then `expanded`; `cancelled`
    when nothing more is to go out of it.

    `subject` names the thing ("report:<uid>"), `version` counts what happened to it. `cursor` is the position
    in the audience up to which everybody has their delivery. `payload` is all that the wording needs, frozen.

    An id is never given twice, also when its row was forgotten: an inbox holds one message for each event.
    """

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("kind", "subject", "version"),
        Index("ix_events_new_next_at_id", "next_at", "id", postgresql_where=NEW, sqlite_where=NEW),
        Index("ix_events_new_subject_id", "subject", "id", postgresql_where=NEW, sqlite_where=NEW),
        Index("ix_events_subject", "subject"),
        Index("ix_events_created_at", "created_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey("municipalities.id"))
    kind: Mapped[str]
    subject: Mapped[str]
    version: Mapped[int]
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(default="new")
    cursor: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(Instant)
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(Instant)


class Target(Base):
    """Where somebody can be reached: a push token or installation id, an e-mail address or a telephone number.

    `replaced_by`: the target that a phone has now, in place of this one.
    """

    __tablename__ = "targets"
    __table_args__ = (
        UniqueConstraint("municipality_id", "channel", "kind", "value"),
        Index("ix_targets_retired_at", "retired_at", postgresql_where=RETIRED, sqlite_where=RETIRED),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey("municipalities.id"))
    channel: Mapped[str]
    kind: Mapped[str]
    value: Mapped[str]
    state: Mapped[str] = mapped_column(default="active")
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
    retired_at: Mapped[datetime | None] = mapped_column(Instant)
    replaced_by: Mapped[int | None]


class Delivery(Base):
    """One event for one target: pending → sending → sent, failed, expired or cancelled.

    `tag` is what a phone shows it under, so that a repeat replaces the first copy. `uncertain` counts the attempts
    whose outcome nobody knows. `channel` repeats that of the target, for the indexes; of what has one `subject`, which
    is usually the event's, nothing overtakes what is older on its way to a target.
    `person_id` is the account of the person who is told, null for a department. The content of a `fleeting` one, which
    proves something to who reads it, is emptied when the delivery is final. A `considerate` one is not sent in its
    person's quiet hours, however late it is tried again.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("event_id", "target_id"),
        Index(
            "ix_deliveries_pending_channel_next_at",
            "channel",
            "next_at",
            "id",
            postgresql_where=PENDING,
            sqlite_where=PENDING,
        ),
        Index("ix_deliveries_sending_lease_until", "lease_until", postgresql_where=SENDING, sqlite_where=SENDING),
        Index(
            "ix_deliveries_unfinished_target_id_subject",
            "target_id",
            "subject",
            "event_id",
            postgresql_where=UNFINISHED,
            sqlite_where=UNFINISHED,
        ),
        Index("ix_deliveries_finished_created_at", "created_at", postgresql_where=FINISHED, sqlite_where=FINISHED),
        Index("ix_deliveries_person_id", "person_id", postgresql_where=KNOWN, sqlite_where=KNOWN),
    )
    leased = Leased(waiting="pending", working="sending", due="next_at")

    id: Mapped[int] = mapped_column(Many, primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey("municipalities.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey(Event.id))
    target_id: Mapped[int] = mapped_column(ForeignKey(Target.id))
    person_id: Mapped[int | None]
    channel: Mapped[str]
    subject: Mapped[str]
    tag: Mapped[str]
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    fleeting: Mapped[bool] = mapped_column(default=False)
    considerate: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(default="pending")
    attempt: Mapped[int] = mapped_column(default=0)
    uncertain: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(Instant)
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    owner: Mapped[str | None]
    message_id: Mapped[str | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class ChannelPause(Base):
    """A channel that rests until a moment, for all workers: the provider asked for it, or refuses our credentials.

    It belongs to the installation and to no municipality: the credentials are the installation's. `times` counts the
    pauses since a message was last accepted; `reason` may be shown to anybody, `error` to operators.
    """

    __tablename__ = "channel_pauses"

    channel: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime] = mapped_column(Instant)
    times: Mapped[int]
    reason: Mapped[str]
    error: Mapped[str | None]

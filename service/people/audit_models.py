"""The audit log: what was done, by whom, to what; and the personal part of it, which can be deleted."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Json, Uid
from service.municipalities.models import Municipality

OPEN = text("place IS NULL")


class AuditEntry(Base):
    """One act of weight. Added, never edited: triggers refuse every change but being sealed, once.

    `actor` is the account of a member of staff; a resident's stands in `AuditDetail` only. `details_digest` is the
    SHA-256 of what is there, with its salt. `place` (1, 2, 3 … in each municipality) and `chain` are given by sealing.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        UniqueConstraint("municipality_id", "place"),
        Index("ix_audit_entries_municipality_id_id", "municipality_id", "id"),
        Index("ix_audit_entries_open", "municipality_id", "id", postgresql_where=OPEN, sqlite_where=OPEN),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    at: Mapped[datetime] = mapped_column(Instant)
    action: Mapped[str] = mapped_column(String(40))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor: Mapped[uuid.UUID | None] = mapped_column(Uid)
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str | None] = mapped_column(String(200))
    facts: Mapped[dict[str, Any]] = mapped_column(Json)
    details_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    place: Mapped[int | None]
    chain: Mapped[bytes | None] = mapped_column(LargeBinary(32))


class AuditDetail(Base):
    """The personal part of an entry: which resident, and texts. Deleted with its salt when the person is erased."""

    __tablename__ = "audit_details"

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey(AuditEntry.id), unique=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    resident: Mapped[uuid.UUID | None] = mapped_column(Uid, index=True)
    text: Mapped[str | None]

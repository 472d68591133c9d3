"""Outcomes kept for phones that ask again."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Uid


class KeptAnswer(Base):
    """What came of a request with an `Idempotency-Key`: only that it was committed, with what status, and as what.

    `installation` is the phone's own name, or "anonymous"; `digest` is the SHA-256 of the canonical request.
    """

    __tablename__ = "kept_answers"
    __table_args__ = (UniqueConstraint("municipality_id", "installation", "route", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey("municipalities.id"))
    installation: Mapped[str] = mapped_column(String(40))
    route: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(200))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    status: Mapped[int]
    outcome: Mapped[uuid.UUID] = mapped_column(Uid, index=True)
    created_at: Mapped[datetime] = mapped_column(Instant, index=True)

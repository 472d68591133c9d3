"""The keys that are given to other programs."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Json
from service.people.models import Account


class ApiKey(Base):
    """One key. Its account, of the kind `machine`, is who did what was done with it; its name is the key's.

    Only the SHA-256 of the key is kept, and its first letters, by which people know it again. `used_at` is right to
    the hour.
    """

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id), unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    begins: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(Json)
    per_minute: Mapped[int]
    made_by_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)

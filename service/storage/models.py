"""Who is making a file now."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Uid


class FileMaking(Base):
    """A file that one process makes while the others wait for it: until it is kept, or `until`, if its maker died."""

    __tablename__ = "file_makings"

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey("municipalities.id"))
    key: Mapped[str] = mapped_column(String(200), unique=True)
    owner: Mapped[uuid.UUID] = mapped_column(Uid)
    until: Mapped[datetime] = mapped_column(Instant)

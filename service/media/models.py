"""The photos that rows name. The files themselves are in the store, under `key_of`."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Uid
from service.municipalities.models import Municipality


class Attachment(Base):
    """A photo whose three renditions are kept.

    `uploaded_by` and `owner` are opaque names ("account:…", "report:…"); `owner` is null until it is attached, and
    `position` is its place among what was attached with it. `sha256` (hex) is of the uploaded bytes; `width`, `height`
    (pixels) and `bytes` are of the large rendition; `alt` says in words what can be seen. `purpose` is what it was
    sent for: a report, as long as nothing else has photos.
    """

    __tablename__ = "attachments"
    __table_args__ = (Index("ix_attachments_owner", "owner"), Index("ix_attachments_created_at", "created_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id), index=True)
    uploaded_by: Mapped[str]
    owner: Mapped[str | None]
    position: Mapped[int | None]
    purpose: Mapped[str]
    sha256: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    bytes: Mapped[int]
    alt: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
    attached_at: Mapped[datetime | None] = mapped_column(Instant)

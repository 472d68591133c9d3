"""The photos and documents that rows name. The files themselves are in the store, under `keys_of`."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Uid
from service.media.renditions import PHOTO
from service.municipalities.models import Municipality


class Attachment(Base):
    """A photo whose three renditions are kept, or a document that is kept as it came.

    `uploaded_by` and `owner` are opaque names ("account:…", "report:…"); `owner` is null until it is attached, and
    `position` is its place among what was attached with it. `sha256` (hex) is of the uploaded bytes; `width`, `height`
    (pixels, of a photo alone), `bytes` and `sha1` (hex; null: kept before there was any) are of the large rendition or
    of the document; `alt` says in words what can be seen. `purpose` is what it was sent for: a report, as long as
    nothing else has photos.
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
    sha1: Mapped[str | None] = mapped_column(String(40))
    media_type: Mapped[str] = mapped_column(String(80), default=PHOTO)
    width: Mapped[int | None]
    height: Mapped[int | None]
    bytes: Mapped[int]
    alt: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
    attached_at: Mapped[datetime | None] = mapped_column(Instant)

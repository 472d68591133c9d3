"""What there is: layers of a municipality, their numbered versions and the features of each version."""

from datetime import datetime
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Json
from service.municipalities.models import Municipality

KINDS = ("boundary", "district", "asset", "area", "line")
PUBLISHED = "published"


class Layer(Base):
    """A layer by the key that routing rules and categories name; `kind` is one of KINDS.

    `approximate` marks borders that nobody official has drawn. `published_version_id` is the version in force (no
    foreign key, because the versions already point here).
    """

    __tablename__ = "layers"
    __table_args__ = (UniqueConstraint("municipality_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    key: Mapped[str] = mapped_column(String(64))
    name: Mapped[dict[str, str]] = mapped_column(Json)
    kind: Mapped[str] = mapped_column(String(16))
    public: Mapped[bool] = mapped_column(default=False)
    attribution: Mapped[str | None]
    licence: Mapped[str | None]
    approximate: Mapped[bool] = mapped_column(default=False)
    published_version_id: Mapped[int | None]


class LayerVersion(Base):
    """One numbered state of a layer: a draft, or published and from then on never changed. Files are published at
    once; what is drawn or corrected by hand is a draft first.

    `source` is the name of the file that it was read from and `sha256` the hex digest of that file.
    """

    __tablename__ = "layer_versions"
    __table_args__ = (UniqueConstraint("layer_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    layer_id: Mapped[int] = mapped_column(ForeignKey(Layer.id))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    source: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    feature_count: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    published_at: Mapped[datetime | None] = mapped_column(Instant)


class Feature(Base):
    """A feature of one version: its key within the layer, its attributes, its geometry in longitude and latitude."""

    __tablename__ = "features"
    __table_args__ = (UniqueConstraint("version_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey(LayerVersion.id))
    key: Mapped[str] = mapped_column(String(255))
    attributes: Mapped[dict[str, Any]] = mapped_column(Json)
    geometry: Mapped[Any] = mapped_column(Geometry("GEOMETRY", srid=4326, spatial_index=True))

"""What there is: layers of a municipality, their numbered versions and the features of each version."""

from datetime import datetime
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Json
from service.municipalities.models import Municipality

ASSET, GAZETTEER = "asset", "gazetteer"
KINDS = ("boundary", "district", ASSET, "area", "line", GAZETTEER)
DRAFT, PUBLISHED = "draft", "published"


class Layer(Base):
    """A layer by the key that routing rules and categories name; `kind` is one of KINDS.

    `approximate` marks borders that nobody official has drawn. `published_version_id` is the version in force (no
    foreign key, because the versions already point here). `key_attribute` is where a file has the features' keys;
    `style` are hints for who draws it.
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
    key_attribute: Mapped[str | None] = mapped_column(String(255))
    style: Mapped[dict[str, Any] | None] = mapped_column(Json)


class LayerVersion(Base):
    """One numbered state of a layer: a draft, or published and from then on never changed. Files are published at
    once; what is drawn or corrected by hand is a draft first.

    `source` is the name of the file that it was read from and `sha256` the hex digest of that file; a draft that was
    begun from another version says so in `based_on_id` and has neither. `findings` is what was said of the file when
    it was read. A draft with `publish_at` is published then, for `reason`, in the name of `by_id`.
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
    based_on_id: Mapped[int | None]
    findings: Mapped[dict[str, Any] | None] = mapped_column(Json)
    publish_at: Mapped[datetime | None] = mapped_column(Instant)
    by_id: Mapped[int | None]
    reason: Mapped[str | None]


class LayerPublication(Base):
    """That a version of a layer came into force: by whom, when and why. Added, never edited.

    A version comes into force again when the layer is rolled back to it.
    """

    __tablename__ = "layer_publications"
    __table_args__ = (Index("ix_layer_publications_layer_id_id", "layer_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    layer_id: Mapped[int] = mapped_column(ForeignKey(Layer.id))
    version_id: Mapped[int] = mapped_column(ForeignKey(LayerVersion.id))
    before_id: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(Instant)
    by_id: Mapped[int | None]
    reason: Mapped[str | None]


class Feature(Base):
    """A feature of one version: its key within the layer, its attributes, its geometry in longitude and latitude."""

    __tablename__ = "features"
    __table_args__ = (UniqueConstraint("version_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey(LayerVersion.id))
    key: Mapped[str] = mapped_column(String(255))
    attributes: Mapped[dict[str, Any]] = mapped_column(Json)
    geometry: Mapped[Any] = mapped_column(Geometry("GEOMETRY", srid=4326, spatial_index=True))

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
FILE, WFS, OGC_FEATURES, ARCGIS = SOURCES = ("file", "wfs", "ogc_features", "arcgis")
UNCHANGED, DRAFTED, IN_FORCE, REFUSED = FETCHED = ("unchanged", "drafted", "published", "refused")
WHOLE = (DRAFT, PUBLISHED)
WRITING, FORGOTTEN = "writing", "forgotten"
"""A version that is not whole yet, or not any more; nobody sees it."""


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
    """One numbered state of a layer: a draft, or published and from then on never changed; before it is whole it is
    WRITING, and FORGOTTEN until its features are deleted. `revision` counts the changes of a draft.

    `source` is the name of the file that it was read from and `sha256` the hex digest of that file; a draft that was
    begun from another version says so in `based_on_id` and has neither. `findings` is what was said of the file when
    it was read. A draft with `publish_at` is published then, for `reason`, in the name of `by_id`. What the layer's
    source brought is `pulled`; nobody edits such a draft, because the next one takes its place.
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
    pulled: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int] = mapped_column(default=0)


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


class LayerSource(Base):
    """Where a layer is fetched from, every so many seconds while it is `active`; `kind` is one of SOURCES.

    `wanted` says what to ask for and how to read it. `credentials` are sealed. `limits` are those under which what
    comes is published by itself, null where that is done by hand. `by_id` set it, `asked_by_id` wants a fetch now.
    `etag`, `last_modified` and `digest` are those of the content that was read last.
    """

    __tablename__ = "layer_sources"
    __table_args__ = (UniqueConstraint("layer_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    layer_id: Mapped[int] = mapped_column(ForeignKey(Layer.id))
    kind: Mapped[str] = mapped_column(String(16))
    url: Mapped[str] = mapped_column(String(2000))
    wanted: Mapped[dict[str, Any]] = mapped_column(Json)
    credentials: Mapped[str | None]
    credentials_kind: Mapped[str | None] = mapped_column(String(16))
    every_seconds: Mapped[int]
    active: Mapped[bool]
    limits: Mapped[dict[str, Any] | None] = mapped_column(Json)
    by_id: Mapped[int | None]
    changed_at: Mapped[datetime] = mapped_column(Instant)
    asked_by_id: Mapped[int | None]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    digest: Mapped[str | None] = mapped_column(String(64))


class LayerFetch(Base):
    """What came of one fetch of a layer: `state` is one of UNCHANGED, DRAFTED, IN_FORCE, REFUSED.

    `counts` are what it would change against the version in force; `unpublished` says why it is a draft only;
    `refusal` has code, message and details. The oldest are forgotten.
    """

    __tablename__ = "layer_fetches"
    __table_args__ = (Index("ix_layer_fetches_layer_id_id", "layer_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    layer_id: Mapped[int] = mapped_column(ForeignKey(Layer.id))
    state: Mapped[str] = mapped_column(String(16))
    began_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime] = mapped_column(Instant)
    by_id: Mapped[int | None]
    answers: Mapped[int]
    bytes: Mapped[int]
    version: Mapped[int | None]
    findings: Mapped[dict[str, Any] | None] = mapped_column(Json)
    counts: Mapped[dict[str, Any] | None] = mapped_column(Json)
    unpublished: Mapped[dict[str, Any] | None] = mapped_column(Json)
    refusal: Mapped[dict[str, Any] | None] = mapped_column(Json)

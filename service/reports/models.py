"""What there is: categories, routing rules, reports and their history."""

import uuid
from datetime import datetime
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Json, Uid
from service.municipalities.models import Department, Municipality
from service.people.models import Account


class Category(Base):
    """A kind of problem; what is asked, what is shown of it and when, and by when it should be solved."""

    __tablename__ = "categories"
    __table_args__ = (UniqueConstraint("municipality_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    key: Mapped[str]
    position: Mapped[int]
    group_key: Mapped[str]
    group_name: Mapped[dict[str, str]] = mapped_column(Json)
    name: Mapped[dict[str, str]] = mapped_column(Json)
    description: Mapped[dict[str, str] | None] = mapped_column(Json)
    active: Mapped[bool] = mapped_column(default=True)
    private: Mapped[bool] = mapped_column(default=False)
    show_text: Mapped[str] = mapped_column(default="after_look")
    show_photo: Mapped[str] = mapped_column(default="after_look")
    show_place: Mapped[str] = mapped_column(default="at_once")
    allows_anonymous: Mapped[bool] = mapped_column(default=False)
    target_hours: Mapped[float]
    asset_layer: Mapped[str | None]
    asset_required: Mapped[bool] = mapped_column(default=False)
    danger_phone: Mapped[str | None]
    danger_text: Mapped[dict[str, str] | None] = mapped_column(Json)
    questions: Mapped[list[dict[str, Any]]] = mapped_column(Json)


class RoutingRule(Base):
    """One line of the routing table; `service.reports.routing` says how it is read."""

    __tablename__ = "routing_rules"
    __table_args__ = (UniqueConstraint("municipality_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    position: Mapped[int]
    categories: Mapped[list[str] | None] = mapped_column(Json)
    group_key: Mapped[str | None]
    relation: Mapped[str]
    metres: Mapped[float | None]
    layer: Mapped[str]
    match: Mapped[dict[str, Any] | None] = mapped_column(Json)
    department: Mapped[str | None]
    department_attribute: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)


class RoutingRuleChange(Base):
    """That somebody changed the routing table. Added, never edited; the last number is the version of the table.

    `before` and `after` are the rule as staff see it; neither is there where the whole table was set. `rule_id` may
    name a rule that is gone.
    """

    __tablename__ = "routing_rule_changes"
    __table_args__ = (UniqueConstraint("municipality_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    number: Mapped[int]
    rule_id: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(16))
    before: Mapped[dict[str, Any] | None] = mapped_column(Json)
    after: Mapped[dict[str, Any] | None] = mapped_column(Json)
    at: Mapped[datetime] = mapped_column(Instant)
    by_id: Mapped[int | None]


class Report(Base):
    """A problem that somebody reported. Longitude and latitude repeat `place` for reading without decoding it.

    `language` is that of the description, for who will translate it or pass it on. Pages are read newest first by
    each condition alone; every index that serves one ends in `id`.
    """

    __tablename__ = "reports"
    __table_args__ = (
        UniqueConstraint("municipality_id", "number"),
        Index("ix_reports_map", "municipality_id", "on_map", "id"),
        Index("ix_reports_newest", "municipality_id", "id"),
        Index("ix_reports_state", "municipality_id", "state", "id"),
        Index("ix_reports_category", "municipality_id", "category_id", "id"),
        Index("ix_reports_department", "municipality_id", "department_id", "id"),
        Index("ix_reports_queue", "municipality_id", "department_id", "open", "id"),
        Index("ix_reports_open", "municipality_id", "open", "id"),
        Index("ix_reports_due", "municipality_id", "department_id", "open", "promised_at", "id"),
        Index(
            "ix_reports_asset",
            "municipality_id",
            "asset_layer",
            "asset_key",
            "id",
            postgresql_where=text("asset_key IS NOT NULL"),
            sqlite_where=text("asset_key IS NOT NULL"),
        ),
        Index("ix_reports_mine", "reporter_id", "id"),
        Index("ix_reports_resolved", "state", "moved_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    number: Mapped[str] = mapped_column(String(32))
    category_id: Mapped[int] = mapped_column(ForeignKey(Category.id))
    state: Mapped[str] = mapped_column(String(32))
    open: Mapped[bool]
    version: Mapped[int]
    reporter_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id))
    language: Mapped[str] = mapped_column(String(8))
    description: Mapped[str]
    answers: Mapped[dict[str, Any]] = mapped_column(Json)
    place: Mapped[Any] = mapped_column(Geometry("POINT", srid=4326, spatial_index=True), deferred=True)
    longitude: Mapped[float]
    latitude: Mapped[float]
    accuracy: Mapped[float | None]
    address: Mapped[str | None]
    district: Mapped[str | None]
    asset_layer: Mapped[str | None]
    asset_key: Mapped[str | None]
    department_id: Mapped[int] = mapped_column(ForeignKey(Department.id))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id))
    routing: Mapped[dict[str, Any]] = mapped_column(Json)
    promised_at: Mapped[datetime | None] = mapped_column(Instant)
    seconds_left: Mapped[int | None]
    private: Mapped[bool]
    on_map: Mapped[bool]
    text_public: Mapped[bool]
    photos_public: Mapped[bool]
    looked_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    moved_at: Mapped[datetime] = mapped_column(Instant)


class ReportEntry(Base):
    """One line of a report's history. Added, never edited: facts and a salted digest of the texts beside it.

    An id is never given twice, also when its row was erased: digests go on from the last one that they told of.
    """

    __tablename__ = "report_entries"
    __table_args__ = (
        UniqueConstraint("report_id", "version"),
        Index("ix_report_entries_department_id_id", "department_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    report_id: Mapped[int] = mapped_column(ForeignKey(Report.id))
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(Instant)
    by_kind: Mapped[str] = mapped_column(String(16))
    by_id: Mapped[int | None] = mapped_column(ForeignKey(Account.id))
    state: Mapped[str] = mapped_column(String(32))
    department_id: Mapped[int] = mapped_column(ForeignKey(Department.id))
    facts: Mapped[dict[str, Any]] = mapped_column(Json)
    text_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))


class ReportText(Base):
    """What somebody wrote at an entry. Erasing it with its salt leaves the history whole."""

    __tablename__ = "report_texts"

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey(ReportEntry.id), unique=True)
    public: Mapped[str | None]
    internal: Mapped[str | None]
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))


class ReportCounter(Base):
    """The last number given in a year."""

    __tablename__ = "report_counters"
    __table_args__ = (UniqueConstraint("municipality_id", "year"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    year: Mapped[int]
    last: Mapped[int]

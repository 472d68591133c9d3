"""What there is: plans, their versions and the elements of each, what is recorded about them, and progress."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base
from service.db.types import Instant, Json, Uid
from service.municipalities.models import Municipality

WORKING, FROZEN, PUBLISHED, SUPERSEDED = STATES = ("working", "frozen", "published", "superseded")
MERGED, SPLIT, REMOVED, MOVED, EDITED, ADDED = CHANGES = ("merged", "split", "removed", "moved", "edited", "added")
LONGEST_KEY = 120


class PlanRow(Base):
    """A plan of a municipality; `revision` counts every change of it and of what is recorded about it, `shown` those of
    what everybody sees.

    `published_version_id` is the version in force (no foreign key, because the versions already point here).
    """

    __tablename__ = "plans"
    __table_args__ = (UniqueConstraint("municipality_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey(Municipality.id))
    key: Mapped[str] = mapped_column(String(LONGEST_KEY))
    kind: Mapped[str] = mapped_column(String(32))
    title: Mapped[dict[str, str]] = mapped_column(Json)
    published_version_id: Mapped[int | None]
    revision: Mapped[int] = mapped_column(default=0)
    shown: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(Instant)


class PlanVersion(Base):
    """One numbered state of a plan: one of STATES, and from `frozen` on never changed, which the database sees to.

    `heading` is the canonical JSON of the plan without its elements and its record; a frozen one has those entries of
    the registers that its content refers to. `content_hash` is the SHA-256 by which a frozen version is known. `brings`
    is what its document records and has in registers, by the kind of PlanEntry: it waits until
    the version is published.
    """

    __tablename__ = "plan_versions"
    __table_args__ = (UniqueConstraint("plan_id", "number"), UniqueConstraint("plan_id", "content_hash"))

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey(PlanRow.id))
    number: Mapped[int]
    label: Mapped[str | None]
    state: Mapped[str] = mapped_column(String(16))
    content_hash: Mapped[str | None] = mapped_column(String(64))
    heading: Mapped[dict[str, Any]] = mapped_column(Json)
    based_on_id: Mapped[int | None]
    reason: Mapped[str | None]
    by_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
    frozen_at: Mapped[datetime | None] = mapped_column(Instant)
    published_at: Mapped[datetime | None] = mapped_column(Instant)
    brings: Mapped[dict[str, list[dict[str, Any]]]] = mapped_column(Json, default=dict)


class PlanElement(Base):
    """What stays of an element through all versions: its name for us, and its key within the plan."""

    __tablename__ = "plan_elements"
    __table_args__ = (UniqueConstraint("plan_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[uuid.UUID] = mapped_column(Uid, unique=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey(PlanRow.id))
    key: Mapped[str] = mapped_column(String(LONGEST_KEY))


class PlanRevision(Base):
    """An element as one version has it: where it stands, and in `detail` all that it says, in canonical JSON.

    `parent_id` is the element above it, `ordinal` its place among all elements of the version from the top down;
    `revision_hash` is the SHA-256 of `detail`.
    """

    __tablename__ = "plan_revisions"
    __table_args__ = (
        UniqueConstraint("version_id", "element_id"),
        Index("ix_plan_revisions_element_id", "element_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey(PlanVersion.id))
    element_id: Mapped[int] = mapped_column(ForeignKey(PlanElement.id))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey(PlanElement.id))
    ordinal: Mapped[int]
    detail: Mapped[dict[str, Any]] = mapped_column(Json)
    revision_hash: Mapped[str] = mapped_column(String(64))


class PlanChange(Base):
    """What staff did to an element of a version and why: one of CHANGES; `others` are keys of the elements concerned.

    merged: into `others`. split: out of `others`.
    """

    __tablename__ = "plan_changes"
    __table_args__ = (Index("ix_plan_changes_version_id", "version_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey(PlanVersion.id))
    element_id: Mapped[int] = mapped_column(ForeignKey(PlanElement.id))
    kind: Mapped[str] = mapped_column(String(16))
    others: Mapped[list[str]] = mapped_column(Json)
    reason: Mapped[str | None]
    by_id: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(Instant)


class PlanEntry(Base):
    """What is recorded about a plan, or stands in one of its registers: `kind` is the field of the document.

    `detail` is its canonical JSON, `position` its place in the list.
    """

    __tablename__ = "plan_entries"
    __table_args__ = (UniqueConstraint("plan_id", "kind", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey(PlanRow.id))
    kind: Mapped[str] = mapped_column(String(24))
    key: Mapped[str] = mapped_column(String(LONGEST_KEY))
    position: Mapped[int]
    detail: Mapped[dict[str, Any]] = mapped_column(Json)


class ProgressReportRow(Base):
    """A report on progress without its entries; approved it is public and never changed again."""

    __tablename__ = "plan_progress_reports"
    __table_args__ = (UniqueConstraint("plan_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey(PlanRow.id))
    key: Mapped[str] = mapped_column(String(LONGEST_KEY))
    position: Mapped[int]
    detail: Mapped[dict[str, Any]] = mapped_column(Json)
    approved_at: Mapped[datetime | None] = mapped_column(Instant)
    by_id: Mapped[int | None]


class ProgressEntryRow(Base):
    """What a report on progress says of one element, in canonical JSON."""

    __tablename__ = "plan_progress_entries"
    __table_args__ = (
        UniqueConstraint("report_id", "element_id"),
        Index("ix_plan_progress_entries_element_id", "element_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey(ProgressReportRow.id))
    element_id: Mapped[int] = mapped_column(ForeignKey(PlanElement.id))
    position: Mapped[int]
    detail: Mapped[dict[str, Any]] = mapped_column(Json)

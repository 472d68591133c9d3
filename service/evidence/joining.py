"""The reports about an action: those of its categories in its area that everybody may see, before and after it.

Read only; there is nothing here that the map of reports does not show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from shapely.geometry import shape
from sqlalchemy import func, select

from service.db import session
from service.db.types import AnyRow
from service.evidence.models import Evidence
from service.gis.measuring import Edges
from service.gis.spatial_sql import box_around, in_box
from service.municipalities.directory import Municipality
from service.plans.rolling_up import last_day
from service.plans.trees import State
from service.reports.catalogue import catalogue_of
from service.reports.listing import FEATURE
from service.reports.models import Report, ReportEntry

MOST_COUNTED = 5_000
HOUR = 3600.0


@dataclass(frozen=True)
class Counted:
    """How many reports, how many of them are open, how many were resolved, and the median hours until they first were.

    `median_hours` is None where none was resolved.
    """

    reports: int
    open: int
    resolved: int
    median_hours: float | None


@dataclass(frozen=True)
class Joined:
    """The newest reports first; without a day of completion all count as before."""

    reports: Sequence[AnyRow]
    completed_on: date | None
    before: Counted
    after: Counted


def join(municipality: Municipality, evidence: Evidence, completed_on: date | None) -> Joined:
    """The reports at which an element points, parted by the day on which it was completed."""
    found = reports_about(municipality, evidence)
    hours = hours_until_resolved([row.id for row in found])
    end = None if completed_on is None else end_of(municipality, completed_on)
    before = [row for row in found if end is None or row.created_at <= end]
    after = [row for row in found if end is not None and row.created_at > end]
    return Joined(found, completed_on, counted(before, hours), counted(after, hours))


def reports_about(municipality: Municipality, evidence: Evidence) -> list[AnyRow]:
    """Those of the categories, in the area or near it, that are on the map; the newest five thousand at most."""
    by_key = catalogue_of(municipality).by_key
    area = shape(evidence.area)
    reports = Report.__table__
    rows = session.execute(
        select(*FEATURE)
        .where(
            reports.c.municipality_id == municipality.id,
            reports.c.on_map,
            reports.c.category_id.in_([by_key[key].id for key in evidence.categories if key in by_key]),
            in_box(reports.c.place, *box_of(area, evidence.metres)),
        )
        .order_by(reports.c.id.desc())
        .limit(MOST_COUNTED)
    ).all()
    near = is_near(area, evidence.metres, rows)
    return [row for row, holds in zip(rows, near, strict=True) if holds]


def box_of(area: Any, metres: int) -> tuple[float, float, float, float]:
    """West, south, east, north of the area with what is around it."""
    west, south, east, north = area.bounds
    corners = [box_around(lon, lat, max(metres, 1)) for lon, lat in ((west, south), (east, north))]
    return corners[0][0], corners[0][1], corners[1][2], corners[1][3]


def is_near(area: Any, metres: int, rows: Sequence[AnyRow]) -> Sequence[bool]:
    """For each report whether it lies in the area or so many metres from it."""
    lons = np.array([row.longitude for row in rows], dtype=float)
    lats = np.array([row.latitude for row in rows], dtype=float)
    inside = shapely.intersects(area, shapely.points(lons, lats))
    if metres and rows:
        away = Edges.of(np.array([area])).metres(lons, lats, np.zeros(len(rows), dtype=np.intp))
        inside |= away <= metres
    found: list[bool] = np.asarray(inside, dtype=bool).reshape(-1).tolist()
    return found


def hours_until_resolved(ids: Sequence[int]) -> Mapping[int, float]:
    """Report → hours from when it was sent until it was first resolved; those that never were are left out."""
    entries = ReportEntry
    rows = session.execute(
        select(Report.id, Report.created_at, func.min(entries.at).label("at"))
        .join(entries, entries.report_id == Report.id)
        .where(Report.id.in_(ids), entries.state == "resolved")
        .group_by(Report.id, Report.created_at)
    )
    return {row.id: (instant(row.at) - row.created_at).total_seconds() / HOUR for row in rows}


def instant(at: Any) -> datetime:
    """A moment as `min` gives it: on SQLite without its zone."""
    found = at if isinstance(at, datetime) else datetime.fromisoformat(at)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def counted(rows: Sequence[AnyRow], hours: Mapping[int, float]) -> Counted:
    resolved = [hours[row.id] for row in rows if row.id in hours]
    middle = round(median(resolved), 1) if resolved else None
    return Counted(len(rows), sum(row.open for row in rows), len(resolved), middle)


def end_of(municipality: Municipality, day: date) -> datetime:
    """The last moment of a day here."""
    return datetime.combine(day, time.max, ZoneInfo(municipality.time_zone)).astimezone(UTC)


def completion_of(municipality: Municipality, state: State, key: str, evidence: Evidence) -> date | None:
    """The day that staff say, else that by which the first report that calls the element completed can say so: the end
    of its period, and no later than it was approved. None: not yet.
    """
    if evidence.completed_on is not None:
        return evidence.completed_on
    for (report, entries), approved_at in zip(state.reports, state.approved_at, strict=True):
        if any(entry["element"] == key and entry.get("status") == "completed" for entry in entries):
            days = [last_day(report["period"]), last_day(report.get("approved_when"))]
            days += [approved_at.astimezone(ZoneInfo(municipality.time_zone)).date()] if approved_at else []
            return min((day for day in days if day is not None), default=None)
    return None

"""Reports that would go elsewhere, as who keeps the map may see them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from service.db import session
from service.municipalities.directory import Municipality
from service.people.callers import Caller
from service.reports.audience import sees_department
from service.reports.catalogue import category_with
from service.reports.models import Report

reports: Any = Report.__table__


def show_moved(municipality: Municipality, who: Caller, moved: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines with what the reports say; the place, and what decides there, only where who asks may know it."""
    query = select(
        reports.c.id,
        reports.c.uid,
        reports.c.number,
        reports.c.category_id,
        reports.c.open,
        reports.c.on_map,
        reports.c.department_id,
        reports.c.longitude,
        reports.c.latitude,
    ).where(reports.c.municipality_id == municipality.id, reports.c.id.in_([line["key"] for line in moved]))
    rows = {row.id: row for row in session.execute(query)}
    return [shown(municipality, who, line, rows[line["key"]]) for line in moved if line["key"] in rows]


def shown(municipality: Municipality, who: Caller, line: dict[str, Any], row: Any) -> dict[str, Any]:
    """One line."""
    exact = row.on_map or (who.may("see_reports") and sees_department(who, row.department_id))
    return {
        "id": row.uid,
        "number": row.number,
        "category": category_with(municipality, row.category_id).key,
        "open": row.open,
        "from": line["from"],
        "to": line["to"],
        "before": line["before"] if exact else None,
        "after": line["after"] if exact else None,
        "longitude": row.longitude if exact else None,
        "latitude": row.latitude if exact else None,
    }

"""What was resolved and not reopened closes itself after so many days, as the municipality has set."""

from datetime import timedelta

from sqlalchemy import select

from service.db import session
from service.db.clock import now
from service.municipalities.directory import Municipality, municipalities
from service.reports.history import SYSTEM, Actor
from service.reports.models import Report
from service.reports.moving import move_report

AT_ONCE = 50


def close_resolved() -> int:
    """Close some of the reports whose time has come, inside one transaction; how many. Zero: there are no more."""
    return sum(close_resolved_in(municipality) for municipality in municipalities().values())


def close_resolved_in(municipality: Municipality) -> int:
    before = now() - timedelta(days=municipality.settings["auto_close_days"])
    due = session.scalars(
        select(Report)
        .where(Report.municipality_id == municipality.id, Report.state == "resolved", Report.moved_at < before)
        .order_by(Report.moved_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for report in due:
        session.expunge(report)  # what is written of it is said by who changes it
        move_report(municipality, report, "closed", Actor(SYSTEM))
    return len(due)

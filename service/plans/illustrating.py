"""Photos as evidence of progress: who sent them gives them to a report; everybody sees them once it is approved."""

from sqlalchemy import select

from service.db import session
from service.media.attaching import attach
from service.media.finding import photos_of
from service.media.removing import remove_others
from service.municipalities.directory import Municipality
from service.plans.models import PlanRow, ProgressReportRow
from service.plans.record import ProgressReport

OWNER = "plan_progress:"


def take_photos(municipality: Municipality, row: ProgressReportRow, report: ProgressReport, uploaded_by: str) -> None:
    """Give the photos that the report names to it, and let go of those it names no longer. Inside `transaction()`.

    Raises PhotoNotFound.
    """
    owner = f"{OWNER}{row.id}"
    named = [photo for entry in report.entries for photo in entry.photos]
    there = {photo.uid for photo in photos_of(municipality, [owner])[owner]}
    attach(municipality, [photo for photo in named if photo not in there], owner, uploaded_by)
    remove_others(municipality, owner, named)


def is_shown(plan: PlanRow, owner: str | None) -> bool:
    """Whether what this owner has is shown to everybody: an approved report of the plan."""
    if owner is None or not owner.startswith(OWNER):
        return False
    approved = select(ProgressReportRow.id).where(
        ProgressReportRow.id == int(owner.removeprefix(OWNER)),
        ProgressReportRow.plan_id == plan.id,
        ProgressReportRow.approved_at.is_not(None),
    )
    return session.scalar(approved) is not None

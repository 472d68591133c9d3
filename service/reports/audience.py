"""Who looks at a report: its reporter, staff of the department that has it, or everybody."""

import uuid

from sqlalchemy import select

from service.db import session
from service.db.types import AnyRow
from service.errors import NotFound
from service.media.attaching import PhotoNotFound
from service.media.finding import find_photo
from service.media.models import Attachment
from service.municipalities.directory import Municipality, NoSuchDepartment
from service.people.callers import Caller
from service.reports.finding import Whole, report_to_change, whole_report
from service.reports.models import Report, ReportEntry
from service.reports.moving import check_version
from service.reports.presenting import EVERYBODY, REPORTER, STAFF


def audience_of(caller: Caller | None, report: AnyRow | Report) -> str:
    """As whom the caller sees this report. Raises NotFound for everybody where it is private."""
    if caller is not None and report.reporter_id == caller.account_id:
        return REPORTER  # also of staff, who follow their own reports like anybody
    if caller is not None and sees_department(caller, report.department_id):
        return STAFF
    if report.private:
        raise NotFound
    return EVERYBODY


def sees_department(caller: Caller, department_id: int, permission: str = "see_reports") -> bool:
    """Whether the caller's roles reach this department."""
    reached = caller.departments(permission)
    return reached is None or department_id in reached


def departments_asked(municipality: Municipality, caller: Caller, key: str | None) -> frozenset[int] | None:
    """The departments whose reports are asked for, of those that the caller may see; None is all.

    Raises NoSuchDepartment.
    """
    reached = caller.departments("see_reports")
    if key is None:
        return reached
    department = municipality.departments.get(key)
    if department is None or (reached is not None and department.id not in reached):
        raise NoSuchDepartment(department=key)
    return frozenset({department.id})


def report_seen_by(municipality: Municipality, caller: Caller, report: uuid.UUID) -> Whole:
    """A report of a department that the caller may see. Raises NotFound."""
    found = whole_report(municipality, report)
    if not sees_department(caller, found.row.department_id):
        raise NotFound
    return found


def report_handled_by(
    municipality: Municipality, caller: Caller, report: uuid.UUID, version: int | None = None
) -> Whole:
    """A report locked, of a department that the caller may act for, as the caller saw it.

    Raises NotFound, ReportChanged.
    """
    found = report_to_change(municipality, report)
    if not sees_department(caller, found.row.department_id, "handle_reports"):
        raise NotFound
    check_version(found.row, version)
    return found


def photo_for(municipality: Municipality, report: AnyRow, photo: uuid.UUID, audience: str) -> Attachment:
    """A photo of this report or of its timeline, if this audience may see it. Raises PhotoNotFound."""
    found = find_photo(municipality, photo)
    kind, _, owner = (found.owner or "").partition(":")
    if kind == "report" and owner == str(report.uid) and (audience != EVERYBODY or report.photos_public):
        return found
    if kind == "entry":
        by = session.scalar(
            select(ReportEntry.by_kind).where(ReportEntry.uid == uuid.UUID(owner), ReportEntry.report_id == report.id)
        )
        if by == "staff" or (by is not None and audience != EVERYBODY):
            return found
    raise PhotoNotFound

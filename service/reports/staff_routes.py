"""Reports over HTTP, for staff: the queue, and what is done with a report."""

import uuid
from datetime import UTC, datetime
from typing import Any

from flask import Response

from service.crash_points import crash_here
from service.db import transaction
from service.db.clock import now
from service.errors import NotFound
from service.http import (
    Blueprint,
    CursorNotValid,
    after_cursor,
    after_key,
    answer,
    cursor,
    language,
    operation,
    page_of,
)
from service.media.attaching import PhotoNotFound
from service.municipalities.directory import Municipality, NoSuchDepartment
from service.people.access import caller, staff
from service.reports import finding, presenting
from service.reports.answers import show_whole
from service.reports.audience import departments_asked, report_handled_by, report_seen_by, sees_department
from service.reports.history import STAFF, Actor
from service.reports.intake import uploader
from service.reports.moving import (
    MoveNotAllowed,
    NoSuchPerson,
    NotYoursToGive,
    ReasonNeeded,
    ReportChanged,
    ReportNotOpen,
    assign,
    hand_over,
    look,
    move_report,
)
from service.reports.schemas.staff import (
    AssignIn,
    HandOverIn,
    LookIn,
    QueueOut,
    QueueQuery,
    StaffMoveIn,
    StaffReportOut,
)

blueprint = Blueprint(
    "staff_reports", __name__, url_prefix="/<municipality>/staff/reports", description="The queue of the departments"
)


@blueprint.get("")
@staff("see_reports")
@blueprint.arguments(QueueQuery, location="query")
@blueprint.response(200, QueueOut)
@operation("listQueue", CursorNotValid, NoSuchDepartment)
def queue(query: dict[str, Any], municipality: Municipality) -> Response:
    """Show the queue of one's departments, newest first or most urgent first

    With `late` only open reports whose promised time has passed.
    """
    departments = departments_asked(municipality, caller(), query.get("department"))
    wanted, limit = finding.wanted_of(municipality, query), query["limit"]
    late_at = now() if query.get("late") else None
    if query["order"] == "due":
        place = urgent_after(query.get("after"))
        found = finding.due(municipality, departments, wanted, late_at, place, limit + 1)
        rows, following = page_of(found, limit, lambda row: cursor(row.promised_at.isoformat(), row.id))
    else:
        after = after_key(query.get("after"), int)
        found = finding.queue(municipality, departments, wanted, late_at, after, limit + 1)
        rows, following = page_of(found, limit)
    spoken = language()
    lines = presenting.summaries(municipality, rows, spoken, STAFF)
    return answer({"reports": lines, "next": following})


@blueprint.get("/<uuid:report>")
@staff("see_reports")
@blueprint.response(200, StaffReportOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showReportToStaff", NotFound)
def show(municipality: Municipality, report: uuid.UUID) -> Response:
    """Show a report with everything that staff may see"""
    return show_whole(municipality, report_seen_by(municipality, caller(), report), STAFF)


@blueprint.post("/<uuid:report>/moves")
@staff("handle_reports")
@blueprint.arguments(StaffMoveIn)
@blueprint.response(200, StaffReportOut)
@operation("moveReport", NotFound, ReportChanged, MoveNotAllowed, ReasonNeeded, PhotoNotFound)
def move(body: dict[str, Any], municipality: Municipality, report: uuid.UUID) -> Response:
    """Move a report to another state

    With `version` only if nobody has changed the report since. The reporter is told of every move.
    """
    who = caller()
    with transaction():
        found = report_handled_by(municipality, who, report, body["version"])
        step = move_report(
            municipality,
            found.row,
            body["to"],
            Actor(STAFF, who.account_id, who.name),
            note=body["note"],
            internal=body["internal"],
            photos=body["photos"],
            uploaded_by=uploader(who),
        )
    crash_here("after_move_commit")
    return show_whole(municipality, found.with_step(step), STAFF, etag=False)


@blueprint.post("/<uuid:report>/hand-over")
@staff("handle_reports")
@blueprint.arguments(HandOverIn)
@blueprint.response(200, StaffReportOut)
@operation("handOverReport", NotFound, ReportChanged, ReportNotOpen, NoSuchDepartment)
def hand(body: dict[str, Any], municipality: Municipality, report: uuid.UUID) -> Response:
    """Hand a report over to another department

    It is in nobody's hand then; who handed it over may see it no longer.
    """
    who = caller()
    with transaction():
        found = report_handled_by(municipality, who, report, body["version"])
        hand_over(municipality, found.row, body["department"], Actor(STAFF, who.account_id), body["internal"])
    return shown_again(municipality, report)


@blueprint.post("/<uuid:report>/assignee")
@staff("handle_reports")
@blueprint.arguments(AssignIn)
@blueprint.response(200, StaffReportOut)
@operation("assignReport", NotFound, ReportChanged, ReportNotOpen, NoSuchPerson, NotYoursToGive)
def take(body: dict[str, Any], municipality: Municipality, report: uuid.UUID) -> Response:
    """Say who has a report in hand

    Somebody whose roles let them handle reports of its department, or nobody. Heads of departments, dispatchers and
    administrators share reports out; others take what nobody has, and let go of their own.
    """
    who = caller()
    with transaction():
        found = report_handled_by(municipality, who, report, body["version"])
        shares_out = sees_department(who, found.row.department_id, "assign_reports")
        assign(municipality, found.row, body["person"], Actor(STAFF, who.account_id), shares_out)
    return shown_again(municipality, report)


@blueprint.post("/<uuid:report>/look")
@staff("handle_reports")
@blueprint.arguments(LookIn)
@blueprint.response(200, StaffReportOut)
@operation("lookAtReport", NotFound)
def first_look(body: dict[str, Any], municipality: Municipality, report: uuid.UUID) -> Response:
    """Decide what everybody may see of a report

    The first look, or a later one; what the category never shows stays hidden.
    """
    who = caller()
    with transaction():
        look(municipality, report_handled_by(municipality, who, report).row, Actor(STAFF, who.account_id), **body)
    return shown_again(municipality, report)


def urgent_after(text: str | None) -> tuple[datetime, int] | None:
    """The place after a row of the queue by urgency. Raises CursorNotValid."""
    after = after_cursor(text, str, int)
    if after is None:
        return None
    try:
        promised = datetime.fromisoformat(after[0])
        if promised.tzinfo is not None:
            return promised.astimezone(UTC), after[1]
    except (ValueError, OverflowError):
        pass
    raise CursorNotValid


def shown_again(municipality: Municipality, report: uuid.UUID) -> Response:
    """The report after the change; also for who has just handed it over and will not see it again."""
    return show_whole(municipality, finding.whole_report(municipality, report), STAFF, etag=False)

"""A report goes from state to state, from department to department, from hand to hand.

Every rule here gets a report that was loaded locked, so that of two clerks the second sees what the first has done.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from service.crash_points import crash_here
from service.db import session
from service.db.clock import now
from service.errors import Problem
from service.media.attaching import attach
from service.municipalities.directory import Municipality, department_at_work, department_with
from service.people.models import Account, RoleGiven
from service.people.roles import ROLES, may
from service.reports.catalogue import Category, category_with
from service.reports.history import STAFF, Actor, Step, add_entry, change
from service.reports.messages import tell
from service.reports.models import Report
from service.reports.promising import change_calendar, promise, start_clock, stop_clock
from service.reports.showing import show_after_look
from service.reports.states import STATES, is_reopening, moves_of
from service.text import N_

DECIDING = ("rule", "layer", "version", "feature")
"""What a history says of the decision for which a report was handed over."""
HANDLING = tuple(role for role in ROLES if may(role, "handle_reports"))


class MoveNotAllowed(Problem):
    """The report cannot go there from where it is, or not by this person; `allowed` says where it can."""

    status, code, message = 409, "move_not_allowed", N_("This step is not possible in the present state of the report.")


class ReportChanged(Problem):
    """Somebody else changed the report after the caller had read it; `version` is the present one."""

    status, code, message = 409, "report_changed", N_("Somebody else has just changed this report. Please look again.")


class ReportNotOpen(Problem):
    """What is no longer worked on is neither handed over nor taken in hand; `state` says what has become of it."""

    status, code, message = 409, "report_not_open", N_("This report is no longer being worked on.")


class ReasonNeeded(Problem):
    """This state needs a public note that says why."""

    status, code, message = 422, "reason_needed", N_("Please give a reason.")


class NoSuchPerson(Problem):
    """Nobody is meant by this who may handle reports of the department."""

    status, code, message = 422, "no_such_person", N_("There is no such member of staff.")


class NotYoursToGive(Problem):
    """Without the permission to share reports out one takes what nobody has, and lets go of one's own."""

    status, code = 403, "not_yours_to_give"
    message = N_(
        "You can take a report that nobody has in hand. To give it to others, ask the head of your department."
    )


def check_version(report: Report, version: int | None) -> None:
    """Refuse to act on what the caller has not seen. Raises ReportChanged."""
    if version is not None and report.version != version:
        raise ReportChanged(version=report.version, state=report.state)


def move_report(
    municipality: Municipality,
    report: Report,
    to: str,
    by: Actor,
    note: str | None = None,
    internal: str | None = None,
    photos: Sequence[uuid.UUID] = (),
    uploaded_by: str = "",
) -> Step:
    """Move the report, keep the promise right, write the history and owe the messages; the line of the history.

    Raises MoveNotAllowed, ReasonNeeded, PhotoNotFound.
    """
    allowed = moves_of(report.state, by.kind, anonymous=report.reporter_id is None)
    if to not in allowed:
        raise MoveNotAllowed(state=report.state, allowed=allowed)
    if STATES[to].needs_reason and not note:
        raise ReasonNeeded(state=to)
    category = category_of(municipality, report)
    before, moment = report.state, now()
    keep_clock(municipality, report, category, to, moment)
    report.state, report.open, report.moved_at = to, STATES[to].open, moment
    change(report, "state", "open", "moved_at", "promised_at", "seconds_left")
    step = add_entry(report, "moved", by, moment, {"from": before, "photos": len(photos)}, note, internal)
    if photos:
        attach(municipality, photos, f"entry:{step.uid}", uploaded_by)
    tell(municipality, report)
    crash_here("before_move_commit")
    return step


def keep_clock(municipality: Municipality, report: Report, category: Category, to: str, moment: datetime) -> None:
    """The promised time runs, stands or begins anew, as the two states say."""
    department = department_with(municipality, report.department_id)
    if is_reopening(report.state, to):
        promise(report, category, department, moment)
    elif STATES[to].open and not STATES[to].clock:
        stop_clock(report, department, moment)
    elif STATES[to].clock:
        start_clock(report, department, moment)


def hand_over(
    municipality: Municipality,
    report: Report,
    key: str,
    by: Actor,
    internal: str | None = None,
    routing: dict[str, Any] | None = None,
) -> Step | None:
    """Another department takes the report over; nobody of it has it in hand yet. None where it had it before.

    With `routing` it is because of that decision, which the report keeps from now on.

    Raises ReportNotOpen, NoSuchDepartment.
    """
    check_open(report)
    moment = now()
    after = department_at_work(municipality, key, moment)
    before = department_with(municipality, report.department_id)
    if after.id == before.id:
        return None
    change_calendar(report, before, after, moment)
    report.department_id, report.assignee_id = after.id, None
    facts: dict[str, Any] = {"from": before.key, "to": after.key}
    changed = ["department_id", "assignee_id", "promised_at", "seconds_left"]
    if routing is not None:
        report.routing = routing
        facts |= {name: routing.get(name) for name in DECIDING}
        changed.append("routing")
    change(report, *changed)
    step = add_entry(report, "handed_over", by, moment, facts, internal=internal)
    tell(municipality, report, moved=False, routed=True)
    return step


def assign(
    municipality: Municipality, report: Report, person: uuid.UUID | None, by: Actor, shares_out: bool = True
) -> Step:
    """Somebody who handles reports of its department takes the report in hand, or nobody does.

    Who does not share reports out takes what nobody has, and lets go of their own.

    Raises ReportNotOpen, NoSuchPerson, NotYoursToGive.
    """
    check_open(report)
    after = None if person is None else who_handles(municipality, report.department_id, person)
    if not shares_out and {report.assignee_id, after} - {None, by.account_id}:
        raise NotYoursToGive
    report.assignee_id = after
    change(report, "assignee_id")
    return add_entry(report, "assigned", by, now(), {"to": None if person is None else str(person)})


def check_open(report: Report) -> None:
    """Refuse what is no longer worked on. Raises ReportNotOpen."""
    if not report.open:
        raise ReportNotOpen(state=report.state)


def who_handles(municipality: Municipality, department_id: int, person: uuid.UUID) -> int:
    """The account of a member of staff whose roles reach this department. Raises NoSuchPerson."""
    found = session.scalar(
        select(Account.id)
        .join(RoleGiven, RoleGiven.account_id == Account.id)
        .where(
            Account.municipality_id == municipality.id,
            Account.uid == person,
            Account.kind == STAFF,
            RoleGiven.role.in_(HANDLING),
            or_(RoleGiven.department_id.is_(None), RoleGiven.department_id == department_id),
        )
        .limit(1)
    )
    if found is None:
        raise NoSuchPerson
    return found


def look(municipality: Municipality, report: Report, by: Actor, text: bool, photos: bool, place: bool) -> Step:
    """The first staff look, or a later one: decide what everybody may see of the report."""
    moment = now()
    show_after_look(report, category_of(municipality, report), text, photos, place)
    report.looked_at = moment
    change(report, "on_map", "text_public", "photos_public", "looked_at")
    facts = {"text": report.text_public, "photos": report.photos_public, "place": report.on_map}
    return add_entry(report, "looked", by, moment, facts)


def category_of(municipality: Municipality, report: Report) -> Category:
    """The category of a report, in use or not."""
    return category_with(municipality, report.category_id)

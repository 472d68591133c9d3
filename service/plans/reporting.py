"""Reports on progress: written by staff, approved by a named body or decision, and from then on public and final."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select

from service.db import session
from service.db.clock import now
from service.errors import Problem
from service.plans.canonical import to_json
from service.plans.checking import PlanFaulty
from service.plans.models import PlanRow, ProgressEntryRow, ProgressReportRow
from service.plans.reading_json import read
from service.plans.record import ProgressReport
from service.plans.values import Period
from service.plans.writing import element_ids, known_ids, put_in, spelled
from service.text import N_


class ReportApproved(Problem):
    """An approved report is never changed; a later one corrects it."""

    status, code, message = (
        409,
        "report_approved",
        N_("An approved report is not changed. Please write another one."),
    )


class NobodyApproves(Problem):
    """A report is approved by a body or in a decision of the plan."""

    status, code, message = 422, "nobody_approves", N_("Please say which body or which decision approves the report.")


def read_report(key: str, data: Mapping[str, Any]) -> ProgressReport:
    """A report from JSON, not approved. Raises NotAPlan."""
    return not_approved(read(ProgressReport, {**data, "key": key}))


def not_approved(report: ProgressReport) -> ProgressReport:
    """The report without who approved it."""
    return replace(report, approved_by=None, approved_in=None, approved_when=None)


class Apart(NamedTuple):
    """A report without its entries, and of each of these its element and its canonical JSON as the driver takes it."""

    report: ProgressReport
    entries: Sequence[tuple[str, Any]]


def taken_apart(report: ProgressReport) -> Apart:
    """A report ready to be written; before the transaction."""
    return Apart(replace(report, entries=()), [(entry.element, spelled(to_json(entry))) for entry in report.entries])


def write_reports(
    plan: PlanRow, reports: Sequence[Apart], by_id: int | None, approved: bool, known: dict[str, int]
) -> None:
    """Reports of a document, `approved` as it says or not; those that are there and approved stay as they are.

    `known` are our keys in the database of elements by theirs. Inside `transaction()`.
    """
    rows = session.execute(
        select(ProgressReportRow.key, ProgressReportRow.approved_at).where(ProgressReportRow.plan_id == plan.id)
    )
    final = {row.key for row in rows if row.approved_at is not None}
    for report, entries in reports:
        if report.key not in final:
            said = report if approved else not_approved(report)
            known = element_ids(plan, [element for element, _ in entries], known=known)
            write_report(plan, Apart(said, entries), by_id, known)


def write_report(
    plan: PlanRow, apart: Apart, by_id: int | None, known: Mapping[str, int] | None = None
) -> ProgressReportRow:
    """A report and its entries in place of what was there of it; approved if it says by whom. Inside `transaction()`.

    `known` as in `write_reports`; None: they are read. Raises ReportApproved, PlanFaulty for elements that the plan
    never had.
    """
    report, entries = apart
    row = session.scalar(
        select(ProgressReportRow).where(ProgressReportRow.plan_id == plan.id, ProgressReportRow.key == report.key)
    )
    if row is not None and row.approved_at is not None:
        raise ReportApproved
    if row is None:
        last = select(func.max(ProgressReportRow.position)).where(ProgressReportRow.plan_id == plan.id)
        place = session.scalar(last)
        row = ProgressReportRow(plan_id=plan.id, key=report.key, position=0 if place is None else place + 1)
        session.add(row)
    row.detail, row.by_id = to_json(report), by_id
    session.flush()
    session.execute(delete(ProgressEntryRow).where(ProgressEntryRow.report_id == row.id))
    ids = known_ids(plan) if known is None else known
    put_in(ProgressEntryRow, entry_rows(row, entries, ids), ready=("detail",))
    if report.approved_by or report.approved_in:
        row.approved_at = now()
        session.flush()
    return row


def entry_rows(
    row: ProgressReportRow, entries: Sequence[tuple[str, Any]], ids: Mapping[str, int]
) -> list[dict[str, Any]]:
    """The rows of a report's entries. Raises PlanFaulty for elements that the plan never had."""
    named = [element for element, _ in entries]
    lost = [element for element in named if element not in ids]
    twice = len(set(named)) < len(named)
    if lost or twice:
        fault = "nothing_there" if lost else "twice"
        raise PlanFaulty(faults=[{"fault": fault, "what": "elements", "key": key} for key in lost or [row.key]])
    return [
        {"report_id": row.id, "element_id": ids[element], "position": place, "detail": detail}
        for place, (element, detail) in enumerate(entries)
    ]


class Approval(NamedTuple):
    """The body or the decision that approves a report, by their keys, and when."""

    by: str | None = None
    decision: str | None = None
    when: Period | None = None


def approve(row: ProgressReportRow, approval: Approval) -> None:
    """The body or the decision approves the report, which everybody sees from now on. Inside `transaction()`, locked.

    Raises ReportApproved, NobodyApproves.
    """
    if row.approved_at is not None:
        raise ReportApproved
    by, decision, when = approval
    if by is None and decision is None:
        raise NobodyApproves
    said = {"approved_by": by, "approved_in": decision, "approved_when": to_json(when) if when else None}
    row.detail = dict(row.detail) | {name: value for name, value in said.items() if value}
    row.approved_at = now()
    session.flush()

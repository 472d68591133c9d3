"""Somebody is erased: their reports stay as anonymous facts, and what they wrote goes.

A report keeps its number, category, place, department, states and dates. Description, address, written answers,
photos and every text of its history go: a machine cannot tell which of them is personal. `keep_public` leaves the
descriptions and photos that everybody may see, with what staff told the reporter and wrote nothing internal beside.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select, update

from service.db import session
from service.idempotency.keeping import forget
from service.media.removing import make_ownerless, remove_photos
from service.municipalities.directory import Municipality
from service.notices.inbox import remove_messages_about
from service.outbox.retaining import say_again
from service.reports.catalogue import category_with
from service.reports.digesting import subject_of
from service.reports.models import Report, ReportEntry, ReportText, RoutingRuleChange
from service.reports.states import STAFF

WRITTEN = ("string", "text")
"""Datatypes of questions whose answers are a person's own words."""


def forget_reporter(municipality: Municipality, account_id: int, keep_public: bool) -> list[uuid.UUID]:
    """Unlink every report of this person and empty what they wrote; the photos that went."""
    mine = select(Report).where(Report.reporter_id == account_id).order_by(Report.id)
    reports = session.scalars(mine.with_for_update().execution_options(populate_existing=True)).all()
    gone = [uid for report in reports for uid in empty(municipality, report, account_id, keep_public)]
    session.flush()
    if reports:
        subjects = {f"report:{report.uid}" for report in reports}
        say_again(municipality.id, subjects | digests_of(reports))
    return gone


def digests_of(reports: Sequence[Report]) -> set[str]:
    """The digests in which these reports may have been named."""
    ids = [report.id for report in reports]
    found = select(ReportEntry.department_id).where(ReportEntry.report_id.in_(ids)).distinct()
    return {subject_of(department_id) for department_id in session.scalars(found)}


def empty(municipality: Municipality, report: Report, account_id: int, keep_public: bool) -> Sequence[uuid.UUID]:
    """Unlink one report; the photos that went."""
    keeps_text = keep_public and report.text_public
    keeps_photos = keep_public and report.photos_public
    report.reporter_id = None
    report.address = None
    report.accuracy = None
    report.answers = chosen(municipality, report)
    report.description = report.description if keeps_text else ""
    report.text_public, report.photos_public = keeps_text, keeps_photos
    report.version += 1
    empty_history(report, account_id, keeps_text)
    forget(report.uid)
    remove_messages_about(municipality, "report", str(report.uid))
    own = f"report:{report.uid}"
    make_ownerless(municipality, [own])
    return remove_photos(municipality, entries_of(report, keeps_photos) + ([] if keeps_photos else [own]))


def chosen(municipality: Municipality, report: Report) -> dict[str, Any]:
    """The answers that were chosen, counted or dated, without those that were written."""
    asked = category_with(municipality, report.category_id).questions
    kept = {question["code"] for question in asked if question["datatype"] not in WRITTEN}
    return {code: answer for code, answer in report.answers.items() if code in kept}


def empty_history(report: Report, account_id: int, keeps_answers: bool) -> None:
    """Delete the texts with their salts and unlink the lines; what staff told in public may stay."""
    lines = select(ReportEntry.id).where(ReportEntry.report_id == report.id)
    gone = delete(ReportText).where(ReportText.entry_id.in_(lines))
    if keeps_answers:
        told = lines.where(ReportEntry.by_kind == STAFF)
        gone = gone.where(ReportText.internal.is_not(None) | ReportText.entry_id.not_in(told))
    session.execute(gone.execution_options(synchronize_session=False))
    session.execute(
        update(ReportEntry)
        .where(ReportEntry.report_id == report.id, ReportEntry.by_id == account_id)
        .values(by_id=None)
        .execution_options(synchronize_session=False)
    )


def entries_of(report: Report, keeps_answers: bool) -> list[str]:
    """The owners of the photos of its history that go: all, or those that staff did not add."""
    lines = select(ReportEntry.uid).where(ReportEntry.report_id == report.id)
    if keeps_answers:
        lines = lines.where(ReportEntry.by_kind != STAFF)
    return [f"entry:{uid}" for uid in session.scalars(lines)]


def forget_staff(municipality: Municipality, account_id: int) -> None:
    """Unlink a member of staff: what they did stays, in the name of staff."""
    here = select(Report.id).where(Report.municipality_id == municipality.id)
    for statement in (
        update(Report).where(Report.assignee_id == account_id).values(assignee_id=None),
        update(ReportEntry).where(ReportEntry.report_id.in_(here), ReportEntry.by_id == account_id).values(by_id=None),
        update(RoutingRuleChange)
        .where(RoutingRuleChange.municipality_id == municipality.id, RoutingRuleChange.by_id == account_id)
        .values(by_id=None),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def hand_over_reports(municipality: Municipality, from_id: int, to_id: int) -> None:
    """The reports of one account become those of another, which is the same person's."""
    here = (Report.municipality_id == municipality.id, Report.reporter_id == from_id)
    mine = select(Report.id).where(*here)
    session.execute(
        update(ReportEntry)
        .where(ReportEntry.report_id.in_(mine), ReportEntry.by_id == from_id)
        .values(by_id=to_id)
        .execution_options(synchronize_session=False)
    )
    session.execute(update(Report).where(*here).values(reporter_id=to_id).execution_options(synchronize_session=False))

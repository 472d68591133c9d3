"""Departments that read digests get one mail an hour, in their working hours, with what has come since the last."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, literal, select

from service.db import session
from service.db.clock import now
from service.db.types import AnyRow
from service.municipalities.directory import (
    Department,
    Municipality,
    department_named,
    municipalities,
    municipality_with,
)
from service.outbox.expanding import Owed, Posted
from service.outbox.models import Event
from service.outbox.posting import owe
from service.reports.messages import DEPARTMENT_DIGEST, DIGEST, mailbox_of, wording
from service.reports.models import Report, ReportEntry
from service.text import say

MOST = 200
SETTLED = timedelta(minutes=2)
"""What is older than this is committed; of younger entries one with a lower id may still come to light."""


@dataclass(frozen=True)
class News:
    """The entries of a department that its next digest tells of: those after `after`, up to `until`."""

    municipality: Municipality
    department: Department
    after: int
    until: int


def all_news() -> Iterator[News]:
    """What each department that is at work and reads digests has not been told yet. Reads only: call it outside a
    transaction, and owe one digest after the other.
    """
    for municipality in municipalities().values():
        for department in municipality.departments.values():
            if department.digest == "hourly" and department.calendar.is_working(now()):
                yield from news_of(municipality, department)


def news_of(municipality: Municipality, department: Department) -> Iterator[News]:
    """What came after the last digest, if anything did."""
    told = select(func.max(Event.version)).where(
        Event.kind == DEPARTMENT_DIGEST, Event.subject == subject_of(department.id)
    )
    after = session.scalar(told) or 0
    entries = new_entries(department, after, newest_settled(department, after))
    if entries:
        yield News(municipality, department, after, max(row.entry_id for row in entries))


def owe_digest(news: News) -> None:
    """Owe the digest, inside a transaction."""
    payload = {"department": news.department.key, "after": news.after, "until": news.until}
    owe(news.municipality.id, DEPARTMENT_DIGEST, subject_of(news.department.id), news.until, payload)


def subject_of(department_id: int) -> str:
    """What the events of a department's digests are about."""
    return f"department:{department_id}"


def newest_settled(department: Department, after: int) -> int:
    """The newest entry, of those after this one, before which nothing can appear any more; otherwise this one."""
    query = select(func.max(ReportEntry.id)).where(
        ReportEntry.id > after, ReportEntry.department_id == department.id, ReportEntry.at < now() - SETTLED
    )
    return session.scalar(query) or after


def new_entries(department: Department, after: int, until: int) -> Sequence[AnyRow]:
    """What came to the department between two entries and is still open there."""
    return session.execute(
        select(
            ReportEntry.id.label("entry_id"),
            Report.number,
            Report.category_id,
            Report.department_id,
            Report.district,
            Report.address,
            Report.promised_at,
            literal(None).label("public"),
        )
        .join(Report, Report.id == ReportEntry.report_id)
        .where(
            ReportEntry.id > after,
            ReportEntry.id <= until,
            ReportEntry.department_id == department.id,
            ReportEntry.kind.in_(("submitted", "handed_over")),
            Report.department_id == department.id,
            Report.open,
        )
        .order_by(ReportEntry.id)
        .limit(MOST)
    ).all()


def who_gets_the_digest(event: Posted) -> Iterator[Owed]:
    """One mail that names each new report in a line."""
    municipality = municipality_with(event.municipality_id)
    department = department_named(municipality, event.payload["department"])
    target_id = mailbox_of(municipality, department)
    entries = new_entries(department, event.payload["after"], event.payload["until"])
    if target_id is None or not entries:
        return
    spoken = municipality.main_language
    subject, line = DIGEST
    lines = [
        f"{row.number}: " + say(spoken, line, **wording(municipality, row, spoken, row.promised_at)) for row in entries
    ]
    content = {"subject": say(spoken, subject, count=len(entries)), "text": "\n".join(lines) + "\n"}
    yield Owed(target_id, f"digest.{event.payload['until']}", content)

"""What we tell people about their reports, and departments about theirs.

`tell` writes the event in the transaction of the change; the worker asks `who_is_told` whom it concerns and in what
words. Texts of people are read then and not copied into the event.
"""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from sqlalchemy import select

from service.db import session
from service.db.clock import now
from service.db.types import AnyRow
from service.municipalities.directory import Department, Municipality, department_with, municipality_with
from service.notices.inbox import Reachable, messages_to, reach
from service.notices.preferences.quiet import REPORTS
from service.outbox.expanding import Kept, Owed, Posted
from service.outbox.models import Target
from service.outbox.posting import owe
from service.outbox.targets import MAILBOX
from service.reports.catalogue import category_with
from service.reports.models import Report, ReportEntry, ReportText
from service.reports.presenting import district_name
from service.reports.states import is_reopening
from service.text import N_, locale_of, pick, say

REPORT_CHANGED = "report_changed"
DEPARTMENT_DIGEST = "department_digest"

TEXTS = {
    "received": (N_("We have your report {number}"), N_("{category}: {department} will see to it by {promised}.")),
    "acknowledged": (N_("Your report {number} has been read"), N_("{category}: {department} has taken it on.")),
    "in_progress": (N_("Work on your report {number} has begun"), N_("{category}: {department} is working on it.")),
    "waiting_for_reporter": (N_("We have a question about your report {number}"), N_("{category}: {note}")),
    "with_another_body": (
        N_("Your report {number} is with another body"),
        N_("{category}: we have passed it on and follow its progress."),
    ),
    "resolved": (
        N_("Your report {number} has been resolved"),
        N_("{category}: please tell us if the problem is still there. {note}"),
    ),
    "closed": (N_("Your report {number} is closed"), N_("{category}: thank you for your help.")),
    "rejected": (N_("Your report {number} was not taken up"), N_("{category}: {note}")),
    "duplicate": (N_("Your report {number} was already known"), N_("{category}: {note}")),
    "withdrawn": (N_("You withdrew your report {number}"), N_("{category}: nothing more will be done.")),
}
REOPENED = (N_("Your report {number} has been reopened"), TEXTS["received"][1])
FOR_DEPARTMENT = (N_("New report {number}"), N_("{category}, {place}. To be resolved by {promised}."))
DIGEST = (N_("New reports: {count}"), N_("{category}, {place}. To be resolved by {promised}."))


def tell(municipality: Municipality, report: Report, moved: bool = True, routed: bool = False) -> None:
    """Owe what a change of this report owes: to its reporter when it moved, to its department when it is new there."""
    promised = None if report.promised_at is None else report.promised_at.isoformat()
    payload = {"report_id": report.id, "moved": moved, "routed": routed, "promised_at": promised}
    owe(municipality.id, REPORT_CHANGED, f"report:{report.uid}", report.version, payload)


def who_is_told(event: Posted) -> Iterator[Owed | Kept]:
    """What a changed report owes: inbox, pushes and e-mail to its reporter, a mail to its department."""
    found = read(event)
    if found is None:
        return
    municipality = municipality_with(event.municipality_id)
    if event.payload["moved"] and found.reporter_id is not None:
        person = reach(found.reporter_id)
        if person is not None:
            yield from for_reporter(event, municipality, found, person)
    if event.payload["routed"]:
        yield from for_department(event, municipality, found)


def read(event: Posted) -> AnyRow | None:
    """The report with what was written at this step of it; None when it was erased."""
    return session.execute(
        select(
            Report.uid,
            Report.number,
            Report.category_id,
            Report.reporter_id,
            Report.district,
            Report.address,
            Report.private,
            ReportEntry.state,
            ReportEntry.department_id,
            ReportEntry.facts,
            ReportText.public,
        )
        .join(ReportEntry, ReportEntry.report_id == Report.id)
        .outerjoin(ReportText, ReportText.entry_id == ReportEntry.id)
        .where(Report.id == event.payload["report_id"], ReportEntry.version == event.version)
    ).one_or_none()


def for_reporter(event: Posted, municipality: Municipality, found: AnyRow, person: Reachable) -> Iterator[Owed | Kept]:
    """One inbox message, and one message for each phone and for the mailbox, in the person's language."""
    spoken = municipality.language_for(person.language)
    values = wording(municipality, found, spoken, promised_in(event))
    title, body = (say(spoken, text, **values).strip() for text in texts_of(found))
    data = {"report": str(found.uid), "state": found.state, "municipality": municipality.slug}
    return messages_to(event, person, (title, body), ("report", str(found.uid)), data, tag_of(event), matter=REPORTS)


def texts_of(found: AnyRow) -> tuple[str, str]:
    """Title and body of this step: those of the state, unless it takes up again what was no longer open."""
    return REOPENED if is_reopening(found.facts.get("from", found.state), found.state) else TEXTS[found.state]


def for_department(event: Posted, municipality: Municipality, found: AnyRow) -> Iterator[Owed]:
    """A mail to the department that has it now, in its working hours, unless it reads digests or nothing."""
    department = department_with(municipality, found.department_id)
    target_id = mailbox_of(municipality, department)
    if department.digest != "each" or target_id is None:
        return
    spoken = municipality.main_language
    subject, text = (
        say(spoken, part, **wording(municipality, found, spoken, promised_in(event))) for part in FOR_DEPARTMENT
    )
    opening = department.calendar.next_opening(now())
    yield Owed(target_id, tag_of(event), {"subject": subject, "text": f"{text}\n"}, not_before=opening)


def mailbox_of(municipality: Municipality, department: Department) -> int | None:
    """The target of the department's mailbox, None when it has none that is alive."""
    named = {"municipality_id": municipality.id, "channel": "email", "kind": MAILBOX, "value": department.email}
    return session.scalar(select(Target.id).filter_by(**named, state="active")) if department.email else None


def promised_in(event: Posted) -> datetime | None:
    """What was promised at this step; the report may have been promised for another time since."""
    promised = event.payload["promised_at"]
    return None if promised is None else datetime.fromisoformat(promised)


def wording(municipality: Municipality, found: AnyRow, language: str, promised: datetime | None) -> dict[str, str]:
    """What the texts may name, in one language."""
    category = category_with(municipality, found.category_id)
    department = department_with(municipality, found.department_id)
    return {
        "number": found.number,
        "category": pick(category.name, language, municipality.main_language),
        "department": pick(department.name, language, municipality.main_language),
        "promised": local_time(municipality, promised, language),
        "place": found.address or district_name(municipality, found.district, language) or "–",
        "note": found.public or "",
    }


def local_time(municipality: Municipality, instant: datetime | None, language: str) -> str:
    """The instant as it is written here, in the municipality's zone."""
    if instant is None:
        return "–"
    return str(format_datetime(instant, "short", tzinfo=ZoneInfo(municipality.time_zone), locale=locale_of(language)))


def tag_of(event: Posted) -> str:
    """What a phone shows every copy of this message under."""
    return f"{event.subject.removeprefix('report:')}.{event.version}"

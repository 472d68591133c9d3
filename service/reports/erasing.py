"""A report is erased: nothing of it is left but its number in the counter and the versions of the map."""

from sqlalchemy import delete, select

from service.db import session
from service.idempotency.keeping import forget
from service.media.removing import remove_photos
from service.municipalities.directory import Municipality
from service.notices.inbox import remove_messages_about
from service.outbox.retaining import forget_subject
from service.reports.finding import report_numbered
from service.reports.models import Report, ReportEntry, ReportText


def erase_report(municipality: Municipality, number: str) -> None:
    """Delete the report with all that hangs on it; the files of its photos go at the next sweep. Raises NotFound."""
    report = report_numbered(municipality, number)
    entries = select(ReportEntry.id).where(ReportEntry.report_id == report.id)
    uids = session.scalars(select(ReportEntry.uid).where(ReportEntry.report_id == report.id)).all()
    remove_photos(municipality, [f"report:{report.uid}", *(f"entry:{uid}" for uid in uids)])
    session.execute(delete(ReportText).where(ReportText.entry_id.in_(entries)))
    session.execute(delete(ReportEntry).where(ReportEntry.report_id == report.id))
    session.execute(delete(Report).where(Report.id == report.id))
    forget(report.uid)
    forget_subject(f"report:{report.uid}")
    remove_messages_about(municipality, "report", str(report.uid))

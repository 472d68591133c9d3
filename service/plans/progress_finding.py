"""Questions to the database about progress, read only."""

from collections.abc import Sequence

from sqlalchemy import select

from service.db import session
from service.db.types import AnyRow
from service.errors import NotFound
from service.plans.finding import plain
from service.plans.models import PlanElement, PlanRow, ProgressEntryRow, ProgressReportRow


def reports_of(plan: PlanRow, approved: bool = False) -> Sequence[ProgressReportRow]:
    """The reports on the progress of a plan in their order; `approved`: only these."""
    query = (
        select(ProgressReportRow)
        .where(ProgressReportRow.plan_id == plan.id)
        .order_by(ProgressReportRow.position, ProgressReportRow.id)
    )
    return session.scalars(query.where(ProgressReportRow.approved_at.is_not(None)) if approved else query).all()


def report_named(plan: PlanRow, key: str, locked: bool = False) -> ProgressReportRow:
    """A report of a plan. Raises NotFound."""
    query = select(ProgressReportRow).where(ProgressReportRow.plan_id == plan.id, ProgressReportRow.key == plain(key))
    found = session.scalar(query.with_for_update() if locked else query)
    if found is None:
        raise NotFound
    return found


def entries_in(report_ids: Sequence[int]) -> Sequence[AnyRow]:
    """(report_id, element_id, key, detail) of every entry of these reports, in their order."""
    return session.execute(
        select(ProgressEntryRow.report_id, ProgressEntryRow.element_id, PlanElement.key, ProgressEntryRow.detail)
        .join(PlanElement, PlanElement.id == ProgressEntryRow.element_id)
        .where(ProgressEntryRow.report_id.in_(report_ids))
        .order_by(ProgressEntryRow.report_id, ProgressEntryRow.position)
    ).all()

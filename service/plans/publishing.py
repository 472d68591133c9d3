"""What everybody sees changes, and who follows it is told: a version is put in force, a report is approved."""

from service.crash_points import crash_here
from service.db import session, transaction
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import Caller
from service.plans.departing import became_each
from service.plans.finding import plan_named, version_known_as
from service.plans.freezing import publish
from service.plans.models import PlanRow, PlanVersion, ProgressReportRow
from service.plans.progress_finding import report_named
from service.plans.reading import report_value
from service.plans.recording import ensure_known
from service.plans.reporting import Approval, approve
from service.plans.telling import gone_of, statuses, tell, told_of
from service.plans.trees import State, state_of, tree_of
from service.plans.writing import ensure_seen


def publish_and_tell(municipality: Municipality, key: str, known_as: str, who: Caller | None) -> PlanVersion:
    """Put a frozen version in force, in a transaction of its own, with who did it. Raises NotFound, NotFrozen."""
    plan = plan_named(municipality, key)
    before = seen_of(plan)
    tree_of(plan, version_known_as(plan, known_as))  # read before the transaction
    with transaction():
        plan, version, former = publish(municipality, key, known_as)
        facts = {"number": version.number, "hash": version.content_hash, "former": former}
        record(municipality.id, who, "plan_published", "plan", str(plan.uid), facts)
        tell_what_changed(plan, version, before, published=True)
        crash_here("before_plan_published")
    return version


def approve_and_tell(
    municipality: Municipality, key: str, report: str, approval: Approval, seen: int, who: Caller | None
) -> ProgressReportRow:
    """Approve a report on progress as it was seen, in a transaction of its own.

    Raises NotFound, PlanChanged, ReportApproved, NobodyApproves, PlanFaulty where it names what is not in force yet.
    """
    plan = plan_named(municipality, key)
    before = seen_of(plan)
    ensure_known(plan, report_value(report_named(plan, report)))
    with transaction():
        plan = plan_named(municipality, key, locked=True)
        ensure_seen(plan, seen)
        row = report_named(plan, report, locked=True)
        approve(row, approval)
        plan.revision, plan.shown = plan.revision + 1, plan.shown + 1
        facts = {"report": report, "by": approval.by, "decision": approval.decision}
        record(municipality.id, who, "plan_progress_approved", "plan", str(plan.uid), facts)
        session.flush()
        version = session.get(PlanVersion, plan.published_version_id) if plan.published_version_id else None
        if version is not None:
            tell_what_changed(plan, version, before, published=False)
        crash_here("before_progress_approved")
    return row


def seen_of(plan: PlanRow) -> State | None:
    """What everybody sees of a plan now; None while they see nothing."""
    version = session.get(PlanVersion, plan.published_version_id) if plan.published_version_id else None
    return state_of(plan, version) if version else None


def tell_what_changed(plan: PlanRow, version: PlanVersion, before: State | None, published: bool) -> None:
    """Owe what differs from what everybody saw; inside the transaction. A plan that is new has no followers."""
    if before is None:
        return
    after = State(plan, tree_of(plan, version))
    changed = told_of(after.tree, statuses(before), statuses(after))
    if published:
        changed = gone_of(before.tree, after.tree, became_each(plan, version)) + changed
    tell(plan, version, changed, published)

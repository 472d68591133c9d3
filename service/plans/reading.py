"""A version of a plan with what is recorded about it, as one document, without loss."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.plans.canonical import REGISTERS
from service.plans.document import Plan
from service.plans.finding import entries_of, revisions_of, shown_of, stored_rows
from service.plans.models import PlanRow, PlanVersion, ProgressReportRow
from service.plans.progress_finding import entries_in, reports_of
from service.plans.reading_json import from_json, read
from service.plans.record import ProgressReport
from service.plans.rows import Row, nested

Json = Mapping[str, Any]


def document(plan: PlanRow, version: PlanVersion) -> Plan:
    """The version as a value, with all that is recorded, approved or not."""
    return from_json(document_json(plan, version))


def document_json(plan: PlanRow, version: PlanVersion, only_approved: bool = False) -> dict[str, Any]:
    """The same as canonical JSON, with our names of the plan and its elements."""
    found = revisions_of(version.id)
    keys = {row.element_id: row.key for row in found}
    rows = [Row(row.key, keys.get(row.parent_id), row.detail, row.revision_hash) for row in found]
    entries = shown_of(plan, version) if only_approved else entries_of(plan, version)
    content = heading_json(plan, version, entries)
    elements = nested(rows, {row.key: {"uid": str(row.uid)} for row in found})
    progress = progress_json(reports_of(plan, only_approved))
    more = {"uid": str(plan.uid), "elements": elements, "progress": progress}
    return content | {name: said for name, said in more.items() if said}


def heading_json(plan: PlanRow, version: PlanVersion, entries: Mapping[str, Sequence[Json]]) -> dict[str, Any]:
    """Everything but the elements and the progress: what a version froze comes before what stands there now."""
    content = dict(version.heading)
    for kind, recorded in entries.items():
        if kind in REGISTERS:
            frozen = {one["key"]: one for one in content.get(kind, ())}
            kept = [frozen.pop(one["key"], one) for one in recorded]
            content[kind] = [*kept, *frozen.values()]
        else:
            content[kind] = list(recorded)
    return content


def progress_json(reports: Sequence[ProgressReportRow]) -> list[dict[str, Any]]:
    """Reports with their entries."""
    entries: dict[int, list[Json]] = {}
    for row in entries_in([report.id for report in reports]):
        entries.setdefault(row.report_id, []).append(row.detail)
    return [
        dict(report.detail) | ({"entries": entries[report.id]} if report.id in entries else {}) for report in reports
    ]


def report_value(report: ProgressReportRow) -> ProgressReport:
    """A report with its entries, as a value."""
    found: ProgressReport = read(ProgressReport, progress_json([report])[0])
    return found


def frozen_json(version: PlanVersion) -> dict[str, Any]:
    """What a frozen version froze, of which its hash is."""
    elements = nested(stored_rows(version))
    return dict(version.heading) | ({"elements": elements} if elements else {})

"""What a document says otherwise than what everybody sees for good, and what therefore stays as it is: to be told."""

from collections.abc import Iterator

from service.plans.canonical import to_json
from service.plans.checking import Warned
from service.plans.document import Plan
from service.plans.evaluating import as_later
from service.plans.finding import entries_of, is_everybodys
from service.plans.models import PlanRow
from service.plans.progress_finding import reports_of
from service.plans.reading import progress_json


def what_stays(plan: PlanRow, document: Plan) -> Iterator[Warned]:
    """`report_stays` for each approved report, `evaluation_stays` for each published evaluation of which the document
    says more than new answers; `stated` is its key. Reads only.
    """
    reports = {one["key"]: one for one in progress_json(reports_of(plan, approved=True))}
    for report in document.progress:
        if report.key in reports and to_json(report) != reports[report.key]:
            yield Warned("report_stays", stated=report.key)
    seen = {one["key"]: one for one in entries_of(plan).get("evaluations", ()) if is_everybodys(one)}
    for evaluation in document.evaluations:
        there = seen.get(evaluation.key)
        if there is not None and to_json(evaluation) != to_json(as_later(evaluation, there)):
            yield Warned("evaluation_stays", stated=evaluation.key)

"""Evaluations: one is a draft, which only staff see, until a body or a decision has approved it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from service.plans.reading_json import read
from service.plans.record import EvaluationReport

Json = Mapping[str, Any]


def is_approved(evaluation: EvaluationReport) -> bool:
    """Whether it says which body or which decision approved it."""
    return evaluation.approved_by is not None or evaluation.approved_in is not None


def as_first(evaluation: EvaluationReport) -> EvaluationReport:
    """How a plan's first document brings it: approved as it says, otherwise a draft."""
    return evaluation if is_approved(evaluation) else replace(evaluation, draft=True)


def as_later(evaluation: EvaluationReport, there: Json | None) -> EvaluationReport:
    """How a later document brings it: to be approved. Of one that everybody sees (`there`) only answers are taken."""
    if there is None or there.get("draft"):
        return replace(evaluation, draft=True, approved_by=None, approved_in=None, approved_when=None)
    seen: EvaluationReport = read(EvaluationReport, dict(there))
    answers = {one.key: one.answer for one in evaluation.recommendations}
    advice = tuple(replace(one, answer=answers.get(one.key) or one.answer) for one in seen.recommendations)
    return replace(seen, recommendations=advice)

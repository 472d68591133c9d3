"""What is wrong with a plan: faults, for which it cannot be kept, and warnings, which forbid nothing."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from babel.numbers import list_currencies

from service.errors import Problem
from service.plans.canonical import digest, references
from service.plans.document import Element, Plan, walk
from service.plans.record import EvaluationReport, ProgressReport
from service.plans.stages import TEMPLATES
from service.plans.values import MoneyLine
from service.text import N_

MOST_ELEMENTS = 20_000
MOST_FAULTS = 100
PARTS = ("grant", "own", "other")
SLACK = Decimal("0.01")
HUNDRED = 100


class PlanFaulty(Problem):
    """The plan contradicts itself: keys that are there twice, or name nothing; `faults` say which."""

    status, code, message = 422, "plan_faulty", N_("The plan refers to things that are not there, or has some twice.")


@dataclass(frozen=True)
class Warned:
    """Something to look at: a stable `kind`, the key of the element ("": the plan), and the figures."""

    kind: str
    element: str = ""
    stated: str | None = None
    found: str | None = None


def ensure_sound(plan: Plan) -> None:
    """Refuse a plan that contradicts itself. Raises PlanFaulty with the first hundred faults."""
    found = [{"fault": fault, "what": what, "key": key} for fault, what, key in faults_of(plan)]
    if found:
        raise PlanFaulty(faults=found[:MOST_FAULTS])


def faults_of(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """(fault, of what, key): `twice`, `nothing_there`, `too_many`, `in_a_circle`, `out_of_range`.

    Reports may speak of what the plan does not have any more.
    """
    keys = keys_of(plan)
    for what, found in keys.items():
        yield from (("twice", what, key) for key, count in Counter(found).items() if count > 1)
    known = {what: set(found) for what, found in keys.items()}
    content = replace(plan, progress=tuple(replace(one, entries=()) for one in plan.progress), evaluations=())
    wanted = dict.fromkeys(references(content))
    yield from (("nothing_there", what, key) for what, key in wanted if key not in known[what])
    if len(keys["elements"]) > MOST_ELEMENTS:
        yield "too_many", "elements", str(len(keys["elements"]))
    for report in plan.progress:
        about = Counter(entry.element for entry in report.entries)
        yield from (("twice", f"progress.{report.key}", key) for key, count in about.items() if count > 1)
    for evaluation in plan.evaluations:
        yield from faults_of_evaluation(evaluation)
    yield from (("in_a_circle", what, key) for what, key in circles(plan))
    for element, _ in walk(plan.elements):
        yield from faults_of_weight(element)
    for report in plan.progress:
        yield from faults_of_report(report)


def faults_of_weight(element: Element) -> Iterator[tuple[str, str, str]]:
    """A weight is more than nought."""
    weight = element.action.weight if element.action else None
    if weight is not None and not weight > 0:
        yield "out_of_range", "weight", element.key


def faults_of_report(report: ProgressReport) -> Iterator[tuple[str, str, str]]:
    """A percentage is from nought to a hundred."""
    for entry in report.entries:
        if entry.physical_percent is not None and not 0 <= entry.physical_percent <= HUNDRED:
            yield "out_of_range", "physical_percent", entry.element


def keys_of(plan: Plan) -> dict[str, list[str]]:
    """Every key of each register."""
    elements = [element for element, _ in walk(plan.elements)]
    indicators = [*plan.indicators, *(one for element in elements for one in element.indicators)]
    return {
        "bodies": [one.key for one in plan.bodies],
        "territories": [one.key for one in plan.territories],
        "funding_sources": [one.key for one in plan.funding_sources],
        "documents": [one.key for one in plan.documents],
        "levels": [one.key for one in plan.levels],
        "stages": [one.key for one in plan.stages],
        "decisions": [one.key for one in plan.decisions],
        "progress": [one.key for one in plan.progress],
        "evaluations": [one.key for one in plan.evaluations],
        "links": [digest(one) for one in plan.links],
        "elements": [one.key for one in elements],
        "indicators": [one.key for one in indicators],
    }


def faults_of_evaluation(report: EvaluationReport) -> Iterator[tuple[str, str, str]]:
    """Criteria, findings and recommendations are named within their report."""
    keys = {
        "criteria": [one.key for one in report.criteria],
        "findings": [one.key for one in report.findings],
        "recommendations": [one.key for one in report.recommendations],
    }
    for what, there in keys.items():
        yield from (("twice", what, key) for key, count in Counter(there).items() if count > 1)
    criteria = {one.key for one in report.criteria}
    findings = {one.key for one in report.findings}
    named = [one.criterion for one in report.findings if one.criterion]
    yield from (("nothing_there", "criteria", key) for key in named if key not in criteria)
    advised = [key for one in report.recommendations for key in one.findings]
    yield from (("nothing_there", "findings", key) for key in advised if key not in findings)


def circles(plan: Plan) -> Iterator[tuple[str, str]]:
    """Bodies and territories that are above themselves."""
    for what, things in (("bodies", plan.bodies), ("territories", plan.territories)):
        above = {one.key: one.parent for one in things}
        for key, at in above.items():
            seen = {key}
            while at is not None and at in above and at not in seen:
                seen.add(at)
                at = above[at]
            if at == key:
                yield what, key


def warnings_of(plan: Plan) -> list[Warned]:
    """What somebody should look at: sums, currencies, levels, dates, names. Nothing of it forbids anything."""
    found = [*of_money("", plan.money), *of_reports(plan)]
    if plan.stage_template is not None and plan.stage_template not in TEMPLATES:
        found.append(Warned("template_not_known", "", plan.stage_template))
    places = {level.key: place for place, level in enumerate(plan.levels)}
    for element, parent in walk(plan.elements):
        found.extend(of_money(element.key, element.money))
        found.extend(of_the_sum(element))
        if parent is not None and places[element.level] <= places[parent.level]:
            found.append(Warned("level_not_below", element.key, element.level, parent.level))
        when = element.action.when if element.action else None
        if when and when.start and when.end and when.end.value < when.start.value[: len(when.end.value)]:
            found.append(Warned("ends_before_it_starts", element.key, when.end.value, when.start.value))
    return found


def of_reports(plan: Plan) -> Iterator[Warned]:
    """Elements of which a report speaks and that are not in the tree."""
    there = {element.key for element, _ in walk(plan.elements)}
    named = dict.fromkeys(key for what, key in references((plan.progress, plan.evaluations)) if what == "elements")
    yield from (Warned("element_not_in_the_tree", key) for key in named if key not in there)


def of_money(element: str, lines: Sequence[MoneyLine]) -> Iterator[Warned]:
    """Currencies that are none, parts that do not make the total, a share that is not the stated one."""
    for line in lines:
        if line.currency is not None and line.currency not in currencies():
            yield Warned("currency_not_known", element, line.currency)
    for currency in sorted({line.currency for line in lines if line.currency}):
        yield from of_the_parts(element, [line for line in lines if line.currency == currency and line.year is None])


def of_the_parts(element: str, lines: Sequence[MoneyLine]) -> Iterator[Warned]:
    """Of lines of one currency that are for no single year."""
    totals = [line.amount_minor for line in lines if line.role == "total" and line.amount_minor is not None]
    parts = [line for line in lines if line.role in PARTS]
    amounts = [line.amount_minor for line in parts if line.amount_minor is not None]
    if len(totals) == 1 and len(parts) > 1 and len(amounts) == len(parts) and sum(amounts) != totals[0]:
        yield Warned("parts_do_not_make_the_total", element, str(totals[0]), str(sum(amounts)))
    for line in parts:
        if totals and totals[0] and line.intensity_percent is not None and line.amount_minor is not None:
            share = Decimal(100) * line.amount_minor / totals[0]
            if abs(share - line.intensity_percent) > SLACK:
                yield Warned("share_is_not_as_stated", element, str(line.intensity_percent), f"{share:.2f}")


def of_the_sum(element: Element) -> Iterator[Warned]:
    """A total against the totals of what is below it, where each of these states one."""
    for line in element.money:
        if line.role not in ("total", "budgeted") or line.amount_minor is None:
            continue
        below = [
            sum(one.amount_minor for one in child.money if is_like(one, line) and one.amount_minor is not None)
            for child in element.children
            if any(is_like(one, line) and one.amount_minor is not None for one in child.money)
        ]
        if below and len(below) == len(element.children) and sum(below) != line.amount_minor:
            yield Warned("children_do_not_make_the_total", element.key, str(line.amount_minor), str(sum(below)))


def is_like(one: MoneyLine, other: MoneyLine) -> bool:
    """Lines that can be added up."""
    return (one.role, one.currency, one.year) == (other.role, other.currency, other.year)


@cache
def currencies() -> frozenset[str]:
    """Every currency that there is or was, by its ISO 4217 code."""
    return frozenset(list_currencies())

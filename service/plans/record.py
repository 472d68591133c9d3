"""What is recorded about a plan and never frozen with it: stages, decisions, progress, evaluations, links."""

from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from service.plans import kinds
from service.plans.values import Figure, MoneyLine, Period, Remark, Text, one_of, some_of


@dataclass(frozen=True, slots=True)
class PlanLink:
    """This plan to another: one of ours by its key `plan`, or one that is only named by its title."""

    kind: kinds.PlanLinkKind
    plan: str | None = None
    title: Text = field(default_factory=dict)
    year: int | None = None
    note: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BodyPart:
    """A body and what it does in a stage."""

    body: str = field(metadata={"register": "bodies"})
    role: kinds.BodyRole | None = None


@dataclass(frozen=True, slots=True)
class Sitting:
    """One of several meetings of a stage."""

    when: Period | None = None
    places: tuple[str, ...] = some_of("territories")
    bodies: tuple[BodyPart, ...] = ()
    note: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActsOn:
    """What a stage or a decision is about: a decision or document by key, or a version by its content hash."""

    decision: str | None = one_of("decisions")
    document: str | None = one_of("documents")
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the making of the plan, as it was; the order of the tuple is the order of the paper."""

    key: str
    title: Text
    kind: kinds.StageKind = "other"
    number: str | None = None
    when: Period | None = None
    stated: str | None = None
    places: tuple[str, ...] = some_of("territories")
    bodies: tuple[BodyPart, ...] = ()
    inputs: tuple[str, ...] = some_of("documents")
    outputs: tuple[str, ...] = some_of("documents")
    sittings: tuple[Sitting, ...] = ()
    acts_on: tuple[ActsOn, ...] = ()
    informal: bool = False
    note: Text = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a body decided or held: kind, outcome, number, references. It may decide on another decision."""

    key: str
    kind: kinds.DecisionKind = "other"
    body: str | None = one_of("bodies")
    stage: str | None = one_of("stages")
    outcome: kinds.Outcome | None = None
    number: str | None = None
    protocol_reference: str | None = None
    publication_reference: str | None = None
    when: Period | None = None
    subject: str | None = None
    title: Text = field(default_factory=dict)
    on_recommendation_of: str | None = one_of("bodies")
    decides_on: tuple[ActsOn, ...] = ()
    document: str | None = one_of("documents")
    stated: str | None = None
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class IndicatorReading:
    """An actual value of an indicator, in a progress report."""

    indicator: str = field(metadata={"register": "indicators"})
    actual: Figure
    period: Period | None = None
    status: kinds.FigureStatus | None = None
    comment: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProgressEntry:
    """How far one element is. `photos` are pictures kept by media, `evidence` documents of the plan by key."""

    element: str = field(metadata={"register": "elements"})
    status: kinds.ActionStatus | None = None
    physical_percent: Decimal | None = None
    money: tuple[MoneyLine, ...] = ()
    text: Text = field(default_factory=dict)
    evidence: tuple[str, ...] = some_of("documents")
    photos: tuple[UUID, ...] = ()
    readings: tuple[IndicatorReading, ...] = ()


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """A periodic report on actions, approved by a body (`approved_by`) or a decision (`approved_in`), or not yet."""

    key: str
    period: Period
    title: Text = field(default_factory=dict)
    text: Text = field(default_factory=dict)
    approved_by: str | None = one_of("bodies")
    approved_in: str | None = one_of("decisions")
    approved_when: Period | None = None
    entries: tuple[ProgressEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion of an evaluation, with its question."""

    key: str
    kind: kinds.CriterionKind = "other"
    text: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """What an evaluation found, by which criterion, on which elements."""

    key: str
    text: Text
    criterion: str | None = None
    elements: tuple[str, ...] = some_of("elements")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a body answered to a recommendation."""

    kind: kinds.AnswerKind
    text: Text = field(default_factory=dict)
    body: str | None = one_of("bodies")
    when: Period | None = None


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What an evaluation advises, because of which findings, and what was answered."""

    key: str
    text: Text
    findings: tuple[str, ...] = ()
    addressed_to: str | None = one_of("bodies")
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """An evaluation of the plan: criteria, findings, recommendations and the answers to them.

    As a `draft` only staff see it; one that everybody sees says by which body (`approved_by`) or decision
    (`approved_in`) it was approved.
    """

    key: str
    title: Text
    kind: kinds.EvaluationKind = "other"
    period: Period | None = None
    when: Period | None = None
    body: str | None = one_of("bodies")
    document: str | None = one_of("documents")
    criteria: tuple[Criterion, ...] = ()
    findings: tuple[Finding, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    draft: bool = False
    approved_by: str | None = one_of("bodies")
    approved_in: str | None = one_of("decisions")
    approved_when: Period | None = None

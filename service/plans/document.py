"""The whole of a plan as one value: what a file holds, what a version freezes, and what was recorded about it.

The values it is made of are in `values`, what is recorded about it in `record`. Only keys, kinds and a plan's title and
language are required; what a paper does not say stays empty.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from service.plans import kinds
from service.plans.record import Decision, EvaluationReport, PlanLink, ProgressReport, Stage
from service.plans.values import (
    Body,
    Contact,
    Document,
    FundingSource,
    Geometry,
    Indicator,
    Milestone,
    MoneyLine,
    Output,
    Period,
    Remark,
    Territory,
    Text,
    one_of,
    some_of,
)


@dataclass(frozen=True, slots=True)
class ElementLink:
    """This element to another one (`element` is a key), of this plan or of the plan with the key `plan`."""

    kind: kinds.ElementLinkKind
    element: str | None = None
    plan: str | None = None
    note: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """What makes an element something to be done. Bodies, territories and documents by key; geometry is GeoJSON."""

    type: kinds.ActionType | None = None
    type_stated: str | None = None
    continuity: kinds.Continuity | None = None
    priority: kinds.Priority | None = None
    status: kinds.ActionStatus | None = None
    maturity: Text = field(default_factory=dict)
    responsible: tuple[str, ...] = some_of("bodies")
    responsible_stated: str | None = None
    partners: tuple[str, ...] = some_of("bodies")
    territories: tuple[str, ...] = some_of("territories")
    location: Text = field(default_factory=dict)
    geometry: Geometry | None = None
    when: Period | None = None
    weight: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """A node of the tree: an axis, a goal, a measure, an action. `key` stays through versions, `uid` is ours."""

    key: str
    level: str = field(metadata={"register": "levels"})
    title: Text
    number: str | None = None
    uid: UUID | None = None
    description: Text = field(default_factory=dict)
    objective: Text = field(default_factory=dict)
    action: Action | None = None
    money: tuple[MoneyLine, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    outputs: tuple[Output, ...] = ()
    documents: tuple[str, ...] = some_of("documents")
    links: tuple[ElementLink, ...] = ()
    remarks: tuple[Remark, ...] = ()
    children: tuple["Element", ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """A level by its name in this plan, from the top down. `numbering` shows how its numbers are written: "1.1.1"."""

    key: str
    name: Text
    plural: Text = field(default_factory=dict)
    numbering: str | None = None
    leaf: bool = False


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """For whom the plan is, directly or indirectly."""

    name: Text
    relation: kinds.TargetRelation | None = None
    body: str | None = one_of("bodies")
    note: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InclusionRule:
    """What may stand in a yearly programme, as its authority says; `truncated` when the paper is cut there."""

    text: Text
    year: int | None = None
    authority: str | None = one_of("bodies")
    reference: str | None = None
    stated: str | None = None
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan: what a version freezes, down to `elements`, and after it the record, which goes on being written."""

    key: str
    kind: kinds.PlanKind
    title: Text
    source_language: str
    uid: UUID | None = None
    theme: Text = field(default_factory=dict)
    period: Period | None = None
    vision: Text = field(default_factory=dict)
    description: Text = field(default_factory=dict)
    contact: Contact | None = None
    stage_template: str | None = None
    levels: tuple[Level, ...] = ()
    money: tuple[MoneyLine, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    outputs: tuple[Output, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()
    inclusion_rules: tuple[InclusionRule, ...] = ()
    remarks: tuple[Remark, ...] = ()
    bodies: tuple[Body, ...] = ()
    territories: tuple[Territory, ...] = ()
    funding_sources: tuple[FundingSource, ...] = ()
    documents: tuple[Document, ...] = ()
    elements: tuple[Element, ...] = ()
    links: tuple[PlanLink, ...] = ()
    stages: tuple[Stage, ...] = ()
    decisions: tuple[Decision, ...] = ()
    progress: tuple[ProgressReport, ...] = ()
    evaluations: tuple[EvaluationReport, ...] = ()


RECORD = ("links", "stages", "decisions", "progress", "evaluations")


def walk(elements: tuple[Element, ...], parent: Element | None = None) -> Iterator[tuple[Element, Element | None]]:
    """Every element with its parent, from the top down, in the order of the plan."""
    for element in elements:
        yield element, parent
        yield from walk(element.children, element)

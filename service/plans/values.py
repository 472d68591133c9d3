"""The values that a plan is made of: dates and money as stated, bodies, places, papers, indicators.

A text is `{language: text}`; what a paper says word for word (`stated`) is one string in the plan's source language.
An empty string is a blank that the paper leaves, None is nothing at all. Things refer to one another by key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from service.plans import kinds

Text = Mapping[str, str]
Geometry = Mapping[str, Any]


def one_of(register: str) -> Any:
    """A field that may hold the key of a thing of this register of the plan."""
    return field(default=None, metadata={"register": register})


def some_of(register: str) -> Any:
    """A field that holds keys of things of this register of the plan."""
    return field(default=(), metadata={"register": register})


@dataclass(frozen=True, slots=True)
class StatedDate:
    """A date as precise as it is known: `value` is "2014", "2014-11" or "2014-11-08"."""

    value: str
    year_implied: bool = False


@dataclass(frozen=True, slots=True)
class Period:
    """A day, a month, a range or a beginning without a stated end (`open_end`), with the words of the paper."""

    start: StatedDate | None = None
    end: StatedDate | None = None
    open_end: bool = False
    stated: str | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """What must be known to read the data rightly: cut short, left out, disagreeing with another place, inferred."""

    kind: kinds.RemarkKind
    text: Text = field(default_factory=dict)
    about: str | None = None
    stated: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """The office that answers; `withheld` says that the paper names a person, who is left out here."""

    office: Text = field(default_factory=dict)
    address: str | None = None
    website: str | None = None
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """Who acts: a council, a committee, a department. `name` as it was called in the time of the plan."""

    key: str
    name: Text
    kind: kinds.BodyKind = "other"
    parent: str | None = one_of("bodies")
    municipality: str | None = None
    contact: Contact | None = None


@dataclass(frozen=True, slots=True)
class Territory:
    """A place that the plan names. `geometry` is GeoJSON, EPSG:4326."""

    key: str
    name: Text
    kind: kinds.TerritoryKind = "other"
    parent: str | None = one_of("territories")
    geometry: Geometry | None = None


@dataclass(frozen=True, slots=True)
class FundingSource:
    """Where money comes from, with the programme and its code."""

    key: str
    name: Text
    kind: kinds.FundingKind = "unknown"
    programme: Text = field(default_factory=dict)
    programme_code: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A paper. An empty string is a blank of its form, None a field that it does not have. `sha256` is of the file."""

    key: str
    title: Text
    kind: kinds.DocumentKind = "other"
    language: str | None = None
    when: Period | None = None
    issuer: str | None = None
    number: str | None = None
    protocol_reference: str | None = None
    security_grade: str | None = None
    priority_grade: str | None = None
    retention: str | None = None
    addressee: str | None = None
    via: str | None = None
    subject: str | None = None
    address: str | None = None
    sha256: str | None = None
    media: UUID | None = None
    contact: Contact | None = None
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class MoneyLine:
    """A sum in minor units of an ISO 4217 currency, or only its words. `source` and `stated_in` are keys."""

    role: kinds.MoneyRole
    amount_minor: int | None = None
    currency: str | None = None
    year: int | None = None
    source: str | None = one_of("funding_sources")
    intensity_percent: Decimal | None = None
    contract_reference: str | None = None
    contract_date: StatedDate | None = None
    stated: str | None = None
    stated_in: str | None = one_of("documents")
    note: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figure:
    """A value of an indicator: a number, or words where it is no number."""

    number: Decimal | None = None
    stated: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a value taken apart: by `sex`, of `women`, so many."""

    by: str
    of: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class IndicatorPeriod:
    """Baseline, target and actual value of one period; what is not known is None, never nought."""

    period: Period
    baseline: Figure | None = None
    target: Figure | None = None
    actual: Figure | None = None
    status: kinds.FigureStatus | None = None
    disaggregation: tuple[Share, ...] = ()
    evidence: tuple[str, ...] = some_of("documents")
    approved_by: str | None = one_of("bodies")
    comment: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Indicator:
    """What is measured, in which unit, and which way is better."""

    key: str
    title: Text
    code: str | None = None
    kind: kinds.IndicatorKind | None = None
    measure: kinds.Measure | None = None
    unit: Text = field(default_factory=dict)
    direction: kinds.Direction | None = None
    aggregation: kinds.Aggregation | None = None
    formula: str | None = None
    data_source: Text = field(default_factory=dict)
    frequency: Text = field(default_factory=dict)
    responsible: str | None = one_of("bodies")
    periods: tuple[IndicatorPeriod, ...] = ()


@dataclass(frozen=True, slots=True)
class Milestone:
    """A point of the way that can be reached or missed."""

    key: str
    title: Text
    when: Period | None = None
    status: kinds.MilestoneStatus | None = None
    note: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Output:
    """Something made or held, counted: a thousand brochures, a press conference."""

    title: Text
    kind: kinds.OutputKind = "other"
    quantity: Decimal | None = None
    unit: Text = field(default_factory=dict)
    when: Period | None = None
    place: str | None = one_of("territories")
    stated: str | None = None

"""Progress rolled up the tree: weighted, normalised, and "no data" is never nought; what is late and what is at risk.

An action counts with its stated weight, otherwise with 1; where it was never reported on it counts in no mean, only
among the actions. What is cancelled or rejected counts nowhere. The plan says `completed`: then it is at a hundred.
An action with actions below it counts once: what it says itself (a percent, a sum of money) is for all below it, what
it does not say is the mean and the sum of these.
"""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from service.plans.canonical import to_json
from service.plans.document import Plan
from service.plans.record import ProgressReport
from service.plans.rows import Row

DROPPED = ("cancelled", "rejected")
NOT_BEGUN = ("proposed", "planned", "mature")
DONE = 100.0
BEHIND = 20.0
"""Percent by which the time may be ahead of the work."""
SOON = timedelta(days=90)
SPENT = ("committed", "paid")


@dataclass(frozen=True)
class Standing:
    """How far an action is by the newest approved report, or as the plan says. None: nobody has said."""

    status: str | None = None
    percent: float | None = None
    report: str | None = None
    money: Sequence[Mapping[str, Any]] = ()


@dataclass
class Sum:
    """What is below an element, itself included: `percent` is None while no action of it was reported on."""

    actions: int = 0
    reported: int = 0
    weight: float = 0.0
    weighed: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    money: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def percent(self) -> float | None:
        return self.weighed / self.weight if self.weight else None

    def add(self, other: "Sum") -> None:
        self.actions += other.actions
        self.reported += other.reported
        self.weight += other.weight
        self.weighed += other.weighed
        self.statuses.update(other.statuses)
        self.money.update(other.money)


@dataclass(frozen=True)
class Delay:
    """An action that is late or at risk, and why."""

    key: str
    reasons: tuple[str, ...]
    due: date | None


Standings = Mapping[str, Standing]
Reports = Sequence[tuple[str, Iterable[Mapping[str, Any]]]]
"""Key of a report → the JSON of its entries; first to last."""


def leaf_levels(heading: Mapping[str, Any]) -> frozenset[str]:
    """The levels whose elements are actions, whatever they say."""
    return frozenset(level["key"] for level in heading.get("levels", ()) if level.get("leaf"))


def is_action(row: Row, leaves: frozenset[str]) -> bool:
    return "action" in row.detail or row.detail["level"] in leaves


def standings(rows: Sequence[Row], reports: Reports) -> dict[str, Standing]:
    """How far each action is: what the plan says, then what the reports said, each part by the newest that says it."""
    found = {row.key: as_planned(row) for row in rows}
    for report, entries in reports:
        for entry in entries:
            if (before := found.get(entry["element"])) is not None:
                found[entry["element"]] = after_report(before, report, entry)
    return found


def approved_reports(plan: Plan) -> list[ProgressReport]:
    """The reports of a document that somebody approved."""
    return [report for report in plan.progress if report.approved_by or report.approved_in]


def standings_in(plan: Plan, rows: Sequence[Row]) -> dict[str, Standing]:
    """How far each action of a document with these rows is, by its approved reports."""
    entries = [(report.key, [to_json(entry) for entry in report.entries]) for report in approved_reports(plan)]
    return standings(rows, entries)


def as_planned(row: Row) -> Standing:
    status = row.detail.get("action", {}).get("status")
    return Standing(status, DONE if status == "completed" else None)


def after_report(before: Standing, report: str, entry: Mapping[str, Any]) -> Standing:
    """What is said newly counts; what is not said stays. Who says `completed` and no figure says a hundred."""
    said = entry.get("physical_percent")
    status = entry.get("status") or before.status
    percent = before.percent if said is None else float(said)
    if said is None and entry.get("status") == "completed":
        percent = DONE
    money = [one for one in entry.get("money", ()) if one.get("amount_minor") is not None]
    newly = {one["role"] for one in money}
    kept = [one for one in before.money if one["role"] not in newly]
    return Standing(status, percent, report, [*kept, *money])


def roll_up(rows: Sequence[Row], found: Standings, leaves: frozenset[str]) -> dict[str | None, Sum]:
    """Key → the sum of what is below; None: of the whole plan. `rows` from the top down."""
    sums: dict[str | None, Sum] = {None: Sum()} | {row.key: Sum() for row in rows}
    for row in reversed(rows):
        if is_action(row, leaves):
            sums[row.key] = with_own(sums[row.key], of_one(row, found[row.key]))
        sums[row.parent].add(sums[row.key])
    return sums


def with_own(below: Sum, own: Sum) -> Sum:
    """The sum of an action and of what is below it, where nothing counts twice."""
    if not below.actions:
        own.add(below)
        return own
    said = {role for role, _ in own.money}
    money = own.money | Counter({about: amount for about, amount in below.money.items() if about[0] not in said})
    counted = own if own.reported else below
    return replace(counted, money=money)


def of_one(row: Row, standing: Standing) -> Sum:
    """The sum of one action by itself."""
    if standing.status in DROPPED:
        return Sum(statuses=Counter([standing.status]))
    one = Sum(actions=1, statuses=Counter([standing.status or "unknown"]), money=money_of(row, standing))
    if standing.percent is not None:
        weight = float(row.detail.get("action", {}).get("weight") or 1)
        one.reported, one.weight, one.weighed = 1, weight, weight * standing.percent
    return one


def money_of(row: Row, standing: Standing) -> Counter[tuple[str, str]]:
    """(role, currency) → minor units: what is budgeted in the plan, what is committed and paid by the reports."""
    found: Counter[tuple[str, str]] = Counter()
    lines = [line for line in row.detail.get("money", ()) if line.get("amount_minor") and line.get("currency")]
    totals = [line for line in lines if line["role"] == "total"]
    for line in totals or [line for line in lines if line["role"] == "budgeted"]:
        found["budgeted", line["currency"]] += line["amount_minor"]
    for line in standing.money:
        if line["role"] in SPENT and line.get("currency"):
            found[line["role"], line["currency"]] += line["amount_minor"]
    return found


def delays(
    rows: Sequence[Row], found: Standings, leaves: frozenset[str], today: date
) -> tuple[list[Delay], list[Delay]]:
    """The actions that are late, the longest first, and those at risk."""
    late, at_risk = list[Delay](), list[Delay]()
    for row in rows:
        standing = found[row.key]
        if not is_action(row, leaves) or standing.status in (*DROPPED, "completed"):
            continue
        due = due_day(row)
        if due is not None and due < today:
            late.append(Delay(row.key, ("past_its_end",), due))
        elif reasons := risks(row, standing, due, today):
            at_risk.append(Delay(row.key, reasons, due))
    return sorted(late, key=lambda one: one.due or today), at_risk


def risks(row: Row, standing: Standing, due: date | None, today: date) -> tuple[str, ...]:
    """Why an action that is not late may be: a table of questions."""
    when = row.detail.get("action", {}).get("when")
    money = money_of(row, standing)
    asked = {
        "suspended": standing.status == "suspended",
        "not_begun": due is not None and due - today <= SOON and standing.status in NOT_BEGUN,
        "behind_its_time": is_behind(first_day(when), due, standing.percent, today),
        "milestone_missed": any(is_missed(one, today) for one in row.detail.get("milestones", ())),
        "over_budget": any(
            money["budgeted", currency] and max(money["committed", currency], money["paid", currency]) > amount
            for (role, currency), amount in money.items()
            if role == "budgeted"
        ),
    }
    return tuple(name for name, holds in asked.items() if holds)


def is_behind(begins: date | None, ends: date | None, percent: float | None, today: date) -> bool:
    """Whether much more of the time than of the work is over; not where one of them is unknown."""
    if begins is None or ends is None or percent is None or ends <= begins or today < begins:
        return False
    return 100.0 * (today - begins).days / (ends - begins).days - percent > BEHIND


def is_missed(milestone: Mapping[str, Any], today: date) -> bool:
    due = last_day(milestone.get("when"))
    status = milestone.get("status")
    return status == "missed" or (due is not None and due < today and status not in ("reached", "cancelled"))


def first_day(when: Mapping[str, Any] | None) -> date | None:
    """The first day of a period, by the precision in which it is stated."""
    value = ((when or {}).get("start") or {}).get("value")
    return None if value is None else day_of(value, last=False)


def due_day(row: Row) -> date | None:
    """The last day of an action; None where no end is stated."""
    when = row.detail.get("action", {}).get("when", {})
    return last_day(when) if "end" in when else None


def last_day(when: Mapping[str, Any] | None) -> date | None:
    """The last day of a period; of one without an end that is stated none, of a single date that date's."""
    when = when or {}
    if when.get("open_end"):
        return None
    value = (when.get("end") or when.get("start") or {}).get("value")
    return None if value is None else day_of(value, last=True)


def day_of(value: str, last: bool) -> date | None:
    """The first or last day of "2014", "2014-11" or "2014-11-08"; None for a day that the calendar does not have."""
    year, month, day = ([int(part) for part in value.split("-")] + [0, 0])[:3]
    month = month or (12 if last else 1)
    try:
        return date(year, month, day or (monthrange(year, month)[1] if last else 1))
    except ValueError:
        return None

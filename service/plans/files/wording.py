"""What the PDF says of a plan in one language: sums, days, indicators, how far it is."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal

from service.plans.document import InclusionRule, Plan
from service.plans.files.amounts import major, places_of
from service.plans.kinds import STATUSES
from service.plans.rolling_up import Standing, Sum
from service.plans.values import Figure, Indicator, IndicatorPeriod, Milestone, MoneyLine, Period, Text
from service.text import N_, locale_of, pick, say

LABELS = {
    "contents": N_("Contents"),
    "tree": N_("Structure and actions"),
    "inclusion_rules": N_("What may stand in it"),
    "stages": N_("Stages"),
    "decisions": N_("Decisions"),
    "money": N_("Money"),
    "progress": N_("Progress"),
    "reports": N_("Approved reports"),
    "evaluations": N_("Evaluations"),
    "indicators": N_("Indicators"),
    "milestones": N_("Milestones"),
    "type": N_("Type"),
    "status": N_("Status"),
    "responsible": N_("Responsible"),
    "partners": N_("With"),
    "location": N_("Place"),
    "period": N_("Period"),
    "objective": N_("Aim"),
    "physical": N_("Done"),
    "documents": N_("Documents"),
    "baseline": N_("at first"),
    "target": N_("aim"),
    "actual": N_("reached"),
}
SO_FAR = N_("Reports speak of {reported} of {actions} actions.")
PERCENT = N_("On the average {percent} % are done.")
NO_DATA = N_("Nobody has reported yet.")
CUT = N_("the paper is cut here")
ANSWERS = {
    "accepted": N_("accepted"),
    "accepted_in_part": N_("accepted in part"),
    "rejected": N_("rejected"),
    "deferred": N_("deferred"),
}
CUT_OFF = "[…]"
TYPES = {
    "work": N_("public work"),
    "study": N_("study"),
    "service": N_("service"),
    "supply": N_("supply of goods"),
    "land_purchase": N_("purchase of land"),
    "other": N_("other"),
}
ROLES = {
    "total": N_("Total"),
    "budgeted": N_("Budget"),
    "grant": N_("Grant"),
    "own": N_("Own share"),
    "other": N_("Others' share"),
    "committed": N_("Committed"),
    "paid": N_("Paid"),
    "forecast": N_("Forecast"),
}


class Words:
    """The words of a plan in one language, where it has it."""

    def __init__(self, plan: Plan, language: str) -> None:
        self.plan, self.language = plan, language
        self.sources = {one.key: self.pick(one.name) for one in plan.funding_sources}
        self.bodies = {one.key: self.pick(one.name) for one in plan.bodies}

    def say(self, label: str) -> str:
        return say(self.language, LABELS[label])

    def pick(self, text: Text) -> str:
        return pick(text, self.language, self.plan.source_language)

    def money(self, line: MoneyLine) -> str:
        """Role, year, sum as it was stated or as a number, whose share, and from where; nothing of a bare source."""
        if line.amount_minor is None and not line.stated and line.intensity_percent is None:
            return ""
        amount = line.stated or (
            "" if line.amount_minor is None else self.amount(line.amount_minor, line.currency or "")
        )
        share = f"{self.number(line.intensity_percent)} %" if line.intensity_percent is not None else ""
        more = [one for one in (share, self.sources.get(line.source or ""), line.contract_reference) if one]
        head = " ".join([say(self.language, ROLES[line.role]), *([str(line.year)] if line.year else [])])
        return f"{head}: {', '.join(one for one in (amount, *more) if one)}"

    def sums(self, below: Sum) -> str:
        """How far what is below is, and its sums by role and currency; what nobody reported on is no nought."""
        said = []
        if below.percent is not None:
            said.append(say(self.language, SO_FAR, reported=below.reported, actions=below.actions))
            said.append(say(self.language, PERCENT, percent=self.number(round(Decimal(below.percent), 1))))
        elif below.actions:
            said.append(say(self.language, NO_DATA))
        sums = (
            f"{say(self.language, ROLES[role])}: {self.amount(amount, currency)}"
            for (role, currency), amount in sorted(below.money.items())
        )
        return " ".join([*said, " · ".join(sums)]).strip()

    def amount(self, minor: int, currency: str) -> str:
        """A sum as it is written in this language, with its currency."""
        places = "0" * places_of(currency)
        pattern = f"#,##0.{places}" if places else "#,##0"
        return f"{format_decimal(major(minor, currency), pattern, locale_of(self.language))} {currency}".strip()

    def number(self, value: Decimal) -> str:
        """A number as it is written in this language, without zeros at its end."""
        return format_decimal(value, "#,##0.######", locale_of(self.language))

    def period(self, when: Period | None) -> str:
        """The words of the paper, else start and end as precise as they are known."""
        if when is None:
            return ""
        return when.stated or " – ".join(self.day(one.value) for one in (when.start, when.end) if one)

    def day(self, value: str) -> str:
        """ "2014", "2014-11" or "2014-11-08" as people write it; a day that the calendar has not as it is."""
        parts = [int(part) for part in value.split("-")]
        if len(parts) == 1:
            return value
        try:
            found = date(parts[0], parts[1], parts[2] if len(parts) > 2 else 1)
        except ValueError:
            return value
        locale = locale_of(self.language)
        return format_date(found, "long", locale) if len(parts) > 2 else format_skeleton("yMMMM", found, locale=locale)

    def statuses(self, below: Sum) -> str:
        """How many actions have which status; what nobody said is left out."""
        counted = (f"{say(self.language, STATUSES[one])}: {below.statuses[one]}" for one in STATUSES)
        return ", ".join(said for one, said in zip(STATUSES, counted, strict=True) if below.statuses[one])

    def standing(self, standing: Standing) -> str | None:
        """How much of an action is done; None: nobody has said."""
        return None if standing.percent is None else f"{self.number(round(Decimal(standing.percent), 1))} %"

    def indicator(self, one: Indicator) -> Iterator[str]:
        """What is measured, and a line for each period with what it was, was to be and is."""
        unit = self.pick(one.unit)
        yield " · ".join(said for said in (one.code, self.pick(one.title), unit) if said)
        for period in one.periods:
            if said := self.figures(period):
                yield f"{self.period(period.period)}: {said}" if self.period(period.period) else said

    def figures(self, period: IndicatorPeriod) -> str:
        """Baseline, target and actual of a period, as far as they are known."""
        known = (("baseline", period.baseline), ("target", period.target), ("actual", period.actual))
        return ", ".join(f"{self.say(label)} {self.figure(one)}" for label, one in known if one is not None)

    def figure(self, figure: Figure) -> str:
        """A figure in its own words, else its number."""
        return figure.stated or ("" if figure.number is None else self.number(figure.number))

    def milestone(self, one: Milestone) -> str:
        return " · ".join(said for said in (self.pick(one.title), self.period(one.when)) if said)

    def rule(self, one: InclusionRule) -> str:
        """What may stand in the programme of a year; a sentence that the paper cuts is marked so."""
        own = one.stated if self.language == self.plan.source_language else None
        said = ": ".join([*([str(one.year)] if one.year else []), own or self.pick(one.text)])
        return f"{said.removesuffix(CUT_OFF).rstrip()} {CUT_OFF} ({say(self.language, CUT)})" if one.truncated else said

    def names(self, keys: tuple[str, ...], names: dict[str, str]) -> str:
        return "; ".join(names[key] for key in keys if key in names)

"""A plan as a PDF for the council: title, contents, money, how far it is, indicators, the tree with its actions, the
approved reports, evaluations, stages and decisions, page numbers.

The font is embedded, with the letters that the text needs.
"""

from collections.abc import Iterable, Iterator
from typing import IO, Any

from service.plans.canonical import to_json
from service.plans.document import Action, Element, Level, Plan
from service.plans.files.sheets import Contents, Headings, Sheets
from service.plans.files.tabulating import location_of, responsible_text, type_of
from service.plans.files.wording import TYPES, Words, period_text
from service.plans.kinds import STATUSES
from service.plans.record import EvaluationReport, ProgressReport
from service.plans.rolling_up import is_action, leaf_levels, roll_up, standings
from service.plans.rows import rows_of
from service.plans.values import Indicator, MoneyLine
from service.text import pick, say

DEEPEST = 5
"""How many levels of headings stand in the contents."""


def write_pdf(plan: Plan, target: IO[bytes], language: str, publisher: str, label: str = "") -> None:
    """Write the plan in this language, where it has it. `label` says which version it is."""
    pages = Sheets(pick(plan.title, language, plan.source_language), language, publisher)
    headings = Headings()
    _Writing(headings, plan, language).all()
    pages.add_page()
    writing = _Writing(pages, plan, language)
    front(pages, writing.words, publisher, label)
    pages.insert_toc_placeholder(Contents().render_toc, pages.pages_of_contents(headings.count))
    writing.all()
    target.write(bytes(pages.output()))


def front(pages: Sheets, words: Words, publisher: str, label: str) -> None:
    """The first page, and the heading of the contents."""
    pages.ln(60)
    pages.paragraph(publisher, size=12)
    pages.paragraph(pages.title or "", bold=True, size=22, kind="/Title")
    pages.paragraph(period_text(words.plan.period), size=14)
    pages.paragraph(label, size=9)
    pages.add_page()
    pages.paragraph(words.say("contents"), bold=True, size=16, kind="/H1")


class _Writing:
    """The parts of the plan being written."""

    def __init__(self, pages: Sheets | Headings, plan: Plan, language: str) -> None:
        self.pages, self.plan, self.language = pages, plan, language
        self.words = Words(plan, language)
        self.papers = {one.key: self.words.pick(one.title) for one in plan.documents}
        self.names: dict[str, Level] = {one.key: one for one in plan.levels}
        rows, leaves = rows_of(plan.elements), leaf_levels({"levels": to_json(plan.levels)})
        self.reports = [report for report in plan.progress if report.approved_by or report.approved_in]
        entries = [(report.key, [to_json(entry) for entry in report.entries]) for report in self.reports]
        self.standings = standings(rows, entries)
        self.sums = roll_up(rows, self.standings, leaves)
        self.actions = {row.key for row in rows if is_action(row, leaves)}

    def all(self) -> None:
        plan, words = self.plan, self.words
        for text in (plan.description, plan.vision):
            self.pages.paragraph(words.pick(text))
        self.section("money", (words.money(line) for line in plan.money))
        self.section("progress", self.so_far())
        self.indicators(plan.indicators, section=True)
        if plan.elements:
            self.pages.start_section(words.say("tree"))
            self.elements(plan.elements, 1)
        self.section("reports", (self.report(one) for one in self.reports))
        for evaluation in plan.evaluations:
            self.evaluation(evaluation)
        self.record("stages", plan.stages)
        self.record("decisions", plan.decisions)

    def section(self, label: str, lines: Iterable[str]) -> None:
        """A heading with paragraphs; nothing where there are none."""
        said = [line for line in lines if line.strip()]
        if said:
            self.pages.start_section(self.words.say(label))
            for line in said:
                self.pages.paragraph(line)

    def so_far(self) -> Iterator[str]:
        """How far the whole plan is, and each of the elements at its top."""
        whole = self.sums[None]
        if whole.actions:
            yield " ".join(self.words.sums(whole))
            yield self.words.statuses(whole)
            for element in self.plan.elements:
                if element.key not in self.actions:
                    yield f"{self.name(element)}: {' '.join(self.words.sums(self.sums[element.key]))}"

    def name(self, element: Element) -> str:
        return " ".join(said for said in (element.number, self.words.pick(element.title)) if said)

    def elements(self, elements: tuple[Element, ...], depth: int) -> None:
        """The elements and what is below them; an action is no heading."""
        for element in elements:
            level = self.names.get(element.level)
            if element.key in self.actions:
                self.pages.paragraph(self.name(element), bold=True)
            elif depth <= DEEPEST:
                head = self.name(element)
                self.pages.start_section(f"{self.words.pick(level.name)}: {head}" if level else head, level=depth)
            else:
                self.pages.paragraph(self.name(element), bold=True)
            self.element(element)
            self.elements(element.children, depth if element.key in self.actions else depth + 1)

    def element(self, element: Element) -> None:
        """What is known of an element, a line for each thing."""
        pages, words = self.pages, self.words
        pages.paragraph(words.pick(element.description))
        for label, said in self.facts(element, element.action or Action()):
            if said:
                pages.paragraph(f"{words.say(label)}: {said}", size=9)
        for line in self.money_of(element):
            pages.paragraph(words.money(line), size=9)
        if element.key not in self.actions:
            pages.paragraph(" ".join(words.sums(self.sums[element.key])), size=9)
        self.indicators(element.indicators)

    def facts(self, element: Element, action: Action) -> Iterator[tuple[str, str | None]]:
        words, standing = self.words, self.standings[element.key]
        yield "objective", words.pick(element.objective)
        yield "type", type_of(action, {kind: say(self.language, name) for kind, name in TYPES.items()})
        yield "status", say(self.language, STATUSES[standing.status]) if standing.status else None
        yield "physical", words.standing(standing) if element.key in self.actions else None
        yield "responsible", responsible_text(action, {one.key: one for one in self.plan.bodies}, self.language)
        yield "partners", words.names(action.partners, words.bodies)
        yield "location", location_of(self.plan, action, self.language)
        yield "period", period_text(action.when)
        yield "milestones", "; ".join(words.milestone(one) for one in element.milestones)
        yield "documents", words.names(element.documents, self.papers)

    def money_of(self, element: Element) -> Iterator[MoneyLine]:
        """The sums of the plan, and what was committed and paid by the newest approved report."""
        yield from element.money
        for line in self.standings[element.key].money:
            yield MoneyLine(line["role"], line["amount_minor"], line.get("currency"), line.get("year"))

    def indicators(self, indicators: tuple[Indicator, ...], section: bool = False) -> None:
        """Each with its figures by period."""
        if indicators and section:
            self.pages.start_section(self.words.say("indicators"))
        elif indicators:
            self.pages.paragraph(f"{self.words.say('indicators')}:", size=9)
        for one in indicators:
            self.pages.paragraph("\n".join(self.words.indicator(one)), size=9)

    def report(self, report: ProgressReport) -> str:
        """A line for a report: its period, its title, who approved it and when."""
        decisions = {one.key: one.number or self.words.pick(one.title) for one in self.plan.decisions}
        by = self.words.bodies.get(report.approved_by or "") or decisions.get(report.approved_in or "")
        said = (period_text(report.period), self.words.pick(report.title), by, period_text(report.approved_when))
        return " · ".join(one for one in said if one)

    def evaluation(self, evaluation: EvaluationReport) -> None:
        """What an evaluation found and advises, and what was answered."""
        pick_ = self.words.pick
        pages = self.pages
        pages.start_section(f"{self.words.say('evaluations')}: {pick_(evaluation.title)}")
        pages.paragraph(period_text(evaluation.period))
        for finding in evaluation.findings:
            pages.paragraph(pick_(finding.text))
        for advice in evaluation.recommendations:
            pages.paragraph(pick_(advice.text), bold=True)
            pages.paragraph(pick_(advice.answer.text) if advice.answer else "")

    def record(self, label: str, things: tuple[Any, ...]) -> None:
        """Stages or decisions with their days, numbers and words."""
        if not things:
            return
        self.pages.start_section(self.words.say(label))
        for one in things:
            head = " · ".join(said for said in (one.number, period_text(one.when), self.words.pick(one.title)) if said)
            self.pages.paragraph(head, bold=True)
            self.pages.paragraph(one.stated or "", size=9)

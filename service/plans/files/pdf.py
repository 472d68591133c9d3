"""A plan as a PDF for the council: title, contents, money, how far it is, indicators, the tree with its actions, the
approved reports, evaluations, stages and decisions, page numbers.

The font is embedded, with the letters that the text needs.
"""

from collections.abc import Iterable, Iterator
from typing import IO, Any

from service.plans.canonical import to_json
from service.plans.document import Action, Element, Level, Plan, walk
from service.plans.files.sheets import Contents, Headings, Sheets, Written
from service.plans.files.tabulating import location_of, responsible_text, type_of
from service.plans.files.wording import ANSWERS, TYPES, Words
from service.plans.kinds import STATUSES
from service.plans.record import EvaluationReport, ProgressReport
from service.plans.rolling_up import approved_reports, is_action, leaf_levels, roll_up, standings_in
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
    pages.paragraph(words.period(words.plan.period), size=14)
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
        self.decisions = {one.key: one.number or self.words.pick(one.title) for one in plan.decisions}
        self.titles = {element.key: self.name(element) for element, _ in walk(plan.elements)}
        self.standings = standings_in(plan, rows)
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
        self.section("inclusion_rules", map(words.rule, plan.inclusion_rules))
        if reports := approved_reports(plan):
            self.pages.start_section(words.say("reports"))
            for report in reports:
                self.report(report)
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
            yield self.words.sums(whole)
            yield self.words.statuses(whole)
            for element in self.plan.elements:
                if element.key not in self.actions:
                    yield f"{self.name(element)}: {self.words.sums(self.sums[element.key])}"

    def name(self, element: Element) -> str:
        return " ".join(said for said in (element.number, self.words.pick(element.title)) if said)

    def elements(self, elements: tuple[Element, ...], depth: int) -> None:
        """The elements and what is below them; an action is no heading."""
        for element in elements:
            level = self.names.get(element.level)
            head = self.name(element)
            if element.key not in self.actions and depth <= DEEPEST:
                self.pages.start_section(f"{self.words.pick(level.name)}: {head}" if level else head, level=depth)
                head = ""
            self.element(element, head)
            self.elements(element.children, depth if element.key in self.actions else depth + 1)

    def element(self, element: Element, head: str) -> None:
        """What is known of an element, a line for each thing; `head` is its name where it is no heading."""
        words = self.words
        facts = self.facts(element, element.action or Action())
        lines = [f"{words.say(label)}: {said}" for label, said in facts if said]
        lines += [words.money(line) for line in self.money_of(element)]
        if element.key not in self.actions:
            lines.append(words.sums(self.sums[element.key]))
        said = "\n".join(line for line in lines if line)
        self.pages.together(Written(head, bold=True), Written(words.pick(element.description)), Written(said, size=9))
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
        yield "period", words.period(action.when)
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

    def report(self, report: ProgressReport) -> None:
        """Its period, its title, who approved it and when; its text, and what it says of elements in words."""
        words = self.words
        head = (words.period(report.period), words.pick(report.title), *self.approval(report))
        self.pages.together(
            Written(" · ".join(one for one in head if one), bold=True), Written(words.pick(report.text))
        )
        for entry in report.entries:
            if said := words.pick(entry.text):
                title = self.titles.get(entry.element)
                self.pages.paragraph(f"{title}: {said}" if title else said, size=9)

    def approval(self, one: ProgressReport | EvaluationReport) -> tuple[str, str]:
        """Who approved it, and when."""
        by = self.words.bodies.get(one.approved_by or "") or self.decisions.get(one.approved_in or "")
        return by or "", self.words.period(one.approved_when)

    def evaluation(self, evaluation: EvaluationReport) -> None:
        """What an evaluation found and advises, and what was answered."""
        pick_ = self.words.pick
        pages = self.pages
        pages.start_section(f"{self.words.say('evaluations')}: {pick_(evaluation.title)}")
        said = (self.words.period(evaluation.period), *self.approval(evaluation))
        pages.paragraph(" · ".join(one for one in said if one))
        for finding in evaluation.findings:
            pages.paragraph(pick_(finding.text))
        for advice in evaluation.recommendations:
            answer = advice.answer
            words = (say(self.language, ANSWERS[answer.kind]), pick_(answer.text)) if answer else ()
            pages.together(Written(pick_(advice.text), bold=True), Written(": ".join(one for one in words if one)))

    def record(self, label: str, things: tuple[Any, ...]) -> None:
        """Stages or decisions with their days, numbers and words."""
        if not things:
            return
        self.pages.start_section(self.words.say(label))
        for one in things:
            title = self.words.pick(one.title)
            head = " · ".join(said for said in (one.number, self.words.period(one.when), title) if said)
            stated = one.stated or ""
            said = "" if stated.strip(" .").casefold() == title.strip(" .").casefold() else stated
            self.pages.together(Written(head, bold=True), Written(said, size=9))

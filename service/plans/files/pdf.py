"""A plan as a PDF for the council: title, contents, the tree with its actions, stages and decisions, page numbers.

The font is embedded, with the letters that the text needs; headings are tagged and stand in the document's outline.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TextStyle
from fpdf.outline import TableOfContents

from service.plans.document import Element, Level, Plan
from service.plans.files.amounts import written
from service.plans.files.tabulating import (
    Line,
    Table,
    days_of,
    in_words,
    location_of,
    responsible_of,
    table_of,
    type_of,
)
from service.plans.kinds import STATUSES
from service.plans.values import MoneyLine, Period
from service.text import N_, pick, say

FONTS = Path(__file__).parent / "fonts"
FONT = "DejaVu"
DEEPEST = 5
"""How many levels of headings stand in the contents."""
SIZES = (16, 14, 12, 11, 10, 10)
LABELS = {
    "contents": N_("Contents"),
    "tree": N_("Structure and actions"),
    "stages": N_("Stages"),
    "decisions": N_("Decisions"),
    "money": N_("Money"),
    "type": N_("Type"),
    "status": N_("Status"),
    "responsible": N_("Responsible"),
    "location": N_("Place"),
    "period": N_("Period"),
    "budget": N_("Budget"),
    "total": N_("Total"),
    "sources": N_("Funding"),
    "objective": N_("Aim"),
    "page": N_("Page {page}"),
}
TYPES = {
    "work": N_("public work"),
    "study": N_("study"),
    "service": N_("service"),
    "supply": N_("supply of goods"),
    "land_purchase": N_("purchase of land"),
    "other": N_("other"),
}


class Sheets(FPDF):
    """The pages, with the plan's name and the number at the foot of each."""

    def __init__(self, name: str, language: str) -> None:
        super().__init__(format="A4")
        self.foot, self.language = name, language
        self.add_font(FONT, "", FONTS / "DejaVuSans.ttf")
        self.add_font(FONT, "B", FONTS / "DejaVuSans-Bold.ttf")
        self.set_auto_page_break(True, margin=20)
        self.set_font(FONT, "", 10)
        self.set_section_title_styles(*(_heading(size) for size in SIZES))

    def footer(self) -> None:
        """The line at the foot of a page."""
        self.set_y(-15)
        self.set_font(FONT, "", 8)
        self.cell(self.epw - 30, 8, self.foot[:90])
        self.cell(30, 8, say(self.language, LABELS["page"], page=self.get_page_label()), align="R")

    def paragraph(self, text: str, bold: bool = False, size: int = 10) -> None:
        """A paragraph of its own; nothing for an empty text."""
        if text.strip():
            self.set_font(FONT, "B" if bold else "", size)
            self.multi_cell(self.epw, None, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            self.ln(1.5)


def _heading(size: int) -> TextStyle:
    return TextStyle(font_family=FONT, font_style="B", font_size_pt=size, t_margin=3, b_margin=1)


def write_pdf(plan: Plan, target: IO[bytes], language: str, publisher: str, label: str = "") -> None:
    """Write the plan in this language, where it has it. `label` says which version it is."""
    title = pick(plan.title, language, plan.source_language)
    pages = Sheets(title, language)
    pages.set_title(title)
    pages.set_author(publisher)
    pages.set_lang(language)
    pages.add_page()
    _front(pages, plan, language, publisher, label)
    contents = TableOfContents(TextStyle(font_family=FONT, font_size_pt=10))
    pages.insert_toc_placeholder(contents.render_toc, allow_extra_pages=True, reset_page_indices=False)
    _Writing(pages, plan, language).all()
    target.write(bytes(pages.output()))


def _front(pages: Sheets, plan: Plan, language: str, publisher: str, label: str) -> None:
    """The first page."""
    pages.ln(60)
    pages.paragraph(publisher, size=12)
    pages.paragraph(pages.title or "", bold=True, size=22)
    pages.paragraph(period_text(plan.period), size=14)
    pages.paragraph(label, size=9)
    pages.add_page()
    pages.paragraph(say(language, LABELS["contents"]), bold=True, size=16)


class _Writing:
    """The parts of the plan being written."""

    def __init__(self, pages: Sheets, plan: Plan, language: str) -> None:
        self.pages, self.plan, self.language = pages, plan, language
        self.table: Table = table_of(plan, language)
        self.lines = {line.element.key: line for line in self.table.lines}
        self.names: dict[str, Level] = {one.key: one for one in plan.levels}

    def say(self, label: str) -> str:
        return say(self.language, LABELS[label])

    def pick(self, text: Any) -> str:
        return pick(text, self.language, self.plan.source_language)

    def all(self) -> None:
        plan, pages = self.plan, self.pages
        for text in (plan.description, plan.vision):
            pages.paragraph(self.pick(text))
        if plan.money:
            pages.start_section(self.say("money"))
            for line in plan.money:
                pages.paragraph(money_text(line))
        if plan.elements:
            pages.start_section(self.say("tree"))
            self.elements(plan.elements, 1)
        self.record("stages", plan.stages)
        self.record("decisions", plan.decisions)

    def elements(self, elements: tuple[Element, ...], depth: int) -> None:
        """The elements and what is below them; an action is no heading."""
        for element in elements:
            name = f"{element.number} {self.pick(element.title)}" if element.number else self.pick(element.title)
            level = self.names.get(element.level)
            is_action = element.key in self.lines
            if is_action:
                self.pages.paragraph(name, bold=True)
                self.action(self.lines[element.key])
            elif depth <= DEEPEST:
                self.pages.start_section(f"{self.pick(level.name)}: {name}" if level else name, level=depth)
                self.pages.paragraph(self.pick(element.description))
            else:
                self.pages.paragraph(name, bold=True)
            self.elements(element.children, depth if is_action else depth + 1)

    def action(self, line: Line) -> None:
        """What is known of an action, a line for each thing."""
        self.pages.paragraph(self.pick(line.element.description))
        for label, said in self.facts(line):
            if said:
                self.pages.paragraph(f"{self.say(label)}: {said}", size=9)

    def facts(self, line: Line) -> Iterator[tuple[str, str | None]]:
        action = line.action()
        yield "objective", self.pick(line.element.objective)
        yield "type", type_of(action, {kind: say(self.language, name) for kind, name in TYPES.items()})
        yield "status", say(self.language, STATUSES[action.status]) if action.status else None
        yield "responsible", responsible_of(self.table, action)
        yield "location", location_of(self.table.plan, action, self.language)
        yield "period", " – ".join(day for day in days_of(action.when) if day)
        currency = self.table.currency
        years = (
            f"{year}: {in_words(said, currency)}" for year, said in sorted(line.budget.items()) if said is not None
        )
        yield "budget", "; ".join(years)
        yield "total", in_words(line.total, currency)
        yield "sources", ", ".join(line.sources)

    def record(self, label: str, things: tuple[Any, ...]) -> None:
        """Stages or decisions with their days, numbers and words."""
        if not things:
            return
        self.pages.start_section(self.say(label))
        for one in things:
            head = " · ".join(said for said in (one.number, period_text(one.when), self.pick(one.title)) if said)
            self.pages.paragraph(head, bold=True)
            self.pages.paragraph(one.stated or "", size=9)


def money_text(line: MoneyLine) -> str:
    """A money line as it was stated, else its sum."""
    if line.stated or line.amount_minor is None:
        return line.stated or ""
    return f"{line.year}: " * bool(line.year) + written(line.amount_minor, line.currency or "")


def period_text(when: Period | None) -> str:
    """The words of the paper, else start and end."""
    if when is None:
        return ""
    return when.stated or " – ".join(day for day in days_of(when) if day)

"""Pages of a PDF that programs for the blind can read out: its title, language and outline, headings, paragraphs and
the contents tagged as such, what stands at the foot of each page tagged as no part of the text.

fpdf2 2.8 tags headings (as figures) and nothing else; what is overridden here is where it does so. Its tree is flat:
there are no lists and no tables in it, hence this is no PDF/UA.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from fpdf import FPDF
from fpdf.enums import MethodReturnValue, XPos, YPos
from fpdf.fonts import TextStyle
from fpdf.outline import OutlineSection, TableOfContents
from fpdf.prefs import ViewerPreferences
from fpdf.structure_tree import StructElem

from service.text import N_, say

FONTS = Path(__file__).parent / "fonts"
FONT = "DejaVu"
SIZES = (16, 14, 12, 11, 10, 10)
PAGE = N_("Page {page}")
LINE = 1.25
"""Height of a line, in heights of the letters."""
BETWEEN, UNDER_HEADINGS, MOST_TOGETHER = 1.5, 30, 60
"""Millimetres between paragraphs, for a heading with what follows it, and that stay on one page."""
ITEM_SIZE = 10
FOR_NUMBERS = 20
"""Millimetres that a line of the contents leaves for the number of its page."""


def heading(size: int) -> TextStyle:
    return TextStyle(font_family=FONT, font_style="B", font_size_pt=size, t_margin=3, b_margin=1)


class Contents(TableOfContents):
    """The contents, each heading a line."""

    def __init__(self) -> None:
        super().__init__(TextStyle(font_family=FONT, font_size_pt=ITEM_SIZE))

    def render_toc_item(self, pdf: FPDF, item: OutlineSection) -> None:
        """A line of the contents; a long heading is cut."""
        if isinstance(pdf, Sheets):
            pdf.set_font(FONT, "", ITEM_SIZE)
            pdf.make_room(pdf.font_size * self.line_spacing)
            name = pdf.cut(item.name, pdf.epw - item.level * self.level_indent - FOR_NUMBERS)
            with pdf.tagged("/TOCI"):
                super().render_toc_item(pdf, replace(item, name=name))


class Written(NamedTuple):
    """A paragraph as it is to be written."""

    text: str
    bold: bool = False
    size: int = 10


class Headings:
    """Counts headings, instead of pages."""

    count = 0

    def start_section(self, name: str, level: int = 0) -> None:
        """A heading."""
        self.count += 1

    def paragraph(self, text: str, bold: bool = False, size: int = 10) -> None:
        """No heading."""

    def together(self, *paragraphs: "Written") -> None:
        """No heading."""


class Sheets(FPDF):
    """The pages, with a name and the number at the foot of each. Texts are in one language."""

    def __init__(self, name: str, language: str, author: str) -> None:
        super().__init__(format="A4")
        self.foot, self.language = name, language
        self.marks: Counter[int] = Counter()
        self.set_title(name)
        self.set_author(author)
        self.set_lang(language)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.add_font(FONT, "", FONTS / "DejaVuSans.ttf")
        self.add_font(FONT, "B", FONTS / "DejaVuSans-Bold.ttf")
        self.set_auto_page_break(True, margin=20)
        self.set_font(FONT, "", 10)
        self.set_section_title_styles(*(heading(size) for size in SIZES))

    def footer(self) -> None:
        """The line at the foot of a page, which is not read out."""
        self._out("/Artifact BMC")
        self.set_y(-15)
        self.set_font(FONT, "", 8)
        self.cell(self.epw - 30, 8, self.foot[:90])
        self.cell(30, 8, say(self.language, PAGE, page=self.get_page_label()), align="R")
        self._out("EMC")

    @contextmanager
    def tagged(self, kind: str, **about: str | None) -> Iterator[StructElem]:
        """What is written meanwhile, on one page, is this kind of thing: /P, /H1, /TOCI, /Figure.

        `about`: its `title`, and `alt_text`, what is to be seen.
        """
        page = self.page
        found = self._add_marked_content(struct_type=kind, mcid=self.marks[page], **about)
        self._out(f"{kind} <</MCID {self.marks[page]}>> BDC")
        self.marks[page] += 1
        yield found
        self._out("EMC")

    def _insert_table_of_contents(self) -> None:
        """The contents are written last and read where they stand."""
        super()._insert_table_of_contents()
        self.struct_builder.doc_struct_elem.k.sort(key=lambda one: one.page_number())

    def pages_of_contents(self, headings: int) -> int:
        """How many pages contents that begin here need for so many headings.

        They are left for them: with pages that come between later, those behind would have wrong numbers.
        """
        height = ITEM_SIZE / self.k * Contents().line_spacing
        pages, y = 1, self.y
        for _ in range(headings):
            if y + height > self.page_break_trigger:
                pages, y = pages + 1, self.t_margin
            y += height
        return pages

    def cut(self, text: str, width: float) -> str:
        """The text on one line, with an ellipsis where it is too long in the font of now."""
        text = " ".join(text.split())
        kept = text
        while kept and self.get_string_width(kept) > width:
            kept = kept[: len(kept) * 19 // 20].rstrip()
        return kept if kept == text else f"{kept}…"

    def _marked_sequence(self, **about: Any) -> Any:
        """Where fpdf2 marks a picture, which has words, or a heading: by its level."""
        return self.tagged("/Figure" if about.get("alt_text") else f"/H{self.level + 1}", **about)

    def start_section(self, name: str, level: int = 0, strict: bool = True) -> None:
        """A heading, which stands in the outline and in the contents."""
        self.level = level
        self.make_room(UNDER_HEADINGS)
        super().start_section(name, level, strict)

    def make_room(self, height: float) -> None:
        """Begin another page where so much does not fit on this one."""
        if self.y + height > self.page_break_trigger:
            self.add_page()

    def together(self, *paragraphs: Written) -> None:
        """Paragraphs that belong together: on the next page where they end there, as far as they fit on part of one."""
        said = [one for one in paragraphs if one.text.strip()]
        height = sum(len(self.lines_of(one)) * self.font_size * LINE + BETWEEN for one in said)
        self.make_room(min(height, MOST_TOGETHER))
        for one in said:
            self.paragraph(*one)

    def lines_of(self, one: Written) -> list[str]:
        """The lines of a paragraph, in the font that is set for it."""
        self.set_font(FONT, "B" if one.bold else "", one.size)
        height = self.font_size * LINE
        lines: Any = self.multi_cell(
            self.epw, height, one.text, align="L", dry_run=True, output=MethodReturnValue.LINES
        )
        return list(lines)

    def paragraph(self, text: str, bold: bool = False, size: int = 10, kind: str = "/P") -> None:
        """A paragraph of its own; nothing for an empty text. What does not fit on the page is another on the next."""
        if not text.strip():
            return
        lines = self.lines_of(Written(text, bold, size))
        height = self.font_size * LINE
        while lines:
            self.make_room(height)
            fitting = max(1, int((self.page_break_trigger - self.y + 1e-6) / height))
            with self.tagged(kind):
                said = "\n".join(lines[:fitting])
                self.multi_cell(self.epw, height, said, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            lines = lines[fitting:]
        self.ln(BETWEEN)

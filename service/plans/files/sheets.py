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
from textwrap import shorten
from typing import Any

from fpdf import FPDF
from fpdf.enums import MethodReturnValue, XPos, YPos
from fpdf.fonts import TextStyle
from fpdf.outline import OutlineSection, TableOfContents
from fpdf.output import PDFPage
from fpdf.prefs import ViewerPreferences
from fpdf.structure_tree import StructElem

from service.text import N_, say

FONTS = Path(__file__).parent / "fonts"
FONT = "DejaVu"
SIZES = (16, 14, 12, 11, 10, 10)
PAGE = N_("Page {page}")
LINE = 1.25
"""Height of a line, in heights of the letters."""
LONGEST_NAME = 110
"""Letters of a heading in the contents."""


def heading(size: int) -> TextStyle:
    return TextStyle(font_family=FONT, font_style="B", font_size_pt=size, t_margin=3, b_margin=1)


class Contents(TableOfContents):
    """The contents, each line of them one."""

    def __init__(self) -> None:
        super().__init__(TextStyle(font_family=FONT, font_size_pt=10))

    def render_toc_item(self, pdf: FPDF, item: OutlineSection) -> None:
        """A line of the contents, two at most."""
        if isinstance(pdf, Sheets):
            pdf.make_room(15)
            with pdf.tagged("/TOCI"):
                super().render_toc_item(pdf, replace(item, name=shorten(item.name, LONGEST_NAME, placeholder="…")))


class Sheets(FPDF):
    """The pages, with a name and the number at the foot of each. Texts are in one language."""

    def __init__(self, name: str, language: str, author: str) -> None:
        super().__init__(format="A4")
        self.foot, self.language = name, language
        self.marks: Counter[int] = Counter()
        self.placed: list[tuple[StructElem, PDFPage]] = []
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
    def tagged(self, kind: str, title: str | None = None) -> Iterator[StructElem]:
        """What is written meanwhile, on one page, is this kind of thing: /P, /H1, /TOCI."""
        page = self.page
        found = self._add_marked_content(struct_type=kind, mcid=self.marks[page], title=title)
        self._out(f"{kind} <</MCID {self.marks[page]}>> BDC")
        self.marks[page] += 1
        self.placed.append((found, self.pages[page]))
        yield found
        self._out("EMC")

    def _insert_table_of_contents(self) -> None:
        """Where fpdf2 moves pages behind the contents: what is on them moves along, and is read in their order."""
        super()._insert_table_of_contents()
        for found, page in self.placed:
            found._page_number = page.index()
        self.struct_builder.doc_struct_elem.k.sort(key=lambda one: one.page_number())

    def _marked_sequence(self, **about: Any) -> Any:
        """Where fpdf2 marks a heading: by its level."""
        return self.tagged(f"/H{self.level + 1}", about.get("title"))

    def start_section(self, name: str, level: int = 0, strict: bool = True) -> None:
        """A heading, which stands in the outline and in the contents."""
        self.level = level
        super().start_section(name, level, strict)

    def make_room(self, height: float) -> None:
        """Begin another page where so much does not fit on this one."""
        if self.y + height > self.page_break_trigger:
            self.add_page()

    def paragraph(self, text: str, bold: bool = False, size: int = 10, kind: str = "/P") -> None:
        """A paragraph of its own; nothing for an empty text. What does not fit on the page is another on the next."""
        if not text.strip():
            return
        self.set_font(FONT, "B" if bold else "", size)
        height = self.font_size * LINE
        lines: Any = self.multi_cell(self.epw, height, text, align="L", dry_run=True, output=MethodReturnValue.LINES)
        while lines:
            self.make_room(height)
            fitting = max(1, int((self.page_break_trigger - self.y + 1e-6) / height))
            with self.tagged(kind):
                said = "\n".join(lines[:fitting])
                self.multi_cell(self.epw, height, said, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            lines = lines[fitting:]
        self.ln(1.5)

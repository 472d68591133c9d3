"""A result as a PDF for reading: who took part, graphs with their words, the table, and what its columns mean."""

from collections.abc import Mapping
from io import BytesIO
from itertools import groupby, islice

from service.consultation.results.content import Published
from service.consultation.results.drawing import WIDTH, parts_of, png, shapes_of
from service.consultation.results.tabulating import Row, number_in, percent_in
from service.consultation.results.wording import DICTIONARY, HEADS, HIDDEN, MORE, NOTES, RESULT, TABLE_NAMES
from service.plans.files.sheets import Sheets
from service.text import say

WIDTHS = (4, 5, 1.5, 2)
ALIGNED = ("LEFT", "LEFT", "RIGHT", "LEFT")
TOGETHER = 40
"""Millimetres that a question and its first rows need on one page."""
LEFT_OUT = "preferred"
"""The comparisons of each option with each other: thousands of numbers, which nobody reads on paper."""
MOST_ROWS, MOST_PICTURES = 500, 25
"""A page of either takes about a tenth of a second; the rest is in the other files."""
TALLEST = 950
"""Pixels of the bars of one picture: with a title and a note of several lines it fits on a page."""


def pdf(published: Published) -> bytes:
    """The whole document; its date is that of the result."""
    table, spoken = published.table, published.table.language
    pages = Sheets(table.title, spoken, published.publisher)
    pages.set_creation_date(published.closed_at)
    pages.add_page()
    pages.paragraph(published.publisher, size=12)
    pages.paragraph(table.title, bold=True, size=20)
    for line in published.lines:
        pages.paragraph(line)
    draw_charts(pages, published)
    pages.start_section(say(spoken, RESULT))
    write_rows(pages, published)
    pages.start_section(say(spoken, DICTIONARY))
    for name, words in (table.columns | table.measures).items():
        pages.paragraph(f"{name}: {words}", size=9)
    return bytes(pages.output())


def draw_charts(pages: Sheets, published: Published) -> None:
    """The graphs, long ones in parts; none is larger than a page."""
    pictures = (part for chart in published.charts for part in parts_of(chart, TALLEST))
    for part in islice(pictures, MOST_PICTURES):
        width = min(pages.epw, pages.eph * WIDTH // shapes_of(part)[0])
        pages.image(BytesIO(png(part)), w=width, alt_text=part.description, title=part.title)
        pages.ln(4)


def write_rows(pages: Sheets, published: Published) -> None:
    """The rows, under the question that they are of, which no page ends with."""
    table, spoken = published.table, published.table.language
    rows = [row for row in table.rows if row.measure != LEFT_OUT]
    measures = table.measures
    for head, some in groupby(rows[:MOST_ROWS], lambda row: above(row, spoken)):
        if pages.will_page_break(TOGETHER):
            pages.add_page()
        if head:
            pages.paragraph(head, bold=True, size=10)
        pages.set_font(size=8)
        with pages.table(col_widths=WIDTHS, line_height=5, text_align=ALIGNED) as grid:
            grid.row([say(spoken, words) for words in HEADS])
            for row in some:
                grid.row(cells_of(row, measures, spoken))
        pages.ln(4)
    if len(rows) > MOST_ROWS:
        pages.paragraph(say(spoken, MORE, count=number_in(spoken, len(rows) - MOST_ROWS)))


def above(row: Row, spoken: str) -> str:
    """What stands above the row: the question that it is of, or the table of who took part."""
    return row.question_text or (say(spoken, TABLE_NAMES[row.part]) if row.part in TABLE_NAMES else "")


def cells_of(row: Row, measures: Mapping[str, str], spoken: str) -> list[str]:
    """What is read of a row."""
    value = number_in(spoken, row.value) if isinstance(row.value, int) else row.value or ""
    if row.measure == "percent":
        value = percent_in(spoken, value)
    words = NOTES if value else NOTES | {"few": HIDDEN}
    notes = [say(spoken, words[note]) for note in row.note.split(",") if note in words]
    return [row.item_text, measures[row.measure], value, ", ".join(notes)]

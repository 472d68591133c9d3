"""A result as a PDF for reading: who took part, graphs with their words, the table, and what its columns mean."""

from io import BytesIO

from service.consultation.results.content import Published
from service.consultation.results.drawing import png
from service.consultation.results.tabulating import Row
from service.consultation.results.wording import DICTIONARY, RESULT
from service.plans.files.sheets import Sheets
from service.text import say

WIDTHS = (5, 3, 2, 2)
COLUMNS = ("item_text", "measure", "value", "note")


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
    for chart in published.charts:
        pages.image(BytesIO(png(chart)), w=pages.epw, alt_text=chart.description, title=chart.title)
        pages.ln(4)
    pages.start_section(say(spoken, RESULT))
    write_rows(pages, published)
    pages.start_section(say(spoken, DICTIONARY))
    for name, words in (table.columns | table.measures).items():
        pages.paragraph(f"{name}: {words}", size=9)
    return bytes(pages.output())


def write_rows(pages: Sheets, published: Published) -> None:
    """The rows, under the question that they are of."""
    pages.set_font(size=8)
    question = ""
    with pages.table(col_widths=WIDTHS, line_height=5) as grid:
        grid.row(COLUMNS)
        for row in published.table.rows:
            if row.question != question:
                question = row.question
                grid.row().cell(row.question_text, colspan=len(COLUMNS))
            grid.row(cells_of(row, published.table.measures[row.measure]))


def cells_of(row: Row, words: str) -> list[str]:
    """What is read of a row; a number of no item says what it is."""
    return [row.item_text or words, row.measure, "" if row.value is None else str(row.value), row.note]

"""Graphs stay readable with long texts and many bars."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

from pypdf import PdfReader

from service.consultation.ballots import KINDS
from service.consultation.models import Consultation
from service.consultation.results.charting import MOST_BARS, Bar, chart_of_question, drawn
from service.consultation.results.content import Published
from service.consultation.results.drawing import LABELS, SMALL, WIDTH, font, parts_of, png, shapes_of, svg, wrapped
from service.consultation.results.pages import MOST_PICTURES, MOST_ROWS, TALLEST, pdf
from service.consultation.results.presenting import lines_of
from service.consultation.results.tabulating import Row, Table, cell_words
from service.consultation.results.wording import MORE
from service.text import say


def test_texts_are_cut_into_lines_that_fit() -> None:
    text = f"Πλατεία {'щ' * 80} των δέντρων και των πουλιών\x07"
    lines = list(wrapped(text, LABELS, SMALL))
    assert "".join(lines).replace(" ", "") == text.replace(" ", "").rstrip("\x07")
    assert all(font(SMALL, False).getlength(line) <= LABELS for line in lines)
    assert list(wrapped("", LABELS, SMALL)) == []
    narrow = int(font(SMALL, False).getlength("60\u00a0000 ευρώ")) + 1
    assert list(wrapped("Στοιχίζει 60\u00a0000 ευρώ", narrow, SMALL)) == ["Στοιχίζει", "60\u00a0000 ευρώ"], (
        "whole numbers"
    )


def test_of_very_many_bars_the_longest_are_drawn_and_the_others_counted() -> None:
    bars = [Bar(f"Option {number}", number or None, str(number)) for number in range(MOST_BARS + 7)]
    chart = drawn("Which?", ["A note."], bars, "en")
    assert [bar.value for bar in chart.bars] == list(range(7, MOST_BARS + 7))
    assert chart.note == "A note. And 7 more, which are in the files."
    root = ElementTree.fromstring(svg(chart))
    assert sum(child.tag.endswith("rect") for child in root) == MOST_BARS + 1
    assert root.attrib["aria-labelledby"] == f"{root[0].attrib['id']} {root[1].attrib['id']}"
    assert png(drawn("Nothing", [], [], "en")).startswith(b"\x89PNG")


def test_a_long_graph_is_cut_into_parts_that_fit_on_a_page() -> None:
    bars = [
        Bar(f"Option {number} {'of many words ' * (number % 9)}", number, str(number)) for number in range(MOST_BARS)
    ]
    whole = drawn("Which?", ["A note."], bars, "en")
    parts = list(parts_of(whole, TALLEST))
    assert [bar for part in parts for bar in part.bars] == bars and len(parts) > 2
    assert {part.longest for part in parts} == {MOST_BARS - 1}, "a bar is as long as in the whole"
    assert all(shapes_of(part)[0] < WIDTH * 267 / 190 for part in parts), "in the proportions of a page"


def test_a_document_for_reading_ends_however_much_there_is() -> None:
    pairs = [Row("question", "q", "Which?", f"{a}>{b}", "", "preferred", 1) for a in range(60) for b in range(60)]
    votes = [Row("question", "q", "Which?", str(a), f"Option {a}", "votes", a, "few") for a in range(MOST_ROWS + 9)]
    rate = Row("participation", "", "", "", "", "percent", "3.8")
    charts = tuple(drawn(f"Question {number}", [], [Bar("Yes", 1, "1")], "el") for number in range(MOST_PICTURES + 5))
    table = Table("Plan", "el", "person", (rate, *pairs, *votes))
    found = PdfReader(BytesIO(pdf(Published(table, charts, (), "Here", "c", datetime(2026, 11, 1, tzinfo=UTC)))))
    assert sum(len(page.images) for page in found.pages) == MOST_PICTURES
    said = "".join("".join(page.extract_text().split()) for page in found.pages)
    for words in (
        "Επιλογή ή ομάδα",
        "3,8",
        "λιγότεροι από πέντε",
        f"Option {MOST_ROWS - 2}",
        say("el", MORE, count=10),
    ):
        assert words.replace(" ", "") in said, words
    assert f"Option{MOST_ROWS + 1}" not in said
    assert "item_text" not in said.partition("Τισημαίνουνοιστήλες")[0]


def test_a_graph_says_what_options_cost_and_by_which_rule_they_are_chosen() -> None:
    options = [{"key": "park", "cost": 60000}, {"key": "tree", "cost": 0}]
    texts = {"park": {"el": "Πάρκο"}, "tree": {"el": "Δέντρο"}}
    question = {"text": {"el": "Πού;"}, "options": texts, "ask": {"kind": "budget", "options": options}}
    result = {"votes": {"park": 12345, "tree": 3}, "funded": ["tree"]}
    chart = chart_of_question(question, {"result": result, "valid": 12348, "blank": 0}, "el", "el")
    assert [(bar.label, bar.words) for bar in chart.bars] == [
        ("Πάρκο (60.000)", "12.345"),
        ("Δέντρο", "3 (επιλέχθηκε)"),
    ]
    assert say("el", KINDS["budget"].count_words) in chart.note and chart.note.endswith("12.348, λευκές: 0")


def test_who_took_part_is_said_in_numbers_that_can_be_read() -> None:
    found = Consultation(eligibility="resident")
    known: dict[str, Any] = {"participations": 26, "percent": "0.0", "eligible": 61500, "eligible_source": None}
    assert list(lines_of(found, known, "en", "el"))[1] == "That is < 0.1 % of the 61,500 who might have taken part."
    assert "< 0,1 %" in list(lines_of(found, known, "lt", "el"))[1]
    nobody = known | {"participations": 0}
    assert list(lines_of(found, nobody, "en", "el"))[1].startswith("That is 0.0 % of")


def test_no_page_ends_with_a_question() -> None:
    rows = [Row("question", str(n), f"Question {n}?", "a", "An answer", "votes", n) for n in range(40)]
    rows.append(Row("district", "", "", "old", "Old town", "people", 1234))
    table = Table("Plan", "en", "person", tuple(rows))
    found = PdfReader(BytesIO(pdf(Published(table, (), (), "Here", "c", datetime(2026, 11, 1, tzinfo=UTC)))))
    pages = [page.extract_text().splitlines() for page in found.pages]
    assert len(pages) > 3 and sum(line.endswith("?") for page in pages for line in page) == 40
    assert not any(line.endswith("?") for page in pages for line in page[-3:])
    assert "Who took part, by district" in pages[-2] + pages[-1] and "1,234" in "".join(pages[-2] + pages[-1])


def test_groups_have_their_names() -> None:
    names = {"mills": {"el": "Μύλοι"}}
    said = [("district", "mills"), ("district", "unknown"), ("age", "25-34"), ("age", "65-"), ("channel", "paper")]
    assert [cell_words(by, key, names, "en", "el") for by, key in said] == [
        *("Μύλοι", "Not known", "25–34", "65+", "On paper"),
    ]

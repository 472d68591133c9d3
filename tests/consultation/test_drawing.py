"""Graphs stay readable with long texts and many bars."""

from xml.etree import ElementTree

from service.consultation.results.charting import MOST_BARS, Bar, drawn
from service.consultation.results.drawing import LABELS, SMALL, font, png, svg, wrapped
from service.consultation.results.tabulating import cell_words


def test_texts_are_cut_into_lines_that_fit() -> None:
    text = f"Πλατεία {'щ' * 80} των δέντρων και των πουλιών\x07"
    lines = list(wrapped(text, LABELS, SMALL))
    assert "".join(lines).replace(" ", "") == text.replace(" ", "").rstrip("\x07")
    assert all(font(SMALL, False).getlength(line) <= LABELS for line in lines)
    assert list(wrapped("", LABELS, SMALL)) == []


def test_of_very_many_bars_the_longest_are_drawn_and_the_others_counted() -> None:
    bars = [Bar(f"Option {number}", number or None, str(number)) for number in range(MOST_BARS + 7)]
    chart = drawn("Which?", ["A note."], bars, "en")
    assert [bar.value for bar in chart.bars] == list(range(7, MOST_BARS + 7))
    assert chart.note == "A note. And 7 more, which are in the files."
    root = ElementTree.fromstring(svg(chart))
    assert sum(child.tag.endswith("rect") for child in root) == MOST_BARS + 1
    assert root.attrib["aria-labelledby"] == f"{root[0].attrib['id']} {root[1].attrib['id']}"
    assert png(drawn("Nothing", [], [], "en")).startswith(b"\x89PNG")


def test_groups_have_their_names() -> None:
    names = {"mills": {"el": "Μύλοι"}}
    said = [("district", "mills"), ("district", "unknown"), ("age", "25-34"), ("age", "65-"), ("channel", "paper")]
    assert [cell_words(by, key, names, "en", "el") for by, key in said] == [
        *("Μύλοι", "Not known", "25–34", "65+", "On paper"),
    ]

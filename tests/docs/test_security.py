"""The page on security: every requirement of levels 1 and 2 stands in it once, and what it names is there."""

import ast
import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PAGE = (CHECKOUT / "docs" / "security.md").read_text("utf-8")
ID = re.compile(r"V(?:[1-9]|1[0-7])(?:\.[1-9]\d?){2}")
LONGEST_WORDS = 700
"""Of the threats: a page."""

ASKED = {
    "1": {1: 2, 2: 9, 3: 11, 4: 3, 5: 2},
    "2": {1: 3, 2: 3, 3: 4, 4: 1},
    "3": {2: 2, 3: 4, 4: 6, 5: 5, 7: 2},
    "4": {1: 3, 2: 1, 3: 2, 4: 4},
    "5": {1: 1, 2: 3, 3: 2, 4: 3},
    "6": {1: 3, 2: 12, 3: 4, 4: 4, 5: 5, 6: 3, 8: 4},
    "7": {1: 3, 2: 4, 3: 2, 4: 5, 5: 2, 6: 2},
    "8": {1: 2, 2: 3, 3: 1, 4: 1},
    "9": {1: 3, 2: 4},
    "10": {1: 2, 2: 2, 3: 4, 4: 11, 5: 5, 6: 2, 7: 3},
    "11": {1: 2, 2: 3, 3: 3, 4: 4, 5: 1, 6: 1},
    "12": {1: 3, 2: 2, 3: 4},
    "13": {1: 1, 2: 5, 3: 2, 4: 5},
    "14": {1: 2, 2: 4, 3: 3},
    "15": {1: 3, 2: 3, 3: 7},
    "16": {1: 1, 2: 5, 3: 4, 4: 3, 5: 3},
    "17": {1: 1, 2: 4, 3: 2},
}
"""Chapter of ASVS 5.0.0 → section → the number of its last requirement of level 1 or 2."""


def rows(heading: str) -> list[list[str]]:
    """The cells of each row of the table under this heading."""
    part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


MET, NOT_MET, NOT_APPLYING = map(rows, ("What is met", "What is not met, or only half", "What does not apply"))


def test_every_requirement_stands_in_one_row() -> None:
    named = [one for row in MET + NOT_MET + NOT_APPLYING for one in row[0].split(", ")]
    assert [one for one in named if not ID.fullmatch(one)] == []
    assert sorted({one for one in named if named.count(one) > 1}) == []
    asked = {
        f"V{c}.{s}.{n}" for c, sections in ASKED.items() for s, last in sections.items() for n in range(1, last + 1)
    }
    assert sorted(asked ^ set(named)) == []


def test_a_row_says_what_is_asked_where_it_is_met_and_what_shows_it() -> None:
    assert [row[0] for row in MET if len(row) != 4 or not all(row)] == []
    assert [row[0] for row in NOT_MET + NOT_APPLYING if len(row) != 2 or not all(row)] == []
    assert [
        row[0] for row in MET if "`service/" not in row[2] and "`docs/" not in row[2] and "`req" not in row[2]
    ] == []
    assert [row[0] for row in MET if not re.fullmatch(r"`tests/[\w/]+\.py::test_\w+`", row[3])] == []


def test_every_module_and_document_that_is_named_is_there() -> None:
    named = {name for row in MET for name in re.findall(r"`([\w./-]+/[\w./-]+)`", row[2])}
    assert sorted(name for name in named if not (CHECKOUT / name).is_file()) == []


def test_every_test_that_is_named_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)
    assert len(named) >= len(MET)
    tests = {path: functions(CHECKOUT / path) for path, _ in named}
    assert sorted("::".join(one) for one in named if one[1] not in tests[one[0]]) == []


def functions(path: Path) -> set[str]:
    """The functions at the top of a module."""
    return {node.name for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)}


def test_the_threats_fill_one_page() -> None:
    threats = PAGE.split("\n## Threats\n")[1].split("\n## ")[0]
    assert len(threats.split()) <= LONGEST_WORDS

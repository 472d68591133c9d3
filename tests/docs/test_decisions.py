"""Every dependency has its reason, every decision its number, and every link of the documents leads somewhere."""

import re
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
DECISIONS = CHECKOUT / "docs" / "decisions"
NUMBERED = sorted(DECISIONS.glob("[0-9]*.md"))
PAGES = [CHECKOUT / "README.md", CHECKOUT / "CHANGELOG.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
PARTS = ("**Context.**", "**Decision.**", "**Why.**", "**Consequences.**")


def dependencies() -> set[str]:
    """The names of what the service needs at run time."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    return {re.split(r"[^a-z0-9-]", dependency)[0] for dependency in project["dependencies"]}


def test_each_dependency_has_its_line_of_reason() -> None:
    lines = re.findall(r"^- `([a-z0-9-]+)`: \S", (DECISIONS / "dependencies.md").read_text("utf-8"), re.MULTILINE)
    assert len(lines) == len(set(lines))
    assert set(lines) == dependencies()


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in NUMBERED] == list(range(1, len(NUMBERED) + 1))


@pytest.mark.parametrize("path", NUMBERED, ids=lambda path: path.stem)
def test_a_decision_says_what_was_decided_and_why(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith(f"# {int(path.name[:4])}. ")
    assert [part for part in PARTS if part not in text] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text("utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_file_that_is_named_exists(path: Path) -> None:
    named = re.findall(
        r"`((?:service|docs|scripts|tests|migrations|requirements|mobile_api_docs)/[\w./-]+)`", path.read_text("utf-8")
    )
    assert [name for name in named if not (CHECKOUT / name).exists()] == []

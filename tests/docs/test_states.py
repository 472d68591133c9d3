"""The page about the life of a report is the table of the code."""

import re
from pathlib import Path

from click.testing import CliRunner

from service.cli import cli
from service.reports.states import STATES, as_markdown

PAGE = (Path(__file__).parents[2] / "docs" / "states.md").read_text("utf-8")


def test_the_page_shows_the_table_of_the_code() -> None:
    assert as_markdown() in PAGE


def test_the_command_prints_the_table_of_the_page() -> None:
    printed = CliRunner().invoke(cli, ["states"])
    assert printed.exit_code == 0
    assert printed.output in PAGE


def test_every_state_has_its_line() -> None:
    assert re.findall(r"^\| ([a-z_]+)", PAGE, re.MULTILINE)[1:] == list(STATES)

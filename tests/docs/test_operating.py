"""The page for operators names every setting, command, table and recurring job, and no others."""

import dataclasses
import re
from pathlib import Path

import pytest

from service import app as _tables  # noqa: F401  (every slice's tables)
from service.cli import cli
from service.config import Settings
from service.db import Base
from service.housekeeping import EVERY

DOCS = Path(__file__).parents[2] / "docs"
OPERATING = (DOCS / "operating.md").read_text("utf-8")
ARCHITECTURE = (DOCS / "architecture.md").read_text("utf-8")
FOR_TESTS = {"PLATEIA_CRASH_AT"}
PERSONAL = (
    "reports",
    "report_entries",
    "report_texts",
    "attachments",
    "accounts",
    "devices",
    "targets",
    "passwords",
    "roles",
    "access_tokens",
    "inbox_messages",
    "follows",
    "deliveries",
    "events",
    "kept_answers",
)


def section(page: str, title: str) -> str:
    """The text under a heading of the second level."""
    return page.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def first_cells(page: str, title: str) -> list[str]:
    """What stands in the first column of the tables of a section."""
    return re.findall(r"^\| `?([^|`]+)`?", section(page, title), re.MULTILINE)


def test_every_setting_is_listed() -> None:
    known = {f"PLATEIA_{field.name.upper()}" for field in dataclasses.fields(Settings)}
    assert set(re.findall(r"PLATEIA_[A-Z_]+", OPERATING)) - FOR_TESTS == known
    assert known <= set(first_cells(OPERATING, "Settings"))


@pytest.mark.parametrize("name", ["host", "port", "log_level", "threads", "limits_url", "mail_from", "send_threads"])
def test_the_usual_value_of_a_setting_is_the_one_of_the_code(name: str) -> None:
    (line,) = [line for line in OPERATING.splitlines() if line.startswith(f"| `PLATEIA_{name.upper()}`")]
    assert f"`{getattr(Settings(), name)}`" in line


def test_every_command_is_listed() -> None:
    listed = re.findall(
        r"`([a-z-]+)(?= |`)", "\n".join(re.findall(r"^\| (`[^|]+)\|", section(OPERATING, "Commands"), re.M))
    )
    assert set(cli.commands) == set(listed)


def test_every_recurring_job_is_listed() -> None:
    assert set(EVERY) <= set(first_cells(OPERATING, "What is kept, and for how long"))


@pytest.mark.parametrize("table", PERSONAL)
def test_a_table_with_personal_data_says_how_long(table: str) -> None:
    assert f"`{table}`" in section(OPERATING, "What is kept, and for how long")


def test_every_table_has_its_owner() -> None:
    owned = re.findall(r"`([a-z_]+)`", "\n".join(
        line.split("|")[2] for line in section(ARCHITECTURE, "Who owns which table").splitlines() if line.startswith("| `")
    ))  # fmt: skip
    assert sorted(owned) == sorted(Base.metadata.tables)

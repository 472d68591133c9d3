"""What the page about the architecture names is there: modules, functions, slices and their layers."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[2]
PAGE = (CHECKOUT / "docs" / "architecture.md").read_text("utf-8")
HOUSE = PAGE.split("```")[1]
NAMED = sorted(
    {name for name in re.findall(r"`([a-z_]+(?:\.[A-Za-z_]+)+)", PAGE) if not name.endswith((".py", ".toml"))}
)
BEFORE = ("", "service.", "service.reports.")
"""A name is written in full, from the slice on, or, on the path of a report, from the module of its slice on."""


def found(name: str) -> Any:
    """The thing of this name; None where there is none."""
    module, _, attribute = name.rpartition(".")
    for before in BEFORE:
        for path, rest in ((f"{before}{name}", ()), (f"{before}{module}", (attribute,)), of_class(before, name)):
            try:
                thing = importlib.import_module(path)
                for part in rest:
                    thing = getattr(thing, part)
            except (ImportError, AttributeError, ValueError):
                continue
            return thing
    return None


def of_class(before: str, name: str) -> tuple[str, tuple[str, ...]]:
    """A method: module, class, name."""
    *module, class_, method = name.split(".")
    return before + ".".join(module), (class_, method)


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_is_there(name: str) -> None:
    assert found(name) is not None


def test_enough_is_named_to_be_worth_a_test() -> None:
    assert len(NAMED) > 20


def test_the_picture_shows_every_module_and_slice_that_there_is() -> None:
    here = CHECKOUT / "service"
    slices = {path.parent.name for path in here.glob("*/__init__.py")}
    modules = {path.stem for path in here.glob("*.py")} - {"__init__"}
    assert slices | modules <= set(re.findall(r"[a-z_0-9]+", HOUSE))

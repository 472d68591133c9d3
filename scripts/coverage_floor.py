"""Holds every rule module to its floor of coverage: `coverage_floor.py REPORT`, a report of `coverage json`.

A rule module is any module inside a slice (`service/<slice>/…`) that is not one of the files, or in one of the folders,
named below, which hold no rules. The measure is coverage.py's own with branches: statements run and branches taken, of
all there are.
"""

import json
import sys
from pathlib import Path, PurePosixPath
from typing import Any

FLOOR = 95
"""Per cent of the statements and branches together, of each rule module."""

SHOWN = 20
"""How many lines and branches are named for each module."""

WITHOUT_RULES = {"__init__.py", "models.py", "schemas.py", "schemas", "routes.py", "messages.py"}


def main(report: Path) -> int:
    """Print the modules below the floor with what was never run in them; return 1 where there are any."""
    files = json.loads(report.read_text())["files"]
    rules = {path: measured for path, measured in files.items() if is_rule_module(path)}
    below = {path: measured for path, measured in rules.items() if coverage(measured["summary"]) < FLOOR}
    for path, measured in sorted(below.items()):
        print(f"{path}: {coverage(measured['summary']):.1f} % (floor {FLOOR} %); not run: {gaps(measured)}")
    print(f"{len(rules)} rule modules, {len(below)} below {FLOOR} %")
    return int(bool(below) or not rules)


def is_rule_module(path: str) -> bool:
    """Tell whether a measured file is a rule module; paths are relative to the checkout."""
    parts = PurePosixPath(path).parts
    return len(parts) > 2 and parts[0] == "service" and WITHOUT_RULES.isdisjoint(parts[2:])


def coverage(summary: dict[str, int]) -> float:
    """Return the percentage of statements run and branches taken."""
    there = summary["num_statements"] + summary["num_branches"]
    return 100 * (summary["covered_lines"] + summary["covered_branches"]) / there if there else 100


def gaps(measured: dict[str, Any]) -> str:
    """Return the first lines and branches (`from→to`, below 0 for the way out) that no test ran."""
    lines = [str(line) for line in measured["missing_lines"]]
    branches = [f"{start}→{end}" for start, end in measured["missing_branches"]]
    missing = lines + branches
    return ", ".join(missing[:SHOWN]) + (f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else "")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

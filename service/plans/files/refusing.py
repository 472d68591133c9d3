"""Why a file is refused as a whole, and what is found in its rows."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from service.errors import Problem
from service.text import N_

MOST_FINDINGS = 1000


class PlanFileRefused(Problem):
    """The file cannot be read as a plan; `reason` says why."""

    status, code, message = 422, "plan_file_refused", N_("This file cannot be read as a plan.")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong in a row (counted from 1, as the spreadsheet shows it). A grave one leaves the row out."""

    row: int
    column: str
    fault: str
    value: str = ""
    grave: bool = False


@dataclass
class Report:
    """What was found in a file: how many rows, how many of them are left out, and the first findings."""

    rows: int = 0
    left_out: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def note(self, found: Finding) -> None:
        """Count a finding; the first thousand are kept."""
        self.counts[found.fault] += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(found)

    def take(self, found: list[Finding]) -> bool:
        """Note what was found in one row; whether the row can be taken."""
        self.rows += 1
        for one in found:
            self.note(one)
        grave = any(one.grave for one in found)
        self.left_out += grave
        return not grave

    def as_json(self) -> dict[str, Any]:
        """The report as it is answered."""
        return {
            "rows": self.rows,
            "taken": self.rows - self.left_out,
            "left_out": self.left_out,
            "counts": dict(sorted(self.counts.items())),
            "findings": list(self._lines()),
        }

    def _lines(self) -> Iterator[dict[str, Any]]:
        for one in self.findings:
            yield {"row": one.row, "column": one.column, "fault": one.fault, "value": one.value, "grave": one.grave}

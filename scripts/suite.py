"""Runs the checks of the code and the tests: `suite.py test|check|test-long|lint`.

Every slice runs whether or not the one before failed, so that one run shows all. What a slice took is printed against
its budget; the last line says how many tests passed and failed, with every check of the code counted as one. The
logs of the last run stay in `.test/`.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

CHECKOUT = Path(__file__).resolve().parent.parent
TESTS = CHECKOUT / "tests"
RESULTS = CHECKOUT / ".test"
COVERAGE = RESULTS / "coverage"
PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Slice:
    """Folders of tests that run together, the minutes that they may take on two cores, and in how many processes."""

    folders: str
    minutes: float
    processes: int = 2
    measured: bool = True
    """Whether what it runs counts for the coverage: programs take twice as long to start, tests a third longer."""

    @property
    def name(self) -> str:
        """What its line and its logs are called: the first of its folders."""
        return self.folders.split()[0]

    @property
    def paths(self) -> list[str]:
        return [f"tests/{folder}" for folder in self.folders.split()]


SLICES = (
    Slice("harness", 0.5, measured=False),
    Slice("db text idempotency storage fetching jobs municipalities samples", 1.75),
    Slice("outbox media", 1.25),
    Slice("gis ogc", 1.5),
    Slice("people personal_data", 1.75),
    Slice("notices news", 0.75),
    Slice("plans plan_files evidence", 0.75),
    Slice("consultation conversation moderation", 1),
    Slice("reports", 0.75),
    Slice("whole", 0.75),
    Slice("docs", 0.5, processes=0, measured=False),
    Slice("operating cli", 3.25),
    Slice("api", 2.25, measured=False),
    Slice("races", 2, measured=False),
    Slice("kills", 2, measured=False),
    Slice("bench", 2, measured=False),
)
UNLISTED = Slice("", 1)
"""What a folder gets that is not in the table yet."""

BUDGET = 25
"""Minutes that `make test` may take on two cores, everything in."""


@dataclass(frozen=True)
class Step:
    """One command of a run; a report in JUnit's format tells how many tests it ran."""

    name: str
    command: list[str]
    minutes: float = 1
    report: Path | None = None


@dataclass
class Outcome:
    """What became of a step: its counts, why tests were skipped, how many seconds it took."""

    name: str
    passed: int = 0
    failed: int = 0
    seconds: float = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def skipped(self) -> int:
        return self.reasons.total()


def main(purpose: str) -> int:
    """Run the steps of `test`, `check`, `test-long` or `lint`; return 0 where nothing failed and something ran."""
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir()
    outcomes = [run(step, purpose) for step in steps(purpose)]
    if purpose == "test":
        outcomes += [run(step, purpose) for step in coverage_steps()]
    return summary(outcomes, purpose)


# --- what there is to run -----------------------------------------------------------------------------------------


def steps(purpose: str) -> Iterator[Step]:
    """Yield the steps in their order: the checks of the code first, they answer soonest."""
    if purpose != "test-long":
        yield from code_checks()
    if purpose == "check":
        yield pytest("fast tests", ["tests", "-m", "not slow and not long"], UNLISTED, minutes=2)
    elif purpose != "lint":
        for part in slices():
            chosen = ["-m", "not long"] if purpose == "test" else []
            yield pytest(part.name, [*part.paths, *chosen], part, part.measured and purpose == "test")


def code_checks() -> Iterator[Step]:
    yield Step("ruff", program("ruff", "check", "--quiet"))
    yield Step("ruff format", program("ruff", "format", "--check", "--quiet"))
    yield Step("mypy", program("mypy", "--strict", "service"))
    yield Step("mypy scripts", program("mypy", "--strict", "scripts"))
    yield Step("import-linter", program("lint-imports", "--no-logo"))


def slices() -> list[Slice]:
    """Return the slices of the table in its order, then the folders of tests that it lacks."""
    there = sorted({path.relative_to(TESTS).parts[0] for path in TESTS.rglob("test_*.py")})
    listed = {folder for part in SLICES for folder in part.folders.split()}
    return [*SLICES, *(replace(UNLISTED, folders=folder) for folder in there if folder not in listed)]


def pytest(name: str, arguments: list[str], part: Slice, measured: bool = False, minutes: float | None = None) -> Step:
    """Return the step that runs pytest, with the coverage of all its processes measured where that is asked for."""
    report = RESULTS / f"{name}.xml"
    python = [sys.executable, "-m", *(["coverage", "run", "-m"] if measured else [])]
    shared_out = ["-n", str(part.processes), "--dist=worksteal"]
    options = ["-q", *shared_out, f"--junitxml={report}", "-o", "faulthandler_timeout=240"]
    return Step(name, [*python, "pytest", *options, *arguments], minutes or part.minutes, report)


def coverage_steps() -> Iterator[Step]:
    """Yield what joins the measurements of all processes and holds every rule module to its floor."""
    report = RESULTS / "coverage.json"
    yield Step("coverage", program("coverage", "combine", "--quiet", str(RESULTS)))
    yield Step("coverage json", program("coverage", "json", "--quiet", "-o", str(report)))
    yield Step("coverage floor", [sys.executable, str(CHECKOUT / "scripts" / "coverage_floor.py"), str(report)])


def program(name: str, *arguments: str) -> list[str]:
    return [str(PROGRAMS / name), *arguments]


# --- running ------------------------------------------------------------------------------------------------------


def run(step: Step, purpose: str) -> Outcome:
    """Run a step, print a line about it, and its whole output where it failed."""
    print(f"{step.name:<16}", end="", flush=True)
    began = time.monotonic()
    log = RESULTS / f"{step.name}.log".replace(" ", "-")
    code = execute(step, log, purpose)
    outcome = count(step, code)
    outcome.seconds = time.monotonic() - began
    over = "  OVER ITS BUDGET" if outcome.seconds > step.minutes * 60 else ""
    budget = "" if purpose == "test-long" else f" of {step.minutes * 60:.0f} s{over}"
    print(f"{counts(outcome):<36}{outcome.seconds:6.1f} s{budget}", flush=True)
    if outcome.failed:
        print(log.read_text(errors="replace"), flush=True)
    return outcome


def execute(step: Step, log: Path, purpose: str) -> int:
    """Run the command with its output in `log`; what it leaves running, or runs far over its budget, is killed."""
    limit = None if purpose == "test-long" else 120 + step.minutes * 240
    with log.open("w") as output:
        process = subprocess.Popen(
            step.command,
            cwd=CHECKOUT,
            env=environment(purpose),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            output.write(f"\nStopped: not done after {limit:.0f} s.\n")
            return 1
        finally:
            end_group(process)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the step; each runs in a process group of its own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
    finally:
        process.wait()


def environment(purpose: str) -> dict[str, str]:
    """Return the environment of a step. `check` runs on SQLite whatever else there is.

    Python keeps what it has compiled, also where the machine says otherwise: each of the hundreds of programs that
    tests start would compile the service anew, which takes a second.
    """
    chosen = os.environ | {"COVERAGE_FILE": str(COVERAGE)}
    chosen.pop("PYTHONDONTWRITEBYTECODE", None)
    if purpose == "check":
        chosen.pop("PLATEIA_TEST_POSTGRES_URL", None)
    return chosen


# --- counting -----------------------------------------------------------------------------------------------------


def count(step: Step, code: int) -> Outcome:
    """Return the counts of a step: a check is one, a run of pytest is what its report says."""
    if step.report is None:
        return Outcome(step.name, passed=int(code == 0), failed=int(code != 0))
    outcome = read_report(step.name, step.report)
    nothing_was_wrong = code == 0 or (code == 5 and step.report.exists())  # 5: no test was chosen
    if not nothing_was_wrong and not outcome.failed:
        outcome.failed = 1
    return outcome


def read_report(name: str, report: Path) -> Outcome:
    """Return what a report in JUnit's format says; nothing where the run ended before it was written."""
    outcome = Outcome(name)
    if not report.exists():
        return outcome
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            outcome.failed += 1
        elif skipped is not None:
            outcome.reasons[skipped.get("message", "")] += 1
        else:
            outcome.passed += 1
    return outcome


def counts(outcome: Outcome) -> str:
    """Return the counts as pytest would say them, such as `3 passed, 0 failed, 1 skipped`."""
    skipped = f", {outcome.skipped} skipped" if outcome.skipped else ""
    return f"{outcome.passed} passed, {outcome.failed} failed{skipped}"


def summary(outcomes: list[Outcome], purpose: str) -> int:
    """Print what did not run, what failed, the time and the plain closing line; return the exit code."""
    total = Outcome("all")
    for outcome in outcomes:
        total.passed += outcome.passed
        total.failed += outcome.failed
        total.seconds += outcome.seconds
        total.reasons += outcome.reasons
    for reason, number in total.reasons.most_common():
        print(f"skipped {number} × {reason}")
    for outcome in outcomes:
        if outcome.failed:
            print(f"FAILED: {outcome.name}")
    minutes = f" of {BUDGET}" if purpose == "test" else ""
    print(f"\n{total.seconds / 60:.1f}{minutes} minutes\n\n{counts(total)}", flush=True)
    return int(total.failed > 0 or total.passed == 0)


def stop(number: int, _frame: object) -> None:
    """End as Ctrl-C does, so that the step that runs is killed with us."""
    sys.exit(128 + number)


if __name__ == "__main__":
    if sys.argv[1:] not in (["test"], ["check"], ["test-long"], ["lint"]):
        sys.exit("suite.py test|check|test-long|lint")
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    sys.exit(main(sys.argv[1]))

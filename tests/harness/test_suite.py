"""`scripts/suite.py` and `scripts/coverage_floor.py`: one run shows all, counts truly, and keeps the floor."""

import importlib.util
import json
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

CHECKOUT = Path(__file__).parents[2]


def script(name: str) -> ModuleType:
    """Return a script as a module; the scripts are no package, they run before anything is installed."""
    specification = importlib.util.spec_from_file_location(name, CHECKOUT / "scripts" / f"{name}.py")
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


coverage_floor = script("coverage_floor")


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The suite over a folder of tests of its own."""
    suite = script("suite")
    (tmp_path / "tests").mkdir()
    for name, folder in {"CHECKOUT": "", "TESTS": "tests", "RESULTS": ".test", "COVERAGE": ".test/coverage"}.items():
        monkeypatch.setattr(suite, name, tmp_path / folder)
    monkeypatch.setattr(suite, "SLICES", ())
    monkeypatch.setattr(suite, "UNLISTED", suite.Slice("", 1, processes=0))
    monkeypatch.setattr(suite, "code_checks", lambda: iter(()))
    return suite


def write(suite: ModuleType, name: str, test: str) -> None:
    path = suite.TESTS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(test)


def test_every_folder_of_tests_has_its_budget() -> None:
    suite = script("suite")
    assert suite.slices() == list(suite.SLICES)


def test_the_budgets_together_fit_into_the_whole() -> None:
    suite = script("suite")
    assert sum(part.minutes for part in suite.SLICES) <= suite.BUDGET - 2


@pytest.mark.slow
def test_the_last_line_adds_up_and_a_failing_slice_stops_nothing(
    suite: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    write(suite, "first/test_it.py", "def test_a(): assert 0\ndef test_b(): pass\n")
    write(suite, "second/test_it.py", "import pytest\ndef test_c(): pass\ndef test_d(): pytest.skip('no map')\n")
    assert suite.main("test-long") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "2 passed, 1 failed, 1 skipped"
    assert "FAILED: first" in lines
    assert "skipped 1 × no map" in lines


@pytest.mark.slow
def test_a_slice_that_dies_without_a_report_is_a_failure(suite: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    write(suite, "dying/test_it.py", "import os\nos._exit(0)\n")
    write(suite, "dying/conftest.py", "import os\nos._exit(3)\n")
    assert suite.main("test-long") == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed"


def test_a_run_without_any_test_is_no_success(suite: ModuleType) -> None:
    assert suite.main("test-long") == 1


@pytest.mark.slow
def test_what_a_slice_leaves_running_is_ended(suite: ModuleType, tmp_path: Path) -> None:
    left = tmp_path / "left"
    write(
        suite,
        "leaving/test_it.py",
        "import subprocess\n"
        f"def test_a():\n    process = subprocess.Popen(['sleep', '60'])\n    open({str(left)!r}, 'w').write(str(process.pid))\n",
    )
    assert suite.main("test-long") == 0
    until = time.monotonic() + 10
    while is_running(int(left.read_text())) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(int(left.read_text()))


def is_running(process: int) -> bool:
    state = Path(f"/proc/{process}/stat")
    return state.exists() and state.read_text().split()[2] != "Z"


@pytest.mark.parametrize(
    ("path", "is_rule"),
    [
        ("service/reports/moving.py", True),
        ("service/reports/kinds/pothole.py", True),
        ("service/reports/routes.py", False),
        ("service/reports/models.py", False),
        ("service/app.py", False),
        ("tests/reports/moving.py", False),
    ],
)
def test_rules_are_the_verbs_and_tables_of_a_slice(path: str, is_rule: bool) -> None:
    assert coverage_floor.is_rule_module(path) is is_rule


def measured(lines: tuple[int, int], branches: tuple[int, int]) -> dict[str, object]:
    counts = ("covered_lines", "num_statements", "covered_branches", "num_branches")
    return {
        "summary": dict(zip(counts, (*lines, *branches), strict=True)),
        "missing_lines": [7],
        "missing_branches": [[3, -1]],
    }


@pytest.mark.parametrize(
    ("lines", "branches", "code"),
    [((95, 100), (0, 0), 0), ((100, 100), (13, 20), 1), ((93, 100), (20, 20), 1), ((100, 100), (18, 20), 0)],
)
def test_statements_and_branches_together_are_held_to_the_floor(
    tmp_path: Path, lines: tuple[int, int], branches: tuple[int, int], code: int
) -> None:
    report = tmp_path / "coverage.json"
    report.write_text(json.dumps({"files": {"service/reports/moving.py": measured(lines, branches)}}))
    assert coverage_floor.main(report) == code


def test_a_measurement_without_any_rule_module_is_no_success(tmp_path: Path) -> None:
    report = tmp_path / "coverage.json"
    report.write_text(json.dumps({"files": {}}))
    assert coverage_floor.main(report) == 1

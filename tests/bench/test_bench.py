"""The benchmarks work: the whole command runs over tiny data and says what it should, whatever the figures are."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import casting
from tests.conftest import postgres_server

CASES = 12
CHECKOUT = Path(__file__).parent.parent.parent


def run(home: Path, *arguments: str, **environment: str) -> tuple[str, dict[str, Any]]:
    """What the command printed, and its JSON."""
    file = home / "figures.json"
    command = [sys.executable, "-m", "bench", "--quick", "--json", str(file), *arguments]
    done = subprocess.run(
        command, cwd=CHECKOUT, env=os.environ | environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, json.loads(file.read_text())


def is_whole(found: dict[str, Any]) -> bool:
    """Every floor and every case was measured, and costs something."""
    floors = [floor["ms"] for floor in found["floors"].values()]
    costs = [at["ms"] for case in found["cases"] for at in case["at"].values()]
    return len(floors) == 3 and len(costs) == CASES and min(floors + costs) > 0


@pytest.mark.slow
def test_requests_are_measured_on_sqlite(tmp_path: Path) -> None:
    said, figures = run(tmp_path, "--only", "http", "--postgis", "")
    assert "floor: GET" in said and "queue page of 50" in said
    assert is_whole(figures["http"]["SQLite"])
    assert figures["machine"]["cores"] and all(isinstance(one["met"], bool) for one in figures["targets"])


@pytest.mark.slow
def test_requests_are_measured_on_postgis(tmp_path: Path) -> None:
    postgres_server()
    _, figures = run(tmp_path, "--only", "http", "--sqlite", "")
    assert is_whole(figures["http"]["PostGIS"])


@pytest.mark.slow
def test_photos_are_measured_beside_the_codec(tmp_path: Path) -> None:
    said, figures = run(tmp_path, "--only", "photo")
    assert "JPEG 3 MP" in said
    assert [one["what"] for one in figures["targets"]] == ["photo: JPEG 3 MP"]


@pytest.mark.slow
def test_a_what_if_is_measured_on_both_databases(tmp_path: Path) -> None:
    postgres_server()
    _, figures = run(tmp_path, "--only", "whatif")
    assert [figures["whatif"][name]["moved"] > 0 for name in ("SQLite", "PostGIS")] == [True, True]


@pytest.mark.slow
def test_ballots_a_second_are_measured_on_postgis(tmp_path: Path) -> None:
    program = """
import json, pathlib, sys
from bench import casting, filling
print(json.dumps(casting.measure_on(pathlib.Path(sys.argv[1]), sys.argv[2], quick=True)))
filling.drop_databases(sys.argv[2])
"""
    command = [sys.executable, "-c", program, str(tmp_path), postgres_server()]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["most casts/s"] > 0 < found["p95 at 200 casts/s, ms"] and set(casting.TARGETS) <= set(found)


@pytest.mark.slow
def test_votes_and_conversations_are_measured_beside_their_floors(tmp_path: Path) -> None:
    said, figures = run(tmp_path, "--only", "consultations", PLATEIA_TEST_POSTGRES_URL="")
    found = figures["consultations"]
    assert "secret ballot on 20 questions" in said and len(found["http"]["SQLite"]["cases"]) == 2
    assert found["casting"]["SQLite"]["most casts/s"] > 0 < found["casting"]["SQLite"]["p95 at 50 casts/s, ms"]
    talk = found["conversation"]["SQLite"]
    assert found["counting"]["verifying, s"] > 0 < talk["page / floor"] and talk["similar / floor"] > 0


@pytest.mark.slow
def test_trees_of_plans_are_measured_beside_their_floor_on_both_databases(tmp_path: Path) -> None:
    postgres_server()
    _, figures = run(tmp_path, "--only", "plans")
    for measured in figures["plans"].values():
        assert measured["tree of 10,000 / floor"] > 0 < measured["roll-up"] and measured["diff of 10,000"] > 0
    assert len(figures["targets"]) == 6


@pytest.mark.slow
def test_tiles_and_pages_are_measured_beside_their_floors(tmp_path: Path) -> None:
    _, figures = run(tmp_path, "--only", "tiles")
    assert len(figures["targets"]) == 2 and figures["tiles"]["40 cells"]["tile"] > 0


@pytest.mark.slow
def test_a_layer_is_imported_and_read_on_both_databases(tmp_path: Path) -> None:
    postgres_server()
    said, figures = run(tmp_path, "--only", "layers")
    assert "OGC page" in said
    for measured in figures["layers"].values():
        assert measured["MB more"] > 0 and measured["page"] > 0 and measured["longest wait"] > 0
    assert len(figures["targets"]) == 10


@pytest.mark.slow
def test_polls_of_the_news_are_measured_beside_their_floor(tmp_path: Path) -> None:
    _, figures = run(tmp_path, "--only", "news", PLATEIA_TEST_POSTGRES_URL="")
    assert figures["news"]["SQLite"]["statements of a 304"] < 0.5 and figures["news"]["SQLite"]["poll"] > 0


def test_an_unknown_benchmark_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--only", "nothing"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "no such benchmark" in done.stderr


@pytest.mark.slow
def test_notices_are_measured_beside_the_client_alone(tmp_path: Path) -> None:
    said, figures = run(tmp_path, "--only", "notices", PLATEIA_TEST_POSTGRES_URL="")
    assert "two workers, messages/s" in said
    assert figures["notices"]["SQLite"]["doubled"] == 0 < figures["notices"]["SQLite"]["CPU / floor"]


@pytest.mark.slow
def test_a_notice_to_more_and_more_phones_is_measured(tmp_path: Path) -> None:
    said, figures = run(tmp_path, "--only", "notices", "--phones", "1000", PLATEIA_TEST_POSTGRES_URL="")
    found = figures["notices"]["SQLite"]
    assert "statements for a page" in said and [one["phones"] for one in found["notices"]] == [10, 100, 1000]
    assert found["doubled"] == 0 and found["messages of a batch"] == [10, 64]
    few, many = found["statements for a page"]
    assert few == many + 1 > 1, "ten people are less than a page: whether there is another one is asked"
    assert all(count > 2 for count in found["statements for a batch"]) and found["statements more"] == -1


def test_too_few_phones_are_refused() -> None:
    command = [sys.executable, "-m", "bench", "--only", "notices", "--phones", "3"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "--phones is at least" in done.stderr

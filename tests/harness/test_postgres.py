"""`scripts/postgres.py`: a command gets a PostGIS of its own, or is told how to have one."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "postgres.py"
SHOW_URL = [sys.executable, "-c", "import os; print('URL', os.environ.get('PLATEIA_TEST_POSTGRES_URL'))"]

needs_postgres = pytest.mark.skipif(
    not os.environ.get("PLATEIA_TEST_POSTGRES_URL"), reason="there is no PostgreSQL here"
)


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine with neither PostgreSQL nor a way to install it."""
    for folder in ("programs", "postgres", "tmp"):
        (tmp_path / folder).mkdir()
    return {
        "PATH": str(tmp_path / "programs"),
        "PLATEIA_POSTGRES_PROGRAMS": str(tmp_path / "postgres"),
        "TMPDIR": str(tmp_path / "tmp"),
    }


@pytest.fixture
def debian(machine: dict[str, str]) -> dict[str, str]:
    """A Debian whose archive cannot be reached by root, and whose sudo wants a password from everybody else."""
    add_program(machine, "apt-get", "exit 100")
    add_program(machine, "env", "exit 100")
    add_program(machine, "sudo", "exit 1")
    return machine


@pytest.fixture
def working() -> dict[str, str]:
    """This machine's environment, without the database that the suite already has."""
    return {name: value for name, value in os.environ.items() if name != "PLATEIA_TEST_POSTGRES_URL"}


def add_program(machine: dict[str, str], name: str, script: str) -> None:
    program = Path(machine["PATH"]) / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, str(SCRIPT), "--", *command]
    return subprocess.run(whole, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_database_that_is_given_is_used_and_nothing_is_started(machine: dict[str, str]) -> None:
    given = "postgresql://somebody@db.example/plateia"
    finished = run(SHOW_URL, machine | {"PLATEIA_TEST_POSTGRES_URL": given})
    assert finished.stdout == f"URL {given}\n"


def test_without_postgres_the_command_runs_all_the_same(machine: dict[str, str]) -> None:
    finished = run(SHOW_URL, machine)
    assert "URL None\n" in finished.stdout
    assert finished.returncode == 0


def test_without_postgres_the_exact_command_is_told_first_and_again_at_the_end(debian: dict[str, str]) -> None:
    finished = run(SHOW_URL, debian)
    before, after = finished.stdout.split("URL None\n")
    for told in (before, after):
        assert "apt-get update && " in told
        assert "apt-get install postgresql postgresql-postgis" in told


def test_the_last_lines_say_that_the_postgis_half_did_not_run(machine: dict[str, str]) -> None:
    assert "THE POSTGIS HALF DID NOT RUN" in run(SHOW_URL, machine).stdout.split("URL None\n")[1]


def test_without_postgres_a_run_that_requires_all_fails(machine: dict[str, str]) -> None:
    finished = run(SHOW_URL, machine | {"PLATEIA_REQUIRE_ALL": "1"})
    assert finished.returncode == 1
    assert finished.stdout.endswith("That is a failure, because PLATEIA_REQUIRE_ALL=1.\n")


@pytest.mark.parametrize("required", ["", "1"])
def test_a_failing_command_keeps_its_code(machine: dict[str, str], required: str) -> None:
    finished = run([sys.executable, "-c", "raise SystemExit(7)"], machine | {"PLATEIA_REQUIRE_ALL": required})
    assert finished.returncode == 7


def test_what_apt_get_shall_install_is_said_before_and_tried_once(debian: dict[str, str], tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    add_program(debian, "sudo", 'shift; test "$1" = true || exec "$@"')
    add_program(debian, "env", f'echo "$@" >> {asked}; exit 100')
    finished = run(SHOW_URL, debian)
    assert finished.stdout.startswith("Installing with apt-get what the tests want: postgresql postgresql-postgis")
    assert asked.read_text().count("--yes postgresql postgresql-postgis") == 1


def test_a_postgres_that_does_not_start_says_why(machine: dict[str, str]) -> None:
    programs = Path(machine["PLATEIA_POSTGRES_PROGRAMS"])
    share = programs.parent / "share"
    (share / "extension").mkdir(parents=True)
    (share / "extension" / "postgis.control").touch()
    for name, script in {
        "pg_config": f"echo {share}",
        "postgres": "echo postgres 99.1",
        "initdb": "echo no room for a cluster; exit 1",
        "createdb": "exit 1",
    }.items():
        add_program(machine | {"PATH": str(programs)}, name, script)
    for folder in (programs.parent, *programs.parent.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    finished = run(SHOW_URL, machine)
    assert "no room for a cluster" in finished.stdout
    assert "THE POSTGIS HALF DID NOT RUN" in finished.stdout
    assert list(Path(machine["TMPDIR"]).iterdir()) == []


@needs_postgres
def test_the_command_may_create_a_database_with_postgis(working: dict[str, str]) -> None:
    script = """if True:
        import os, psycopg
        with psycopg.connect(os.environ["PLATEIA_TEST_POSTGRES_URL"], autocommit=True) as connection:
            connection.execute("create database another")
            connection.execute("create extension postgis")
            print("point", connection.execute("select ST_AsText(ST_MakePoint(1, 2))").fetchone()[0])
    """
    finished = run([sys.executable, "-c", script], working)
    assert "point POINT(1 2)" in finished.stdout, finished.stdout + finished.stderr


@needs_postgres
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_cluster_is_gone_however_the_run_ends(working: dict[str, str], number: signal.Signals) -> None:
    waiting = [sys.executable, "-c", f"{SHOW_URL[2]}; import sys, time; sys.stdout.flush(); time.sleep(60)"]
    with subprocess.Popen(
        [sys.executable, str(SCRIPT), "--", *waiting], env=working, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        url = next(line for line in process.stdout if line.startswith("URL"))
        port = int(url.rpartition(":")[2].partition("/")[0])
        assert is_listening(port)
        process.send_signal(number)
        process.wait(10)
        process.stdout.close()
    until = time.monotonic() + 20
    while is_listening(port) and time.monotonic() < until:
        time.sleep(0.1)
    assert not is_listening(port)


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

"""The two databases that our SQLite functions are compared with: PostGIS, and the real SpatiaLite.

SpatiaLite runs in a process of its own, in a Python that may load extensions: in one process with the shapely and
pyproj wheels it crashes.
"""

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, event

from service.db import spatialite

SERVED = """
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.enable_load_extension(True)
connection.load_extension("mod_spatialite")

def plain(value):
    return {"hex": value.hex()} if isinstance(value, bytes) else value

def from_plain(value):
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value

print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    statement, values = json.loads(line)
    try:
        rows = connection.execute(statement, [from_plain(value) for value in values]).fetchall()
        answer = [[plain(value) for value in row] for row in rows]
    except sqlite3.Error as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
"""


def sqlite_engine(folder: Path, begin: str = "BEGIN IMMEDIATE") -> Engine:
    """An engine on a file in this folder, with our functions and nothing else of the service."""
    engine = create_engine(f"sqlite:///{folder}/plateia.sqlite")

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        spatialite.install(connection)

    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


class RealSpatialite:
    """mod_spatialite on a file, asked statement by statement."""

    def __init__(self, python: str, path: str) -> None:
        self.process = subprocess.Popen(
            [python, "-I", "-c", SERVED, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._answer() == "ready"

    def rows(self, statement: str, *values: Any) -> list[list[Any]]:
        """The rows of a statement. Raises sqlite3.OperationalError with SpatiaLite's words."""
        plain = [{"hex": value.hex()} if isinstance(value, bytes) else value for value in values]
        assert self.process.stdin
        self.process.stdin.write(json.dumps([statement, plain]) + "\n")
        self.process.stdin.flush()
        answer = self._answer()
        if isinstance(answer, dict):
            raise sqlite3.OperationalError(answer["error"])
        return [[bytes.fromhex(value["hex"]) if isinstance(value, dict) else value for value in row] for row in answer]

    def value(self, statement: str, *values: Any) -> Any:
        """The first value of the first row."""
        return self.rows(statement, *values)[0][0]

    def close(self) -> None:
        """End the process."""
        self.process.communicate()

    def _answer(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())


class Ours:
    """A plain SQLite connection with our functions."""

    def __init__(self, path: str = ":memory:") -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        spatialite.install(self.connection)

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement. Raises sqlite3.Error."""
        return self.connection.execute(statement, values).fetchall()

    def value(self, statement: str, *values: Any) -> Any:
        """The first value of the first row."""
        return self.rows(statement, *values)[0][0]

    def fault(self, statement: str, *values: Any) -> spatialite.SpatialFault:
        """The fault that the statement must raise."""
        with pytest.raises(sqlite3.OperationalError, match="user-defined function raised exception"):
            self.rows(statement, *values)
        fault = spatialite.last_fault()
        assert fault is not None
        return fault

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


@contextmanager
def real_spatialite(path: str = ":memory:") -> Iterator[RealSpatialite]:
    """The real SpatiaLite on a file, or the test is skipped where the machine has none."""
    python = python_with_spatialite() or absent("a Python that loads mod_spatialite")
    process = RealSpatialite(python, path)
    try:
        yield process
    finally:
        process.close()


@contextmanager
def postgis() -> Iterator[psycopg.Connection[Any]]:
    """A connection to PostGIS that commits each statement, or the test is skipped where there is none."""
    with psycopg.connect(postgres_url(), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")  # two test processes must not make it at once
        connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        connection.execute("SELECT pg_advisory_unlock(1)")
        yield connection


def postgres_url() -> str:
    """The address of the PostgreSQL that the tests may use, or the test is skipped."""
    return os.environ.get("PLATEIA_TEST_POSTGRES_URL") or absent("PLATEIA_TEST_POSTGRES_URL")


def program(name: str) -> str:
    """A program of the machine, or the test is skipped."""
    return shutil.which(name) or absent(name)


def absent(what: str) -> str:
    """Skip the test, or fail it where everything is required."""
    if os.environ.get("PLATEIA_REQUIRE_ALL") == "1":
        pytest.fail(f"{what} is required here and is absent")
    pytest.skip(f"{what} is absent")


@cache
def python_with_spatialite() -> str | None:
    """The first Python on the path, outside the environment of the tests, that loads the extension."""
    probe = "import sqlite3; c = sqlite3.connect(''); c.enable_load_extension(True); c.load_extension('mod_spatialite')"
    for folder in [*os.get_exec_path(), "/usr/bin"]:
        python = shutil.which("python3", path=folder)
        if python and subprocess.run([python, "-I", "-c", probe], check=False, capture_output=True).returncode == 0:
            return python
    return None

"""Reports arrive while it is backed up and moved: a real server, phones that try again, commands in their own process."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from flask.testing import FlaskClient
from sqlalchemy import text

from service.operating.filling import make_file
from service.operating.snapshots import connected, revision_of, snapshot
from service.schema_version import migrate
from service.supervising import free_port
from tests.factories.municipalities import make_municipality
from tests.factories.reports import photo, send_report
from tests.operating.conftest import KINDS, NewDatabase, application_over

COMMAND = """
import sys
from service.operating.commands import COMMANDS
from service.config import Settings
{before}
name, *arguments = sys.argv[1:]
{{command.name: command for command in COMMANDS}}[name](arguments, obj=Settings.from_environment())
"""
STOP_WHILE_LOADING = """
import time
from service.operating import filling
def load_half(connection, shape, rows, load=filling.load):
    load(connection, shape, rows)
    if shape.name == "{table}":
        print("half", flush=True)
        time.sleep(60)
filling.load = load_half
"""
STOP_BEFORE_COMMIT = """
import time
from service.operating import filling
def settle(connection, settle=filling.settle):
    settle(connection)
    print("half", flush=True)
    time.sleep(60)
filling.settle = settle
"""


POSTGRESQL_DAILY = ["postgresql", pytest.param("sqlite", marks=pytest.mark.long)]
SQLITE_DAILY = ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)]
"""From which database it begins every day; from the other one in the long run."""


class Deployment:
    """A folder, a database and a server over them."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url, self.port = folder, url, free_port()
        self.address = f"http://127.0.0.1:{self.port}/api/v1/here"
        self.environment = os.environ | {
            "PLATEIA_HOME": str(folder),
            "PLATEIA_DATABASE_URL": url,
            "PLATEIA_FILES_URL": str(folder / "files"),
            "PLATEIA_LIMITS": "0",
            "PLATEIA_LOG_LEVEL": "CRITICAL",
            "PLATEIA_PORT": str(self.port),
        }

    @contextmanager
    def serving(self) -> Iterator[None]:
        """The server runs in its own process meanwhile."""
        process = subprocess.Popen([sys.executable, "-m", "service.cli", "serve"], env=self.environment)
        try:
            for _ in range(300):
                try:
                    requests.get(f"http://127.0.0.1:{self.port}/health", timeout=1)
                    break
                except requests.ConnectionError:
                    time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(30)

    def command(self, *arguments: str, before: str = "") -> "subprocess.Popen[str]":
        """A command of an operator in its own process."""
        program = COMMAND.format(before=before)
        return subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, *arguments: str) -> str:
        """What a command prints; it must succeed."""
        process = self.command(*arguments)
        printed, _ = process.communicate(timeout=120)
        assert process.returncode == 0, printed
        return printed


class Phones:
    """Some phones that send one report with a photo after the other, each until it is acknowledged."""

    def __init__(self, deployment: Deployment, count: int = 3) -> None:
        self.address = deployment.address
        self.acknowledged: dict[str, tuple[str, bytes]] = {}
        self.codes: set[str] = set()
        self.stopping, self.given_up = threading.Event(), False
        self.threads = [threading.Thread(target=self.report, args=(number,)) for number in range(count)]

    def report(self, number: int) -> None:
        for turn in itertools.count():
            if self.stopping.is_set():
                return
            key, file = str(uuid.uuid4()), photo(f"rgb({number * 40},{turn % 256},99)", (64, 48))
            while (report := self.send(key, file)) is None:
                time.sleep(0.05)
                if self.given_up:
                    return
            self.acknowledged[key] = report, file

    def send(self, key: str, file: bytes) -> str | None:
        """Send once; the report's id if it was acknowledged."""
        try:
            answer = requests.post(
                f"{self.address}/reports/with-photos",
                files={
                    "report": (
                        None,
                        f'{{"category":"dark-lamp","longitude":21.72,"latitude":40.25,"description":"{key}"}}',
                    ),
                    "photos": ("photo.jpg", file),
                },
                headers={"Idempotency-Key": key},
                timeout=30,
            )
        except requests.RequestException:
            return None
        if answer.status_code == 201:
            return str(answer.json()["id"])
        self.codes.add(answer.json()["code"])
        return None

    @contextmanager
    def reporting(self) -> Iterator[None]:
        for thread in self.threads:
            thread.start()
        try:
            yield
        except BaseException:
            self.given_up = True
            raise
        finally:
            self.finish()

    def finish(self) -> None:
        """Let each phone get its last acknowledgement."""
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def wait_for(self, more: int) -> None:
        """Until so many more are acknowledged."""
        wanted = len(self.acknowledged) + more
        limit = time.monotonic() + 60
        while len(self.acknowledged) < wanted and time.monotonic() < limit:
            time.sleep(0.02)
        assert len(self.acknowledged) >= wanted, self.codes


@pytest.fixture(params=KINDS)
def deployment(request: pytest.FixtureRequest, new_database: NewDatabase, tmp_path: Path) -> Deployment:
    """A migrated database with a municipality."""
    url = new_database(request.param)
    make_file(url)
    migrate(url)
    with application_over(url, tmp_path):
        make_municipality("here", west=21.7, south=40.2)
    return Deployment(tmp_path, url)


def other_than(url: str) -> str:
    return next(kind for kind in KINDS if not url.startswith(kind))


def kept(deployment: Deployment, url: str, files: Path) -> dict[str, str]:
    """description → report, for all reports; every photo that a row names is there."""
    with snapshot(url) as connection:
        reports = connection.execute(text("SELECT description, uid FROM reports")).all()
        photos = connection.execute(text("SELECT owner, uid FROM attachments")).all()
        counts = [
            connection.scalar(text(f"SELECT count(*) FROM {t}")) for t in ("report_entries", "events", "kept_answers")
        ]
    assert len({description for description, _ in reports}) == len(reports) == len(photos)
    assert counts == [len(reports)] * 3
    for _, uid in photos:
        for size in ("large", "medium", "small"):
            assert (files / "here" / str(uuid.UUID(str(uid))) / f"{size}.jpg").stat().st_size > 0
    assert {owner for owner, _ in photos} == {f"report:{uuid.UUID(str(uid))}" for _, uid in reports}
    return {description: str(uuid.UUID(str(uid))) for description, uid in reports}


@pytest.mark.parametrize("deployment", SQLITE_DAILY, indirect=True)
def test_a_backup_made_while_reports_arrive_is_of_one_moment(
    deployment: Deployment, new_database: NewDatabase, tmp_path: Path
) -> None:
    phones = Phones(deployment)
    with deployment.serving(), phones.reporting():
        phones.wait_for(5)
        before = dict(phones.acknowledged)
        printed = deployment.run("backup", str(tmp_path / "backup.tar"))
        phones.wait_for(3)
    assert "reports" in printed and "seconds" in printed
    restored = Deployment(tmp_path / "restored", new_database(other_than(deployment.url)))
    assert "every count and digest is equal" in restored.run("restore", str(tmp_path / "backup.tar"))
    there = kept(restored, restored.url, tmp_path / "restored" / "files")
    assert {key: report for key, (report, _) in before.items()}.items() <= there.items()
    assert len(there) < len(phones.acknowledged)


@pytest.mark.parametrize("deployment", POSTGRESQL_DAILY, indirect=True)
def test_no_report_is_lost_or_doubled_by_a_move_while_reports_arrive(
    deployment: Deployment, new_database: NewDatabase, tmp_path: Path
) -> None:
    phones = Phones(deployment)
    moved = Deployment(tmp_path, new_database(other_than(deployment.url)))
    with phones.reporting():
        with deployment.serving():
            phones.wait_for(5)
            printed = deployment.run("move", "--to", moved.url)
            closed = len(phones.acknowledged)
            deadline = time.monotonic() + 30
            while "moving" not in phones.codes and time.monotonic() < deadline:
                time.sleep(0.02)
            assert len(phones.acknowledged) == closed
        with moved.serving():
            phones.address = moved.address
            phones.wait_for(5)
            for key, (report, file) in list(phones.acknowledged.items())[:3]:
                assert phones.send(key, file) == report
            phones.finish()
    assert "Every count and digest is equal" in printed
    assert phones.codes <= {"moving", "try_again"} and "moving" in phones.codes
    there = kept(moved, moved.url, tmp_path / "files")
    assert there == {key: report for key, (report, _) in phones.acknowledged.items()}


@pytest.mark.parametrize("kind", POSTGRESQL_DAILY)
def test_a_restore_that_is_killed_leaves_an_empty_database_or_the_old_one(
    kind: str, new_database: NewDatabase, tmp_path: Path
) -> None:
    here = Deployment(tmp_path, new_database("sqlite"))
    make_file(here.url)
    migrate(here.url)
    with application_over(here.url, tmp_path) as client:
        make_municipality("here", west=21.7, south=40.2)
        report(client, "In the backup")
    here.run("backup", str(tmp_path / "backup.tar"))
    there = Deployment(tmp_path, new_database(kind))
    kill_at(there.command("restore", str(tmp_path / "backup.tar"), before=STOP_WHILE_LOADING.format(table="reports")))
    with connected(there.url) as connection:
        assert revision_of(connection) is None
    there.run("restore", str(tmp_path / "backup.tar"))
    with application_over(there.url, tmp_path) as client:
        report(client, "After the backup")
    kill_at(there.command("restore", "--replace", str(tmp_path / "backup.tar"), before=STOP_BEFORE_COMMIT))
    assert descriptions(there.url) == ["In the backup", "After the backup"]
    there.run("restore", "--replace", str(tmp_path / "backup.tar"))
    assert descriptions(there.url) == ["In the backup"]


@pytest.mark.parametrize("deployment", POSTGRESQL_DAILY, indirect=True)
def test_a_move_that_is_killed_is_cancelled_or_done_again(
    deployment: Deployment, new_database: NewDatabase, tmp_path: Path
) -> None:
    moved = Deployment(tmp_path, new_database("sqlite"))
    kill_at(deployment.command("move", "--to", moved.url, before=STOP_BEFORE_COMMIT))
    refused = deployment.command("move", "--to", moved.url)
    assert "--cancel" in refused.communicate()[0] and refused.returncode == 1
    with application_over(deployment.url, tmp_path) as client:
        assert report(client, "Not yet") == 503
        deployment.run("move", "--cancel")
        assert report(client, "Now") == 201
    assert "rehearsal" in deployment.run("move", "--to", moved.url, "--rehearse")
    deployment.run("move", "--to", moved.url)
    assert descriptions(moved.url) == ["Now"]


@pytest.mark.parametrize("deployment", SQLITE_DAILY, indirect=True)
def test_a_move_that_is_stopped_opens_the_old_database_again(
    deployment: Deployment, new_database: NewDatabase, tmp_path: Path
) -> None:
    process = deployment.command(
        "move", "--to", new_database("sqlite"), before=STOP_WHILE_LOADING.format(table="layers")
    )
    kill_at(process, signal.SIGTERM)
    assert process.returncode == 143
    with application_over(deployment.url, tmp_path) as client:
        assert report(client, "Taken") == 201


def kill_at(process: "subprocess.Popen[str]", number: int = signal.SIGKILL) -> None:
    """Wait until it is half done and send the signal."""
    assert process.stdout is not None
    assert process.stdout.readline() == "half\n", process.stdout.read()
    process.send_signal(number)
    process.communicate(timeout=30)


def report(client: FlaskClient, description: str) -> int:
    return send_report(client, description=description).status_code


def descriptions(url: str) -> list[str]:
    with snapshot(url) as connection:
        return list(connection.scalars(text("SELECT description FROM reports ORDER BY id")))

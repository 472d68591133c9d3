"""Several worker processes over one database, killed at named points and stopped: nothing lost, repeats bounded."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from service import crash_points
from service.db import session, transaction
from service.db.clock import now
from service.jobs.models import Job
from service.jobs.planning import plan
from service.municipalities.directory import Municipality
from service.outbox.loopback_fcm import LoopbackFcm, running
from service.outbox.models import Delivery, Event, Target
from service.outbox.posting import owe
from service.outbox.sending import RECORD_AT_ONCE
from tests.outbox.a_worker import STEPS
from tests.outbox.scene import let_leases_run_out

CHECKOUT = Path(__file__).resolve().parents[2]
POOL = 8
PHONES = 20
EVENTS = 10
PATIENCE = 150.0
SLOW = "slow-300"
"""What phones are called whose messages take so long that a process which starts later finds some left to send."""

pytestmark = pytest.mark.slow


@pytest.fixture
def fcm(tmp_path: Path) -> Iterator[LoopbackFcm]:
    with running(record_path=tmp_path / "accepted.jsonl") as server:
        yield server


@pytest.fixture
def start(database_url: str, fcm: LoopbackFcm, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts worker processes; those that still run at the end are killed. No step of theirs may fail."""
    errors = tmp_path / "errors"
    started: list[subprocess.Popen[bytes]] = []

    def begin(**environment: str) -> subprocess.Popen[bytes]:
        known = {name: value for name, value in os.environ.items() if not name.startswith("PLATEIA_")}
        ours = {
            "PLATEIA_HOME": str(tmp_path / "home"),
            "PLATEIA_DATABASE_URL": database_url,
            "PLATEIA_SECRET_KEY": os.environ["PLATEIA_SECRET_KEY"],
            "PLATEIA_FCM_BASE_URL": fcm.url,
            "PLATEIA_SEND_THREADS": str(POOL),
            "PLATEIA_LOG_LEVEL": "ERROR",
        }
        command = [sys.executable, "-m", "tests.outbox.a_worker"]
        with errors.open("ab") as file:
            started.append(subprocess.Popen(command, cwd=CHECKOUT, env=known | ours | environment, stderr=file))
        return started[-1]

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
    assert "worker_step_failed" not in errors.read_text()


def owe_everybody(here: Municipality, phones: int = PHONES, events: int = EVENTS, named: str = "phone") -> None:
    """Every phone is owed every event; some phones are dead, some answers are lost or late."""
    with transaction():
        targets = [
            register_row(here, "unreg-1" if n == 0 else "e503-1-a" if n == 1 else f"{named}-{n}") for n in range(phones)
        ]
        session.add_all(targets)
        session.flush()
        ids = sorted(target.id for target in targets)
        for number in range(events):
            owe(here.id, "moved", f"report:{number % 4}", number, {"targets": ids})


def register_row(here: Municipality, token: str) -> Target:
    return Target(municipality_id=here.id, channel="push", kind="token", value=token, created_at=now())


def unfinished() -> int:
    session.rollback()
    waiting = select(func.count()).where(Delivery.state.in_(["pending", "sending"])).scalar_subquery()
    new = select(func.count()).where(Event.state == "new").scalar_subquery()
    undone = select(func.count()).where(Job.state.in_(["waiting", "running"])).scalar_subquery()
    return session.scalar(select(waiting + new + undone)) or 0


def until(true: Callable[[], bool], what: str) -> None:
    """Wait until it is so; fail after a while."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"{what} did not happen within {PATIENCE} s"
        time.sleep(0.1)


def accepted(fcm: LoopbackFcm) -> Counter[tuple[str, str]]:
    """How often each phone was sent each event, as the stand-in's file has it."""
    assert fcm.record_path is not None
    lines = fcm.record_path.read_text().splitlines() if fcm.record_path.exists() else []
    return Counter((message["token"], message["android"]["notification"]["tag"]) for message in map(json.loads, lines))


def check_nothing_is_lost(
    fcm: LoopbackFcm, phones: int = PHONES, events: int = EVENTS, named: str = "phone"
) -> Counter[tuple[str, str]]:
    """Every living phone has every event, whatever is recorded as sent was sent. Returns how often each was."""
    copies = accepted(fcm)
    living = [f"{named}-{n}" for n in range(2, phones)] + ["e503-1-a"]
    wanted = {(token, f"report:{number % 4}.{number}") for token in living for number in range(events)}
    assert wanted - set(copies) == set(), "lost"
    recorded = session.execute(select(Target.value, Delivery.tag).join(Target).where(Delivery.state == "sent")).all()
    assert {tuple(row) for row in recorded} == wanted
    failed = session.execute(select(Target.value).join(Delivery).where(Delivery.state == "failed")).scalars()
    assert set(failed) == {"unreg-1"}
    return copies


def test_two_processes_share_one_outbox_and_nobody_hears_twice(
    here: Municipality, fcm: LoopbackFcm, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    owe_everybody(here, named=SLOW)
    workers = [start(), start()]
    until(lambda: unfinished() == 0, "the end of the outbox")
    copies = check_nothing_is_lost(fcm, named=SLOW)
    assert set(copies.values()) == {1}
    assert fcm.tokens_given == 2, "both processes took part"
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    assert [worker.wait(PATIENCE) for worker in workers] == [0, 0]


@pytest.mark.long  # every day tests/kills/test_crash_points.py kills at each point once, with everything around it
@pytest.mark.parametrize("point", ["after_expand_insert", "after_claim", "after_send", "before_record", "after_record"])
def test_a_kill_at_any_point_loses_nothing_and_repeats_little(
    here: Municipality, fcm: LoopbackFcm, start: Callable[..., subprocess.Popen[bytes]], point: str
) -> None:
    owe_everybody(here)
    doomed = start(PLATEIA_CRASH_AT=point)
    assert doomed.wait(PATIENCE) == -signal.SIGKILL
    let_leases_run_out()
    start()
    until(lambda: unfinished() == 0, "the end of the outbox")
    copies = check_nothing_is_lost(fcm)
    repeated = sum(count - 1 for count in copies.values())
    print(f"killed {point}: {sum(copies.values())} sent, {repeated} of them twice")
    assert repeated <= POOL + RECORD_AT_ONCE


def test_a_stopped_worker_gives_its_leases_back_at_once(
    here: Municipality, fcm: LoopbackFcm, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    owe_everybody(here)
    worker = start()
    until(lambda: bool(accepted(fcm)), "the first message")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE) == 0
    session.rollback()
    assert session.scalar(select(func.count()).where(Delivery.state == "sending")) == 0
    start()
    until(lambda: unfinished() == 0, "the end of the outbox")
    assert set(check_nothing_is_lost(fcm).values()) == {1}


@pytest.mark.long  # the same
@pytest.mark.parametrize("point", ["after_job_claim", "after_job_run"])
def test_a_job_that_is_killed_finishes_once(
    here: Municipality, start: Callable[..., subprocess.Popen[bytes]], point: str
) -> None:
    with transaction():
        plan("count", "1", payload={"municipality": here.id})
    doomed = start(PLATEIA_CRASH_AT=point, WITH_JOBS="1")
    assert doomed.wait(PATIENCE) == -signal.SIGKILL
    with transaction():
        job = session.scalars(select(Job)).one()
        assert job.state == "running"
        job.lease_until = now()
    start(WITH_JOBS="1")
    until(lambda: unfinished() == 0, "the end of the job")
    session.expire_all()
    job = session.scalars(select(Job)).one()
    assert (job.state, job.result) == ("done", {"steps": STEPS})
    assert session.scalar(select(func.count()).where(Event.subject == "counted")) == STEPS


def test_the_table_of_crash_points_has_those_of_the_code_and_no_others() -> None:
    service = Path(crash_points.__file__).parent
    found = {
        point for path in service.rglob("*.py") for point in re.findall(r'crash_here\("(\w+)"\)', path.read_text())
    }
    assert found == set(crash_points.POINTS)

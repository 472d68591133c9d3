"""The worker as a whole, in this process."""

import threading
import time
from collections.abc import Callable

import pytest
from flask import Flask

from service.db import transaction
from service.jobs.planning import plan
from service.jobs.working import Progress, Work
from service.municipalities.directory import Municipality
from service.outbox.channels.push import Push
from service.outbox.loopback_fcm import LoopbackFcm
from service.outbox.posting import owe
from service.worker import Duties, take, work
from tests.outbox.conftest import KEY
from tests.outbox.scene import a_phone, told, what_became_of

pytestmark = pytest.mark.slow


def within(seconds: float, true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False


def test_what_is_owed_and_planned_is_done_while_it_runs_and_it_stops_when_told(
    app: Flask, here: Municipality, fcm: LoopbackFcm
) -> None:
    done = threading.Event()

    def counted(job: Work, progress: Progress) -> None:
        done.set()

    stop = threading.Event()
    phone = a_phone(here, "alice")
    push = Push(KEY | {"token_uri": f"{fcm.url}/token"}, threads=2, loopback=fcm.url)
    duties = Duties(events=told(), jobs={"count": counted}, channels=[push])
    worker = threading.Thread(target=work, args=(app, stop, duties))
    worker.start()
    with transaction():
        owe(here.id, "moved", "report:1", 1, {"targets": [phone]})
        plan("count", "1")
    assert within(60, lambda: bool(fcm.accepted))
    assert done.wait(60)
    assert within(60, lambda: what_became_of("alice") == [("sent", 1, 0)])
    stop.set()
    worker.join(60)
    assert not worker.is_alive()


def test_a_server_of_others_that_is_slow_keeps_nothing_else_waiting(app: Flask, here: Municipality) -> None:
    done, waited = threading.Event(), threading.Event()

    def counted(job: Work, progress: Progress) -> None:
        done.set()

    def slow(job: Work, progress: Progress) -> None:
        if done.wait(60):
            waited.set()

    stop = threading.Event()
    with transaction():
        plan("fetch_layer", "1")
    worker = threading.Thread(target=work, args=(app, stop, Duties({}, {"fetch_layer": slow, "count": counted}, [])))
    worker.start()
    time.sleep(0.5)
    with transaction():
        plan("count", "1")
    assert waited.wait(60)
    stop.set()
    worker.join(60)
    assert not worker.is_alive()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_has_lost_one_of_its_threads_stops_as_a_whole(app: Flask, here: Municipality) -> None:
    def exits(job: Work, progress: Progress) -> None:
        raise SystemExit

    with transaction():
        plan("count", "1")
    worker = threading.Thread(target=work, args=(app, threading.Event(), Duties({}, {"count": exits}, [])))
    worker.start()
    worker.join(60)
    assert not worker.is_alive()


def test_a_step_that_fails_is_survived(app: Flask) -> None:
    def away() -> bool:
        raise ConnectionError("the database is away")

    assert take(app, away) is False
    assert take(app, lambda: True) is True

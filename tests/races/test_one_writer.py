"""SQLite has one writer and people do not wait in vain for it: whatever comes at once, nobody hears of a lock."""

import random
import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from service.municipalities.directory import Municipality
from service.outbox.expanding import expand
from service.worker import EVENTS
from tests.factories.people import Person
from tests.factories.reports import make_report, photo
from tests.races.at_once import Answer, call, send

pytestmark = pytest.mark.slow

THREADS = 8
CALLS = 25


def something(url: str, alice: Person, bob: Person, reports: list[str], chance: random.Random) -> Answer:
    """One call, mostly a read, of what phones and staff do all day."""
    report = chance.choice(reports)
    installation = {"installation": str(uuid.uuid4()), "secret": "s" * 32, "platform": "ios", "app_version": "1.0"}
    calls = [
        lambda: send(url, alice),
        lambda: call(url, "POST", "/photos", alice, files={"photo": ("p.jpg", photo(size=(64, 48)))}),
        lambda: call(url, "POST", "/devices", json=installation),
        lambda: call(url, "POST", f"/staff/reports/{report}/moves", bob, json={"to": "in_progress"}),
        lambda: call(url, "POST", f"/staff/reports/{report}/moves", bob, json={"to": "acknowledged"}),
        lambda: call(url, "GET", f"/reports/{report}"),
        lambda: call(url, "GET", "/reports?box=21.7,40.2,21.8,40.3"),
        lambda: call(url, "GET", "/my/reports", alice),
        lambda: call(url, "GET", "/inbox", alice),
        lambda: call(url, "GET", "/staff/reports", bob),
    ]
    return chance.choice(calls)()


def expand_until(done: threading.Event, app: Flask) -> None:
    """A worker beside it, which writes too."""
    while not done.is_set():
        with app.app_context():
            expand(EVENTS)
        done.wait(0.01)


def test_eight_callers_and_a_worker_at_once_are_all_answered(
    url: str, app: Flask, here: Municipality, alice: Person, bob: Person
) -> None:
    reports = [str(make_report(here, alice).uid) for _ in range(5)]
    done = threading.Event()

    def use(seed: int) -> list[Answer]:
        chance = random.Random(seed)
        return [something(url, alice, bob, reports, chance) for _ in range(CALLS)]

    with ThreadPoolExecutor(THREADS + 1) as pool:
        worker = pool.submit(expand_until, done, app)
        try:
            answers = [answer for found in pool.map(use, range(THREADS)) for answer in found]
        finally:
            done.set()
        worker.result()
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 201, 409}, [answer.text for answer in answers if answer.status_code >= 500][:3]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"move_not_allowed"}
    assert len(answers) == THREADS * CALLS

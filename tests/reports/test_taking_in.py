"""How reports are taken in: what is the same report, what is held meanwhile, and what happens at the edges."""

import io
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine, text
from werkzeug.test import TestResponse

from service.app import create_app
from service.config import Settings
from service.db import db, dialect, engine, session, transaction, writing
from service.db.keys import new_uid
from service.idempotency.keeping import Request, keep
from service.idempotency.models import KeptAnswer
from service.media import preparing
from service.municipalities.directory import Municipality
from service.reports.cataloguing import set_categories, set_rules
from service.reports.models import Report
from tests.databases import watched
from tests.factories.municipalities import CATEGORIES, RULES
from tests.factories.people import Person
from tests.factories.reports import photo, send_report, send_whole
from tests.reports.scene import HERE, count

USUAL: dict[str, Any] = {
    "accuracy": None,
    "address": None,
    "asset": None,
    "language": None,
    "description": "",
    "answers": {},
    "photos": [],
}


@pytest.mark.parametrize("field", list(USUAL))
def test_to_say_what_is_usual_or_nothing_is_the_same_report(
    client: FlaskClient, here: Municipality, alice: Person, field: str
) -> None:
    body = {"category": "dark-lamp", "longitude": 21.72, "latitude": 40.25}
    headers = alice.headers | {"Idempotency-Key": str(uuid.uuid4())}
    first, again = (
        client.post(f"{HERE}/reports", json=sent, headers=headers) for sent in (body, body | {field: USUAL[field]})
    )
    assert (first.status_code, again.status_code) == (201, 201), again.json
    assert again.json["id"] == first.json["id"] and again.headers["Idempotency-Replayed"] == "true"


def test_a_phone_that_falls_back_from_one_call_to_two_sends_the_same_report(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    key = str(uuid.uuid4())
    first = send_whole(client, [], who=alice, key=key)
    again = send_report(client, who=alice, key=key)
    assert again.json["id"] == first.json["id"] and count(Report) == 1


def test_what_was_taken_is_told_again_when_it_would_be_refused_now(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    key = str(uuid.uuid4())
    first = send_report(client, who=alice, key=key)
    with transaction():
        set_categories(here, CATEGORIES[1:])
    again = send_report(client, who=alice, key=key)
    assert (again.status_code, again.json["id"]) == (201, first.json["id"])
    assert send_report(client, who=alice).json["code"] == "no_such_category"


@contextmanager
def no_turn() -> Iterator[None]:
    """Photos wait to be decoded, because others are being decoded."""
    others = threading.Event()
    for _ in range(preparing.AT_ONCE):
        preparing.decoders.submit(others.wait, 20)
    try:
        yield
    finally:
        others.set()


def comes_to_hold_none(used: Sequence[object]) -> bool:
    """Whether connections are used and then none is for half a second on end, before the others are done."""
    last = time.monotonic()
    end = last + 15
    while (moment := time.monotonic()) < end:
        if not used or db.engine.pool.checkedout():  # type: ignore[attr-defined]
            last = moment
        elif moment - last > 0.5:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("whole", [True, False])
def test_no_connection_is_held_while_a_photo_waits_to_be_decoded(
    client: FlaskClient, here: Municipality, alice: Person, whole: bool
) -> None:
    def send() -> TestResponse:
        if whole:
            return send_whole(client, [photo("red"), photo("blue")], who=alice)
        data = {"photo": (io.BytesIO(photo()), "a.jpg")}
        return client.post(f"{HERE}/photos", data=data, headers=alice.headers)

    session.rollback()
    with used_connections() as used, ThreadPoolExecutor(1) as phone:
        with no_turn():
            answer = phone.submit(send)
            assert comes_to_hold_none(used) and not answer.done()
        assert answer.result().status_code == 201


@contextmanager
def used_connections() -> Iterator[list[object]]:
    """Grows whenever a connection is taken from the pool."""
    used: list[object] = []

    def taken(*about: object) -> None:
        used.append(about)

    with watched("checkout", taken):
        yield used


def test_map_and_rules_are_not_read_while_the_lock_is_held(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    for whole in (False, True):
        with transaction():
            set_categories(here, CATEGORIES)
            set_rules(here, RULES)
        with statements() as told:
            sent = send_whole(client, [photo()], who=alice) if whole else send_report(client, who=alice)
        assert sent.status_code == 201
        for table in ("categories", "routing_rules"):
            assert {locked for locked, statement in told if f"FROM {table}" in statement} == {False}, table


@contextmanager
def statements() -> Iterator[list[tuple[bool, str]]]:
    """The statements that are run, and whether the lock was held."""
    told: list[tuple[bool, str]] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        told.append((writing.get(), " ".join(statement.split())))

    with watched("before_cursor_execute", note):
        yield told


def test_who_finds_no_free_connection_is_asked_to_come_again(app: Flask, here: Municipality, tmp_path: Any) -> None:
    busy = create_app(Settings(home=tmp_path, database_url=url(app), limits=False, log_level="ERROR", threads=1))
    with busy.app_context():
        db.engine.dispose()
        db.engines[None] = an_engine(url(app), pool_timeout=0.1)
        held = [db.engine.connect() for _ in range(2)]
    answer = busy.test_client().get(f"{HERE}/reports")
    assert (answer.status_code, answer.json["code"]) == (503, "try_again")
    assert answer.headers["Retry-After"] == "1"
    for connection in held:
        connection.close()
    with busy.app_context():
        db.engine.dispose()


def an_engine(url: str, **options: Any) -> Engine:
    """An engine as the service makes it, for one thread, with these options besides."""
    made = create_engine(engine.driver_url(url), **engine.options(url, 1) | options)
    engine.prepare(made)
    return made


def url(app: Flask) -> str:
    found: Settings = app.config["PLATEIA"]
    return found.database_url


def test_an_outcome_that_is_forgotten_at_the_moment_it_is_found_is_kept_anew(app: Flask, here: Municipality) -> None:
    if dialect() == "sqlite":
        pytest.skip("one writer: nothing is forgotten while something is kept")
    request = Request(here.id, "phone", "reports", "one-and-the-same-key", b"d" * 32)
    with transaction():
        assert keep(request, 201, new_uid()) is None
    other = create_engine(db.engine.url)

    def forget(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("SELECT kept_answers"):
            with other.begin() as connection:
                connection.execute(text("DELETE FROM kept_answers"))

    with watched("before_cursor_execute", forget), transaction():
        assert keep(request, 201, new_uid()) is None
    other.dispose()
    assert count(KeptAnswer) == 1

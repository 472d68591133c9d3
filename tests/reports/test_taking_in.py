"""How reports are taken in: what is the same report, what is held meanwhile, and what happens at the edges."""

import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, event, text

from service.app import create_app
from service.config import Settings
from service.db import db, dialect, session, transaction, writing
from service.db.generations import Remembered
from service.db.keys import new_uid
from service.idempotency.keeping import Request, keep
from service.idempotency.models import KeptAnswer
from service.media import attaching
from service.municipalities.directory import Municipality
from service.reports.cataloguing import set_categories, set_rules
from service.reports.models import Report
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
def connections_while_decoding(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many connections of the pool were in use whenever a photo was decoded, beside those of the test itself."""
    seen: list[int] = []
    decode = attaching.prepare

    def watched(*arguments: Any) -> Any:
        seen.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
        return decode(*arguments)

    monkeypatch.setattr(attaching, "prepare", watched)
    session.rollback()
    yield seen


def test_no_connection_is_held_while_photos_are_decoded(
    client: FlaskClient, here: Municipality, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connections_while_decoding(monkeypatch) as seen:
        assert send_whole(client, [photo("red"), photo("blue")], who=alice).status_code == 201
        data = {"photo": (io.BytesIO(photo()), "a.jpg")}
        assert client.post(f"{HERE}/photos", data=data, headers=alice.headers).status_code == 201
    assert seen == [0, 0, 0]


def test_nothing_is_built_while_the_lock_is_held(
    client: FlaskClient, here: Municipality, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[bool] = []
    really = Remembered.built

    def watched(self: Any) -> Any:
        built.append(writing.get())
        return really(self)

    monkeypatch.setattr(Remembered, "built", watched)
    for whole in (False, True):
        with transaction():
            set_categories(here, CATEGORIES)
            set_rules(here, RULES)
        built.clear()
        sent = send_whole(client, [photo()], who=alice) if whole else send_report(client, who=alice)
        assert sent.status_code == 201
        assert built and not any(built)


def test_who_finds_no_free_connection_is_asked_to_come_again(app: Flask, here: Municipality, tmp_path: Any) -> None:
    busy = create_app(Settings(home=tmp_path, database_url=url(app), limits=False, log_level="ERROR", threads=1))
    with busy.app_context():
        pool = db.engine.pool
        pool._timeout = 0.1  # type: ignore[attr-defined]
        held = [db.engine.connect() for _ in range(2)]
    answer = busy.test_client().get(f"{HERE}/reports")
    assert (answer.status_code, answer.json["code"]) == (503, "try_again")
    assert answer.headers["Retry-After"] == "1"
    for connection in held:
        connection.close()
    with busy.app_context():
        db.engine.dispose()


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

    event.listen(db.engine, "before_cursor_execute", forget)
    try:
        with transaction():
            assert keep(request, 201, new_uid()) is None
    finally:
        event.remove(db.engine, "before_cursor_execute", forget)
        other.dispose()
    assert count(KeptAnswer) == 1

"""What docs/security.md promises of all answers and has no other test."""

import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import Schema, ValidationError, validate
from sqlalchemy import select

import service
from service.app import create_app
from service.config import Settings
from service.db import db, session
from service.municipalities.directory import Municipality
from service.outbox.models import Event
from tests.factories.people import Person, make_resident
from tests.factories.reports import make_report
from tests.whole.test_headers import addresses

FOREIGN = "https://evil.example"
HERE = "/api/v1/here"


def test_no_other_origin_may_read_an_answer(app: Flask, client: FlaskClient, here: Municipality, bob: Person) -> None:
    for place, method in addresses(app):
        answer = client.open(place, method=method, headers=bob.headers | {"Origin": FOREIGN})
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")], place


def test_no_address_redirects(app: Flask, client: FlaskClient, here: Municipality, bob: Person) -> None:
    for place, method in addresses(app):
        for path in (place, place.rstrip("/") + "/", f"/{place}"):
            assert not 300 <= client.open(path, method=method, headers=bob.headers).status_code < 304, path


def test_trace_is_refused(app: Flask, client: FlaskClient, here: Municipality, bob: Person) -> None:
    for place, _ in addresses(app):
        assert client.open(place, method="TRACE", headers=bob.headers).status_code in (404, 405), place


def test_a_fault_of_ours_tells_its_number_and_nothing_else(app: Flask, tmp_path: Path) -> None:
    url = app.config["PLATEIA"].database_url
    made = create_app(Settings(home=tmp_path, database_url=url, log_level="CRITICAL"))

    @made.get("/fault")
    def fault() -> str:
        raise ValueError("the password is 1234")

    answer = made.test_client().get("/fault", headers={"Accept-Language": "en"})
    assert answer.status_code == 500 and answer.json["code"] == "internal_error"
    assert set(answer.json) == {"type", "title", "status", "code", "request_id"}
    assert not [word for word in ("1234", "ValueError", "Traceback", "test_security") if word in answer.text]
    with made.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("path", ["/me", "/inbox", "/me/sessions", "/reports"])
def test_what_is_ones_own_is_kept_by_no_one_else(
    client: FlaskClient, here: Municipality, alice: Person, path: str
) -> None:
    answer = client.get(HERE + path, headers=alice.headers)
    assert answer.status_code == 200, answer.json
    kept = answer.headers["Cache-Control"]
    assert "no-store" in kept or ("private" in kept and "Authorization" in answer.headers["Vary"])


def test_the_name_of_another_persons_answer_is_nothing_to_who_may_not_see_it(
    client: FlaskClient, here: Municipality, alice: Person, charlie: Person
) -> None:
    report = make_report(here, alice, category="private").uid
    own = client.get(f"{HERE}/reports/{report}", headers=alice.headers)
    assert own.status_code == 200, own.json
    named = {"If-None-Match": own.headers["ETag"]}
    assert client.get(f"{HERE}/reports/{report}", headers=alice.headers | named).status_code == 304
    for stranger in ({}, make_resident(here).headers, charlie.headers):
        assert client.get(f"{HERE}/reports/{report}", headers=stranger | named).status_code in (401, 404)
    everybodys = {"If-None-Match": "*"}
    assert client.get(f"{HERE}/reports/{report}", headers=everybodys).status_code == 404


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}])
def test_links_in_letters_lead_to_us_whatever_host_was_asked(
    client: FlaskClient, app: Flask, here: Municipality, bob: Person, headers: dict[str, str]
) -> None:
    asked = {"email": "bob@here.example"}
    assert client.post(f"{HERE}/password/forgotten", json=asked, headers=headers).status_code == 202
    payload: dict[str, Any] = session.scalars(select(Event.payload).order_by(Event.id.desc())).first() or {}
    assert payload["page"].startswith(app.config["PLATEIA"].public_url + "/"), payload


def test_nobody_learns_by_the_answer_which_phone_or_report_there_is(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    report = make_report(here, alice, category="private").uid
    stranger = make_resident(here).headers | {"Accept-Language": "en"}
    answers = [client.get(f"{HERE}/reports/{one}", headers=stranger) for one in (report, uuid.uuid4())]
    bodies = [{key: value for key, value in one.json.items() if key != "request_id"} for one in answers]
    assert answers[0].status_code == answers[1].status_code == 404 and bodies[0] == bodies[1]


LONG = 200_000
ADVERSARIES = (
    "a" * LONG + "\n",
    "α" * LONG + "\n",
    " " * LONG + "\n",
    "1." * LONG,
    "a-" * LONG + "!",
    "a@" + "a." * LONG,
)


def try_patterns() -> None:
    """Hold every pattern of every schema against what makes patterns slow."""
    for module in walk_packages(service.__path__, "service."):
        if module.name != "service.wsgi":  # which makes an application of the environment
            import_module(module.name)
    checks = {repr(check): check for schema in descendants(Schema) for check in patterns(schema)}
    assert len(checks) > 5
    for check in checks.values():
        for text in ADVERSARIES:
            with suppress(ValidationError):
                check(text)


def patterns(schema: type[Schema]) -> Iterator[validate.Regexp | validate.Email | validate.URL]:
    for field in schema._declared_fields.values():
        for one in (field, getattr(field, "inner", field)):
            yield from (c for c in one.validators if isinstance(c, validate.Regexp | validate.Email | validate.URL))


def descendants(kind: type[Schema]) -> Iterator[type[Schema]]:
    for one in kind.__subclasses__():
        yield one
        yield from descendants(one)


@pytest.mark.slow
def test_no_pattern_of_a_field_takes_long() -> None:
    """They are tried on a body's whole length, because a field's length is judged beside its pattern, not before."""
    command = [sys.executable, "-c", "from tests.whole import test_security; test_security.try_patterns()"]
    tried = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert tried.returncode == 0, tried.stderr

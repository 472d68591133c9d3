"""Nothing that only a person may know is ever in the logs."""

import io
import json
import uuid
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service import logs
from service.app import create_app
from service.config import Settings
from service.db import db
from service.municipalities.directory import Municipality
from service.notices.preferences.unsubscribing import address_of
from tests.conftest import OutsideClient
from tests.factories.people import PASSWORD, Person
from tests.factories.reports import INSIDE

HERE = "/api/v1/here"
SECRET = "a-secret-of-a-phone-of-enough-letters"
EMAIL = "somebody.private@example.org"


@pytest.fixture
def log(app: Flask, tmp_path: Path) -> Iterator[tuple[FlaskClient, io.StringIO]]:
    """A service over the same database that logs as much as it can, and what it logs."""
    written = io.StringIO()
    url = app.config["PLATEIA"].database_url
    with redirect_stderr(written):
        mail = "smtp://127.0.0.1:9"
        made = create_app(Settings(home=tmp_path, database_url=url, samples=True, log_level="DEBUG", smtp_url=mail))

        @made.get("/fault/<municipality>")
        def fault(municipality: Municipality) -> str:
            raise ValueError(EMAIL)

        yield OutsideClient(made, made.response_class), written
    logs.set_up("ERROR")
    with made.app_context():
        db.engine.dispose()


def test_no_token_password_secret_address_or_text_is_logged(
    log: tuple[FlaskClient, io.StringIO], here: Municipality, bob: Person
) -> None:
    client, written = log
    phone = {"installation": str(uuid.uuid4()), "secret": SECRET, "platform": "ios", "app_version": "1.0"}
    token = client.post(f"{HERE}/devices", json=phone).json["token"]
    headers = {"Authorization": f"Bearer {token}"}
    client.post(f"{HERE}/sign-in", json={"email": "bob@here.example", "password": PASSWORD})
    client.post(f"{HERE}/sign-in", json={"email": EMAIL, "password": "wrong password"})
    asked = {"channel": "email", "address": EMAIL, "secret": SECRET}
    code = client.post(f"{HERE}/me/contact-codes", json=asked, headers=headers).json
    client.post(f"{HERE}/me/contacts", json={"id": code["id"], "code": "314159"}, headers=headers)
    phone_code = client.post(f"{HERE}/me/phone-codes", json={"secret": SECRET}, headers=headers).json["code"]
    client.post(f"{HERE}/me/join-by-phone", json={"code": phone_code, "secret": SECRET}, headers=headers)
    client.post(f"{HERE}/refresh", json={"refresh_token": "guessed-refresh-token"})
    client.put(f"{HERE}/me/push-target", json={"kind": "token", "value": "push-token-of-mine"}, headers=headers)
    report = {"category": "dark-lamp", "description": "At my own door", **INSIDE}
    sent = client.post(f"{HERE}/reports", json=report, headers=headers | {"Idempotency-Key": "k" * 20})
    assert sent.status_code == 201, sent.json
    client.get(f"{HERE}/reports?near=21.7312345,40.2512345", headers=headers)
    client.get(f"{HERE}/me", headers={"Authorization": "Bearer guessed-token"})
    assert client.get("/fault/here").json["code"] == "internal_error"
    told = written.getvalue()
    private = (token, SECRET, EMAIL, PASSWORD, "wrong password", "push-token-of-mine", "bob@here", "At my own door")
    private += (str(bob.account), phone["installation"], sent.json["id"], "21.7312345", "guessed-token", "k" * 20)
    private += ("314159", code["id"], phone_code, "guessed-refresh-token")
    assert [word for word in private if word in told] == []


def test_no_link_by_which_digests_end_is_logged(
    log: tuple[FlaskClient, io.StringIO], here: Municipality, alice: Person
) -> None:
    client, written = log
    with client.application.app_context():
        address = address_of(here, alice.account)
    spoilt = address[:-3] + "aaa"
    for one, status in ((address, 200), (spoilt, 404)):
        assert client.get(one).status_code == status
        assert client.post(one, data={"List-Unsubscribe": "One-Click"}).status_code == status
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line.get("route") for line in lines].count("/api/v1/<municipality>/unsubscribe/<subscription>") == 4
    for secret in (address.rpartition("/")[2][:40], alice.account.hex, str(alice.account)):
        assert secret not in written.getvalue()


def test_each_request_leaves_one_line_with_its_id_and_route(
    log: tuple[FlaskClient, io.StringIO], here: Municipality
) -> None:
    client, written = log
    answer = client.get(f"{HERE}/reports/{uuid.uuid4()}")
    (line,) = [json.loads(line) for line in written.getvalue().splitlines()]
    assert line["event"] == "request" and line["status"] == 404 and line["municipality"] == "here"
    assert line["request_id"] == answer.headers["X-Request-Id"] == answer.json["request_id"]
    assert line["route"] == "/api/v1/<municipality>/reports/<uuid:report>" and line["milliseconds"] >= 0


def test_what_nobody_foresaw_is_logged_with_its_place_and_without_its_words(
    log: tuple[FlaskClient, io.StringIO], here: Municipality
) -> None:
    client, written = log
    answer = client.get("/fault/here")
    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    (fault,) = [line for line in lines if line["event"] == "unforeseen_error"]
    assert fault["error"] == "ValueError" and any("test_logs.py" in place for place in fault["where"])
    assert EMAIL not in written.getvalue() and fault["request_id"] == answer.json["request_id"]

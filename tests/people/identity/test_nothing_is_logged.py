"""What people prove themselves with is in no log, not even where everything is logged."""

import io
from contextlib import redirect_stderr
from pathlib import Path

import pytest
from flask import Flask

from service import logs
from service.app import create_app
from service.config import Settings
from service.db import db
from service.municipalities.directory import Municipality
from tests.conftest import OutsideClient
from tests.factories.people import SECRET as PHONE_SECRET
from tests.factories.people import Person, make_staff
from tests.people.identity.conftest import ALLOWED, APP, USUAL
from tests.people.identity.provider_server import SECRET, LoopbackProvider

HERE = "/api/v1/here"
NUMBER, STREET = "123456783", "Pavlou Mela 17"


@pytest.mark.parametrize("fails", [False, True], ids=["well", "refused"])
def test_no_code_ticket_token_secret_number_or_address_is_logged(
    app: Flask, here: Municipality, alice: Person, provider: LoopbackProvider, tmp_path: Path, fails: bool
) -> None:
    ada = make_staff(here, "ada", [("administrator", None)])
    url, written = app.config["PLATEIA"].database_url, io.StringIO()
    with redirect_stderr(written):
        settings = Settings(
            home=tmp_path, database_url=url, samples=True, log_level="DEBUG", fetch_allowed=ALLOWED, secret_key="k" * 40
        )
        made = create_app(settings)
        client = OutsideClient(made, made.response_class)
        body = USUAL | {"issuer": provider.issuer}
        assert client.put(f"{HERE}/staff/identity-providers/login", json=body, headers=ada.headers).status_code == 200
        begun = client.post(f"{HERE}/sign-in/providers/login/begin", json={"redirect": APP}, headers=alice.headers).json
        back = provider.approve(begun["address"], sub="the name of a person")
        if fails:
            provider.change = {"nonce": "another"}
        sent = back | {"ticket": begun["ticket"], "secret": PHONE_SECRET}
        done = client.post(f"{HERE}/sign-in/providers/login/finish", json=sent, headers=alice.headers)
        assert done.status_code == (401 if fails else 201)
        code = client.post(f"{HERE}/me/desk-code", headers=alice.headers).json["code"]
        at_desk = {"code": code, "document": "passport", "identifier": NUMBER}
        client.post(f"{HERE}/staff/verifications", json=at_desk, headers=ada.headers)
        order = {"letters": [{"identifier": NUMBER, "address": STREET}]}
        letter = client.post(f"{HERE}/staff/verification-letters", json=order, headers=ada.headers).json["letters"][0]
        client.post(f"{HERE}/me/letter-code", json={"code": letter["code"]}, headers=alice.headers)
    logs.set_up("ERROR")
    with made.app_context():
        db.engine.dispose()
    told = written.getvalue()
    private = [back["code"], begun["ticket"], begun["state"], SECRET, PHONE_SECRET, "the name of a person", "at-"]
    private += [code, letter["code"], NUMBER, STREET, str(alice.account), done.json.get("token") or alice.token]
    assert "request" in told and [word for word in private if word in told] == []

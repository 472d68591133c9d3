"""Residents sign in with Firebase Authentication; Google's own client checks what the app sends."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from service.db import session, transaction
from service.municipalities.directory import Municipality
from service.people.identity.firebase import ToStandIn, _clients, new_client
from service.people.identity.providers import find_provider, keep_provider
from service.people.identity_models import Identity
from tests.factories.people import SECRET, Person, make_resident
from tests.people.identity.conftest import ALLOWED
from tests.people.identity.firebase_server import PROJECT, LoopbackFirebase, running, service_account


@pytest.fixture
def firebase(app: Flask, here: Municipality) -> Iterator[LoopbackFirebase]:
    """A stand-in of Firebase that this municipality trusts."""
    usual = app.config["PLATEIA"]
    app.config["PLATEIA"] = replace(usual, fetch_allowed=ALLOWED)
    _clients.clear()
    with running() as server:
        trust(here, server)
        yield server
    app.config["PLATEIA"] = usual


def trust(municipality: Municipality, server: LoopbackFirebase, **change: Any) -> None:
    settings = {
        "kind": "firebase",
        "audience": "resident",
        "name": {"en": "Firebase"},
        "active": True,
        "client_id": PROJECT,
        "client_secret": service_account(),
        "endpoints": {"loopback": server.url},
    }
    with transaction():
        keep_provider(municipality, None, "firebase", settings | change, ALLOWED)


def sign_in(client: FlaskClient, who: Person, id_token: str, secret: str = SECRET, slug: str = "here") -> TestResponse:
    url = f"/api/v1/{slug}/sign-in/providers/firebase/firebase"
    return client.post(url, json={"id_token": id_token, "secret": secret}, headers=who.headers)


def test_a_phone_signs_in_and_a_second_one_joins(
    client: FlaskClient, firebase: LoopbackFirebase, here: Municipality, alice: Person
) -> None:
    first = sign_in(client, alice, firebase.id_token())
    assert (first.status_code, first.json["account"]) == (201, str(alice.account)), first.json
    second = sign_in(client, make_resident(here), firebase.id_token())
    assert second.json["account"] == str(alice.account)
    lookups = [path for path in firebase.asked if path.endswith("accounts:lookup")]
    assert lookups == [f"/v1/projects/{PROJECT}/accounts:lookup"] * 2


OF_SOMETHING_ELSE: list[dict[str, Any]] = [
    {"aud": "another-project"},
    {"iss": "https://securetoken.google.com/another-project"},
    {"aud": "another-project", "iss": "https://securetoken.google.com/another-project"},
    {"exp": int(time.time()) - 60},
    {"iat": int(time.time()) + 600},
    {"sub": None},
    {"sub": ""},
    {"sub": "x" * 129},
    {"key": "of somebody else"},
    {"firebase": {"sign_in_provider": "anonymous"}},
    {"firebase": {"sign_in_provider": "phone", "tenant": "other"}},
    {"firebase": None},
]


def test_a_token_of_another_project_person_or_time_proves_nothing(
    client: FlaskClient, firebase: LoopbackFirebase, alice: Person
) -> None:
    for change in OF_SOMETHING_ELSE:
        answer = sign_in(client, alice, firebase.id_token(**change))
        assert (answer.status_code, answer.json["code"]) == (401, "not_proven"), change
    assert session.scalar(select(func.count()).select_from(Identity)) == 0


@pytest.mark.parametrize("token", ["junk", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_junk_proves_nothing(client: FlaskClient, firebase: LoopbackFirebase, alice: Person, token: str) -> None:
    assert sign_in(client, alice, token).json["code"] == "not_proven"


def test_a_token_that_is_signed_with_what_everybody_knows_proves_nothing(
    client: FlaskClient, firebase: LoopbackFirebase, alice: Person
) -> None:
    key = OctKey.import_key("google" * 10)
    claims = {"iss": f"https://securetoken.google.com/{PROJECT}", "aud": PROJECT, "sub": "maria"}
    forged = jwt.encode({"alg": "HS256", "kid": "google"}, claims, key, algorithms=["HS256"])
    assert sign_in(client, alice, forged).json["code"] == "not_proven"


def test_who_was_signed_out_disabled_or_deleted_at_firebase_is_refused(
    client: FlaskClient, firebase: LoopbackFirebase, alice: Person
) -> None:
    token = firebase.id_token()
    firebase.people["maria"]["validSince"] = str(int(time.time()) + 5)
    assert sign_in(client, alice, token).json["code"] == "not_proven"
    firebase.people["maria"] = {"localId": "maria", "validSince": "0", "disabled": True}
    assert sign_in(client, alice, token).json["code"] == "not_proven"
    del firebase.people["maria"]
    assert sign_in(client, alice, token).json["code"] == "not_proven"


def test_when_google_does_not_answer_it_is_not_the_persons_fault(
    client: FlaskClient, firebase: LoopbackFirebase, alice: Person
) -> None:
    firebase.fails = True
    answer = sign_in(client, alice, firebase.id_token())
    assert (answer.status_code, answer.json["code"]) == (502, "provider_away")


def test_a_stolen_token_of_the_phone_is_not_enough(
    client: FlaskClient, firebase: LoopbackFirebase, alice: Person, bob: Person
) -> None:
    answer = sign_in(client, alice, firebase.id_token(), secret="a wrong one")
    assert (answer.status_code, answer.json["code"]) == (401, "secret_not_right")
    assert sign_in(client, bob, firebase.id_token()).json["code"] == "forbidden"


def test_a_project_that_is_trusted_next_door_is_not_trusted_here(
    client: FlaskClient, firebase: LoopbackFirebase, here: Municipality, next_door: Municipality, alice: Person
) -> None:
    anna = make_resident(next_door)
    assert sign_in(client, anna, firebase.id_token(), slug="next-door").status_code == 404
    trust(here, firebase, active=False)
    assert sign_in(client, alice, firebase.id_token()).status_code == 404


def test_the_stand_in_is_only_asked_where_the_operator_allows_it(
    firebase: LoopbackFirebase, here: Municipality
) -> None:
    provider = find_provider(here, "firebase")
    allowed, refused = (new_client(provider, hosts)._token_verifier.request.session for hosts in (ALLOWED, ()))
    assert isinstance(allowed.get_adapter("https://www.googleapis.com"), ToStandIn)
    assert not isinstance(refused.get_adapter("https://www.googleapis.com"), ToStandIn)

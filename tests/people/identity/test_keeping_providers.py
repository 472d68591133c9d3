"""Administrators and commands keep providers: what does not hold together is refused, and no secret is ever answered."""

import socket
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from service.db import session
from service.municipalities.directory import Municipality
from service.people.audit_models import AuditEntry
from service.people.identity.fetching import is_address
from service.people.identity.providers import find_provider, may_come_back_to
from service.people.identity_models import IdentityProvider
from tests.factories.people import Person, make_staff
from tests.people.identity.firebase_server import service_account

URL = "/api/v1/here/staff/identity-providers"
OIDC: dict[str, Any] = {
    "kind": "oidc",
    "audience": "resident",
    "name": {"en": "Login"},
    "issuer": "https://login.example.org",
    "client_id": "plateia",
    "client_secret": "very secret",
    "redirects": ["gr.kozani.app:/signed-in"],
}


@pytest.fixture
def admin(here: Municipality) -> Person:
    return make_staff(here, "ada", [("administrator", None)])


def test_a_provider_is_kept_and_its_secret_never_answered(
    client: FlaskClient, here: Municipality, admin: Person
) -> None:
    kept = client.put(f"{URL}/login", json=OIDC, headers=admin.headers)
    assert kept.status_code == 200, kept.json
    listed = client.get(URL, headers=admin.headers)
    shown = client.get("/api/v1/here/sign-in/providers")
    assert listed.json["providers"] == [kept.json] and kept.json["has_secret"] is True
    assert shown.json["providers"] == [
        {"key": "login", "kind": "oidc", "audience": "resident", "name": "Login", "shows_residence": False}
    ]
    for answer in (kept, listed, shown):
        assert "very secret" not in answer.text and "client_secret" not in answer.text
    row = session.scalars(select(IdentityProvider)).one()
    assert "very secret" not in f"{row.settings}{row.sealed_secret}"
    assert find_provider(here, "login").secret == "very secret"
    (entry,) = session.scalars(select(AuditEntry).filter_by(action="provider_changed")).all()
    assert entry.subject == "login" and entry.actor == admin.account and "very secret" not in str(entry.facts)


def test_a_provider_that_is_turned_off_signs_nobody_in(client: FlaskClient, here: Municipality, admin: Person) -> None:
    client.put(f"{URL}/login", json=OIDC | {"active": False}, headers=admin.headers)
    assert client.get("/api/v1/here/sign-in/providers").json == {"providers": []}
    begun = client.post("/api/v1/here/sign-in/providers/login/begin", json={"redirect": "gr.kozani.app:/signed-in"})
    assert begun.status_code == 404
    assert len(client.get(URL, headers=admin.headers).json["providers"]) == 1


def test_the_former_secret_stays_unless_the_addresses_change(
    client: FlaskClient, here: Municipality, admin: Person
) -> None:
    client.put(f"{URL}/login", json=OIDC, headers=admin.headers)
    without = {name: value for name, value in OIDC.items() if name != "client_secret"}
    renamed = client.put(f"{URL}/login", json=without | {"name": {"en": "Other"}}, headers=admin.headers)
    assert renamed.json["has_secret"] is True and find_provider(here, "login").secret == "very secret"
    moved = client.put(f"{URL}/login", json=without | {"issuer": "https://evil.example"}, headers=admin.headers)
    assert moved.json["code"] == "provider_refused" and list(moved.json["errors"]) == ["client_secret"]
    assert find_provider(here, "login").issuer == "https://login.example.org"


def test_whom_a_provider_signs_in_stays_what_it_was_at_first(
    client: FlaskClient, here: Municipality, admin: Person
) -> None:
    client.put(f"{URL}/login", json=OIDC, headers=admin.headers)
    firebase = {"kind": "firebase", "client_secret": service_account()}
    for field, change in (("audience", {"audience": "staff"}), ("kind", firebase)):
        refused = client.put(f"{URL}/login", json=OIDC | change, headers=admin.headers)
        assert (refused.json["code"], list(refused.json["errors"])) == ("provider_refused", [field])
    kept = find_provider(here, "login")
    assert (kept.kind, kept.audience) == ("oidc", "resident")
    assert client.put(f"{URL}/crew", json=OIDC | {"audience": "staff"}, headers=admin.headers).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"token_uri": "http://127.0.0.1:9/latest/meta-data"},
        {"token_uri": "https://oauth2.googleapis.com.evil.example/token"},
        {"private_key": "not a key"},
        {"private_key": None},
        {"client_email": ""},
        {"type": "authorized_user"},
    ],
    ids=str,
)
def test_the_key_of_a_service_account_is_one_and_is_shown_to_google_alone(
    client: FlaskClient, here: Municipality, admin: Person, change: dict[str, Any]
) -> None:
    firebase = {"kind": "firebase", "audience": "resident", "name": {"en": "Phone"}, "client_id": "kozani"}
    for key, status in ((orjson.loads(service_account()) | change, 422), (orjson.loads(service_account()), 200)):
        body = firebase | {"client_secret": orjson.dumps(key).decode()}
        answer = client.put(f"{URL}/phone", json=body, headers=admin.headers)
        assert answer.status_code == status, answer.json


FAULTY: list[tuple[dict[str, Any], str]] = [
    ({"issuer": None}, "issuer"),
    ({"issuer": "http://login.example.org"}, "issuer"),
    ({"issuer": "https://a:b@login.example.org"}, "issuer"),
    ({"issuer": "http://127.0.0.1:8080"}, "issuer"),
    ({"issuer": "https://login.example.org\\@evil.example"}, "issuer"),
    ({"redirects": []}, "redirects"),
    ({"redirects": ["javascript:alert(1)"]}, "redirects"),
    ({"redirects": ["http://desk.example.org/"]}, "redirects"),
    ({"redirects": ["kozani:/signed-in"]}, "redirects"),
    ({"redirects": ["https://desk.example.org/#top"]}, "redirects"),
    ({"roles": [{"group": "g", "role": "dispatcher", "department": None}]}, "roles"),
    (
        {
            "audience": "staff",
            "claims": {"groups": "groups"},
            "roles": [{"group": "g", "role": "king", "department": None}],
        },
        "roles",
    ),
    (
        {
            "audience": "staff",
            "claims": {"groups": "groups"},
            "roles": [{"group": "g", "role": "department_staff", "department": "nowhere"}],
        },
        "roles",
    ),
    (
        {"audience": "staff", "roles": [{"group": "g", "role": "dispatcher", "department": None}]},
        "claims",
    ),
    (
        {"audience": "staff", "residence": {"rules": [{"claim": "a", "values": ["b"]}], "identifier": "c"}},
        "residence",
    ),
    ({"kind": "firebase", "audience": "staff"}, "audience"),
    ({"kind": "firebase", "client_secret": None}, "client_secret"),
    ({"kind": "firebase", "client_secret": "not a key"}, "client_secret"),
    ({"kind": "oauth2_userinfo"}, "endpoints"),
    ({"kind": "oauth2_userinfo", "endpoints": {"token": "http://10.0.0.1/"}}, "endpoints"),
    ({"algorithms": ["none"]}, "algorithms"),
    ({"algorithms": ["HS256"]}, "algorithms"),
    ({"residence": {"rules": [], "identifier": "c"}}, "residence"),
    ({"name": {"xx": "?"}}, "name"),
    ({"unknown": 1}, "unknown"),
]


def test_what_does_not_hold_together_is_refused(client: FlaskClient, here: Municipality, admin: Person) -> None:
    for change, field in FAULTY:
        answer = client.put(f"{URL}/login", json=OIDC | change, headers=admin.headers)
        assert answer.status_code == 422, (change, answer.json)
        errors = answer.json["errors"]
        assert field in errors.get("json", errors), change
    assert session.scalars(select(IdentityProvider)).all() == []


@pytest.mark.parametrize("key", ["Login", "log%20in", "-", "x" * 41])
def test_a_key_is_a_word(client: FlaskClient, here: Municipality, admin: Person, key: str) -> None:
    assert client.put(f"{URL}/{key}", json=OIDC, headers=admin.headers).status_code == 404


def test_only_administrators_of_this_municipality_keep_providers(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person, charlie: Person
) -> None:
    for who, status in ((alice, 403), (bob, 403), (charlie, 401)):
        assert client.get(URL, headers=who.headers).status_code == status
        assert client.put(f"{URL}/login", json=OIDC, headers=who.headers).status_code == status
    assert client.get(URL).status_code == 401


def test_a_name_that_leads_into_our_own_house_is_told_nothing(
    client: FlaskClient, here: Municipality, admin: Person, alice: Person
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.settimeout(0.2)
        issuer = f"https://localhost:{inside.getsockname()[1]}"
        client.put(f"{URL}/login", json=OIDC | {"issuer": issuer}, headers=admin.headers)
        body = {"redirect": "gr.kozani.app:/signed-in"}
        answer = client.post("/api/v1/here/sign-in/providers/login/begin", json=body, headers=alice.headers)
        assert answer.json["code"] == "provider_away"
        with pytest.raises(TimeoutError):
            inside.accept()


def test_without_tls_only_this_machine_is_asked_and_only_where_that_is_allowed() -> None:
    assert is_address("http://127.0.0.1:8080/x", ("127.0.0.1",))
    assert not is_address("http://127.0.0.1:8080/x", ())
    assert not is_address("http://10.0.0.1/", ("10.0.0.1",))
    assert may_come_back_to("gr.kozani.app:/signed-in", ()) and not may_come_back_to("file:/etc/passwd", ())

"""Keys for other programs: what they open, how often, and how they end."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.app import create_app
from service.config import Settings
from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.people.access import SignInNeeded
from service.people.audit_models import AuditEntry
from service.people.callers import find_caller
from service.people.key_models import ApiKey
from service.people.keys.keeping import MOST_KEYS, make_key
from service.people.models import Account
from service.people.roles import PERMISSIONS
from service.people.scopes import SCOPES, opens
from service.reports.models import Report
from tests.factories.people import Person, make_staff
from tests.factories.reports import INSIDE

HERE = "/api/v1/here"
KEYS = f"{HERE}/staff/api-keys"
REPORT = {"category": "open", **INSIDE}


@pytest.fixture
def dora(here: Municipality) -> Person:
    """An administrator."""
    return make_staff(here, "dora", [("administrator", None)])


def made(client: FlaskClient, by: Person, *scopes: str, **more: Any) -> dict[str, str]:
    """The headers of a new key with these scopes."""
    body = {"name": "Sensors", "scopes": list(scopes), **more}
    given = client.post(KEYS, json=body, headers=by.headers)
    assert given.status_code == 201, given.json
    return {"Authorization": f"Bearer {given.json['key']}"}


def send(client: FlaskClient, headers: dict[str, str]) -> Any:
    return client.post(f"{HERE}/reports", json=REPORT, headers=headers | {"Idempotency-Key": str(uuid.uuid4())})


def test_a_key_opens_what_its_scopes_say_and_nothing_else(
    client: FlaskClient, here: Municipality, dora: Person
) -> None:
    reads, sends, sees = (made(client, dora, scope) for scope in ("read_public", "send_reports", "see_reports"))
    assert client.get(f"{HERE}/reports", headers=reads).status_code == 200
    assert send(client, sends).status_code == 201
    assert client.get(f"{HERE}/staff/reports", headers=sees).status_code == 200
    closed = [
        send(client, reads),
        client.get(f"{HERE}/staff/reports", headers=reads),
        client.get(f"{HERE}/reports", headers=sends),
        client.get(f"{HERE}/staff/layers", headers=sees),
        client.get(KEYS, headers=sees),
    ]
    assert [(answer.status_code, answer.json["code"]) for answer in closed] == [(403, "scope_missing")] * 5


def test_a_key_is_nobody_who_has_an_inbox_or_an_account(client: FlaskClient, here: Municipality, dora: Person) -> None:
    every = made(client, dora, *SCOPES)
    for path in ("me", "me/reports", "me/inbox"):
        answer = client.get(f"{HERE}/{path}", headers=every)
        assert answer.status_code in (403, 404) and answer.json["code"] != "sign_in_needed", path
    assert client.patch(f"{HERE}/me", json={"language": "en"}, headers=every).json["code"] == "scope_missing"


def test_a_report_by_a_key_is_the_keys_own(client: FlaskClient, here: Municipality, dora: Person) -> None:
    sends = made(client, dora, "send_reports", "read_public")
    sent = send(client, sends).json
    session.rollback()
    reporter = session.get_one(
        Account, session.scalars(select(Report.reporter_id).filter_by(uid=uuid.UUID(sent["id"]))).one()
    )
    assert (reporter.kind, reporter.name) == ("machine", "Sensors")


def test_a_key_is_shown_once_and_listed_without_itself(client: FlaskClient, here: Municipality, dora: Person) -> None:
    key = made(client, dora, "read_public", per_minute=7)["Authorization"].removeprefix("Bearer ")
    listed = client.get(KEYS, headers=dora.headers)
    assert key not in listed.text
    [line] = listed.json["keys"]
    assert (line["name"], line["per_minute"], line["made_by"]) == ("Sensors", 7, "Dora")
    assert key.startswith(line["begins"]) and line["used_at"] is None
    session.rollback()
    assert not session.scalars(select(ApiKey.digest)).one().hex().startswith(key.encode().hex()[:16])


def use(client: FlaskClient, headers: dict[str, str]) -> None:
    client.get(f"{HERE}/reports", headers=headers).close()


def test_last_use_is_written_once_an_hour(client: FlaskClient, here: Municipality, dora: Person) -> None:
    reads = made(client, dora, "read_public")
    use(client, reads)
    first = client.get(KEYS, headers=dora.headers).json["keys"][0]["used_at"]
    use(client, reads)
    assert first is not None and client.get(KEYS, headers=dora.headers).json["keys"][0]["used_at"] == first
    with transaction() as db:
        db.execute(update(ApiKey).values(used_at=now() - timedelta(hours=2)))
    use(client, reads)
    assert client.get(KEYS, headers=dora.headers).json["keys"][0]["used_at"] > first


def test_an_ended_and_an_expired_key_open_nothing(client: FlaskClient, here: Municipality, dora: Person) -> None:
    ended, expired = (made(client, dora, "read_public") for _ in range(2))
    second, first = client.get(KEYS, headers=dora.headers).json["keys"]
    assert client.delete(f"{KEYS}/{first['id']}", headers=dora.headers).status_code == 204
    assert client.delete(f"{KEYS}/{first['id']}", headers=dora.headers).status_code == 404
    assert [line["id"] for line in client.get(KEYS, headers=dora.headers).json["keys"]] == [second["id"]]
    with transaction() as db:
        db.execute(update(ApiKey).values(expires_at=now() - timedelta(seconds=1)))
    for headers in (ended, expired):
        assert client.get(f"{HERE}/reports", headers=headers).json["code"] == SignInNeeded.code


def test_a_key_that_would_be_expired_already_is_refused(client: FlaskClient, here: Municipality, dora: Person) -> None:
    body = {"name": "Late", "scopes": ["read_public"], "expires_at": "2020-01-01T00:00:00Z"}
    answer = client.post(KEYS, json=body, headers=dora.headers)
    assert (answer.status_code, answer.json["code"]) == (422, "expiry_not_ahead")


def test_a_key_of_here_opens_nothing_next_door(
    client: FlaskClient, here: Municipality, next_door: Municipality, dora: Person, charlie: Person
) -> None:
    reads = made(client, dora, "read_public")
    assert client.get("/api/v1/next-door/reports", headers=reads).status_code == 401
    theirs = make_staff(next_door, "eva", [("administrator", None)])
    [line] = client.get(KEYS, headers=dora.headers).json["keys"]
    assert client.delete(f"/api/v1/next-door/staff/api-keys/{line['id']}", headers=theirs.headers).status_code == 404
    assert client.get("/api/v1/next-door/staff/api-keys", headers=theirs.headers).json == {"keys": []}
    assert client.get(f"{HERE}/reports", headers=reads).status_code == 200


def test_only_administrators_keep_keys(client: FlaskClient, here: Municipality, alice: Person, bob: Person) -> None:
    body = {"name": "Mine", "scopes": ["read_public"]}
    answers = [client.post(KEYS, json=body, headers=who.headers) for who in (alice, bob)]
    assert [answer.status_code for answer in answers] == [403, 403]


def test_there_are_only_so_many_keys(client: FlaskClient, here: Municipality, dora: Person) -> None:
    first = made(client, dora, "read_public")
    with transaction() as db:
        actor = find_caller(here.id, dora.token)
        assert actor is not None
        for _ in range(MOST_KEYS - 1):
            make_key(here, actor, "One more", ["read_public"], 1, None)
        db.flush()
    answer = client.post(KEYS, json={"name": "Too many", "scopes": ["read_public"]}, headers=dora.headers)
    assert (answer.status_code, answer.json["code"]) == (409, "too_many_api_keys")
    assert client.get(f"{HERE}/reports", headers=first).status_code == 200


def test_each_key_has_a_limit_of_its_own(app: Flask, here: Municipality, dora: Person) -> None:
    settings: Settings = app.config["PLATEIA"]
    limited = create_app(Settings(**(vars(settings) | {"limits": True}))).test_client()
    few, many = made(limited, dora, "send_reports", per_minute=2), made(limited, dora, "send_reports", per_minute=50)
    assert [send(limited, few).status_code for _ in range(3)] == [201, 201, 429]
    refused = send(limited, few)
    assert refused.json["code"] == "too_many_requests" and 1 <= int(refused.headers["Retry-After"]) <= 62
    assert {send(limited, many).status_code for _ in range(25)} == {201}, "more than a person may send"


def test_making_and_ending_a_key_is_in_the_audit_log_without_its_name(
    client: FlaskClient, here: Municipality, dora: Person
) -> None:
    made(client, dora, "read_public", expires_at="2090-01-01T00:00:00Z")
    [line] = client.get(KEYS, headers=dora.headers).json["keys"]
    client.delete(f"{KEYS}/{line['id']}", headers=dora.headers)
    session.rollback()
    found = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(one.action, one.subject, one.actor) for one in found[-2:]] == [
        ("key_made", line["id"], dora.account),
        ("key_ended", line["id"], dora.account),
    ]
    assert found[-2].facts["scopes"] == ["read_public"] and "Sensors" not in str([one.facts for one in found])


def test_scopes_and_permissions_mean_the_same() -> None:
    assert {scope for scope in SCOPES if scope not in PERMISSIONS} == {"read_public", "send_reports"}
    assert not any(opens(set(SCOPES), access, "GET") for access in ("signed in", "manage_keys", "manage_staff"))


def test_a_key_keeps_the_map_when_it_may_see_and_manage_it(
    client: FlaskClient, here: Municipality, dora: Person
) -> None:
    for scopes, written in ((["see_map"], 403), (["see_map", "manage_map"], 422)):
        headers = made(client, dora, *scopes)
        assert client.get(f"{HERE}/staff/layers", headers=headers).status_code == 200
        assert client.post(f"{HERE}/staff/layers", json={}, headers=headers).status_code == written

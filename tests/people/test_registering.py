"""A phone introduces itself, comes back with its secret, changes what is its own, and goes."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from service.db import session, transaction
from service.db.clock import now
from service.housekeeping import EVERY, HANDLERS
from service.municipalities.directory import Municipality
from service.notices.inbox import reach
from service.outbox.models import Target
from service.outbox.targets import retire
from service.people.models import Account, Device
from service.people.registering import make_device
from service.people.session_models import AccessToken, Session
from service.people.sessions import forget_expired_sessions
from tests.factories.people import Person, make_resident, make_staff

HERE = "/api/v1/here"
PHONE: dict[str, Any] = {"secret": "a" * 32, "platform": "android", "app_version": "1.2", "language": "en"}


def register(client: FlaskClient, slug: str = "here", **values: Any) -> TestResponse:
    body = {"installation": str(uuid.uuid4())} | PHONE | values
    return client.post(f"/api/v1/{slug}/devices", json=body)


def bearer(answer: TestResponse) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json['token']}"}


def me(client: FlaskClient, headers: dict[str, str], slug: str = "here") -> TestResponse:
    return client.get(f"/api/v1/{slug}/me", headers=headers)


def push_to(client: FlaskClient, headers: dict[str, str], value: str, kind: str = "token") -> int:
    target = {"kind": kind, "value": value}
    return client.put(f"{HERE}/me/push-target", json=target, headers=headers).status_code


def targets_of(person: Person) -> list[str]:
    """Where this person would be told something now."""
    session.rollback()
    reachable = reach(person.account_id)
    assert reachable is not None
    wanted = [target for target, _ in reachable.targets]
    return sorted(session.scalars(select(Target.value).where(Target.id.in_(wanted))))


def count(model: type) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_phone_registers_and_gets_a_token_of_its_own_account(client: FlaskClient, here: Municipality) -> None:
    answer = register(client)
    assert answer.status_code == 201 and answer.headers["Cache-Control"] == "no-store"
    assert me(client, bearer(answer)).json == {
        "account": answer.json["account"],
        "kind": "resident",
        "name": None,
        "email": None,
        "phone": None,
        "language": "en",
        "codes_by": [],
        "verified": [],
        "roles": [],
    }
    assert register(client).json["account"] != answer.json["account"]


def test_a_phone_that_comes_back_with_its_secret_is_the_same_person(client: FlaskClient, here: Municipality) -> None:
    phone = str(uuid.uuid4())
    first = register(client, installation=phone)
    again = register(client, installation=phone, app_version="2.0", language="el")
    assert again.json["account"] == first.json["account"] and again.json["token"] != first.json["token"]
    assert me(client, bearer(first)).status_code == me(client, bearer(again)).status_code == 200
    session.rollback()
    device = session.scalars(select(Device)).one()
    assert (device.app_version, count(Account)) == ("2.0", 1)


def test_a_phone_with_another_secret_gets_nothing(client: FlaskClient, here: Municipality) -> None:
    phone = str(uuid.uuid4())
    register(client, installation=phone)
    answer = register(client, installation=phone, secret="b" * 32)
    assert (answer.status_code, answer.json["code"]) == (401, "secret_not_right")
    assert count(AccessToken) == 1


def test_the_same_phone_is_another_person_in_another_municipality(
    client: FlaskClient, here: Municipality, next_door: Municipality
) -> None:
    phone = str(uuid.uuid4())
    first, second = register(client, installation=phone), register(client, "next-door", installation=phone)
    assert first.json["account"] != second.json["account"]
    assert me(client, bearer(first), "next-door").json["code"] == "sign_in_needed"
    assert me(client, bearer(second)).json["code"] == "sign_in_needed"


def test_a_language_that_is_not_spoken_here_becomes_the_main_one(client: FlaskClient, here: Municipality) -> None:
    assert me(client, bearer(register(client, language="lt"))).json["language"] == "el"
    assert me(client, bearer(register(client, language=None))).json["language"] == "el"


def test_of_two_requests_at_once_the_second_finds_the_phone_of_the_first(here: Municipality, alice: Person) -> None:
    assert alice.installation is not None
    with transaction():
        late = make_device(here, alice.installation, "x", "ios", "1", "el", now())
    assert late is None and count(Account) == 1


def test_what_is_no_phone_is_refused(client: FlaskClient, here: Municipality) -> None:
    bad: list[dict[str, Any]] = [
        {"installation": "phone"},
        {"secret": "a" * 31},
        {"platform": "toaster"},
        {"app_version": "one"},
        {"app_version": "1.2\n"},
        {"language": "de"},
        {"unknown": 1},
    ]
    for values in bad:
        answer = register(client, **values)
        assert (answer.status_code, answer.json["code"]) == (422, "fields_not_valid"), values
    assert count(Account) == 0


def test_a_token_is_worth_nothing_after_its_time(client: FlaskClient, here: Municipality, alice: Person) -> None:
    with transaction():
        session.execute(update(AccessToken).values(expires_at=now() - timedelta(seconds=1)))
    assert me(client, alice.headers).json["code"] == "sign_in_needed"
    assert client.get(f"{HERE}/reports", headers=alice.headers).status_code == 401
    fresh = register(client, installation=str(alice.installation), secret="s" * 32)
    assert fresh.json["account"] == str(alice.account) and count(AccessToken) == 1


def test_expired_sessions_and_tokens_are_forgotten_by_a_job(here: Municipality, alice: Person, bob: Person) -> None:
    with transaction():
        session.execute(update(Session).where(Session.account_id == alice.account_id).values(expires_at=now()))
        session.execute(update(AccessToken).values(expires_at=now()))
    with transaction():
        assert forget_expired_sessions() == 2, "a session with its token, and a token of a session that goes on"
    assert (count(Session), count(AccessToken)) == (1, 0)
    assert "forget_sessions" in HANDLERS and EVERY["forget_sessions"] == 86400


def test_who_signs_out_is_out_with_all_tokens_of_this_phone_and_comes_back_with_its_secret(
    client: FlaskClient, here: Municipality
) -> None:
    phone = str(uuid.uuid4())
    first, second = register(client, installation=phone), register(client, installation=phone)
    assert first.json["session"] == second.json["session"]
    assert client.post(f"{HERE}/sign-out", headers=bearer(first)).status_code == 204
    assert me(client, bearer(first)).status_code == me(client, bearer(second)).status_code == 401
    assert register(client, installation=phone).json["account"] == first.json["account"]


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic YTpi", "nonsense", "Bearer x y"])
def test_a_token_that_is_none_is_refused_and_never_overlooked(
    client: FlaskClient, here: Municipality, header: str
) -> None:
    for address in (f"{HERE}/me", f"{HERE}/reports"):
        answer = client.get(address, headers={"Authorization": header})
        assert (answer.status_code, answer.json["code"]) == (401, "sign_in_needed")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_the_scheme_of_a_token_is_written_in_any_case(client: FlaskClient, here: Municipality, alice: Person) -> None:
    assert me(client, {"Authorization": f"bearer {alice.token}"}).status_code == 200


def test_a_person_changes_their_language_and_an_address_only_by_a_code(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    def change(**values: Any) -> Any:
        return client.patch(f"{HERE}/me", json=values, headers=alice.headers)

    assert change(language="en").json["language"] == "en"
    assert change(email="alice@example.org").json["code"] == "fields_not_valid"
    assert change(language="de").json["code"] == "fields_not_valid"
    assert change(language="bg").json["language"] == "el"
    assert targets_of(alice) == [f"phone-{alice.installation}"]


def test_a_phones_new_token_takes_the_place_of_the_old_one(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    assert push_to(client, alice.headers, "first") == 204
    assert push_to(client, alice.headers, "second") == 204
    assert push_to(client, alice.headers, "second") == 204
    assert targets_of(alice) == ["second"]
    assert push_to(client, alice.headers, "second", kind="fid") == 204
    session.rollback()
    states = session.execute(select(Target.kind, Target.value, Target.state).where(Target.channel == "push")).all()
    assert sorted(tuple(state) for state in states) == [
        ("fid", "second", "active"),
        ("token", "first", "retired"),
        ("token", f"phone-{alice.installation}", "retired"),
        ("token", "second", "retired"),
    ]


def test_a_push_target_that_moves_to_another_phone_leaves_the_old_one(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    amy = make_resident(here)
    push_to(client, alice.headers, "one-and-the-same")
    push_to(client, amy.headers, "one-and-the-same")
    assert targets_of(alice) == [] and targets_of(amy) == ["one-and-the-same"]
    assert push_to(client, alice.headers, "new") == 204
    assert targets_of(alice) == ["new"] and targets_of(amy) == ["one-and-the-same"]


def test_a_token_that_was_taken_for_dead_is_woken_by_its_phone(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    push_to(client, alice.headers, "said-to-be-dead")
    session.rollback()
    target = session.scalars(select(Target.id).where(Target.value == "said-to-be-dead")).one()
    with transaction():
        retire(target, "unregistered")
    assert targets_of(alice) == []
    assert push_to(client, alice.headers, "said-to-be-dead") == 204
    assert targets_of(alice) == ["said-to-be-dead"]


def test_only_a_phone_has_a_push_target(client: FlaskClient, here: Municipality, bob: Person) -> None:
    answer = client.put(f"{HERE}/me/push-target", json={"kind": "token", "value": "x"}, headers=bob.headers)
    assert (answer.status_code, answer.json["code"]) == (409, "device_needed")
    for value in ("", "with space", "x" * 4097, "ελ"):
        assert push_to(client, make_resident(here).headers, value) == 422


def test_staff_see_their_roles(client: FlaskClient, here: Municipality) -> None:
    both = make_staff(here, "bea", [("department_staff", "lighting"), ("dispatcher", None)])
    shown = me(client, both.headers).json
    assert (shown["kind"], shown["name"], shown["email"]) == ("staff", "Bea", "bea@here.example")
    assert sorted(shown["roles"], key=lambda role: role["role"]) == [
        {"role": "department_staff", "department": "lighting"},
        {"role": "dispatcher", "department": None},
    ]

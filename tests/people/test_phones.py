"""Where one is signed in can be seen and ended, and a phone that was removed does not come back as this person."""

import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality, municipality
from service.outbox.models import Target
from service.people.models import Account
from service.people.sessions import begin_session
from tests.factories.people import PASSWORD, SECRET, Person, make_resident
from tests.people.codes import HERE, OWN, bearer, post


@pytest.fixture
def second(client: FlaskClient, here: Municipality, alice: Person) -> tuple[uuid.UUID, dict[str, str]]:
    """Alice's second phone, and its headers."""
    phone = make_resident(here)
    assert phone.installation is not None
    code = post(client, alice, "phone-codes", {"secret": SECRET}).json["code"]
    return phone.installation, bearer(post(client, phone, "join-by-phone", {"code": code} | OWN))


def shown(client: FlaskClient, who: Person | dict[str, str], path: str) -> list[dict[str, Any]]:
    headers = who.headers if isinstance(who, Person) else who
    found: list[dict[str, Any]] = client.get(f"{HERE}/me/{path}", headers=headers).json[path]
    return found


def works(client: FlaskClient, headers: dict[str, str]) -> bool:
    return client.get(f"{HERE}/me", headers=headers).status_code == 200


def come_back(client: FlaskClient, installation: uuid.UUID) -> TestResponse:
    phone = {"installation": str(installation), "secret": SECRET, "platform": "android", "app_version": "1.0"}
    return client.post(f"{HERE}/devices", json=phone)


def sign_in(client: FlaskClient) -> dict[str, str]:
    answer = client.post(f"{HERE}/sign-in", json={"email": "bob@here.example", "password": PASSWORD})
    return bearer(answer)


def test_a_person_sees_where_they_are_signed_in(
    client: FlaskClient, alice: Person, second: tuple[uuid.UUID, dict[str, str]]
) -> None:
    found = shown(client, alice, "sessions")
    assert {entry["phone"] for entry in found} == {str(alice.installation), str(second[0])}
    assert [entry["this"] for entry in found if entry["phone"] == str(alice.installation)] == [True]
    assert {(entry["how"], entry["platform"]) for entry in found} == {("phone", "android")}
    assert all(entry["since"] <= entry["last_used_at"] <= entry["expires_at"] for entry in found)


def test_staff_see_their_browsers_and_end_one(client: FlaskClient, here: Municipality, bob: Person) -> None:
    other = sign_in(client)
    found = shown(client, bob, "sessions")
    assert [(entry["how"], entry["platform"], entry["phone"]) for entry in found] == [("password", None, None)] * 2
    (there,) = (entry["id"] for entry in found if not entry["this"])
    assert client.delete(f"{HERE}/me/sessions/{there}", headers=bob.headers).status_code == 204
    assert not works(client, other) and works(client, bob.headers)


def test_nobody_sees_or_ends_the_session_of_another(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    (mine,) = shown(client, alice, "sessions")
    refused = client.delete(f"{HERE}/me/sessions/{mine['id']}", headers=bob.headers)
    assert (refused.status_code, refused.json["code"]) == (404, "not_found")
    assert client.delete(f"{HERE}/me/phones/{alice.installation}", headers=bob.headers).status_code == 404
    assert works(client, alice.headers)


def test_the_session_of_another_phone_goes_with_the_phone(
    client: FlaskClient, alice: Person, second: tuple[uuid.UUID, dict[str, str]]
) -> None:
    installation, headers = second
    (there,) = (entry["id"] for entry in shown(client, alice, "sessions") if not entry["this"])
    assert client.delete(f"{HERE}/me/sessions/{there}", headers=alice.headers).status_code == 204
    assert not works(client, headers)
    assert come_back(client, installation).json["code"] == "secret_not_right"
    assert [phone["installation"] for phone in shown(client, alice, "phones")] == [str(alice.installation)]


def test_ending_ones_own_session_signs_out_and_the_phone_comes_back(client: FlaskClient, alice: Person) -> None:
    (mine,) = shown(client, alice, "sessions")
    assert client.delete(f"{HERE}/me/sessions/{mine['id']}", headers=alice.headers).status_code == 204
    assert not works(client, alice.headers)
    assert alice.installation and come_back(client, alice.installation).json["account"] == str(alice.account)


def test_a_session_by_other_means_on_a_phone_ends_alone(client: FlaskClient, here: Municipality, alice: Person) -> None:
    with transaction():
        given = begin_session(session.get_one(Account, alice.account_id), None, "oidc", now())
    assert client.delete(f"{HERE}/me/sessions/{given.session}", headers=alice.headers).status_code == 204
    assert not works(client, {"Authorization": f"Bearer {given.token}"}) and works(client, alice.headers)


def test_signing_out_everywhere_else_leaves_this_phone_only(
    client: FlaskClient, alice: Person, second: tuple[uuid.UUID, dict[str, str]]
) -> None:
    installation, headers = second
    code = post(client, headers, "phone-codes", {"secret": SECRET}).json["code"]
    assert client.delete(f"{HERE}/me/sessions", headers=alice.headers).status_code == 204
    thief = make_resident(municipality("here"))
    assert post(client, thief, "join-by-phone", {"code": code} | OWN).json["code"] == "code_not_right"
    assert works(client, alice.headers) and not works(client, headers)
    assert come_back(client, installation).json["code"] == "secret_not_right"
    assert alice.installation and come_back(client, alice.installation).json["account"] == str(alice.account)
    theirs = [f"phone-{alice.installation}", f"phone-{installation}"]
    pushes = select(Target.value).where(Target.value.in_(theirs), Target.state == "active")
    assert session.scalars(pushes).all() == theirs[:1]


def test_staff_sign_out_everywhere_else(client: FlaskClient, here: Municipality, bob: Person) -> None:
    other = sign_in(client)
    assert client.delete(f"{HERE}/me/sessions", headers=bob.headers).status_code == 204
    assert works(client, bob.headers) and not works(client, other)


def test_a_person_sees_their_phones_and_removes_one(
    client: FlaskClient, alice: Person, second: tuple[uuid.UUID, dict[str, str]]
) -> None:
    installation, headers = second
    found = {phone["installation"]: phone for phone in shown(client, alice, "phones")}
    assert found[str(alice.installation)]["this"] and not found[str(installation)]["this"]
    assert all(phone["pushes"] and phone["platform"] == "android" for phone in found.values())
    code = post(client, headers, "phone-codes", {"secret": SECRET}).json["code"]
    assert client.delete(f"{HERE}/me/phones/{installation}", headers=alice.headers).status_code == 204
    thief = make_resident(municipality("here"))
    assert post(client, thief, "join-by-phone", {"code": code} | OWN).json["code"] == "code_not_right"
    assert not works(client, headers) and come_back(client, installation).json["code"] == "secret_not_right"
    assert client.delete(f"{HERE}/me/phones/{installation}", headers=alice.headers).status_code == 404


def test_staff_have_no_phones(client: FlaskClient, here: Municipality, bob: Person) -> None:
    assert shown(client, bob, "phones") == []

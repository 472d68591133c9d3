"""What an operator ends: where who has left is signed in, and a phone that was stolen."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from service.db import session, transaction
from service.municipalities.directory import Municipality
from service.outbox.models import Target
from service.people.models import Device
from service.people.revoking import NobodyFound, revoke_phone, revoke_staff
from service.people.session_models import Session
from tests.cli.commands import plateia
from tests.factories.people import PASSWORD, SECRET, Person
from tests.people.staff_scene import acts

HERE = "/api/v1/here"


def works(client: FlaskClient, who: Person) -> bool:
    return client.get(f"{HERE}/me", headers=who.headers).status_code == 200


def sign_in(client: FlaskClient, name: str) -> int:
    return client.post(f"{HERE}/sign-in", json={"email": f"{name}@here.example", "password": PASSWORD}).status_code


def test_who_of_the_staff_is_revoked_signs_in_again_unless_removed(
    client: FlaskClient, here: Municipality, bob: Person
) -> None:
    with transaction():
        assert revoke_staff(here, " BOB@here.example ") == 1
    assert not works(client, bob) and sign_in(client, "bob") == 201
    with transaction():
        assert revoke_staff(here, "bob@here.example", remove=True) == 1
    assert sign_in(client, "bob") == 401


def test_a_stolen_phone_cannot_come_back_and_hears_nothing(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    assert alice.installation is not None
    with transaction():
        assert revoke_phone(here, alice.installation) == 1
    phone = {"installation": str(alice.installation), "secret": "s" * 32, "platform": "ios", "app_version": "1"}
    assert not works(client, alice)
    assert client.post(f"{HERE}/devices", json=phone).json["code"] == "secret_not_right"
    session.rollback()
    assert session.scalars(select(Target.state).where(Target.channel == "push")).all() == ["retired"]
    assert session.scalars(select(Device.push_target_id)).all() == [None]


def test_a_phone_that_pushes_never_reached_is_revoked_too(client: FlaskClient, here: Municipality) -> None:
    installation = uuid.uuid4()
    phone = {"installation": str(installation), "secret": "s" * 32, "platform": "web", "app_version": "1"}
    client.post(f"{HERE}/devices", json=phone)
    with transaction():
        assert revoke_phone(here, installation) == 1


def test_nobody_is_revoked_next_door(
    client: FlaskClient, here: Municipality, next_door: Municipality, alice: Person, bob: Person
) -> None:
    assert alice.installation is not None
    for refused in (
        lambda: revoke_staff(next_door, "bob@here.example"),
        lambda: revoke_phone(next_door, alice.installation or uuid.uuid4()),
    ):
        with pytest.raises(NobodyFound), transaction():
            refused()
    assert works(client, alice) and works(client, bob)


def test_the_command_says_how_many_sessions_it_ended(
    app: Flask, here: Municipality, alice: Person, bob: Person
) -> None:
    assert plateia(app, "revoke", "here", "bob@here.example").output == "1 sessions ended\n"
    assert plateia(app, "revoke", "here", str(alice.installation)).output == "1 sessions ended\n"
    for arguments in (("nobody@here.example",), (str(uuid.uuid4()),), (str(alice.installation), "--remove"), ("x",)):
        result = plateia(app, "revoke", "here", *arguments)
        assert result.exit_code == 1 and "Traceback" not in result.output, arguments
    assert plateia(app, "revoke", "here", "bob@here.example", "--remove").exit_code == 0
    roles = [["department_staff", "lighting"]]
    assert acts() == [
        ("sessions_ended", None, {"sessions": 1}),
        ("phone_revoked", None, {"sessions_ended": 1}),
        ("staff_removed", None, {"roles": roles, "sessions_ended": 0}),
    ]


def test_a_phone_that_comes_back_while_it_is_revoked_gets_no_session(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    assert alice.installation is not None
    phone = {"installation": str(alice.installation), "secret": SECRET, "platform": "ios", "app_version": "1"}
    with ThreadPoolExecutor(1) as pool:
        with transaction():
            assert revoke_phone(here, alice.installation) == 1
            coming = pool.submit(client.post, f"{HERE}/devices", json=phone)
            time.sleep(0.4)
        assert coming.result().json["code"] == "secret_not_right"
    assert session.scalars(select(Session)).all() == []

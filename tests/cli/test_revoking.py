"""An operator ends the tokens of who left, and of phones that were stolen."""

import uuid

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from service.db import session
from service.municipalities.directory import Municipality
from service.notices.inbox import reach
from service.outbox.models import Target
from tests.cli.commands import plateia
from tests.factories.people import PASSWORD, SECRET, Person, make_resident, make_staff

ROLES = [("department_staff", "lighting")]


def may_call(client: FlaskClient, who: Person, slug: str = "here") -> bool:
    return client.get(f"/api/v1/{slug}/me", headers=who.headers).status_code == 200


def signs_in(client: FlaskClient, email: str = "bob@here.example") -> int:
    return client.post("/api/v1/here/sign-in", json={"email": email, "password": PASSWORD}).status_code


def test_who_gets_another_password_is_signed_out_everywhere(
    app: Flask, client: FlaskClient, here: Municipality, alice: Person
) -> None:
    bob, bea = make_staff(here, "bob", ROLES), make_staff(here, "bea", ROLES)
    again = make_staff(here, "bob", ROLES)
    assert [may_call(client, who) for who in (bob, again, bea, alice)] == [False, True, True, True]


def test_the_tokens_of_staff_end_and_the_roles_stay(app: Flask, client: FlaskClient, bob: Person) -> None:
    done = plateia(app, "revoke", "here", "BOB@here.example")
    assert (done.exit_code, done.output) == (0, "1 sessions ended\n")
    assert not may_call(client, bob)
    assert signs_in(client) == 201


def test_who_is_removed_does_not_sign_in_any_more(
    app: Flask, client: FlaskClient, here: Municipality, bob: Person
) -> None:
    bea = make_staff(here, "bea", ROLES)
    assert plateia(app, "revoke", "here", "bob@here.example", "--remove").exit_code == 0
    assert not may_call(client, bob) and may_call(client, bea)
    assert signs_in(client) == 401
    make_staff(here, "bob", ROLES)
    assert signs_in(client) == 201, "who is appointed again signs in again"


def test_a_stolen_phone_is_out_and_does_not_come_back(
    app: Flask, client: FlaskClient, here: Municipality, alice: Person
) -> None:
    ann = make_resident(here)
    assert plateia(app, "revoke", "here", str(alice.installation)).output == "1 sessions ended\n"
    assert not may_call(client, alice) and may_call(client, ann)
    phone = {"installation": str(alice.installation), "secret": SECRET, "platform": "android", "app_version": "1.0"}
    answer = client.post("/api/v1/here/devices", json=phone)
    assert (answer.status_code, answer.json["code"]) == (401, "secret_not_right")
    session.rollback()
    found = reach(alice.account_id)
    assert found is not None and found.targets == ()
    retired = session.scalars(select(Target).filter_by(value=f"phone-{alice.installation}")).one()
    assert (retired.state, retired.reason) == ("retired", "revoked")


def test_nobody_next_door_is_revoked_from_here(
    app: Flask, client: FlaskClient, here: Municipality, next_door: Municipality, charlie: Person
) -> None:
    for who in ("charlie@next-door.example", str(uuid.uuid4()), "nobody"):
        refused = plateia(app, "revoke", "here", who)
        assert refused.exit_code == 1 and "Traceback" not in refused.output
    assert plateia(app, "revoke", "here", str(uuid.uuid4()), "--remove").exit_code == 1
    assert may_call(client, charlie, "next-door")

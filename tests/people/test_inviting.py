"""Somebody is invited by e-mail to become staff."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.outbox.models import Delivery
from service.people.models import Account
from service.people.staff.inviting import forget_invitations
from service.people.staff.models import Invitation
from tests.factories.people import Person, make_staff
from tests.people.staff_scene import CREW, NEW_PASSWORD, acts, call, invite, letters, link_in, sign_in
from tests.personal_data.scene import traces


@pytest.fixture
def ada(here: Municipality) -> Person:
    """An administrator."""
    return make_staff(here, "ada", [("administrator", None)])


def accept(client: FlaskClient, token: str, password: str = NEW_PASSWORD, name: str = "Nina Petrova") -> Any:
    return call(client, "POST", "/invitation/accept", token=token, name=name, password=password)


def test_who_is_invited_gets_a_letter_chooses_a_password_and_is_staff(client: FlaskClient, ada: Person) -> None:
    answer = invite(client, ada, "Nina@Kozani.GR")
    assert answer.status_code == 201, answer.json
    assert answer.json["email"] == "nina@kozani.gr" and answer.json["roles"] == CREW and not answer.json["expired"]
    ((address, subject, text),) = letters()
    assert address == "nina@kozani.gr" and "Δήμος here" in subject and "Nina" in text
    page, token = link_in(text)
    assert page.endswith("/staff/here/invitation") and token not in str(answer.json)
    assert call(client, "POST", "/invitation", token=token).json == {"email": "nina@kozani.gr", "name": "Nina"}
    assert sign_in(client, "nina@kozani.gr", NEW_PASSWORD).status_code == 401
    assert accept(client, token).status_code == 204
    signed_in = sign_in(client, "nina@kozani.gr", NEW_PASSWORD)
    me = client.get("/api/v1/here/me", headers={"Authorization": f"Bearer {signed_in.json['token']}"}).json
    assert (me["name"], me["kind"], me["roles"]) == ("Nina Petrova", "staff", CREW)
    assert call(client, "GET", "/staff/invitations", ada).json == {"invitations": []}
    roles = [["department_staff", "lighting"]]
    assert [(action, facts.get("roles")) for action, _, facts in acts()] == [
        ("staff_invited", roles),
        ("invitation_accepted", roles),
    ]


def test_a_link_is_good_once_and_only_the_newest_and_only_for_a_week(client: FlaskClient, ada: Person) -> None:
    uid = invite(client, ada).json["id"]
    first = link_in(letters()[0][2])[1]
    again = call(client, "POST", f"/staff/invitations/{uid}/letters", ada)
    assert again.json["sent"] == 2
    second = link_in(letters()[1][2])[1]
    assert accept(client, first).json["code"] == "staff_link_not_valid"
    with transaction():
        session.execute(update(Invitation).values(expires_at=now() - timedelta(seconds=1)))
    assert accept(client, second).json["code"] == "staff_link_not_valid"
    assert call(client, "GET", "/staff/invitations", ada).json["invitations"][0]["expired"]
    assert call(client, "POST", f"/staff/invitations/{uid}/letters", ada).json["expired"] is False
    third = link_in(letters()[2][2])[1]
    assert [accept(client, third).status_code for _ in range(2)] == [204, 404]
    again = [(actor, facts) for action, actor, facts in acts() if action == "invitation_sent_again"]
    assert again == [(str(ada.account), {"sent": 2}), (str(ada.account), {"sent": 3})]


@pytest.mark.parametrize("token", ["", "x", "0" * 32 + "." + "A" * 43, "é" * 60])
def test_a_made_up_link_is_worth_nothing(client: FlaskClient, here: Municipality, token: str) -> None:
    for path in ("/invitation", "/invitation/accept", "/password/reset"):
        body = {"token": token, "name": "Eve", "password": NEW_PASSWORD}
        answer = call(client, "POST", path, **({"token": token} if path == "/invitation" else body))
        if path == "/password/reset":
            answer = call(client, "POST", path, token=token, password=NEW_PASSWORD)
        assert answer.json["code"] in ("staff_link_not_valid", "fields_not_valid"), (path, answer.json)


def test_a_link_of_here_is_worth_nothing_next_door(
    client: FlaskClient, next_door: Municipality, ada: Person, charlie: Person
) -> None:
    uid = invite(client, ada).json["id"]
    token = link_in(letters()[0][2])[1]
    body = {"token": token, "name": "Eve", "password": NEW_PASSWORD}
    assert client.post("/api/v1/next-door/invitation/accept", json=body).status_code == 404
    there = f"/api/v1/next-door/staff/invitations/{uid}"
    assert client.post(f"{there}/letters", headers=charlie.headers).status_code == 404
    assert client.delete(there, headers=charlie.headers).status_code == 404
    assert client.get("/api/v1/next-door/staff/invitations", headers=charlie.headers).json == {"invitations": []}


def test_a_withdrawn_invitation_is_gone(client: FlaskClient, ada: Person) -> None:
    uid = invite(client, ada).json["id"]
    token = link_in(letters()[0][2])[1]
    assert call(client, "DELETE", f"/staff/invitations/{uid}", ada).status_code == 204
    assert accept(client, token).status_code == 404
    assert call(client, "DELETE", f"/staff/invitations/{uid}", ada).status_code == 404
    assert acts()[-1][:2] == ("invitation_withdrawn", str(ada.account))
    assert traces("nina") == [], "neither the address nor the letter that was waiting is kept"
    left = session.execute(select(Delivery.state, Delivery.content).where(Delivery.channel == "email")).all()
    assert [tuple(row) for row in left] == [("failed", {})]


def test_a_letter_that_was_not_yet_written_when_the_invitation_went_is_not_written(
    client: FlaskClient, ada: Person
) -> None:
    uid = invite(client, ada).json["id"]
    call(client, "DELETE", f"/staff/invitations/{uid}", ada)
    assert letters() == []


def test_nobody_is_invited_twice_or_who_is_staff(client: FlaskClient, ada: Person, bob: Person) -> None:
    assert invite(client, ada).status_code == 201
    assert invite(client, ada, "NINA@kozani.gr").json["code"] == "invited_already"
    assert invite(client, ada, "bob@here.example").json["code"] == "staff_already"
    assert len(letters()) == 1


@pytest.mark.parametrize(
    ("roles", "reason"),
    [
        ([{"role": "department_staff"}], "place"),
        ([{"role": "administrator", "department": "lighting"}], "place"),
        ([{"role": "department_staff", "department": "nowhere"}], "department"),
        ([{"role": "auditor"}, {"role": "dispatcher"}], "alone"),
    ],
)
def test_roles_that_the_table_refuses_are_not_given(
    client: FlaskClient, ada: Person, roles: list[dict[str, str]], reason: str
) -> None:
    answer = invite(client, ada, roles=roles)
    assert (answer.status_code, answer.json["code"], answer.json["reason"]) == (422, "roles_refused", reason)
    assert session.scalars(select(Invitation)).all() == []


def test_the_name_and_a_weak_password_are_refused_and_the_link_stays_good(client: FlaskClient, ada: Person) -> None:
    invite(client, ada)
    token = link_in(letters()[0][2])[1]
    assert accept(client, token, "nina petrova here").json["reason"] == "guessable"
    assert accept(client, token, name=" ").json["code"] == "fields_not_valid"
    assert accept(client, token, name="Ni\nna").json["code"] == "fields_not_valid"
    assert accept(client, token).status_code == 204


def test_who_was_staff_and_is_invited_again_is_the_same_account(
    client: FlaskClient, here: Municipality, ada: Person, bob: Person
) -> None:
    call(client, "DELETE", f"/staff/people/{bob.account}", ada)
    assert invite(client, ada, "bob@here.example").status_code == 201
    token = link_in(letters()[0][2])[1]
    assert accept(client, token, name="Bob again").status_code == 204
    session.rollback()
    again = session.execute(select(Account.uid, Account.name).filter_by(email="bob@here.example")).one()
    assert tuple(again) == (bob.account, "Bob again")


def test_invitations_that_nobody_accepts_are_forgotten(client: FlaskClient, ada: Person) -> None:
    invite(client, ada)
    with transaction():
        assert forget_invitations() == 0
        session.execute(update(Invitation).values(expires_at=now() - timedelta(days=31)))
    assert "targets.value" in traces("nina@")
    with transaction():
        assert forget_invitations() == 1
    assert traces("nina@") == [] and traces("ada@here.example") != [], "who is staff is still reached"

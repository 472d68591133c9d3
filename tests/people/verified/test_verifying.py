"""It is shown at the desk or by letter that somebody lives here; neither number nor address is kept."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update
from werkzeug.test import TestResponse

from service.db import Base, db, session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.people.audit_models import AuditDetail, AuditEntry
from service.people.verified.codes import ALPHABET, meant, new_code, shown
from service.people.verified.models import DeskCode, LetterCode, Verification, VerifiedResident
from service.people.verified.verifying import person_of, verification_of, verifications_of
from tests.factories.people import Person, make_resident, make_staff

HERE = "/api/v1/here"
NUMBER = "123456783"
ADDRESS = "Μαρία Παπαδοπούλου\nΠαύλου Μελά 1\n50131 Κοζάνη"


@pytest.fixture
def clerk(here: Municipality) -> Person:
    return make_staff(here, "desk", [("desk_clerk", None)])


def code_of(client: FlaskClient, who: Person) -> str:
    made = client.post(f"{HERE}/me/desk-code", headers=who.headers)
    assert made.status_code == 201, made.json
    return str(made.json["code"])


def confirm(client: FlaskClient, clerk: Person, code: str, **change: Any) -> TestResponse:
    body = {"code": code, "document": "identity_card", "identifier": NUMBER} | change
    return client.post(f"{HERE}/staff/verifications", json=body, headers=clerk.headers)


def order(client: FlaskClient, clerk: Person, *numbers: str) -> TestResponse:
    letters = [{"identifier": number, "address": ADDRESS} for number in numbers]
    return client.post(f"{HERE}/staff/verification-letters", json={"letters": letters}, headers=clerk.headers)


def use(client: FlaskClient, who: Person, code: str) -> TestResponse:
    return client.post(f"{HERE}/me/letter-code", json={"code": code}, headers=who.headers)


def everything() -> str:
    """All that the database holds, as text."""
    tables = [table.name for table in Base.metadata.sorted_tables if table.name != "spatial_ref_sys"]
    with db.engine.connect() as connection:
        return "".join(str(connection.execute(text(f'SELECT * FROM "{name}"')).all()) for name in tables)


def test_a_clerk_confirms_who_shows_a_code(client: FlaskClient, alice: Person, clerk: Person) -> None:
    confirmed = confirm(client, clerk, code_of(client, alice).lower().replace("-", " "))
    assert confirmed.status_code == 201, confirmed.json
    (shown_to_alice,) = client.get(f"{HERE}/me", headers=alice.headers).json["verified"]
    assert shown_to_alice["method"] == "desk" and shown_to_alice["expires_at"] is None
    found = verification_of(alice.account_id)
    assert found and found.method == "desk" and len(found.person) == 32
    assert verification_of(alice.account_id, ["letter"]) is None
    (entry,) = session.scalars(select(AuditEntry).filter_by(action="resident_verified")).all()
    assert entry.facts == {"method": "desk", "document": "identity_card"} and entry.actor == clerk.account
    assert NUMBER not in everything()


def test_a_code_of_the_desk_is_good_once_and_a_quarter_of_an_hour(
    client: FlaskClient, here: Municipality, alice: Person, clerk: Person
) -> None:
    first, second = code_of(client, alice), code_of(client, alice)
    refused = confirm(client, clerk, first)
    assert (refused.status_code, refused.json["code"]) == (422, "code_refused")
    assert confirm(client, clerk, second).status_code == 201
    assert confirm(client, clerk, second).json["code"] == "code_refused"
    third = code_of(client, alice)
    with transaction():
        session.execute(update(DeskCode).values(expires_at=now() - timedelta(seconds=1)))
    assert confirm(client, clerk, third).json["code"] == "code_refused"
    code_of(client, make_resident(here))
    assert session.scalar(select(func.count()).select_from(DeskCode)) == 1


def test_nobody_is_verified_in_two_accounts(
    client: FlaskClient, here: Municipality, alice: Person, clerk: Person
) -> None:
    other = make_resident(here)
    confirm(client, clerk, code_of(client, alice))
    again = code_of(client, other)
    refused = confirm(client, clerk, again, identifier=" 123-456 783 ", document="passport")
    assert (refused.status_code, refused.json["code"]) == (409, "verified_elsewhere")
    (letter,) = order(client, clerk, NUMBER).json["letters"]
    assert use(client, other, letter["code"]).json["code"] == "verified_elsewhere"
    assert use(client, alice, letter["code"]).status_code == 204
    assert {found.method for found in verifications_of(alice.account_id)} == {"desk", "letter"}
    mixed = confirm(client, clerk, code_of(client, alice), identifier="987654321")
    assert (mixed.status_code, mixed.json["code"]) == (409, "another_person")
    assert confirm(client, clerk, again, identifier="987654321").status_code == 201


def test_the_same_person_can_be_a_resident_next_door(
    client: FlaskClient, here: Municipality, next_door: Municipality, alice: Person, clerk: Person
) -> None:
    confirm(client, clerk, code_of(client, alice))
    assert person_of(here, NUMBER) != person_of(next_door, NUMBER)
    assert person_of(here, "az 123456") == person_of(here, "ＡＺ-１２３４５６")


@pytest.mark.parametrize("number", ["-----", "1 2 3", "1234.", "      "])
def test_a_personal_number_has_five_letters_or_digits(
    client: FlaskClient, alice: Person, clerk: Person, number: str
) -> None:
    code = code_of(client, alice)
    assert confirm(client, clerk, code, identifier=number).json["code"] == "identifier_refused"
    assert confirm(client, clerk, code).status_code == 201


def test_what_ends_by_itself_ends(client: FlaskClient, alice: Person, clerk: Person) -> None:
    until = (now() + timedelta(days=1)).isoformat()
    assert confirm(client, clerk, code_of(client, alice), until=until).status_code == 201
    assert verification_of(alice.account_id) is not None
    with transaction():
        session.execute(update(Verification).values(expires_at=now() - timedelta(seconds=1)))
    assert verification_of(alice.account_id) is None
    assert client.get(f"{HERE}/me", headers=alice.headers).json["verified"] == []


def test_a_letter_takes_its_address_with_it(client: FlaskClient, alice: Person, clerk: Person) -> None:
    answer = order(client, clerk, NUMBER, "987654321")
    assert answer.status_code == 201, answer.json
    letter, other = answer.json["letters"]
    assert letter["address"] == ADDRESS and letter["code"] in letter["text"] and letter["code"] != other["code"]
    assert answer.headers["Cache-Control"] == "no-store"
    kept = everything()
    for private in ("Παπαδοπούλου", "Μελά", NUMBER, letter["code"], letter["code"].replace("-", "")):
        assert private not in kept
    assert use(client, alice, letter["code"].lower()).status_code == 204
    assert use(client, alice, letter["code"]).json["code"] == "code_refused"
    assert [found.method for found in verifications_of(alice.account_id)] == ["letter"]


def test_a_second_letter_makes_the_first_worthless_and_both_end(
    client: FlaskClient, alice: Person, clerk: Person
) -> None:
    first, second = (order(client, clerk, NUMBER).json["letters"][0]["code"] for _ in range(2))
    assert use(client, alice, first).json["code"] == "code_refused"
    with transaction():
        session.execute(update(LetterCode).values(expires_at=now() - timedelta(seconds=1)))
    assert use(client, alice, second).json["code"] == "code_refused"
    order(client, clerk, "987654321")
    assert session.scalar(select(func.count()).select_from(LetterCode)) == 1


def test_what_was_withdrawn_holds_no_more_and_can_be_shown_again_elsewhere(
    client: FlaskClient, here: Municipality, alice: Person, clerk: Person
) -> None:
    made = confirm(client, clerk, code_of(client, alice)).json["verified"]
    url = f"{HERE}/staff/verifications/withdrawals"
    moved = {"verified": made, "reason": "Moved to the neighbour."}
    assert client.post(url, json=moved, headers=clerk.headers).status_code == 204
    assert verification_of(alice.account_id) is None
    assert client.post(url, json=moved, headers=clerk.headers).status_code == 404
    entry = session.scalars(select(AuditEntry).filter_by(action="verification_withdrawn")).one()
    detail = session.scalars(select(AuditDetail).filter_by(entry_id=entry.id)).one()
    assert "Moved" not in str(entry.facts)
    assert (detail.text, detail.resident) == ("Moved to the neighbour.", alice.account)
    other = make_resident(here)
    assert confirm(client, clerk, code_of(client, other)).status_code == 201
    lost = {"identifier": NUMBER, "reason": "Lost the phone."}
    assert client.post(url, json=lost, headers=clerk.headers).status_code == 204
    assert verification_of(other.account_id) is None


@pytest.mark.parametrize("named", [{}, {"verified": "01a20026-3782-716f-b5d9-c3504d710968", "identifier": NUMBER}])
def test_a_withdrawal_names_one_thing(client: FlaskClient, clerk: Person, named: dict[str, str]) -> None:
    body = named | {"reason": "Because."}
    answer = client.post(f"{HERE}/staff/verifications/withdrawals", json=body, headers=clerk.headers)
    assert answer.json["code"] == "fields_not_valid"


def test_only_clerks_of_this_municipality_confirm_and_only_residents_are_confirmed(
    client: FlaskClient, next_door: Municipality, alice: Person, bob: Person, charlie: Person, clerk: Person
) -> None:
    code = code_of(client, alice)
    for who, status in ((alice, 403), (bob, 403), (charlie, 401)):
        assert confirm(client, who, code).status_code == status
        assert order(client, who, NUMBER).status_code == status
    assert client.post(f"{HERE}/me/desk-code", headers=clerk.headers).status_code == 403
    (letter,) = order(client, clerk, NUMBER).json["letters"]
    assert use(client, clerk, letter["code"]).status_code == 403
    abroad = make_staff(next_door, "dina", [("desk_clerk", None)])
    body = {"code": code, "document": "passport", "identifier": NUMBER}
    answer = client.post("/api/v1/next-door/staff/verifications", json=body, headers=abroad.headers)
    assert answer.json["code"] == "code_refused"
    gone = {"identifier": NUMBER, "reason": "Not ours."}
    confirm(client, clerk, code)
    url = "/api/v1/next-door/staff/verifications/withdrawals"
    assert client.post(url, json=gone, headers=abroad.headers).status_code == 404
    assert session.scalar(select(func.count()).select_from(VerifiedResident)) == 1


def test_codes_are_read_as_they_are_meant() -> None:
    assert len(ALPHABET) == 32 and not set("ILOU") & set(ALPHABET)
    code = new_code(12)
    assert meant(shown(code)) == code and meant(f" {shown(code).lower().replace('-', ' ')} ") == code
    assert meant("o0-il1—z") == "00111Z"

"""Which passwords are good enough, and how somebody gets another one."""

from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.outbox.models import Delivery, Event
from service.people import signing_in
from service.people.models import Account, Password
from service.people.staff.passwords import PasswordTooEasy, check_new_password
from tests.factories.people import PASSWORD, Person, make_staff
from tests.people.staff_scene import NEW_PASSWORD, acts, call, letters, link_in, sign_in

EMAIL = "bob@here.example"


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Password123!",
        "123456789012",
        "qwertyuiop12",
        "1qaz2wsx3edc",
        "iloveyou1234",
        "P@ssw0rdP@ssw0rd",
        "aaaaaaaaaaaaaaaa",
        "michaeljackson",
        "kalimera2026",
        "here2026here",
        "Δήμος here 1",
        "Papadopoulou1",
        "papadopoulou.anna",
    ],
)
def test_what_is_guessed_first_is_refused(here: Municipality, password: str) -> None:
    with pytest.raises(PasswordTooEasy) as refused:
        check_new_password(password, here, "Άννα Papadopoulou", "kalimera@here.example", "anna")
    assert refused.value.details["reason"] == "guessable"


@pytest.mark.parametrize(
    "password",
    [
        "four odd herons dance",
        "λαμπα στην πλατεια τρεμει",
        "xk3!9fjs0qPz",
        "жълт трамвай сънува",
        " " * 3 + "9fjs0qPzxk",
        "z" + "v9" * 60,
    ],
)
def test_what_nobody_guesses_is_taken_whatever_it_is_made_of(here: Municipality, password: str) -> None:
    check_new_password(password, here, "Άννα Papadopoulou", "anna@here.example") if len(set(password)) > 4 else None


def test_length_is_between_12_and_128(here: Municipality) -> None:
    for password, reason in (("xk3!9fjs0qP", "short"), ("xk3!9fjs0qPz" * 11, "long")):
        with pytest.raises(PasswordTooEasy) as refused:
            check_new_password(password, here)
        assert refused.value.details == {"reason": reason, "least": 12, "most": 128}


def change(client: FlaskClient, who: Person, password: str = PASSWORD, new: str = NEW_PASSWORD) -> Any:
    return call(client, "PUT", "/me/password", who, password=password, new_password=new)


def test_ones_password_changes_and_other_sessions_end(client: FlaskClient, bob: Person) -> None:
    other = sign_in(client, EMAIL).json["token"]
    assert change(client, bob, password="wrong").json["code"] == "password_not_right"
    assert change(client, bob, new="password1234").json["code"] == "password_too_easy"
    assert change(client, bob).status_code == 204
    assert client.get("/api/v1/here/me", headers=bob.headers).status_code == 200
    assert client.get("/api/v1/here/me", headers={"Authorization": f"Bearer {other}"}).status_code == 401
    assert sign_in(client, EMAIL).status_code == 401
    assert sign_in(client, EMAIL, NEW_PASSWORD).status_code == 201
    assert acts() == [("password_changed", str(bob.account), {"sessions_ended": 1})]


def forgotten(client: FlaskClient, email: str, slug: str = "here") -> Any:
    return client.post(f"/api/v1/{slug}/password/forgotten", json={"email": email})


def reset(client: FlaskClient, token: str, password: str = NEW_PASSWORD) -> Any:
    return call(client, "POST", "/password/reset", token=token, password=password)


def test_who_has_forgotten_gets_a_link_that_is_good_once(client: FlaskClient, bob: Person) -> None:
    assert forgotten(client, " Bob@HERE.example ").status_code == 202
    ((address, _, text),) = letters()
    page, token = link_in(text)
    assert address == EMAIL and page.endswith("/staff/here/password")
    assert reset(client, token, "password1234").json["code"] == "password_too_easy"
    assert [reset(client, token).status_code for _ in range(2)] == [204, 404]
    assert client.get("/api/v1/here/me", headers=bob.headers).status_code == 401, "all sessions end"
    assert sign_in(client, EMAIL, NEW_PASSWORD).status_code == 201
    assert acts()[-1] == ("password_reset", None, {"by": "link", "sessions_ended": 1})


@pytest.mark.parametrize(("name", "greeting"), [("Bob", "Good day Bob,"), (None, "Good day,")])
def test_a_letter_greets_who_has_a_name_by_it(
    client: FlaskClient, bob: Person, name: str | None, greeting: str
) -> None:
    with transaction():
        session.execute(update(Account).filter_by(uid=bob.account).values(name=name, language="en"))
    forgotten(client, EMAIL)
    assert letters()[0][2].splitlines()[0] == greeting


def test_a_link_ends_after_an_hour_and_with_every_other_change(client: FlaskClient, bob: Person) -> None:
    forgotten(client, EMAIL)
    with transaction():
        session.execute(update(Event).values(created_at=now() - timedelta(minutes=61)))
    assert reset(client, link_in(letters()[0][2])[1]).json["code"] == "staff_link_not_valid"
    forgotten(client, EMAIL)
    token = link_in(letters()[1][2])[1]
    uid, ends, stamp = token.split(".")
    assert reset(client, f"{uid}.{int(ends) + 60}.{stamp}").json["code"] == "staff_link_not_valid"
    change(client, bob)
    assert reset(client, token, "another odd heron flies").json["code"] == "staff_link_not_valid"


def test_nobody_learns_whether_an_address_is_staff_by_asking(
    client: FlaskClient, bob: Person, alice: Person, charlie: Person
) -> None:
    addresses = (EMAIL, "nobody@here.example", "charlie@next-door.example", "not an address")
    answers = [forgotten(client, address) for address in addresses]
    told = {(answer.status_code, answer.data, tuple(sorted(answer.headers.keys()))) for answer in answers}
    assert len(told) == 1 and answers[0].status_code == 202
    events = session.execute(select(Event.kind, Event.payload).order_by(Event.id)).all()
    assert [kind for kind, _ in events] == ["password_forgotten"] * 4, "the same is written for all"
    assert not any(address.partition("@")[0] in repr(payload) for (_, payload), address in zip(events, addresses))
    assert [address for address, _, _ in letters()] == [EMAIL]


def test_who_is_staff_no_more_gets_no_link(client: FlaskClient, here: Municipality, bob: Person) -> None:
    ada = make_staff(here, "ada", [("administrator", None)])
    forgotten(client, EMAIL)
    call(client, "DELETE", f"/staff/people/{bob.account}", ada)
    assert letters() == []


def test_a_link_of_here_is_worth_nothing_next_door(client: FlaskClient, bob: Person, charlie: Person) -> None:
    forgotten(client, EMAIL)
    body = {"token": link_in(letters()[0][2])[1], "password": NEW_PASSWORD}
    assert client.post("/api/v1/next-door/password/reset", json=body).json["code"] == "staff_link_not_valid"


def test_a_hash_that_was_made_with_lesser_costs_is_made_anew(client: FlaskClient, bob: Person) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with transaction():
        session.execute(update(Password).values(hash=cheap))
    assert [sign_in(client, EMAIL).status_code for _ in range(2)] == [201, 201]
    session.rollback()
    fresh = session.scalars(select(Password.hash)).one()
    assert fresh != cheap and not signing_in.HASHER.check_needs_rehash(fresh)


def test_the_letter_is_emptied_when_it_is_sent_so_that_no_table_holds_a_link_that_works(
    client: FlaskClient, bob: Person
) -> None:
    forgotten(client, EMAIL)
    assert "#" in letters()[0][2]
    with transaction():
        assert session.scalars(select(Delivery.fleeting)).all() == [True]

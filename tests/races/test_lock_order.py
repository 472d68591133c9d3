"""Who changes what hangs on an account locks the account first: of two one waits, and neither for ever.

One of the two stands in the middle of its transaction, in this thread, when the other begins in another.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.people.callers import Caller, find_caller
from service.people.holding import held, locked
from service.people.identity.following import follow, roles_for, sign_in_staff, staff_account
from service.people.identity.providers import Provider, keep_provider
from service.people.identity.proving import NotProven, Proof
from service.people.models import Account
from service.people.session_models import Session
from service.people.sessions import end_sessions
from service.people.signing_in import lock_password
from service.people.signing_in import sign_in as begin_sign_in
from service.people.staff.authenticators import take_code
from service.people.verified.letters import order_letters
from service.people.verified.models import LetterCode
from service.personal_data.erasing import erase_person
from tests.factories.people import PASSWORD, Person, give_address, make_resident, make_staff
from tests.people.codes import EMAIL, OWN, ask, channels_that_send, post, read_code
from tests.people.staff_scene import NEW_PASSWORD, call, code, sign_in
from tests.races.at_once import at_once

MEANWHILE = 0.3
"""Seconds in which who was begun in another thread comes as far as it can."""
GROUPS: dict[str, Any] = {
    "kind": "oidc",
    "audience": "staff",
    "name": {"en": "Desk"},
    "active": True,
    "issuer": "https://login.here.example",
    "client_id": "desk",
    "client_secret": "a secret",
    "redirects": ["https://desk.here.example/"],
    "claims": {"groups": "roles"},
    "roles": [
        {"group": "rule", "role": "administrator", "department": None},
        {"group": "map", "role": "map_keeper", "department": None},
    ],
}
"""What is kept of a provider that nobody asks here."""

Begin = Callable[[Callable[[], Any]], "Future[Any]"]


@pytest.fixture
def begin(app: Flask) -> Iterator[Begin]:
    """Begins something in another thread."""
    with ThreadPoolExecutor(1) as pool:

        def begun(this: Callable[[], Any]) -> "Future[Any]":
            started = pool.submit(this)
            time.sleep(MEANWHILE)
            return started

        yield begun


@pytest.fixture
def groups(here: Municipality) -> Provider:
    with transaction():
        return keep_provider(here, None, "desk", GROUPS, ())


def in_app(app: Flask, this: Callable[[], Any]) -> Callable[[], Any]:
    """The same in an application context of its own, in one transaction."""

    def run() -> Any:
        with app.app_context(), transaction():
            return this()

    return run


def said(answer: TestResponse) -> tuple[int, str | None]:
    return answer.status_code, (answer.get_json(silent=True) or {}).get("code")


def caller_of(here: Municipality, who: Person) -> Caller:
    found = find_caller(here.id, who.token)
    assert found is not None
    return found


def test_who_joins_an_account_that_is_just_being_erased_joins_nobody(
    app: Flask, client: FlaskClient, here: Municipality, alice: Person, begin: Begin
) -> None:
    with channels_that_send(app):
        give_address(here, alice, EMAIL)
        shown = post(client, alice, "phone-codes", OWN).json["code"]
        fresh, other = make_resident(here), make_resident(here)
        body = read_code(ask(client, other)) | OWN
        session.rollback()
        with ThreadPoolExecutor(1) as pool:
            with transaction():
                erase_person(here, alice.account, False, "operator")
                by_phone = begin(lambda: post(client, fresh, "join-by-phone", {"code": shown} | OWN))
                by_address = pool.submit(post, client, other, "join", body)
                time.sleep(MEANWHILE)
            assert said(by_phone.result()) == (422, "code_not_right")
            assert said(by_address.result()) == (409, "nobody_to_join")
        assert client.get("/api/v1/here/me", headers=fresh.headers).status_code == 200


def test_an_erasure_that_has_only_begun_waits_for_no_phone_that_joins(
    client: FlaskClient, here: Municipality, alice: Person, begin: Begin
) -> None:
    shown = post(client, alice, "phone-codes", OWN).json["code"]
    fresh = make_resident(here)
    session.rollback()
    with transaction():
        locked(alice.account_id)
        joining = begin(lambda: post(client, fresh, "join-by-phone", {"code": shown} | OWN))
        erase_person(here, alice.account, False, "operator")
    assert said(joining.result()) == (422, "code_not_right")


def test_who_is_verified_at_the_desk_while_they_are_erased_is_nobody(
    client: FlaskClient, here: Municipality, alice: Person, begin: Begin
) -> None:
    clerk = make_staff(here, "clio", [("desk_clerk", None)])
    shown = call(client, "POST", "/me/desk-code", alice).json["code"]
    session.rollback()
    body = {"code": shown, "document": "passport", "identifier": "123456783"}
    with transaction():
        erase_person(here, alice.account, False, "operator")
        verifying = begin(lambda: call(client, "POST", "/staff/verifications", clerk, **body))
    assert said(verifying.result()) == (422, "code_refused")


def test_staff_are_erased_while_they_sign_in(
    client: FlaskClient, here: Municipality, bob: Person, begin: Begin
) -> None:
    session.rollback()
    with transaction():
        erase_person(here, bob.account, False, "operator")
        signing = begin(lambda: sign_in(client, "bob@here.example"))
    assert said(signing.result()) == (401, "sign_in_refused")


def test_two_clerks_order_letters_for_the_same_people_in_another_order(app: Flask, here: Municipality) -> None:
    clerk = caller_of(here, make_staff(here, "clio", [("desk_clerk", None)]))
    orders = [{"identifier": f"12345{number:04}", "address": "A street 1"} for number in range(40)]
    session.rollback()
    ways = [in_app(app, lambda way=way: order_letters(here, clerk, way)) for way in (orders, orders[::-1])] * 2
    assert [len(letters) for letters in at_once(ways)] == [40] * 4  # type: ignore[arg-type]
    assert session.scalar(select(func.count()).select_from(LetterCode)) == 40


def test_two_who_sign_in_first_with_one_address_are_one_member_of_staff(
    app: Flask, here: Municipality, groups: Provider, begin: Begin
) -> None:
    claims = {"roles": ["map"], "email": "bea@here.example", "email_verified": True}
    session.rollback()
    with transaction():
        first = sign_in_staff(here, groups, Proof("bea", claims))
        again = begin(in_app(app, lambda: sign_in_staff(here, groups, Proof("bea", claims))))
    assert first is not None and again.result().account == first.account
    with pytest.raises(NotProven):
        in_app(app, lambda: sign_in_staff(here, groups, Proof("another", claims)))()
    assert session.scalar(select(func.count()).select_from(Account)) == 1


def test_roles_change_while_their_owner_signs_in_with_a_provider(
    client: FlaskClient, here: Municipality, groups: Provider, begin: Begin
) -> None:
    ada = make_staff(here, "ada", [("administrator", None)])
    proof = Proof("bea", {"roles": ["rule", "map"]})
    with transaction():
        bea = sign_in_staff(here, groups, proof)
    assert bea is not None
    body = {"roles": [{"role": "dispatcher"}]}
    with transaction():
        account = staff_account(here, groups, Proof("bea", {"roles": []}), is_known_by_roles=False)
        assert account is not None
        changing = begin(lambda: call(client, "PUT", f"/staff/people/{bea.account}/roles", ada, **body))
        follow(here, groups, account, roles_for(here, groups, []))
    assert changing.result().status_code == 200, changing.result().json
    assert [role["role"] for role in changing.result().json["roles"]] == ["dispatcher"]


def test_a_sign_in_by_the_password_alone_ends_when_an_authenticator_is_confirmed_meanwhile(
    client: FlaskClient, here: Municipality, bob: Person, begin: Begin
) -> None:
    seed = call(client, "POST", "/me/authenticator", bob, password=PASSWORD).json["seed"]
    session.rollback()
    with transaction():
        held(bob.account_id)
        lock_password(bob.account_id)
        given = begin_sign_in(bob.account_id)
        confirming = begin(
            lambda: call(client, "POST", "/me/authenticator/confirmation", bob, code=code(seed, time.time()))
        )
    assert confirming.result().status_code == 200
    assert call(client, "GET", "/me", Person(given.account, 0, given.token)).status_code == 401
    assert call(client, "GET", "/me", bob).status_code == 200


def test_who_signs_in_while_an_authenticator_is_confirmed_is_asked_for_its_code(
    client: FlaskClient, here: Municipality, bob: Person, begin: Begin
) -> None:
    seed = call(client, "POST", "/me/authenticator", bob, password=PASSWORD).json["seed"]
    session.rollback()
    with transaction():
        held(bob.account_id)
        lock_password(bob.account_id)
        account = session.get_one(Account, bob.account_id)
        assert take_code(here, account, code(seed, time.time()), now(), new=True) == "enrolled"
        signing = begin(lambda: sign_in(client, "bob@here.example"))
    assert signing.result().status_code == 202 and signing.result().json["step"] == "code"


def test_a_password_is_not_changed_from_a_session_that_is_just_being_ended(
    client: FlaskClient, here: Municipality, bob: Person, begin: Begin
) -> None:
    body = {"password": PASSWORD, "new_password": NEW_PASSWORD}
    session.rollback()
    with transaction():
        end_sessions(bob.account_id)
        changing = begin(lambda: call(client, "PUT", "/me/password", bob, **body))
        time.sleep(2 * MEANWHILE)
    assert said(changing.result()) == (401, "sign_in_needed")
    assert sign_in(client, "bob@here.example").status_code == 201
    assert session.scalar(select(func.count()).select_from(Session)) == 1

"""Staff sign in with a password; what may be guessed at is the same for everybody who guesses wrong."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.people import signing_in
from service.people.appointing import appoint
from service.people.audit_models import AuditEntry
from service.people.callers import find_caller
from service.people.models import Account, Password, RoleGiven
from service.people.revoking import revoke_staff
from service.people.roles import PERMISSIONS, ROLES, RolesRefused, may
from service.people.session_models import Session
from service.people.signing_in import hash_of_nobody, hash_password
from service.people.staff import noticing
from tests.factories.people import PASSWORD, Person, make_staff, password_hash
from tests.people.staff_scene import NEW_PASSWORD

MEANWHILE = 0.4
"""Seconds in which what was begun in another thread has read what it reads first."""


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD, slug: str = "here") -> TestResponse:
    return client.post(f"/api/v1/{slug}/sign-in", json={"email": email, "password": password})


def test_staff_sign_in_for_half_an_hour_and_refresh(client: FlaskClient, here: Municipality, bob: Person) -> None:
    answer = sign_in(client, " BOB@here.example ")
    assert (answer.status_code, answer.json["account"]) == (201, str(bob.account))
    lasts = datetime.fromisoformat(answer.json["expires_at"]) - now()
    assert timedelta(minutes=29) < lasts <= timedelta(minutes=30) and answer.json["refresh_token"]
    headers = {"Authorization": f"Bearer {answer.json['token']}"}
    assert client.get("/api/v1/here/staff/reports", headers=headers).status_code == 200


def test_wrong_password_unknown_address_and_neighbour_get_one_and_the_same_answer(
    client: FlaskClient, here: Municipality, next_door: Municipality, bob: Person, charlie: Person
) -> None:
    resident = {"email": "alice@here.example", "kind": "resident"}
    with transaction():
        spare = session.scalars(select(Account).filter_by(id=bob.account_id)).one()
        session.add(
            Account(
                uid=spare.uid.__class__(int=1),
                municipality_id=here.id,
                language="el",
                created_at=now(),
                **resident,
            )
        )
    answers = [
        sign_in(client, "bob@here.example", "wrong"),
        sign_in(client, "nobody@here.example"),
        sign_in(client, "alice@here.example"),
        sign_in(client, "charlie@next-door.example"),
        sign_in(client, "bob@here.example", slug="next-door"),
    ]
    told = {(answer.status_code, answer.json["code"], answer.json["title"]) for answer in answers}
    assert len(told) == 1 and told.pop()[:2] == (401, "sign_in_refused")


def test_sample_accounts_sign_in_only_where_samples_are_on(
    app: Flask, client: FlaskClient, here: Municipality, bob: Person
) -> None:
    hashed = password_hash()
    with transaction():
        appoint(here, "real@kozani.gr", "Real", [("dispatcher", None)], hashed)
    app.config["PLATEIA"] = replace(app.config["PLATEIA"], samples=False)
    try:
        refused, taken = sign_in(client, "Bob@Here.EXAMPLE"), sign_in(client, "real@kozani.gr")
    finally:
        app.config["PLATEIA"] = replace(app.config["PLATEIA"], samples=True)
    assert (refused.status_code, refused.json["code"], taken.status_code) == (401, "sign_in_refused", 201)
    assert sign_in(client, "bob@here.example").status_code == 201


def test_a_hash_that_cannot_be_read_refuses(client: FlaskClient, here: Municipality, bob: Person) -> None:
    with transaction():
        session.execute(update(Password).values(hash="not a hash"))
    assert sign_in(client, "bob@here.example").json["code"] == "sign_in_refused"


def test_only_the_hash_of_a_password_is_kept_and_it_is_argon2id_at_the_cost_of_rfc_9106() -> None:
    """In a process of its own, because the tests hash cheaply."""
    one = [sys.executable, "-c", "from service.people.signing_in import hash_password; print(hash_password('twelve'))"]
    said = subprocess.run(one, capture_output=True, text=True, timeout=60, check=True).stdout
    assert said.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_who_is_not_there_takes_as_long_as_who_is() -> None:
    """The hash that nobody has is of the same cost, and is compared with instead of being refused as no hash."""
    assert extract_parameters(hash_of_nobody()) == extract_parameters(hash_password("twelve"))
    with pytest.raises(VerifyMismatchError):
        signing_in.HASHER.verify(hash_of_nobody(), "twelve")


def test_appointing_again_gives_exactly_the_new_name_password_and_roles(
    client: FlaskClient, here: Municipality, bob: Person
) -> None:
    hashed = hash_password("another password")
    with transaction():
        appoint(here, "Bob@here.example", "Robert", [("dispatcher", None), ("department_staff", "roads")], hashed)
    assert sign_in(client, "bob@here.example").status_code == 401
    answer = sign_in(client, "bob@here.example", "another password")
    assert answer.json["account"] == str(bob.account)
    assert client.get("/api/v1/here/me", headers=bob.headers).status_code == 401, "the former password's tokens end"
    me = client.get("/api/v1/here/me", headers={"Authorization": f"Bearer {answer.json['token']}"}).json
    assert me["name"] == "Robert"
    assert sorted((role["role"], role["department"]) for role in me["roles"]) == [
        ("department_staff", "roads"),
        ("dispatcher", None),
    ]


def test_a_refused_password_is_written_down_where_somebody_has_the_address(
    client: FlaskClient, here: Municipality, bob: Person
) -> None:
    for email in ("BOB@here.example", "nobody@here.example"):
        refused = client.post("/api/v1/here/sign-in", json={"email": email, "password": "a guess"})
        assert refused.status_code == 401
        refused.close()
    wrong = {"password": "a guess", "new_password": NEW_PASSWORD}
    refused = client.put("/api/v1/here/me/password", json=wrong, headers=bob.headers)
    assert refused.status_code == 422
    refused.close()
    session.rollback()
    found = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(one.action, one.subject, one.actor_kind, one.facts["step"]) for one in found] == [
        ("sign_in_refused", str(bob.account), "service", "password"),
        ("sign_in_refused", str(bob.account), "service", "password again"),
    ]


def test_a_refusal_that_cannot_be_written_down_is_a_refusal_all_the_same(
    client: FlaskClient, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noticing, "note_refusal", lambda *_: 1 / 0)
    refused = client.post("/api/v1/here/sign-in", json={"email": "bob@here.example", "password": "a guess"})
    assert refused.status_code == 401
    refused.close()
    assert session.scalars(select(AuditEntry)).all() == []


def test_nobody_is_appointed_to_what_is_not_there(here: Municipality) -> None:
    for error, given in ((RolesRefused, ("king", None)), (KeyError, ("auditor", "no-such"))):
        with pytest.raises(error), transaction():
            appoint(here, "new@here.example", "New", [given], "hash")  # type: ignore[list-item]
    session.rollback()
    assert session.scalars(select(Account)).all() == session.scalars(select(RoleGiven)).all() == []


def test_every_role_may_only_what_the_table_names() -> None:
    assert {permission for role in ROLES.values() for permission in role.permissions} == set(PERMISSIONS)
    assert not may("no-such", "see_reports") and not may("auditor", "handle_reports")
    assert may("department_staff", "handle_reports")


def test_a_role_reaches_its_department_and_one_without_reaches_all(client: FlaskClient, here: Municipality) -> None:
    nobody = make_staff(here, "nobody", [])
    scoped = make_staff(here, "scoped", [("department_staff", "lighting"), ("department_head", "roads")])
    whole = make_staff(here, "whole", [("department_staff", "lighting"), ("dispatcher", None)])
    ids = {key: department.id for key, department in here.departments.items()}
    reached = {}
    for person in (nobody, scoped, whole):
        caller = find_caller(here.id, person.token)
        assert caller is not None
        reached[caller.name] = (caller.departments("see_reports"), caller.departments("assign_reports"))
    assert reached == {
        "Nobody": (frozenset(), frozenset()),
        "Scoped": (frozenset({ids["lighting"], ids["roads"]}), frozenset({ids["roads"]})),
        "Whole": (None, None),
    }
    assert client.get("/api/v1/here/staff/reports", headers=nobody.headers).status_code == 403


@contextmanager
def no_turn_to_hash() -> Iterator[None]:
    """As many as may hash at a time do so."""
    for _ in range(signing_in.AT_ONCE):
        assert signing_in._bound.acquire(timeout=20)
    yield
    signing_in._bound.release(signing_in.AT_ONCE)


def test_who_gets_no_turn_to_hash_is_asked_to_try_again(
    client: FlaskClient, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert signing_in.PATIENCE == 10
    monkeypatch.setattr(signing_in, "PATIENCE", 0.05)
    with no_turn_to_hash():
        answers = [sign_in(client, email) for email in ("bob@here.example", "nobody@here.example")]
    for answer in answers:
        assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "try_again", "1")
    assert sign_in(client, "bob@here.example").status_code == 201, "a wrong try was not counted"


def test_a_burst_of_sign_ins_is_served_in_turns(client: FlaskClient, bob: Person) -> None:
    session.rollback()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: sign_in(client, "bob@here.example"), range(12)))
    assert [answer.status_code for answer in answers] == [201] * 12


def test_a_sign_in_with_a_password_that_changes_while_it_is_hashed_is_refused_and_changes_nothing(
    client: FlaskClient, here: Municipality, bob: Person
) -> None:
    outdated = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    fresh = hash_password(NEW_PASSWORD)
    with transaction():
        session.execute(update(Password).values(hash=outdated))
    with ThreadPoolExecutor(1) as pool:
        with no_turn_to_hash():
            signing = pool.submit(sign_in, client, "bob@here.example")
            time.sleep(MEANWHILE)
            with transaction():
                appoint(here, "bob@here.example", "Bob", [("dispatcher", None)], fresh)
        assert signing.result().json["code"] == "sign_in_refused"
    assert session.scalars(select(Password.hash)).one() == fresh
    assert session.scalars(select(Session)).all() == []


def test_who_is_removed_while_their_password_is_hashed_has_none_afterwards(
    client: FlaskClient, here: Municipality, bob: Person
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with no_turn_to_hash():
            body = {"password": PASSWORD, "new_password": NEW_PASSWORD}
            changing = pool.submit(client.put, "/api/v1/here/me/password", json=body, headers=bob.headers)
            time.sleep(MEANWHILE)
            with transaction():
                revoke_staff(here, "bob@here.example", remove=True)
        assert changing.result().json["code"] == "password_not_right"
    assert session.scalars(select(Password)).all() == []

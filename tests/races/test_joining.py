"""Codes, refresh tokens and phones that join, used by two at the same moment."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from service.db import session
from service.municipalities.directory import Municipality
from service.people.models import Account, Device
from service.people.session_models import Session
from tests.factories.people import PASSWORD, SECRET, Person, make_resident
from tests.people.codes import EMAIL, HERE, OWN, ask, channels_that_send, confirm, give_up, post, read_code

ROUNDS = 4

Call = Callable[[], TestResponse]


@pytest.fixture(autouse=True)
def channels(app: Flask) -> Iterator[None]:
    with channels_that_send(app):
        yield


def at_once(*calls: Call) -> list[tuple[int, str | None]]:
    """Status and code of each answer; the calls begin together."""
    barrier = Barrier(len(calls))

    def run(call: Call) -> tuple[int, str | None]:
        barrier.wait(30)
        answer = call()
        said = answer.json if answer.data else {}
        return answer.status_code, said.get("code") if answer.status_code >= 400 else None

    session.rollback()
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def phones(here: Municipality, count: int = 2) -> Sequence[Person]:
    return [make_resident(here) for _ in range(count)]


def holders() -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(Account).filter_by(email=EMAIL)) or 0


def account_of(phone: Person) -> int:
    session.rollback()
    return session.scalars(select(Device.account_id).filter_by(installation=phone.installation)).one()


def test_of_two_uses_of_one_code_one_counts(client: FlaskClient, here: Municipality) -> None:
    for _ in range(ROUNDS):
        (alice,) = phones(here, 1)
        body = read_code(ask(client, alice, f"{alice.account}@example.org"))
        outcomes = at_once(*[lambda: post(client, alice, "contacts", body)] * 2)  # noqa: B023
        assert sorted(outcomes) == [(200, None), (422, "code_not_right")]


def test_of_two_people_that_show_that_one_address_is_theirs_one_gets_it(
    client: FlaskClient, here: Municipality
) -> None:
    for _ in range(ROUNDS):
        alice, amy = phones(here)
        bodies = [read_code(ask(client, who)) for who in (alice, amy)]
        outcomes = at_once(
            lambda: post(client, alice, "contacts", bodies[0]),  # noqa: B023
            lambda: post(client, amy, "contacts", bodies[1]),  # noqa: B023
        )
        assert sorted(outcomes) == [(200, None), (409, "contact_taken")]
        assert holders() == 1
        for who in (alice, amy):
            give_up(client, who)


def test_one_gives_an_address_up_while_another_shows_that_it_is_theirs(client: FlaskClient, here: Municipality) -> None:
    for _ in range(ROUNDS):
        alice, amy = phones(here)
        assert confirm(client, alice).status_code == 200
        body = read_code(ask(client, amy))
        given_up, shown = at_once(
            lambda: give_up(client, alice),  # noqa: B023
            lambda: post(client, amy, "contacts", body),  # noqa: B023
        )
        assert given_up == (204, None) and shown in ((200, None), (409, "contact_taken"))
        assert holders() == (1 if shown[0] == 200 else 0)
        give_up(client, amy)


def test_two_phones_join_one_person_at_once(client: FlaskClient, here: Municipality, alice: Person) -> None:
    assert confirm(client, alice).status_code == 200
    for _ in range(ROUNDS):
        both = phones(here)
        bodies = [read_code(ask(client, phone)) for phone in both]
        outcomes = at_once(
            lambda: post(client, both[0], "join", bodies[0] | OWN),  # noqa: B023
            lambda: post(client, both[1], "join", bodies[1] | OWN),  # noqa: B023
        )
        assert outcomes == [(201, None)] * 2
        assert [account_of(phone) for phone in both] == [alice.account_id] * 2


def test_of_two_phones_that_read_one_code_one_joins(client: FlaskClient, here: Municipality, alice: Person) -> None:
    for _ in range(ROUNDS):
        both = phones(here)
        code = post(client, alice, "phone-codes", {"secret": SECRET}).json
        outcomes = at_once(
            lambda: post(client, both[0], "join-by-phone", {"code": code["code"]} | OWN),  # noqa: B023
            lambda: post(client, both[1], "join-by-phone", {"code": code["code"]} | OWN),  # noqa: B023
        )
        assert sorted(outcomes) == [(201, None), (422, "code_not_right")]
        assert sorted(account_of(phone) == alice.account_id for phone in both) == [False, True]


def test_two_phones_that_join_each_other_both_get_an_answer(client: FlaskClient, here: Municipality) -> None:
    for _ in range(ROUNDS):
        one, other = phones(here)
        codes = [post(client, phone, "phone-codes", {"secret": SECRET}).json["code"] for phone in (one, other)]
        outcomes = at_once(
            lambda: post(client, one, "join-by-phone", {"code": codes[1]} | OWN),  # noqa: B023
            lambda: post(client, other, "join-by-phone", {"code": codes[0]} | OWN),  # noqa: B023
        )
        assert outcomes == [(201, None)] * 2
        assert {account_of(one), account_of(other)} == {one.account_id, other.account_id}


def test_two_uses_of_one_refresh_token_at_once_are_one_that_was_repeated(
    client: FlaskClient, here: Municipality, bob: Person
) -> None:
    def refresh(token: str) -> TestResponse:
        return client.post(f"{HERE}/refresh", json={"refresh_token": token})

    for _ in range(ROUNDS):
        given = client.post(f"{HERE}/sign-in", json={"email": "bob@here.example", "password": PASSWORD}).json
        answers: list[TestResponse] = []
        outcomes = at_once(*[lambda: answers.append(refresh(given["refresh_token"])) or answers[-1]] * 2)  # type: ignore[func-returns-value] # noqa: B023
        assert outcomes == [(201, None)] * 2
        assert len({answer.json["refresh_token"] for answer in answers}) == 2
        assert refresh(answers[-1].json["refresh_token"]).status_code == 201
        assert refresh(answers[0].json["refresh_token"]).status_code == 401, "only one of the two goes on"
        session.rollback()
        assert session.scalars(select(Session.uid).filter_by(how="password", account_id=bob.account_id)).all() != []

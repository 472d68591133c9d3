"""One letter, one person, one identity: whoever is faster gets it, and nobody gets it twice."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select

from service.db import session
from service.municipalities.directory import Municipality
from service.people.identity_models import Identity, SignInAttempt
from service.people.verified.models import LetterCode, VerifiedResident
from tests.factories.people import SECRET, Person, make_resident, make_staff
from tests.people.identity.provider_server import CLIENT, LoopbackProvider, running
from tests.people.identity.provider_server import SECRET as CLIENT_SECRET
from tests.races.at_once import Answer, at_once, call, outcomes

pytestmark = pytest.mark.slow

APP = "gr.kozani.app:/signed-in"
LOGIN = "/sign-in/providers/login"
MANY = 6


@pytest.fixture
def admin(here: Municipality) -> Person:
    return make_staff(here, "ada", [("administrator", None)])


@pytest.fixture
def provider(two_urls: list[str], admin: Person) -> Iterator[LoopbackProvider]:
    """A provider that both servers trust."""
    with running() as server:
        body = {
            "kind": "oidc",
            "audience": "resident",
            "name": {"en": "Login"},
            "issuer": server.issuer,
            "client_id": CLIENT,
            "client_secret": CLIENT_SECRET,
            "redirects": [APP],
        }
        kept = call(two_urls[0], "PUT", "/staff/identity-providers/login", admin, json=body)
        assert kept.status_code == 200, kept.text
        yield server


def begin(url: str, server: LoopbackProvider, who: Person, **claims: Any) -> dict[str, Any]:
    """What the phone sends at the end of a sign-in that it began."""
    begun = call(url, "POST", f"{LOGIN}/begin", who, json={"redirect": APP}).json()
    return server.approve(begun["address"], **claims) | {"ticket": begun["ticket"], "secret": SECRET}


def finish(url: str, who: Person, body: dict[str, Any]) -> Answer:
    return call(url, "POST", f"{LOGIN}/finish", who, json=body)


def count(model: type) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model)) or 0


def letter(url: str, clerk: Person, number: str) -> str:
    order = {"letters": [{"identifier": number, "address": "A street 1"}]}
    return str(call(url, "POST", "/staff/verification-letters", clerk, json=order).json()["letters"][0]["code"])


def use(url: str, who: Person, code: str) -> Answer:
    return call(url, "POST", "/me/letter-code", who, json={"code": code})


def test_the_code_of_a_letter_is_used_once(two_urls: list[str], here: Municipality, admin: Person) -> None:
    code = letter(two_urls[0], admin, "123456783")
    phones = [make_resident(here) for _ in range(MANY)]
    answers = at_once([partial(use, two_urls[n % 2], who, code) for n, who in enumerate(phones)])
    assert outcomes(answers) == [(204, None)] + [(422, "code_refused")] * (MANY - 1)
    assert (count(VerifiedResident), count(LetterCode)) == (1, 0)


def test_a_state_is_finished_once(
    two_urls: list[str], here: Municipality, provider: LoopbackProvider, alice: Person
) -> None:
    provider.reuse_codes = True  # so that only we can notice
    body = begin(two_urls[0], provider, alice)
    answers = at_once([partial(finish, two_urls[n % 2], alice, body) for n in range(MANY)])
    assert outcomes(answers) == [(201, None)] + [(401, "not_proven")] * (MANY - 1)
    assert (count(Identity), count(SignInAttempt)) == (1, 0)


def test_a_person_who_signs_in_on_many_phones_at_once_has_one_account(
    two_urls: list[str], here: Municipality, provider: LoopbackProvider
) -> None:
    phones = [make_resident(here) for _ in range(MANY)]
    ready = [(who, begin(two_urls[0], provider, who)) for who in phones]
    answers = at_once([partial(finish, two_urls[n % 2], who, body) for n, (who, body) in enumerate(ready)])
    assert outcomes(answers) == [(201, None)] * MANY
    assert len({answer.json()["account"] for answer in answers}) == 1 and count(Identity) == 1


def test_of_two_people_on_one_phone_one_gets_the_account(
    two_urls: list[str], here: Municipality, provider: LoopbackProvider, alice: Person
) -> None:
    bodies = [begin(two_urls[0], provider, alice, sub=f"person-{n}") for n in range(2)]
    answers = at_once([partial(finish, url, alice, body) for url, body in zip(two_urls, bodies, strict=True)])
    assert outcomes(answers) == [(201, None), (409, "somebody_else")]
    assert count(Identity) == 1

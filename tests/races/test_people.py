"""Phones that register and move at the same moment."""

import uuid
from functools import partial

import pytest
from sqlalchemy import func, select

from service.db import session
from service.municipalities.directory import Municipality
from service.notices.inbox import reach
from service.outbox.models import Target
from service.people.models import Account, Device
from tests.factories.people import Person, make_resident
from tests.races.at_once import Answer, at_once, call, outcomes

pytestmark = pytest.mark.slow

MANY = 10
ROUNDS = 20


def register(url: str, installation: uuid.UUID, secret: str) -> Answer:
    body = {"installation": str(installation), "secret": secret, "platform": "ios", "app_version": "1.0"}
    return call(url, "POST", "/devices", json=body)


def count(model: type) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_phone_that_registers_many_times_at_once_has_one_account(two_urls: list[str], here: Municipality) -> None:
    installation = uuid.uuid4()
    answers = at_once([partial(register, two_urls[n % 2], installation, "s" * 32) for n in range(MANY)])
    assert outcomes(answers) == [(201, None)] * MANY
    assert len({answer.json()["account"] for answer in answers}) == 1
    assert (count(Device), count(Account)) == (1, 1)
    for answer in answers:
        token = {"Authorization": f"Bearer {answer.json()['token']}"}
        assert call(two_urls[0], "GET", "/me", headers=token).json()["account"] == answer.json()["account"]


def test_of_two_phones_that_claim_one_installation_one_gets_it(two_urls: list[str], here: Municipality) -> None:
    for _ in range(5):
        installation = uuid.uuid4()
        answers = at_once(
            [partial(register, url, installation, secret * 32) for url, secret in zip(two_urls, "ab", strict=True)]
        )
        assert outcomes(answers) == [(201, None), (401, "secret_not_right")]
    assert (count(Device), count(Account)) == (5, 5)


def test_a_push_target_that_two_phones_claim_belongs_to_one(two_urls: list[str], here: Municipality) -> None:
    phones = [make_resident(here), make_resident(here)]

    for round_number in range(5):
        value = f"token-{round_number}"
        answers = at_once([partial(say_token, url, who, value) for url, who in zip(two_urls, phones, strict=True)])
        assert [answer.status_code for answer in answers] == [204, 204]
        session.rollback()
        target = session.scalars(select(Target).filter_by(value=value)).one()
        assert target.state == "active"
        assert count_of_owners(target) == 1


def test_two_phones_that_exchange_their_push_targets_both_get_through(two_urls: list[str], here: Municipality) -> None:
    tokens = ["token-a", "token-b"]
    phones = [make_resident(here, push=token) for token in tokens]
    for _ in range(ROUNDS):
        tokens.reverse()
        answers = at_once(
            [partial(say_token, url, who, token) for url, who, token in zip(two_urls, phones, tokens, strict=True)]
        )
        assert [answer.status_code for answer in answers] == [204, 204], answers[0].text + answers[1].text
        assert [active_targets(who) for who in phones] == [[token] for token in tokens]


def say_token(url: str, who: Person, token: str) -> Answer:
    return call(url, "PUT", "/me/push-target", who, json={"kind": "token", "value": token})


def active_targets(who: Person, channel: str = "push") -> list[str]:
    """Where this person is reached by this channel."""
    session.rollback()
    person = reach(who.account_id)
    assert person is not None
    ids = [target_id for target_id, its_channel in person.targets if its_channel == channel]
    return list(session.scalars(select(Target.value).where(Target.id.in_(ids))))


def count_of_owners(target: Target) -> int:
    return session.scalar(select(func.count()).select_from(Device).filter_by(push_target_id=target.id)) or 0

"""Phones that register and move at the same moment."""

import uuid
from functools import partial

import pytest
from sqlalchemy import func, select

from service.db import session
from service.municipalities.directory import Municipality
from service.outbox.models import Target
from service.people.models import Account, Device
from tests.factories.people import Person, make_resident
from tests.races.at_once import Answer, at_once, call, outcomes

pytestmark = pytest.mark.slow

MANY = 10


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

    def claim(url: str, who: Person, value: str) -> Answer:
        return call(url, "PUT", "/me/push-target", who, json={"kind": "token", "value": value})

    for round_number in range(5):
        value = f"token-{round_number}"
        answers = at_once([partial(claim, url, who, value) for url, who in zip(two_urls, phones, strict=True)])
        assert [answer.status_code for answer in answers] == [204, 204]
        session.rollback()
        target = session.scalars(select(Target).filter_by(value=value)).one()
        assert target.state == "active"
        assert count_of_owners(target) == 1


def count_of_owners(target: Target) -> int:
    return session.scalar(select(func.count()).select_from(Device).filter_by(push_target_id=target.id)) or 0

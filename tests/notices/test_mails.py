"""Nobody's mailbox is filled through us, whoever says that it is theirs."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.notices.inbox import MAILS_A_DAY
from service.outbox.models import Delivery
from tests.factories.people import Person
from tests.factories.reports import make_report
from tests.reports.scene import HERE, deliveries, expand_all, inbox_of

ADDRESS = "somebody@example.org"


def mails() -> int:
    return sum(value == ADDRESS for _, value in deliveries("email"))


@pytest.fixture
def with_address(client: FlaskClient, here: Municipality, alice: Person) -> Person:
    assert client.patch(f"{HERE}/me", json={"email": ADDRESS}, headers=alice.headers).status_code == 200
    return alice


def report_some(here: Municipality, who: Person, count: int) -> None:
    for _ in range(count):
        make_report(here, who)
        expand_all()


def test_an_address_is_mailed_twenty_times_a_day_and_the_rest_stands_in_the_inbox(
    here: Municipality, with_address: Person
) -> None:
    report_some(here, with_address, MAILS_A_DAY + 2)
    assert mails() == MAILS_A_DAY == 20
    assert len(inbox_of(with_address)) == MAILS_A_DAY + 2
    assert sum(value == f"phone-{with_address.installation}" for _, value in deliveries("push")) == MAILS_A_DAY + 2


def test_the_next_day_it_is_mailed_again(here: Municipality, with_address: Person) -> None:
    report_some(here, with_address, MAILS_A_DAY)
    with transaction():
        session.execute(update(Delivery).values(created_at=now() - timedelta(hours=25)))
    report_some(here, with_address, 1)
    assert mails() == MAILS_A_DAY + 1

"""A department's mailbox is nobody else's, whatever address a resident says is theirs."""

from typing import Any

from sqlalchemy import select
from structlog.testing import capture_logs

from service.db import session, transaction
from service.municipalities.directory import Municipality
from service.outbox.models import Target
from service.outbox.targets import retire
from tests.factories.people import Person, give_address
from tests.factories.reports import make_report
from tests.reports.scene import deliveries, expand_all

MAILBOX = "lighting@here.example"


def mails() -> list[str]:
    return [delivery.content["subject"] for delivery, value in deliveries("email") if value == MAILBOX]


def the_mailbox() -> Any:
    session.rollback()
    query = select(Target.id, Target.state, Target.reason).filter_by(value=MAILBOX, kind="mailbox")
    return session.execute(query).one()


def test_a_resident_who_gives_up_an_address_does_not_silence_the_department(here: Municipality, alice: Person) -> None:
    give_address(here, alice, MAILBOX)
    give_address(here, alice, None)
    make_report(here, alice, category="dark-lamp")
    expand_all()
    assert the_mailbox().state == "active"
    assert len(mails()) == 1


def test_a_reporter_with_the_departments_address_does_not_take_its_mail(here: Municipality, alice: Person) -> None:
    give_address(here, alice, MAILBOX)
    make_report(here, alice, category="dark-lamp")
    expand_all()
    assert len(mails()) == len(set(mails())) == 2


def test_a_mailbox_that_is_dead_is_logged_without_its_address(here: Municipality) -> None:
    mailbox = the_mailbox().id
    with capture_logs() as logged, transaction():
        retire(mailbox, "dead target: 550")
    assert logged == [{"event": "mailbox_retired", "target": mailbox, "log_level": "error"}]
    assert the_mailbox().reason == "dead target: 550"

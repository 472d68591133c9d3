"""Somebody gives up an address while workers write what is owed there, or what became of it: all get through.

What comes in whose way is arranged: a third transaction holds a row until both have come as far as they can.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from service.db import db, dialect, session, transaction
from service.db.clock import seconds_from_now
from service.db.leases import claim
from service.municipalities.directory import Municipality
from service.municipalities.models import Municipality as MunicipalityRow
from service.outbox.channels.email import Email, Server
from service.outbox.expanding import expand
from service.outbox.models import Delivery, Target
from service.outbox.outcomes import Outcome, Result
from service.outbox.sending import Attempt, Sender, claimable, described, record
from service.worker import EVENTS
from tests.factories.people import SECRET, Person, give_address, make_resident
from tests.factories.reports import make_report
from tests.outbox.scene import what_became_of
from tests.reports.scene import HERE, expand_all

DEAD = Result(Outcome.DEAD_TARGET, error="550")
SENT = Result(Outcome.SENT, message_id="1")

Aside = Callable[[Callable[[], object]], "Future[object]"]


@pytest.fixture(autouse=True)
def _locks_of_rows(app: Flask) -> None:
    if dialect() == "sqlite":
        pytest.skip("SQLite has one writer, who waits for nobody")


@pytest.fixture
def sender() -> Iterator[Sender]:
    """Whoever records; nothing is sent by it."""
    sender = Sender(Email(Server.from_url("smtp://127.0.0.1:9"), "reports@here.example"), "worker-1")
    yield sender
    sender.close()


@pytest.fixture
def aside(app: Flask) -> Iterator[Aside]:
    """Does something in a thread of its own."""

    def run(what: Callable[[], object]) -> object:
        with app.app_context():
            return what()

    with ThreadPoolExecutor(4) as pool:
        yield lambda what: pool.submit(run, what)


def mails(here: Municipality, people: dict[str, Person]) -> list[Attempt]:
    """One mail for each of the people at the address named, oldest first; claimed by worker-1."""
    for address, who in people.items():
        give_address(here, who, address)
        make_report(here, who)
        expand_all()
    of_people = Delivery.target_id.in_(select(Target.id).where(Target.value.in_(people)))
    claimed = described(claim(Delivery, "worker-1", 100, 60, *claimable("email"), of_people), {})
    session.rollback()
    assert [attempt.message.target for attempt in claimed] == list(people)
    return claimed


def hold(attempt: Attempt) -> None:
    """Lock this delivery, in the transaction that is open."""
    session.execute(select(Delivery.id).where(Delivery.id == attempt.delivery_id).with_for_update())


def wait_until_waiting(how_many: int) -> None:
    """Until so many connections wait for somebody's lock."""
    until = time.monotonic() + 30
    waiting = text("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
    while time.monotonic() < until:
        with db.engine.connect() as connection:
            if connection.scalar(waiting) == how_many:
                return
        time.sleep(0.01)
    pytest.fail(f"there were never {how_many} that wait")


def give_up(client: FlaskClient, who: Person) -> Callable[[], object]:
    return lambda: client.delete(f"{HERE}/me/contacts/email", json={"secret": SECRET}, headers=who.headers).status_code


def recording(sender: Sender, *settled: tuple[Attempt, Result]) -> Callable[[], object]:
    """Record this in one try; how many came too late."""

    def run() -> object:
        with transaction():
            return record("worker-1", settled, sender.channel)

    return run


def test_who_gives_up_an_address_that_just_turns_out_dead_and_the_worker_both_get_through(
    here: Municipality, client: FlaskClient, alice: Person, sender: Sender, aside: Aside
) -> None:
    first, second = mails(here, {"dead@example.org": alice, "good@example.org": make_resident(here)})
    with transaction():
        hold(second)
        worker = aside(recording(sender, (first, DEAD), (second, SENT)))
        wait_until_waiting(1)
        person = aside(give_up(client, alice))
        wait_until_waiting(2)
    assert (worker.result(30), person.result(30)) == (0, 204)
    assert what_became_of("dead@example.org") == [("failed", 1, 0)]
    assert what_became_of("good@example.org") == [("sent", 1, 0)]


def test_who_gives_up_an_address_and_a_worker_with_two_mails_for_it_both_get_through(
    here: Municipality, client: FlaskClient, alice: Person, sender: Sender, aside: Aside
) -> None:
    names = ("us@example.org", "other@example.org")
    first, between = mails(here, dict(zip(names, (alice, make_resident(here)), strict=True)))
    (last,) = mails(here, {"us@example.org": alice})
    with transaction():  # no index and no place in the table has them in the order of their ids
        for attempt, subject in ((first, "report:b"), (last, "report:a")):
            session.execute(update(Delivery).where(Delivery.id == attempt.delivery_id).values(subject=subject))
    with transaction():
        session.execute(update(Delivery).where(Delivery.id == first.delivery_id).values(tag="moved"))
    with transaction():
        hold(between)
        worker = aside(recording(sender, (first, SENT), (between, SENT), (last, SENT)))
        wait_until_waiting(1)
        person = aside(give_up(client, alice))
        wait_until_waiting(2)
    assert (worker.result(30), person.result(30)) == (0, 204)
    assert what_became_of(*names) == [("sent", 1, 0)] * 3


def test_what_is_being_written_for_an_address_while_it_is_given_up_is_given_up_too(
    here: Municipality, client: FlaskClient, alice: Person, aside: Aside
) -> None:
    mails(here, {"us@example.org": alice})
    report = make_report(here, alice)
    with transaction():
        session.execute(select(MunicipalityRow.id).where(MunicipalityRow.id == here.id).with_for_update())
        worker = aside(lambda: expand(EVENTS))
        wait_until_waiting(1)
        person = aside(give_up(client, alice))
        wait_until_waiting(2)
    assert (worker.result(30), person.result(30)) == (True, 204)
    session.rollback()
    of_alice = (Delivery.subject == f"report:{report.uid}") & (Delivery.person_id == alice.account_id)
    owed = select(Delivery.expires_at <= seconds_from_now(0)).where(of_alice, Delivery.channel == "email")
    assert session.scalars(owed).all() == [True]


def test_results_that_the_database_turns_away_for_another_are_recorded_after_it(
    here: Municipality, alice: Person, sender: Sender, aside: Aside
) -> None:
    first, second = mails(here, {"a@example.org": alice, "b@example.org": make_resident(here)})
    with transaction():
        hold(second)
        worker = aside(lambda: sender.write_down([(first, SENT), (second, SENT)], None))
        wait_until_waiting(1)
        hold(first)  # in the wrong order: PostgreSQL aborts the one that has waited longer
    assert worker.result(30) is None
    assert what_became_of("a@example.org", "b@example.org") == [("sent", 1, 0)] * 2


def test_whatever_else_goes_wrong_with_a_recording_is_not_tried_again(
    here: Municipality, alice: Person, sender: Sender
) -> None:
    (only,) = mails(here, {"a@example.org": alice})
    with pytest.raises(Exception, match="text"):
        sender.write_down([(only, Result(Outcome.SENT, message_id="\0"))], None)
    assert what_became_of("a@example.org") == [("sending", 1, 0)]

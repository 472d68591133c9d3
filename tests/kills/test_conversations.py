"""Killed while a sheet of letters is entered, and while signed heads are mailed to those who observe."""

from collections import Counter

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from service.consultation.conversation.models import Contribution, Mark
from service.consultation.conversation.resembling import BANDS
from service.consultation.observing import HEAD_SIGNED
from service.db import session, transaction
from service.db.clock import seconds_from_now
from service.municipalities.directory import Municipality
from service.outbox.channels.email import Email, Server
from service.outbox.expanding import expand
from service.outbox.models import Delivery, Event
from service.outbox.sending import Sender
from service.worker import EVENTS
from tests.consultation import scene as votes
from tests.conversation.scene import HERE, talk
from tests.conversation.test_duties import send, sheet_of
from tests.kills.test_consultations import die_at
from tests.kills.test_crash_points import OF_CONVERSATIONS
from tests.outbox.mail_server import mail_server

pytestmark = pytest.mark.slow

NAMING, (WRITING, WRITTEN) = OF_CONVERSATIONS[0], OF_CONVERSATIONS[1:]
SENDING = ("after_claim", "after_send", "before_record", "after_record")
OBSERVERS = [f"{name}@council.example" for name in ("one", "two", "three")]


def rows_of_sheets() -> tuple[int | None, int | None]:
    """Letters, and marks by which they are found."""
    found = [session.scalar(select(func.count()).select_from(model)) for model in (Contribution, Mark)]
    session.remove()
    return found[0], found[1]


def test_a_sheet_of_letters_is_complete_or_not_there(client: FlaskClient, here: Municipality) -> None:
    one, rows = talk(client, here), 7
    for point, there in ((WRITING, 0), (WRITTEN, rows)):
        die_at(point, lambda: send(one, sheet_of(rows), write="true"))
        assert rows_of_sheets() == (there, there * BANDS)
    letter = one.read()["contributions"][0]["id"]
    similar = one.ask("GET", f"{HERE}/staff/contributions/{letter}/similar", one.office.who)
    assert len(similar["similar"]) == rows - 1, "nobody has sent it again"
    again = send(one, sheet_of(rows), write="true")
    assert (again["written"], again["already_there"], rows_of_sheets()) == (0, rows, (rows, rows * BANDS))


def test_each_observer_gets_each_head_wherever_somebody_dies(client: FlaskClient, here: Municipality) -> None:
    office = votes.office(client, here).begin().fix()

    def name_them() -> int:
        return int(office.ask("PUT", f"{office.path}/observers", json={"addresses": OBSERVERS}).status_code)

    die_at(NAMING, name_them)
    assert office.ask("GET", office.path).json["observers"] == [] and count_of_heads() == 0
    assert name_them() == 200
    die_at("after_expand_insert", lambda: expand(EVENTS))
    assert session.scalar(select(func.count(Delivery.id))) == 0
    session.remove()
    while expand(EVENTS):
        session.remove()
    with mail_server() as server:
        email = Email(Server.from_url(server.url), "Plateia <noreply@here.example>", threads=1)
        for point in SENDING:
            die_at(point, lambda: Sender(email, "who dies").send_due())
            leases_run_out()
        while Sender(email, "who lives").send_due():
            session.remove()
        got = Counter((letter["To"], letter["Message-ID"]) for letter in server.accepted)
    assert sorted(address for address, _ in got) == sorted(OBSERVERS), "each one letter, whose repeats have its id"
    assert session.scalars(select(Delivery.state)).all() == ["sent"] * len(OBSERVERS)
    assert name_them() == 200 and not expand(EVENTS) and count_of_heads() == len(OBSERVERS)


def count_of_heads() -> int | None:
    """How many events owe a head to a mailbox."""
    found = session.scalar(select(func.count()).where(Event.kind == HEAD_SIGNED))
    session.remove()
    return found


def leases_run_out() -> None:
    """Who held a letter has been gone for long."""
    with transaction():
        held = update(Delivery).where(Delivery.state == "sending")
        session.execute(held.values(lease_until=seconds_from_now(-1)))

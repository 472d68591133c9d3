"""Signed heads go by e-mail to mailboxes that nobody here runs, and what lies there shows whether a log was exchanged."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.consultation import verify_consultation as auditor
from service.consultation.models import Consultation, LogHead
from service.consultation.observing import HEAD_SIGNED
from service.consultation.releasing import release
from service.consultation.telling import TELL_CONSULTATIONS
from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.outbox.models import Delivery, Event
from service.outbox.retaining import KEPT_FOR
from tests.consultation.bundles import unzipped
from tests.consultation.scene import STANCE, Office, bundle_of, close_now, phone
from tests.consultation.test_without_a_vote import work
from tests.reports.scene import deliveries, expand_all

FACTION, PAPER, NOTARY = "faction@council.example", "desk@paper.example", "notary@office.example"


def mails() -> list[tuple[str, dict[str, str]]]:
    """To whom, and what it says; those that went out together by address."""
    expand_all()
    found = [(delivery.content, address) for delivery, address in deliveries("email")]
    session.remove()
    return [(address, content) for content, address in sorted(found, key=lambda one: (number_in(one[0]), one[1]))]


def number_in(content: dict[str, str]) -> int:
    """Lines of the log under the head of a mail."""
    return int(content["text"].partition("plateia/here")[2].split("\n")[1])


def cast(client: FlaskClient, here: Municipality, office: Office, count: int) -> None:
    for _ in range(count):
        voter = phone(client, here)
        voter.questions = ("trees",)
        assert voter.cast(office.path, {"trees": "for"}).status_code == 201


def a_day_later() -> None:
    with transaction():
        session.execute(update(Event).where(Event.kind == HEAD_SIGNED).values(created_at=now() - timedelta(hours=25)))


def months_later() -> None:
    """The mails are so old that they are forgotten, and what nothing keeps of the heads too."""
    old = {"created_at": now() - KEPT_FOR - timedelta(days=1)}
    with transaction():
        session.execute(update(Event).where(Event.kind == HEAD_SIGNED).values(**old))
        session.execute(update(Delivery).values(state="sent", **old))
    assert work("forget_messages")


def test_observers_get_heads_that_the_log_must_go_on_from(
    client: FlaskClient, here: Municipality, office: Office
) -> None:
    office.begin(questions=[STANCE])
    path = f"{office.path}/observers"
    for wrong in (["nobody"], [f"{number}@council.example" for number in range(21)]):
        assert office.ask("PUT", path, json={"addresses": wrong}).status_code == 422
    named = office.ask("PUT", path, json={"addresses": [FACTION, PAPER, FACTION]})
    assert (named.status_code, named.json["observers"]) == (200, [FACTION, PAPER])
    assert mails() == [], "it is a draft"
    office.fix()
    first = mails()
    assert [address for address, _ in first] == [PAPER, FACTION]
    head = session.scalars(select(LogHead.checkpoint)).one()
    key = session.scalars(select(Consultation.public_key)).one()
    session.remove()
    content = first[0][1]
    assert head.rstrip() in content["text"] and key.hex() in content["text"] and "\n" not in content["subject"]
    assert f"{office.path}/heads\n" in content["text"] and "http://127.0.0.1" in content["text"]
    assert content["subject"].endswith("γραμμές: 1 – Η πλατεία") and "Παρακολουθείτε" in content["text"]

    cast(client, here, office, 10)
    assert release(office.id) == 5
    assert work(TELL_CONSULTATIONS) == {"told": 0}, "one has left today"
    a_day_later()
    assert work(TELL_CONSULTATIONS) == {"told": 1}
    a_day_later()
    assert work(TELL_CONSULTATIONS) == {"told": 0}, "the log has not grown"
    assert [address for address, _ in mails()] == [PAPER, FACTION] * 2
    assert office.ask("PUT", path, json={"addresses": [PAPER]}).json["observers"] == [PAPER]
    assert len(mails()) == 4, "the newest one has left before"

    consultation = office.id
    assert close_now(office)
    told = mails()
    assert [address for address, _ in told[4:]] == [PAPER]
    files = unzipped(bundle_of(consultation))
    kept = [content["text"][content["text"].index("plateia/here") :].split("\n\n") for _, content in told]
    heads = [f"{signed}\n\n{signature}\n" for signed, signature, *_ in kept]
    assert "OK" in auditor.verify(files, key.hex(), heads=heads)
    with pytest.raises(auditor.Wrong):
        auditor.verify(files, key.hex(), heads=[heads[2].replace("participations 10", "participations 11")])
    assert office.ask("PUT", path, json={"addresses": []}).json["code"] == "consultation_over"


def test_what_nobody_observes_costs_no_mail(client: FlaskClient, here: Municipality, office: Office) -> None:
    office.begin(questions=[STANCE]).fix()
    assert mails() == [] and work(TELL_CONSULTATIONS) == {"told": 0}
    named = office.ask("PUT", f"{office.path}/observers", json={"addresses": [FACTION]})
    assert named.status_code == 200 and [address for address, _ in mails()] == [FACTION], "the newest head at once"


def test_who_is_named_later_gets_the_newest_head_and_nobody_gets_one_twice(
    client: FlaskClient, here: Municipality, office: Office
) -> None:
    path = f"{office.begin(questions=[STANCE]).path}/observers"

    def name(*addresses: str) -> list[tuple[str, int]]:
        """Name them; all mails so far: to whom, and how many lines of the log."""
        assert office.ask("PUT", path, json={"addresses": addresses}).status_code == 200
        return [(address, number_in(content)) for address, content in mails()]

    name(FACTION)
    office.fix()
    assert name(FACTION) == [(FACTION, 1)]
    both = [(PAPER, 1), (FACTION, 1)]
    assert name(FACTION, PAPER) == both
    assert name(PAPER) == name(FACTION) == name(FACTION, PAPER) == both

    cast(client, here, office, 10)
    assert release(office.id) == 5
    all_three = [*both, (PAPER, 6), (FACTION, 6), (NOTARY, 6)]
    assert name(FACTION, PAPER, NOTARY) == all_three, "it covers the log from its first line on"
    months_later()
    assert work(TELL_CONSULTATIONS) == {"told": 0} and name(FACTION, PAPER, NOTARY) == []
    kept = select(Event.version).where(Event.kind == HEAD_SIGNED)
    assert session.scalars(kept).all() == [6, 6, 6], "one for each mailbox"


def test_one_who_was_named_today_keeps_nobody_else_from_the_daily_head(
    client: FlaskClient, here: Municipality, office: Office
) -> None:
    path = f"{office.begin(questions=[STANCE]).path}/observers"
    office.ask("PUT", path, json={"addresses": [FACTION]})
    office.fix()
    cast(client, here, office, 10)
    a_day_later()
    assert office.ask("PUT", path, json={"addresses": [FACTION, PAPER]}).status_code == 200
    assert release(office.id) == 5
    assert work(TELL_CONSULTATIONS) == {"told": 1} and len(mails()) == 4

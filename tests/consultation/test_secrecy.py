"""Nothing joins a person and a ballot: not in the database, not in files, not in what is logged."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import date
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from service import logs
from service.consultation.models import Ballot, BallotAnswer, Participation
from service.consultation.questionnaires.models import OpenAnswer, QuestionnaireResponse
from service.consultation.releasing import release
from service.db import Base, session
from service.municipalities.directory import Municipality
from service.people.counting import counter
from tests.consultation.questioning import asking
from tests.consultation.scene import STANCE, Office, close_now, make_verified, phone
from tests.databases import statements
from tests.factories.people import make_resident
from tests.personal_data.scene import files, text_of

OF_BALLOTS = {"ballots", "ballot_answers"}
WHERE_RELEASED = OF_BALLOTS | {"consultation_log"}


def tables_with(wanted: str) -> set[str]:
    """The tables in which any value has this text."""
    session.remove()
    found = set()
    for table in Base.metadata.sorted_tables:
        columns = [column for column in table.columns if column.name not in ("place", "geometry")]
        for row in session.execute(select(*columns)):
            if any(wanted in text_of(value) for value in row):
                found.add(table.name)
    session.remove()
    return found


@contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """What the service writes meanwhile, at its most talkative."""
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    root = logging.getLogger()
    root.addHandler(handler)
    logs.set_up("DEBUG")
    try:
        with redirect_stderr(told), redirect_stdout(told):
            yield told
    finally:
        logs.set_up("ERROR")
        root.removeHandler(handler)


def test_no_value_joins_people_and_ballots(
    app: Flask, office: Office, client: FlaskClient, here: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.begin(eligibility="resident", questions=[STANCE]).fix()
    phones = [phone(client, here) for _ in range(6)]
    for number, each in enumerate(phones):
        each.questions = ("trees",)
        assert each.who
        make_verified(here, each.who, f"12345678{number}")
    counts = counter("memory://")
    monkeypatch.setitem(app.extensions, "limits", counts)
    with everything_logged() as told:
        answers = [each.cast(office.path, {"trees": "against"}) for each in phones]
        answers.append(phones[0].replace(office.path, 1, {"trees": "for"}))
    assert [answer.status_code for answer in answers] == [201] * 6 + [200]
    ballot_side = [phones[0].key.hex(), phones[0].ballot({})["tracker"]]
    for answer in (answers[0], answers[-1]):
        told_back = answer.json["answers"][0]
        ballot_side += [told_back["tracker"], told_back["salt"], told_back["commitment"]]
    assert phones[0].who
    person_side = [str(phones[0].who.account), phones[0].who.account.hex, str(phones[0].who.installation)]
    [voters] = [session.scalars(select(Participation.voter)).all()]
    assert len(set(voters)) == 6
    requests = [answer.headers["X-Request-Id"] for answer in answers]
    session.remove()

    assert set().union(*(tables_with(value) for value in ballot_side)) == OF_BALLOTS
    for value in person_side:
        assert not tables_with(value) & (OF_BALLOTS | {"participations", "consultation_log", "consultations"})
    for voter in voters:
        assert tables_with(bytes(voter).hex()) == {"participations"}
    for value in requests:
        assert tables_with(value) == set()
    assert tables_with("castBallot") == tables_with(office.path + "/ballots") == set()
    for value in (*ballot_side, *person_side, *(bytes(voter).hex() for voter in voters), '"against"', office.path[1:]):
        assert value not in told.getvalue(), "logged"
        assert value not in str(vars(counts.storage)) or value in person_side, "in a key of the limits"
    assert "12345678" not in told.getvalue()

    of_people = {"consultation_id", "voter", "channel", "district", "ages"}
    assert {column.name for column in Participation.__table__.columns} == of_people
    for table in (Ballot.__table__, BallotAnswer.__table__):
        assert {column.name for column in table.columns} & of_people <= {"consultation_id", "channel"}
    assert release(office.id, everything=True) == 7
    session.remove()
    assert set().union(*(tables_with(value) for value in ballot_side)) == WHERE_RELEASED, "the commitment is released"
    assert close_now(office)
    for name, content in files().items():
        for value in (*person_side, *(bytes(voter).hex() for voter in voters), *ballot_side[:2]):
            assert value.encode() not in content, name
    assert tables_with(ballot_side[1]) == set(), "which answers were one ballot is forgotten"


def test_nothing_says_when_an_account_answered_a_questionnaire(
    office: Office, client: FlaskClient, here: Municipality
) -> None:
    """Batches of the log are small: beside an account a moment would say in which of them its ballot is."""
    asked = asking(client, office, "installation")
    asked.put(make_resident(here))
    asked.put(make_resident(here))
    for table in (QuestionnaireResponse.__table__, OpenAnswer.__table__):
        values = [value for row in session.execute(select(table)) for value in row]
        assert not [value for value in values if isinstance(value, date)]
        assert {value.version for value in values if isinstance(value, UUID)} == {4}, "of no clock"


@pytest.mark.parametrize("secrecy", ["secret", "open"])
def test_a_cast_is_few_statements(secrecy: str, office: Office, client: FlaskClient, here: Municipality) -> None:
    office.begin(eligibility="resident", secrecy=secrecy).fix()
    one, other = phone(client, here), phone(client, here)
    for number, each in enumerate((one, other)):
        assert each.who
        make_verified(here, each.who, f"12345678{number}")
    assert other.cast(office.path, {"trees": "for"}).status_code == 201  # what is asked is remembered from now on
    first = statements(lambda: one.cast(office.path, {"trees": "for", "money": ["a"]}))
    assert len(first) <= 8, first
    if secrecy == "secret":
        again = statements(lambda: one.replace(office.path, 1, {"trees": "against"}))
    else:
        again = statements(lambda: one.cast(office.path, {"trees": "against"}))
    assert len(again) <= 8, again

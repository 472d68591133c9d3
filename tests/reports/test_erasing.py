"""An erased report is gone from every table, and nothing else is."""

import io
import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from service.db import Base, session, transaction
from service.errors import NotFound
from service.idempotency.models import KeptAnswer
from service.media.models import Attachment
from service.municipalities.directory import Municipality
from service.notices.models import InboxMessage
from service.outbox.models import Delivery, Event
from service.reports.erasing import erase_report
from service.reports.models import Report, ReportEntry, ReportText
from tests.factories.people import Person
from tests.factories.reports import make_report, photo, send_report, send_whole
from tests.reports.scene import HERE, count, expand_all, move, see

OF_A_REPORT = (Report, ReportEntry, ReportText, Attachment, KeptAnswer, Event, Delivery, InboxMessage)


def everything(wanted: str) -> list[str]:
    """The columns of all tables in which this text is found."""
    session.rollback()
    found = []
    for table in Base.metadata.sorted_tables:
        columns = [column for column in table.columns if column.name not in ("place", "geometry")]
        for row in session.execute(select(*columns)):
            values = zip(columns, row, strict=True)
            found += [f"{table.name}.{c.name}" for c, value in values if wanted in str(value).replace("-", "")]
    return found


def a_long_story(client: FlaskClient, alice: Person, bob: Person, key: str) -> dict[str, Any]:
    """A report with photos, a repair with a photo, texts, messages."""
    report = send_whole(client, [photo()], who=alice, key=key, description="Erase me").json
    sent = client.post(f"{HERE}/photos", data={"photo": (io.BytesIO(photo()), "a.jpg")}, headers=bob.headers).json
    move(client, bob, report["id"], "acknowledged", note="A public note", internal="An internal one")
    assert move(client, bob, report["id"], "resolved", photos=[sent["id"]]).status_code == 200
    expand_all()
    shown: dict[str, Any] = report
    return shown


def test_nothing_of_an_erased_report_is_left_in_any_table(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    key = str(uuid.uuid4())
    report = a_long_story(client, alice, bob, key)
    counts = [count(model) for model in OF_A_REPORT]
    assert counts == [1, 3, 1, 2, 1, 3, 4, 3]
    assert everything(report["id"].replace("-", "")) and everything("Erase me")
    with transaction():
        erase_report(here, report["number"])
    assert [count(model) for model in OF_A_REPORT] == [0] * len(OF_A_REPORT)
    for trace in (report["id"].replace("-", ""), "Erase me", "public note", key.replace("-", "")):
        assert everything(trace) == []
    assert see(client, report["id"], alice).status_code == 404
    assert client.get(report["photos"][0]["small"], headers=alice.headers).status_code == 404


def test_other_reports_stay_as_they_were(client: FlaskClient, here: Municipality, alice: Person, bob: Person) -> None:
    other = a_long_story(client, alice, bob, str(uuid.uuid4()))
    before = [count(model) for model in OF_A_REPORT]
    erased = a_long_story(client, alice, bob, str(uuid.uuid4()))
    with transaction():
        erase_report(here, erased["number"])
    assert [count(model) for model in OF_A_REPORT] == before
    assert client.get(other["photos"][0]["small"], headers=alice.headers).status_code == 200
    assert see(client, other["id"], alice).json["timeline"][1]["note"] == "A public note"


def test_only_the_municipality_that_has_a_report_erases_it(here: Municipality, next_door: Municipality) -> None:
    report = make_report(here)
    for place, number in ((next_door, report.number), (here, "HER-2026-999999")):
        with pytest.raises(NotFound), transaction():
            erase_report(place, number)
    assert count(Report) == 1


def test_the_number_of_an_erased_report_is_not_given_again(here: Municipality) -> None:
    erased = make_report(here)
    with transaction():
        erase_report(here, erased.number)
    assert make_report(here).number.endswith("-000002")


def test_a_phone_is_not_told_that_nothing_has_changed_when_a_report_went_and_one_came(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    erased = send_report(client, who=alice).json
    expand_all()
    addresses = (f"{HERE}/reports", f"{HERE}/my/reports", f"{HERE}/inbox")
    etags = {a: client.get(a, headers=alice.headers).headers["ETag"] for a in addresses}
    with transaction():
        erase_report(here, erased["number"])
    assert send_report(client, who=alice).status_code == 201
    expand_all()
    for address, etag in etags.items():
        again = client.get(address, headers=alice.headers | {"If-None-Match": etag})
        assert again.status_code == 200 and erased["number"] not in again.text, address


def test_the_same_key_makes_a_new_report_after_the_first_was_erased(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    key = str(uuid.uuid4())
    first = send_report(client, who=alice, key=key).json
    with transaction():
        erase_report(here, first["number"])
    again = send_report(client, who=alice, key=key)
    assert again.status_code == 201 and again.json["id"] != first["id"]

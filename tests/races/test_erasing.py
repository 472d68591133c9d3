"""A report arrives while its account is erased: it is there before and nobody's after, or it is refused."""

import io

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from service.db import session
from service.municipalities.directory import Municipality
from service.people.models import Account
from service.reports.models import Report
from tests.conftest import OutsideClient
from tests.factories.people import Person, make_resident
from tests.factories.reports import photo, send_report, send_whole
from tests.personal_data.scene import erase, traces
from tests.races.at_once import at_once
from tests.reports.scene import HERE

TIMES = 6


def test_a_report_that_arrives_meanwhile_is_nobodys_or_refused(app: Flask, here: Municipality) -> None:
    for _ in range(TIMES):
        alice = make_resident(here)
        session.remove()

        def send(who: Person = alice) -> int:
            client = OutsideClient(app, app.response_class)
            return int(send_report(client, who=who, description=f"Of {who.account}").status_code)

        def send_with_photo(who: Person = alice) -> int:
            client = OutsideClient(app, app.response_class)
            return int(send_whole(client, [photo()], who=who, description=f"Of {who.account}").status_code)

        def send_photo(who: Person = alice) -> int:
            client = OutsideClient(app, app.response_class)
            sent = {"photo": (io.BytesIO(photo()), "a.jpg")}
            return int(client.post(f"{HERE}/photos", data=sent, headers=who.headers).status_code)

        def leave(who: Person = alice) -> int:
            return int(erase(OutsideClient(app, app.response_class), who).status_code)

        sent, whole, alone, left, again = at_once((send, send_with_photo, send_photo, leave, leave))
        assert {sent, whole, alone} <= {201, 401} and {left, again} <= {201, 401, 404}
        assert 201 in (left, again)
        assert traces(str(alice.account)) == []
        session.remove()
    assert session.scalars(select(Account.id)).all() == []
    assert set(session.scalars(select(Report.reporter_id))) <= {None}


def test_who_is_gone_before_the_report_commits_is_told_to_sign_in(
    app: Flask, client: FlaskClient, here: Municipality, alice: Person
) -> None:
    assert erase(client, alice).status_code == 201
    assert send_report(client, who=alice).json["code"] == "sign_in_needed"

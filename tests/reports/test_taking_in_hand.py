"""Who can have a report in hand, which reports can still be passed on, and who can be asked."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from service.db.clock import now
from service.municipalities.directory import Municipality
from service.reports.messages import local_time
from service.reports.states import STATES, moves_of
from tests.factories.people import Person, make_staff
from tests.factories.reports import make_report
from tests.reports.scene import (
    as_staff,
    change,
    change_department,
    deliveries,
    expand_all,
    move,
    see_as_staff,
    the_report,
)


@pytest.mark.parametrize("state", ["resolved", "closed", "rejected", "duplicate", "withdrawn"])
def test_what_is_no_longer_worked_on_is_not_passed_on(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person, state: str
) -> None:
    report = make_report(here, alice).uid
    change(report, state=state, open=False)
    for action, body in (("hand-over", {"department": "roads"}), ("assignee", {"person": str(bob.account)})):
        answer = as_staff(client, bob, report, action, **body)
        assert (answer.status_code, answer.json["code"], answer.json["state"]) == (409, "report_not_open", state)
    assert the_report(report).version == 1


def test_a_report_is_given_only_to_who_handles_those_of_its_department(
    client: FlaskClient, here: Municipality, bob: Person
) -> None:
    report = make_report(here).uid
    rita = make_staff(here, "rita", [("department_staff", "roads")])
    audrey = make_staff(here, "audrey", [("auditor", None)])
    nobody = make_staff(here, "nora", [])
    for person in (rita, audrey, nobody):
        answer = as_staff(client, bob, report, "assignee", person=str(person.account))
        assert (answer.status_code, answer.json["code"]) == (422, "no_such_person")
    dina = make_staff(here, "dina", [("dispatcher", None), ("department_staff", "lighting")])
    hera = make_staff(here, "hera", [("department_head", "lighting")])
    for person in (bob, dina):
        answer = as_staff(client, hera, report, "assignee", person=str(person.account))
        assert answer.json["assignee"] == str(person.account)


def test_staff_take_what_nobody_has_and_only_heads_and_dispatchers_share_out(
    client: FlaskClient, here: Municipality, bob: Person
) -> None:
    report = make_report(here).uid
    bea = make_staff(here, "bea", [("department_staff", "lighting")])
    elsewhere = make_staff(here, "elsa", [("department_staff", "lighting"), ("department_head", "roads")])

    def given(who: Person, person: Person | None) -> tuple[int, object]:
        answer = as_staff(client, who, report, "assignee", person=person and str(person.account))
        return answer.status_code, answer.json.get("code") or answer.json["assignee"]

    assert given(bob, bea) == given(elsewhere, bea) == (403, "not_yours_to_give")
    assert given(bob, bob) == (200, str(bob.account))
    assert given(bea, bea) == given(bea, None) == given(bob, bea) == (403, "not_yours_to_give")
    hera = make_staff(here, "hera", [("department_head", "lighting")])
    dina = make_staff(here, "dina", [("dispatcher", None)])
    assert (given(hera, bea), given(dina, bob)) == ((200, str(bea.account)), (200, str(bob.account)))
    assert given(bob, None) == (200, None)


def test_nobody_asks_an_anonymous_reporter(client: FlaskClient, here: Municipality, bob: Person) -> None:
    report = make_report(here).uid
    assert "waiting_for_reporter" not in see_as_staff(client, report, bob).json["moves"]
    answer = move(client, bob, report, "waiting_for_reporter", note="Where?")
    assert (answer.status_code, answer.json["code"]) == (409, "move_not_allowed")
    assert "waiting_for_reporter" not in answer.json["allowed"]
    assert the_report(report).promised_at is not None


def test_only_the_question_is_missing_from_what_can_be_done_with_an_anonymous_report() -> None:
    for state in STATES:
        for kind in ("staff", "reporter", "system"):
            named, anonymous = (moves_of(state, kind, anonymous=unknown) for unknown in (False, True))
            assert [to for to in named if to != "waiting_for_reporter"] == anonymous


def test_a_message_says_what_was_promised_at_its_step(client: FlaskClient, here: Municipality, alice: Person) -> None:
    change_department("here", "lighting", digest="each")
    report = make_report(here, alice)
    promised = local_time(here, report.promised_at, "el")
    change(report.uid, promised_at=now() + timedelta(days=400))
    expand_all()
    (push, _), *_ = deliveries("push")
    assert promised in push.content["body"]
    mail = next(delivery for delivery, address in deliveries("email") if address.startswith("lighting"))
    assert promised in mail.content["text"]

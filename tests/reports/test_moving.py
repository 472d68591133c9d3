"""From state to state, from hand to hand, from department to department: who may, and who sees the change."""

import io
import uuid
from collections.abc import Iterator
from datetime import date

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from service.db import session, transaction
from service.municipalities.directory import Municipality
from service.reports.history import Actor
from service.reports.models import Report, ReportEntry
from service.reports.moving import MoveNotAllowed, ReasonNeeded, move_report
from service.reports.states import STATES, as_markdown, is_reopening
from tests.factories.people import Person, make_resident, make_staff
from tests.factories.reports import make_report, photo, send_whole
from tests.reports.scene import (
    HERE,
    as_staff,
    change_department,
    count,
    look,
    move,
    move_mine,
    queue,
    see,
    see_as_staff,
    the_report,
)

WORKED_ON = "acknowledged in_progress waiting_for_reporter with_another_body resolved rejected duplicate"
STAFF_MAY = {
    "received": WORKED_ON,
    "acknowledged": "in_progress waiting_for_reporter with_another_body resolved rejected duplicate",
    "in_progress": "acknowledged waiting_for_reporter with_another_body resolved rejected duplicate",
    "waiting_for_reporter": "acknowledged in_progress with_another_body resolved rejected duplicate",
    "with_another_body": "acknowledged in_progress waiting_for_reporter resolved rejected duplicate",
    "resolved": "acknowledged closed",
    "closed": "acknowledged",
    "rejected": "acknowledged",
    "duplicate": "acknowledged",
    "withdrawn": "",
}
REPORTER_MAY = {
    "received": "withdrawn",
    "acknowledged": "withdrawn",
    "in_progress": "withdrawn",
    "waiting_for_reporter": "acknowledged withdrawn",
    "with_another_body": "withdrawn",
    "resolved": "acknowledged closed",
    "closed": "",
    "rejected": "",
    "duplicate": "",
    "withdrawn": "",
}
SYSTEM_MAY = dict.fromkeys(STAFF_MAY, "") | {"resolved": "closed"}
MAY = {"staff": STAFF_MAY, "reporter": REPORTER_MAY, "system": SYSTEM_MAY}
NEEDS_REASON = {"waiting_for_reporter", "rejected", "duplicate"}
OPEN = {"received", "acknowledged", "in_progress", "waiting_for_reporter", "with_another_body"}


def every_step() -> Iterator[tuple[str, str, str]]:
    for kind, may in MAY.items():
        for before in may:
            for after in STATES:
                yield kind, before, after


def is_moved(here: Municipality, report: Report, kind: str, before: str, after: str, note: str | None) -> bool:
    report.state, report.open = before, STATES[before].open
    session.flush()
    try:
        move_report(here, report, after, Actor(kind), note=note)
    except MoveNotAllowed as refusal:
        return refusal.details != {"state": before, "allowed": MAY[kind][before].split()}
    assert (report.state, report.open) == (after, after in OPEN)
    return True


def test_each_kind_of_person_makes_exactly_the_moves_of_the_table(here: Municipality, alice: Person) -> None:
    report = make_report(here, alice)
    assert set(STATES) == set(STAFF_MAY) == set(REPORTER_MAY)
    with transaction():
        found = session.get_one(Report, report.id)
        for kind, before, after in every_step():
            allowed = after in MAY[kind][before].split()
            assert is_moved(here, found, kind, before, after, "because") is allowed, (kind, before, after)


def test_only_three_states_need_a_reason(here: Municipality, alice: Person) -> None:
    report = make_report(here, alice)
    needing = set()
    with transaction():
        found = session.get_one(Report, report.id)
        for after in STAFF_MAY["received"].split():
            try:
                assert is_moved(here, found, "staff", "received", after, None)
            except ReasonNeeded as refusal:
                needing.add(refusal.details["state"])
    assert needing == NEEDS_REASON


def test_every_move_back_to_an_open_state_is_a_reopening() -> None:
    assert is_reopening("closed", "acknowledged") and is_reopening("rejected", "acknowledged")
    assert not is_reopening("waiting_for_reporter", "acknowledged")
    assert not is_reopening("resolved", "closed")


def test_the_table_can_be_read_aloud() -> None:
    lines = as_markdown().splitlines()
    assert len(lines) == 2 + len(STATES)
    assert "| rejected (a reason is needed) | Rejected | closed | stands | staff → acknowledged |" in lines
    assert "| withdrawn | Withdrawn | closed | stands | nobody, it is the end |" in lines
    assert "staff or reporter or system → closed" in next(line for line in lines if line.startswith("| resolved"))


def test_staff_take_a_report_from_the_queue_to_its_end(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    report = make_report(here, alice)
    assert [line["id"] for line in queue(client, bob).json["reports"]] == [str(report.uid)]
    for to in ("acknowledged", "in_progress", "resolved"):
        answer = move(client, bob, report.uid, to, note=f"now {to}", internal="for us")
        assert answer.status_code == 200, answer.json
        assert answer.json["state"] == to
    assert move_mine(client, alice, report.uid, "closed").json["state"] == "closed"
    steps = see_as_staff(client, report.uid, bob).json["timeline"]
    assert [(step["state"], step["by"], step["note"]) for step in steps] == [
        ("received", "reporter", None),
        ("acknowledged", "staff", "now acknowledged"),
        ("in_progress", "staff", "now in_progress"),
        ("resolved", "staff", "now resolved"),
        ("closed", "reporter", None),
    ]
    assert steps[1]["internal"] == "for us" and steps[1]["by_name"] == "Bob"


def test_what_is_internal_is_shown_to_staff_alone(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    report = make_report(here, alice, category="open")
    desk = make_staff(here, "dora", [("department_staff", "desk")])
    assert move(client, desk, report.uid, "acknowledged", note="seen", internal="our secret").status_code == 200
    assert "our secret" in see_as_staff(client, report.uid, desk).text
    for who in (None, alice, bob):
        shown = see(client, report.uid, who)
        assert "our secret" not in shown.text and "Dora" not in shown.text
        assert shown.json["timeline"][1]["note"] == "seen"


def test_what_the_reporter_writes_is_not_for_everybody(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    report = make_report(here, alice)
    move(client, bob, report.uid, "waiting_for_reporter", note="Which pole?")
    assert move_mine(client, alice, report.uid, "acknowledged", note="The one at my door").status_code == 200
    assert see(client, report.uid, alice).json["timeline"][2]["note"] == "The one at my door"
    assert see_as_staff(client, report.uid, bob).json["timeline"][2]["note"] == "The one at my door"
    everybody = see(client, report.uid).json["timeline"]
    assert [step["note"] for step in everybody] == [None, "Which pole?", None]


def test_a_refused_move_says_what_is_possible_and_changes_nothing(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    report = make_report(here, alice)
    answer = move(client, bob, report.uid, "closed")
    assert (answer.status_code, answer.json["code"]) == (409, "move_not_allowed")
    assert "resolved" in answer.json["allowed"] and answer.json["state"] == "received"
    answer = move(client, bob, report.uid, "rejected", note="")
    assert (answer.status_code, answer.json["code"]) == (422, "reason_needed")
    answer = move_mine(client, alice, report.uid, "resolved")
    assert (answer.status_code, answer.json["code"]) == (409, "move_not_allowed")
    assert the_report(report.uid).version == 1 and count(ReportEntry) == 1


def test_the_answer_says_which_moves_this_person_can_make(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    report = make_report(here, alice)
    assert see(client, report.uid).json["moves"] == []
    assert see(client, report.uid, alice).json["moves"] == ["withdrawn"]
    assert see_as_staff(client, report.uid, bob).json["moves"] == WORKED_ON.split()


def test_only_the_reporter_moves_it_as_its_reporter(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    report, nobodys = make_report(here, alice), make_report(here)
    somebody = make_resident(here)
    for who, thing in ((somebody, report), (bob, report), (alice, nobodys)):
        assert move_mine(client, who, thing.uid, "withdrawn").status_code == 404
    assert client.post(f"{HERE}/my/reports/{report.uid}/moves", json={"to": "withdrawn"}).status_code == 401
    assert move_mine(client, alice, report.uid, "withdrawn").status_code == 200


def test_staff_act_only_for_their_departments_and_only_as_their_role_allows(
    client: FlaskClient, here: Municipality, bob: Person, charlie: Person
) -> None:
    report = make_report(here)
    roads = make_staff(here, "rita", [("department_staff", "roads")])
    auditor = make_staff(here, "ada", [("auditor", None)])
    resident = make_resident(here)
    actions = [
        ("moves", {"to": "acknowledged"}),
        ("assignee", {"person": None}),
        ("hand-over", {"department": "roads"}),
        ("look", {"text": True, "photos": True}),
    ]
    for action, body in actions:
        refused = {
            who: as_staff(client, person, report.uid, action, **body).status_code
            for who, person in (("roads", roads), ("auditor", auditor), ("charlie", charlie))
        }
        assert refused == {"roads": 404, "auditor": 403, "charlie": 401}
        assert as_staff(client, resident, report.uid, action, **body).status_code == 403
    assert see_as_staff(client, report.uid, auditor).status_code == 200
    assert see_as_staff(client, report.uid, roads).status_code == 404
    assert the_report(report.uid).version == 1
    assert move(client, bob, report.uid, "acknowledged").status_code == 200


def test_who_acts_on_what_they_have_not_seen_is_told_so(client: FlaskClient, here: Municipality, bob: Person) -> None:
    report = make_report(here)
    assert move(client, bob, report.uid, "acknowledged", version=1).status_code == 200
    for action, body in (
        ("moves", {"to": "resolved"}),
        ("hand-over", {"department": "roads"}),
        ("assignee", {"person": None}),
    ):
        answer = as_staff(client, bob, report.uid, action, version=1, **body)
        assert (answer.status_code, answer.json["code"]) == (409, "report_changed")
        assert (answer.json["version"], answer.json["state"]) == (2, "acknowledged")
    assert the_report(report.uid).version == 2


def test_a_report_is_taken_in_hand_and_given_back(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person, charlie: Person
) -> None:
    report = make_report(here, alice)
    taken = as_staff(client, bob, report.uid, "assignee", person=str(bob.account))
    assert (taken.status_code, taken.json["assignee"]) == (200, str(bob.account))
    assert taken.json["timeline"][1]["facts"] == {"to": str(bob.account)}
    for nobody in (alice.account, charlie.account, uuid.uuid4()):
        answer = as_staff(client, bob, report.uid, "assignee", person=str(nobody))
        assert (answer.status_code, answer.json["code"]) == (422, "no_such_person")
    assert as_staff(client, bob, report.uid, "assignee", person=None).json["assignee"] is None
    assert [step["kind"] for step in see(client, report.uid, alice).json["timeline"]] == ["submitted"]


def test_a_report_is_handed_over_and_leaves_the_hands_it_was_in(
    client: FlaskClient, here: Municipality, bob: Person
) -> None:
    report = make_report(here)
    rita = make_staff(here, "rita", [("department_staff", "roads")])
    as_staff(client, bob, report.uid, "assignee", person=str(bob.account))
    answer = as_staff(client, bob, report.uid, "hand-over", department="roads", internal="It is the road")
    assert answer.status_code == 200, answer.json
    assert (answer.json["department"], answer.json["assignee"]) == ("roads", None)
    assert see_as_staff(client, report.uid, bob).status_code == 404
    last = see_as_staff(client, report.uid, rita).json["timeline"][-1]
    assert (last["kind"], last["facts"], last["internal"]) == (
        "handed_over",
        {"from": "lighting", "to": "roads"},
        "It is the road",
    )
    assert see(client, report.uid).json["timeline"][-1]["department"] == "roads"


def test_handing_over_to_itself_is_no_step(client: FlaskClient, here: Municipality, bob: Person) -> None:
    report = make_report(here)
    assert as_staff(client, bob, report.uid, "hand-over", department="lighting").status_code == 200
    assert the_report(report.uid).version == 1


@pytest.mark.parametrize("department", ["no-such", "gone", "to-come"])
def test_nothing_is_handed_to_a_department_that_is_not_there_today(
    client: FlaskClient, here: Municipality, bob: Person, department: str
) -> None:
    report = make_report(here)
    if department != "no-such":
        limits = {"gone": {"valid_until": date(2020, 1, 1)}, "to-come": {"valid_from": date(2999, 1, 1)}}
        change_department("here", "roads", **limits[department])
    wanted = "no-such" if department == "no-such" else "roads"
    answer = as_staff(client, bob, report.uid, "hand-over", department=wanted)
    assert (answer.status_code, answer.json["code"]) == (422, "no_such_department")


def test_the_repair_is_shown_with_its_photo(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    report = make_report(here, alice)
    data = {"photo": (io.BytesIO(photo("green")), "repair.jpg"), "alt": "The lamp is lit"}
    sent = client.post(f"{HERE}/photos", data=data, headers=bob.headers)
    assert sent.status_code == 201, sent.json
    assert move(client, bob, report.uid, "resolved", photos=[sent.json["id"]]).status_code == 200
    shown = see(client, report.uid).json["timeline"][-1]["photos"]
    assert [one["alt"] for one in shown] == ["The lamp is lit"]
    for size in ("small", "medium", "large"):
        assert client.get(shown[0][size]).mimetype == "image/jpeg"
    again = move(client, bob, report.uid, "acknowledged", photos=[sent.json["id"]])
    assert (again.status_code, again.json["code"]) == (404, "photo_not_found")
    assert the_report(report.uid).state == "resolved"


def test_the_answer_to_a_step_is_what_is_read_afterwards(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    report = make_report(here, alice)
    body = {"to": "acknowledged", "note": "", "internal": ""}
    answer = client.post(f"{HERE}/staff/reports/{report.uid}/moves", json=body, headers=bob.headers)
    assert answer.json == client.get(f"{HERE}/staff/reports/{report.uid}", headers=bob.headers).json
    assert answer.json["timeline"][-1]["note"] is answer.json["timeline"][-1]["internal"] is None


def test_a_photo_keeps_its_five_minutes_when_it_is_asked_for_again(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    shown = send_whole(client, [photo()], who=alice).json["photos"][0]
    first = client.get(shown["small"], headers=alice.headers)
    again = client.get(shown["small"], headers=alice.headers | {"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    for header in ("Cache-Control", "Vary", "ETag"):
        assert first.headers[header] == again.headers[header]


def test_a_photo_of_somebody_else_cannot_be_made_ones_own(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    report = make_report(here, alice)
    sent = client.post(f"{HERE}/photos", data={"photo": (io.BytesIO(photo()), "a.jpg")}, headers=alice.headers)
    assert move(client, bob, report.uid, "resolved", photos=[sent.json["id"]]).json["code"] == "photo_not_found"
    assert the_report(report.uid).state == "received"


def test_the_reporters_photo_at_a_step_is_seen_by_staff_and_not_by_everybody(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    report = make_report(here, alice)
    move(client, bob, report.uid, "waiting_for_reporter", note="A photo please")
    sent = client.post(f"{HERE}/photos", data={"photo": (io.BytesIO(photo()), "a.jpg")}, headers=alice.headers)
    answer = move_mine(client, alice, report.uid, "acknowledged", photos=[sent.json["id"]])
    link = answer.json["timeline"][-1]["photos"][0]["small"]
    assert see(client, report.uid).json["timeline"][-1]["photos"] == []
    assert client.get(link).status_code == 404
    assert client.get(link, headers=make_resident(here).headers).status_code == 404
    assert client.get(link, headers=alice.headers).status_code == 200
    assert client.get(link, headers=bob.headers).status_code == 200


def test_a_photo_is_found_only_under_its_own_report(client: FlaskClient, here: Municipality, bob: Person) -> None:
    first, second = make_report(here), make_report(here)
    sent = client.post(f"{HERE}/photos", data={"photo": (io.BytesIO(photo()), "a.jpg")}, headers=bob.headers)
    move(client, bob, first.uid, "resolved", photos=[sent.json["id"]])
    under = f"{HERE}/reports/{{}}/photos/{sent.json['id']}/small"
    assert client.get(under.format(first.uid)).status_code == 200
    assert client.get(under.format(second.uid)).json["code"] == "photo_not_found"
    assert client.get(under.format(first.uid).replace(sent.json["id"], str(uuid.uuid4()))).status_code == 404


def test_a_look_is_a_step_that_staff_see_and_residents_do_not(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    report = make_report(here, alice)
    looked = look(client, bob, report.uid, text=True, photos=False)
    assert looked.json["timeline"][-1]["facts"] == {"text": True, "photos": False, "place": True}
    assert looked.json["looked_at"] is not None
    assert [step["kind"] for step in see(client, report.uid, alice).json["timeline"]] == ["submitted"]


def test_history_is_one_entry_for_each_version(client: FlaskClient, here: Municipality, bob: Person) -> None:
    report = make_report(here)
    look(client, bob, report.uid)
    as_staff(client, bob, report.uid, "assignee", person=str(bob.account))
    move(client, bob, report.uid, "in_progress")
    as_staff(client, bob, report.uid, "hand-over", department="roads")
    session.rollback()
    entries = session.execute(
        select(ReportEntry.version, ReportEntry.kind, ReportEntry.by_kind).order_by(ReportEntry.version)
    ).all()
    assert [tuple(entry) for entry in entries] == [
        (1, "submitted", "reporter"),
        (2, "looked", "staff"),
        (3, "assigned", "staff"),
        (4, "moved", "staff"),
        (5, "handed_over", "staff"),
    ]
    assert the_report(report.uid).version == 5

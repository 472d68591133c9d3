"""Everything that a person was told is in their inbox, with its read state, page by page, and nobody else's."""

import uuid
from typing import Any

from flask.testing import FlaskClient

from service.municipalities.directory import Municipality
from tests.factories.people import Person, make_resident
from tests.factories.reports import make_report
from tests.reports.scene import expand_all, put

HERE = "/api/v1/here"


def inbox(client: FlaskClient, who: Person, etag: str | None = None, **query: Any) -> Any:
    headers = who.headers | ({"If-None-Match": etag} if etag else {})
    return client.get(f"{HERE}/inbox", query_string=query, headers=headers)


def read(client: FlaskClient, who: Person, message: str) -> int:
    return client.post(f"{HERE}/inbox/{message}/read", headers=who.headers).status_code


def told(here: Municipality, person: Person, times: int = 1) -> None:
    for _ in range(times):
        make_report(here, person)
    expand_all()


def test_a_message_says_what_happened_to_what(client: FlaskClient, here: Municipality, alice: Person) -> None:
    report = make_report(here, alice)
    put(here, report, "resolved", note="Η λάμπα άλλαξε")
    expand_all()
    resolved, received = inbox(client, alice).json["messages"]
    assert report.number in resolved["title"] and "Η λάμπα άλλαξε" in resolved["body"]
    assert resolved["about"] == received["about"] == {"kind": "report", "id": str(report.uid)}
    assert resolved["kind"] == "report_changed" and resolved["read_at"] is None
    assert resolved["created_at"] > received["created_at"]


def test_the_inbox_is_there_without_a_phone_that_pushes_reach(client: FlaskClient, here: Municipality) -> None:
    body = {"installation": str(uuid.uuid4()), "secret": "s" * 32, "platform": "web", "app_version": "1"}
    token = client.post(f"{HERE}/devices", json=body).json
    headers = {"Authorization": f"Bearer {token['token']}"}
    report = {"category": "dark-lamp", "longitude": 21.72, "latitude": 40.25}
    sent = client.post(f"{HERE}/reports", json=report, headers=headers | {"Idempotency-Key": str(uuid.uuid4())})
    assert sent.status_code == 201
    expand_all()
    assert len(client.get(f"{HERE}/inbox", headers=headers).json["messages"]) == 1


def test_what_is_read_stays_read_from_the_first_time_on(client: FlaskClient, here: Municipality, alice: Person) -> None:
    told(here, alice, 2)
    newest, oldest = inbox(client, alice).json["messages"]
    assert inbox(client, alice).json["unread"] == 2
    assert read(client, alice, oldest["id"]) == 204
    first = inbox(client, alice).json
    assert (first["unread"], first["messages"][0]["read_at"]) == (1, None)
    assert read(client, alice, oldest["id"]) == 204
    assert inbox(client, alice).json["messages"][1]["read_at"] == first["messages"][1]["read_at"] is not None
    assert read(client, alice, newest["id"]) == 204
    assert inbox(client, alice).json["unread"] == 0


def test_nobody_reads_or_marks_what_somebody_else_was_told(
    client: FlaskClient, here: Municipality, next_door: Municipality, alice: Person, bob: Person, charlie: Person
) -> None:
    told(here, alice)
    message = inbox(client, alice).json["messages"][0]["id"]
    amy = make_resident(here)
    assert inbox(client, amy).json == {"messages": [], "unread": 0, "next": None}
    assert read(client, amy, message) == read(client, bob, message) == 404
    assert read(client, alice, str(uuid.uuid4())) == 404
    assert read(client, charlie, message) == 401
    at_theirs = f"/api/v1/next-door/inbox/{message}/read"
    assert client.post(at_theirs, headers=charlie.headers).status_code == 404
    assert client.post(f"{HERE}/inbox/{message}/read").status_code == 401
    assert inbox(client, alice).json["messages"][0]["read_at"] is None


def test_pages_neither_miss_nor_repeat_while_messages_come(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    told(here, alice, 5)
    expected = [message["id"] for message in inbox(client, alice).json["messages"]]
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = inbox(client, alice, limit=2, **after).json
        found += [message["id"] for message in page["messages"]]
        assert page["unread"] >= 5
        if page["next"] is None:
            break
        told(here, alice)
        after = {"after": page["next"]}
    assert found == expected
    assert inbox(client, alice, after="!").json["code"] == "cursor_not_valid"
    assert inbox(client, alice, limit=101).json["code"] == "fields_not_valid"


def test_a_phone_is_told_that_nothing_has_changed_until_something_has(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    told(here, alice)
    first = inbox(client, alice)
    etag = first.headers["ETag"]
    unchanged = inbox(client, alice, etag=etag)
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    read(client, alice, first.json["messages"][0]["id"])
    second = inbox(client, alice, etag=etag)
    assert second.status_code == 200
    told(here, alice)
    assert inbox(client, alice, etag=second.headers["ETag"]).status_code == 200
    assert inbox(client, alice, etag=second.headers["ETag"], limit=1).status_code == 200

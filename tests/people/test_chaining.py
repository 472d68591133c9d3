"""The audit log is sealed into a chain, and whatever is done to it afterwards is found."""

import hashlib
import json
import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, text, update

from service.db import session, transaction
from service.db.clock import now
from service.db.guards import lifted
from service.municipalities.directory import Municipality
from service.people.audit_models import AuditDetail, AuditEntry
from service.people.auditing import record
from service.people.chaining import Head, head_of, lines, seal_some, verify
from tests.factories.people import Person, make_staff

FIRST = {"role": "dispatcher", "department": None, "note": "Ελένη ‘a’ \u2028 é"}


def act(here: Municipality, count: int = 1, **facts: Any) -> None:
    for _ in range(count):
        with transaction():
            record(here.id, None, "role_given", "staff", str(uuid.uuid4()), facts or FIRST, text="Eleni")


def seal(here: Municipality) -> int:
    session.remove()
    return seal_some(here)


def tampered(statement: Any) -> None:
    """What somebody does who has the database's own password."""
    with transaction(), lifted(session.connection()):
        session.execute(statement.execution_options(synchronize_session=False))
    session.remove()


def test_every_entry_gets_its_place(app: Flask, here: Municipality, next_door: Municipality) -> None:
    act(here, 3)
    act(next_door, 2)
    assert (seal(here), seal(here), seal(next_door)) == (3, 0, 2)
    session.remove()
    for place in (here, next_door):
        places = select(AuditEntry.place).where(AuditEntry.municipality_id == place.id).order_by(AuditEntry.id)
        assert session.scalars(places).all() == list(range(1, head_of(place).place + 1))
        assert verify(place).broken is None
    assert verify(here).head != verify(next_door).head


def test_an_entry_that_commits_late_is_sealed_later(app: Flask, here: Municipality) -> None:
    act(here, 3)
    assert seal(here) == 3
    with transaction():  # it took its id before the others did, and committed after them
        late = {"id": 0, "uid": uuid.uuid4(), "municipality_id": here.id, "at": now(), "action": "role_given"}
        what = {"actor_kind": "service", "subject_kind": "staff", "subject": "x", "facts": {}}
        session.add(AuditEntry(**late, **what))
    assert seal(here) == 1
    session.remove()
    assert session.scalars(select(AuditEntry.place).order_by(AuditEntry.id)).all() == [4, 1, 2, 3]
    assert verify(here).broken is None


def test_another_program_verifies_it(app: Flask, here: Municipality, alice: Person) -> None:
    act(here, 2)
    with transaction():
        record(here.id, None, "resident_verified", "resident", str(alice.account), text="at the desk")
    seal(here)
    before = bytes(32)
    for line in json.loads(json.dumps(list(lines(here)), default=lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))):
        said = {name: line[name] for name in ("place", "uid", "at", "action", "actor_kind", "actor", "subject_kind")}
        said |= {"subject": line["subject"], "facts": line["facts"], "details_sha256": line["details_digest"]}
        written = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        before = hashlib.sha256(before + written).digest()
        assert line["chain"] == before.hex()
        details = {"resident": line["resident"], "text": line["text"]}
        written = json.dumps(details, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert hashlib.sha256(bytes.fromhex(line["salt"]) + written).hexdigest() == line["details_digest"]
    assert before == head_of(here).chain


TAMPERINGS = {
    "another action": (update(AuditEntry).where(AuditEntry.place == 2).values(action="role_taken"), "place 2"),
    "other facts": (update(AuditEntry).where(AuditEntry.place == 3).values(facts={}), "place 3"),
    "another actor": (update(AuditEntry).where(AuditEntry.place == 1).values(actor=uuid.uuid4()), "place 1"),
    "another link": (update(AuditEntry).where(AuditEntry.place == 4).values(chain=b"0" * 32), "place 4"),
    "one is gone": (text("DELETE FROM audit_entries WHERE place = 3"), "place 3"),
    "another text": (update(AuditDetail).values(text="somebody else"), "place 1"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_the_first_broken_place_is_named(app: Flask, here: Municipality, name: str) -> None:
    act(here, 5)
    seal(here)
    if name == "one is gone":
        tampered(text("DELETE FROM audit_details"))
    statement, place = TAMPERINGS[name]
    tampered(statement)
    assert str(verify(here).broken).startswith(f"{place}:")


def test_what_is_cut_off_shows_against_a_head_that_was_noted(app: Flask, here: Municipality) -> None:
    act(here, 4)
    seal(here)
    noted = head_of(here)
    assert verify(here, noted).broken is None
    act(here, 1)
    seal(here)
    assert verify(here, noted).broken is None
    tampered(text("DELETE FROM audit_details"))
    tampered(text("DELETE FROM audit_entries WHERE place > 2"))
    assert verify(here).broken is None
    assert str(verify(here, noted).broken).startswith("place 4: the chain ends before it, at 2")
    assert str(verify(here, Head(2, bytes(32))).broken).startswith("place 2")


def test_the_chain_holds_when_details_are_erased(app: Flask, here: Municipality) -> None:
    act(here, 3)
    seal(here)
    with transaction():
        session.execute(delete(AuditDetail))
    found = verify(here)
    assert (found.broken, found.without_details, found.head.place) == (None, 3, 3)


def test_administrators_and_auditors_read_it_and_nobody_else(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person, charlie: Person
) -> None:
    act(here)
    administrator = make_staff(here, "anna", [("administrator", None)])
    auditor = make_staff(here, "otto", [("auditor", None)])
    page = "/api/v1/here/audit"
    for who in (administrator, auditor):
        entries = client.get(page, headers=who.headers).json["entries"]
        assert "role_given" in [entry["action"] for entry in entries]
    for who, status in ((alice, 403), (bob, 403), (charlie, 401)):
        assert client.get(page, headers=who.headers).status_code == status
    assert client.get(page).status_code == 401
    theirs = client.get("/api/v1/next-door/audit", headers=charlie.headers).json["entries"]
    assert "role_given" not in [entry["action"] for entry in theirs if entry["facts"] == FIRST]


def test_it_is_read_in_pages_and_by_filters(client: FlaskClient, here: Municipality, bob: Person) -> None:
    auditor = make_staff(here, "otto", [("auditor", None)])
    act(here, 5)
    seal(here)
    page = "/api/v1/here/audit"

    def read(**query: Any) -> Any:
        return client.get(page, query_string=query, headers=auditor.headers).json

    first = read(limit=2, action="role_given")
    assert len(first["entries"]) == 2 and first["entries"][0]["words"] == "a role was given"
    second = read(limit=50, action="role_given", after=first["next"])
    ids = [entry["id"] for entry in (*first["entries"], *second["entries"])]
    assert len(set(ids)) == 5 and second["next"] is None
    subject = first["entries"][0]["subject"]
    assert [entry["subject"] for entry in read(subject=subject)["entries"]] == [subject]
    assert read(actor=str(bob.account))["entries"] == []
    assert read(until=second["entries"][-1]["at"], action="role_given")["entries"] == []
    assert len(read(since=second["entries"][-1]["at"], action="role_given")["entries"]) == 5
    assert client.get(page, query_string={"action": "x"}, headers=auditor.headers).status_code == 422

"""Acts of weight are written down, and nobody can edit what is written."""

import hashlib
import uuid

import pytest
from flask import Flask
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from service.db import session, transaction
from service.municipalities.directory import Municipality
from service.people.audit_models import AuditDetail, AuditEntry
from service.people.auditing import details_digest, record
from tests.factories.people import Person


def entries() -> list[AuditEntry]:
    session.remove()
    return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def test_an_act_is_written_with_its_facts(app: Flask, here: Municipality) -> None:
    subject = str(uuid.uuid4())
    with transaction():
        record(here.id, None, "role_given", "staff", subject, {"role": "dispatcher", "department": None})
    [entry] = entries()
    assert (entry.action, entry.actor_kind, entry.actor) == ("role_given", "service", None)
    assert (entry.subject, entry.facts) == (subject, {"role": "dispatcher", "department": None})
    assert entry.details_digest is entry.place is entry.chain is None
    assert session.scalars(select(AuditDetail)).all() == []


def test_what_is_personal_is_kept_apart_with_its_salt(app: Flask, here: Municipality, alice: Person) -> None:
    with transaction():
        record(here.id, None, "resident_verified", "resident", str(alice.account), {"how": "desk"}, text="at desk 4")
    [entry] = entries()
    detail = session.scalars(select(AuditDetail)).one()
    assert (entry.subject, entry.actor) == (None, None)
    assert (detail.resident, detail.text) == (alice.account, "at desk 4")
    said = f'{{"resident":"{alice.account}","text":"at desk 4"}}'.encode()
    assert entry.details_digest == hashlib.sha256(detail.salt + said).digest()
    assert entry.details_digest == details_digest(detail.salt, detail.resident, detail.text)


def test_an_act_that_is_undone_leaves_no_entry(app: Flask, here: Municipality) -> None:
    def act_and_fail() -> None:
        with transaction():
            record(here.id, None, "role_given", "staff", "x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act_and_fail()
    assert entries() == []


@pytest.mark.parametrize("facts", [{"share": 0.5}, {"deep": [{"share": 1.0}]}])
def test_facts_have_no_fractions(app: Flask, here: Municipality, facts: dict[str, object]) -> None:
    with pytest.raises(TypeError), transaction():
        record(here.id, None, "role_given", "staff", "x", facts)


def test_an_unknown_action_is_refused(app: Flask, here: Municipality) -> None:
    with pytest.raises(KeyError), transaction():
        record(here.id, None, "looked_out_of_the_window", "staff", "x")


CHANGES = {
    "another action": update(AuditEntry).values(action="role_taken"),
    "other facts": update(AuditEntry).values(facts={}),
    "no digest": update(AuditEntry).values(details_digest=None),
    "sealed and changed at once": update(AuditEntry).values(place=1, chain=b"0" * 32, action="role_taken"),
    "a place without a chain": update(AuditEntry).values(place=1),
    "deleted": delete(AuditEntry),
    "another text": update(AuditDetail).values(text="somebody else"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_database_refuses_every_change(app: Flask, here: Municipality, change: object) -> None:
    with transaction():
        record(here.id, None, "role_given", "staff", "x", {"role": "auditor"}, text="Eleni")
    with transaction():
        session.execute(delete(AuditDetail).where(AuditDetail.text != "Eleni"))
    with pytest.raises(DBAPIError), transaction():
        session.execute(change)  # type: ignore[call-overload]
    [entry] = entries()
    assert (entry.action, entry.facts, entry.place) == ("role_given", {"role": "auditor"}, None)
    assert session.scalars(select(AuditDetail.text)).one() == "Eleni"


def test_a_sealed_entry_is_not_sealed_again(app: Flask, here: Municipality) -> None:
    with transaction():
        record(here.id, None, "role_given", "staff", "x")
    with transaction():
        session.execute(update(AuditEntry).values(place=1, chain=b"0" * 32))
    with pytest.raises(DBAPIError), transaction():
        session.execute(update(AuditEntry).values(place=2, chain=b"1" * 32))


def test_the_table_cannot_be_emptied_on_postgresql(app: Flask, here: Municipality) -> None:
    if session.get_bind().dialect.name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    with transaction():
        record(here.id, None, "role_given", "staff", "x")
    with pytest.raises(DBAPIError), transaction():
        session.execute(text("TRUNCATE audit_entries CASCADE"))
    assert len(entries()) == 1

"""`plateia erase-account`, `audit` and `compact`, as an operator types them."""

import json

import pytest
from flask import Flask
from sqlalchemy import select, text

from service.db import session, transaction
from service.db.guards import lifted
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.models import Account
from tests.cli.commands import plateia
from tests.factories.people import Person, make_resident


@pytest.fixture
def acts(here: Municipality) -> None:
    for role in ("dispatcher", "auditor", "map_keeper"):
        with transaction():
            record(here.id, None, "role_given", "staff", "x", {"role": role})
    session.remove()


def test_an_account_is_erased_by_its_phone_its_uid_or_its_address(
    app: Flask, here: Municipality, alice: Person, bob: Person
) -> None:
    amy = make_resident(here)
    session.remove()
    assert plateia(app, "erase-account", "here", str(alice.installation), typed="n\n").exit_code == 1
    for who in (str(alice.installation), str(amy.account), "bob@here.example"):
        done = plateia(app, "erase-account", "here", who, "--yes")
        assert done.exit_code == 0 and "this is erasure" in done.output, done.output
        assert who not in done.output
        again = plateia(app, "erase-account", "here", who, "--yes")
        assert again.exit_code == 1 and "Nobody" in again.output
    assert session.scalars(select(Account.id)).all() == []


def test_the_log_is_sealed_printed_and_verified(app: Flask, here: Municipality, acts: None) -> None:
    assert "3 not sealed yet" in plateia(app, "audit", "verify", "here").output
    assert plateia(app, "audit", "seal").exit_code == 0
    head = plateia(app, "audit", "head", "here").output.split()[1]
    assert head.startswith("3:")
    printed = plateia(app, "audit", "print", "here").output.splitlines()
    assert [json.loads(line)["place"] for line in printed] == [1, 2, 3]
    assert json.loads(printed[-1])["chain"] == head.split(":")[1]
    found = plateia(app, "audit", "verify", "here", "--head", head)
    assert found.exit_code == 0 and "holds" in found.output
    assert plateia(app, "audit", "verify", "--head", head).exit_code == 2
    assert plateia(app, "audit", "verify", "here", "--head", "nonsense").exit_code == 1


def test_what_was_tampered_with_ends_with_an_error(app: Flask, here: Municipality, acts: None) -> None:
    plateia(app, "audit", "seal")
    head = plateia(app, "audit", "head", "here").output.split()[1]
    with transaction(), lifted(session.connection()):
        session.execute(text("DELETE FROM audit_entries WHERE place = 3"))
    session.remove()
    assert plateia(app, "audit", "verify").exit_code == 0
    found = plateia(app, "audit", "verify", "here", "--head", head)
    assert found.exit_code == 1 and "BROKEN at place 3" in found.output


@pytest.mark.measured_on_both
def test_the_database_is_compacted(app: Flask, here: Municipality) -> None:
    session.remove()
    assert plateia(app, "compact").exit_code == 0

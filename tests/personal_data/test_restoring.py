"""Who was erased does not come back with an older backup, wherever it is restored."""

import uuid
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from service.db import session, transaction
from service.municipalities.directory import Municipality
from service.operating.backing_up import back_up
from service.operating.moving import move as move_database
from service.operating.moving import reopen
from service.operating.restoring import restore
from service.people.audit_models import AuditEntry
from service.people.models import Account
from service.personal_data.erasing import account_digest, erase_person, listed_in
from service.personal_data.models import Erasure
from service.reports.models import Report
from service.storage.keeping import Store
from tests.factories.people import Person, make_resident
from tests.factories.reports import send_report
from tests.operating.conftest import NewDatabase, application_over
from tests.people.codes import OWN, post
from tests.personal_data.scene import a_long_story, erase, traces, work_all


@pytest.fixture
def older(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person, url: str, store: Store, tmp_path: Path
) -> Path:
    """A backup of before Alice was erased."""
    a_long_story(client, alice, bob)
    session.remove()
    path, _ = back_up(url, store, tmp_path)
    assert erase(client, alice).status_code == 201
    return path


def must_be_listed(account: uuid.UUID) -> Erasure:
    """The store is that of all tests: others were erased here too."""
    return session.scalars(select(Erasure).filter_by(account_digest=account_digest("here", account))).one()


def must_be_gone(alice: Person) -> None:
    """Nothing of Alice is in the database of the application that runs here; her report is nobody's."""
    assert traces(str(alice.account)) == traces(str(alice.installation)) == traces("Erase me") == []
    session.remove()
    assert session.scalars(select(Report.reporter_id)).all() == [None]
    assert must_be_listed(alice.account).public_kept is False
    assert "erasure_applied_again" in session.scalars(select(AuditEntry.action)).all()
    assert alice.account not in session.scalars(select(Account.uid)).all()
    session.remove()


def test_an_older_backup_that_is_put_in_place_erases_again(
    app: Flask, older: Path, alice: Person, url: str, store: Store
) -> None:
    restore(older, url, store, replace=True)
    must_be_gone(alice)


def test_a_backup_of_before_two_accounts_were_joined_brings_back_neither(
    app: Flask, client: FlaskClient, here: Municipality, alice: Person, url: str, store: Store, tmp_path: Path
) -> None:
    fresh, other = make_resident(here), make_resident(here)
    send_report(client, who=fresh, description="Erase me")
    send_report(client, who=other, description="Keep me")
    code = post(client, alice, "phone-codes", OWN).json["code"]
    session.remove()
    path, _ = back_up(url, store, tmp_path)
    assert post(client, fresh, "join-by-phone", {"code": code} | OWN).status_code == 201
    work_all()
    assert erase(client, alice).status_code == 201
    session.remove()
    restore(path, url, store, replace=True)
    for person in (alice, fresh):
        assert traces(str(person.account)) == traces(str(person.installation)) == []
        assert must_be_listed(person.account)
    assert traces("Erase me") == [] and traces("Keep me") != [] and traces(str(other.installation)) != []


def test_it_is_erased_again_in_another_database_beside_the_same_files(
    app: Flask,
    older: Path,
    alice: Person,
    store: Store,
    new_database: NewDatabase,
    other_kind: str,
    tmp_path: Path,
) -> None:
    work_all()
    assert [listed.municipality for listed in listed_in(store)].count("here") >= 1
    there = new_database(other_kind)
    restore(older, there, store)
    with application_over(there, tmp_path):
        must_be_gone(alice)


def test_without_the_list_the_person_comes_back(
    app: Flask, older: Path, alice: Person, new_database: NewDatabase, other_store: Store, tmp_path: Path
) -> None:
    there = new_database("sqlite")
    restore(older, there, other_store)
    with application_over(there, tmp_path):
        assert traces(str(alice.account)) != [] and traces("Erase me") != []


def test_who_was_not_erased_is_restored_whole(
    app: Flask, client: FlaskClient, here: Municipality, older: Path, alice: Person, url: str, store: Store
) -> None:
    amy = make_resident(here)
    session.remove()
    path, _ = back_up(url, store, older.parent / "newer.tar")
    restore(path, url, store, replace=True)
    assert client.get("/api/v1/here/me", headers=amy.headers).status_code == 200
    session.remove()
    assert must_be_listed(alice.account).public_kept is False


def test_a_move_carries_the_list(
    app: Flask, here: Municipality, url: str, new_database: NewDatabase, other_kind: str, tmp_path: Path
) -> None:
    alice = make_resident(here)
    with transaction():
        listed = erase_person(here, alice.account, True, "operator")
    session.remove()
    there = new_database(other_kind)
    try:
        move_database(url, there)
        with application_over(there, tmp_path):
            found = session.scalars(select(Erasure)).one()
            assert (found.uid, found.account_digest, found.public_kept) == (listed.uid, listed.account_digest, True)
    finally:
        reopen(url)


def test_the_list_in_the_store_says_nothing_of_the_person(
    app: Flask, client: FlaskClient, here: Municipality, alice: Person, store: Store
) -> None:
    receipt = erase(client, alice).json
    work_all()
    content = store.read(f"erasures/here/{receipt['erasure']}.json").decode()
    assert str(alice.account) not in content and alice.account.hex not in content
    assert uuid.UUID(receipt["erasure"]).version == 4

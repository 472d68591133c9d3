"""Everything that is held about somebody comes as a ZIP file, for them and for nobody else."""

import io
import os
import zipfile
from datetime import timedelta
from typing import Any

import orjson
import pytest
from flask import current_app
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.outbox.models import Delivery
from service.people.audit_models import AuditDetail, AuditEntry
from service.people.auditing import record
from service.people.callers import find_caller
from service.personal_data.copying import FOLDER, finish, sweep_copies
from service.personal_data.models import PersonalCopy
from tests.factories.people import Person, make_resident
from tests.personal_data.scene import a_long_story, erase, files, work_all
from tests.reports.scene import HERE, count


def ask(client: FlaskClient, who: Person) -> Any:
    return client.post(f"{HERE}/me/copy", headers=who.headers)


def link(client: FlaskClient, who: Person) -> Any:
    return client.post(f"{HERE}/me/copy/link", headers=who.headers)


def fetched(client: FlaskClient, who: Person) -> zipfile.ZipFile:
    """The copy, asked for, made and fetched."""
    assert ask(client, who).status_code == 202
    work_all()
    answer = client.get(link(client, who).json["address"])
    assert answer.status_code == 200 and answer.content_type == "application/zip"
    return zipfile.ZipFile(io.BytesIO(answer.data))


def read(archive: zipfile.ZipFile, name: str) -> Any:
    return orjson.loads(archive.read(f"{name}.json"))


def test_everything_is_in_it(client: FlaskClient, here: Municipality, alice: Person, bob: Person) -> None:
    report = a_long_story(client, alice, bob, "My lamp")
    archive = fetched(client, alice)
    assert archive.testzip() is None
    [shown] = read(archive, "reports")
    assert (shown["number"], shown["description"]) == (report["number"], "My lamp")
    assert (shown["state"], shown["category"]) == ("Επιλύθηκε", report["category_name"])
    assert [step["note"] for step in shown["history"]] == [None, "A public note: My lamp", None]
    assert "An internal one" not in archive.read("reports.json").decode()
    for photo in shown["photos"]:
        assert archive.read(photo["file"]).startswith(b"\xff\xd8")
    assert len(shown["photos"]) == 2
    assert len(read(archive, "inbox")) == len(read(archive, "messages")) == 3
    account = read(archive, "account")
    assert account["devices"][0]["installation"] == str(alice.installation)
    assert [act["action"] for act in account["audit_log"]] == ["data_asked_for"]


def test_a_file_explains_the_others_in_the_persons_language(client: FlaskClient, here: Municipality) -> None:
    greek, english = make_resident(here, "el"), make_resident(here, "en")
    assert "READ ME.txt" in fetched(client, english).namelist()
    names = fetched(client, greek).namelist()
    [text] = [name for name in names if name.endswith(".txt")]
    assert text != "READ ME.txt"


def test_nothing_of_others_and_no_secret_is_in_it(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    amy = make_resident(here)
    a_long_story(client, amy, bob, "Of Amy")
    archive = fetched(client, alice)
    content = b"".join(archive.read(name) for name in archive.namelist()).decode(errors="replace")
    assert "Of Amy" not in content and str(amy.account) not in content
    assert alice.token not in content and "_digest" not in content and '"secret' not in content


def test_its_owner_is_told(client: FlaskClient, here: Municipality, alice: Person) -> None:
    ask(client, alice)
    work_all()
    [message] = client.get(f"{HERE}/inbox", headers=alice.headers).json["messages"]
    assert message["about"]["kind"] == "personal_copy" if isinstance(message.get("about"), dict) else message
    session.remove()
    assert session.scalars(select(Delivery.channel)).all() == ["push"]


def test_staff_get_theirs(client: FlaskClient, here: Municipality, alice: Person, bob: Person) -> None:
    a_long_story(client, alice, bob, "Of Alice")
    with transaction():
        clerk = find_caller(here.id, bob.token)
        record(here.id, clerk, "verification_withdrawn", "resident", str(alice.account), text="Of Alice: moved away")
        record(here.id, None, "role_given", "staff", str(bob.account), text="Of Bob")
    archive = fetched(client, bob)
    account = read(archive, "account")
    acts = [(act["action"], act["text"]) for act in account["audit_log"]]
    assert acts[:2] == [("verification_withdrawn", None), ("role_given", "Of Bob")]
    assert account["roles"] and account["accounts"][0]["name"] == "Bob"
    assert "Of Alice" not in b"".join(archive.read(name) for name in archive.namelist()).decode(errors="replace")


def test_there_is_one_at_a_time(client: FlaskClient, here: Municipality, alice: Person) -> None:
    first, again = ask(client, alice).json, ask(client, alice).json
    assert first == again and first["state"] == "being_made" and count(PersonalCopy) == 1
    early = link(client, alice)
    assert (early.status_code, early.json["code"]) == (409, "copy_not_ready")
    work_all()
    ready = client.get(f"{HERE}/me/copy", headers=alice.headers).json
    assert (ready["id"], ready["state"], ready["done"]) == (first["id"], "ready", ready["steps"])
    assert client.delete(f"{HERE}/me/copy", headers=alice.headers).status_code == 204
    assert client.get(f"{HERE}/me/copy", headers=alice.headers).status_code == 404
    assert ask(client, alice).json["id"] != first["id"]


def test_a_link_is_good_for_a_while_and_until_the_next(
    client: FlaskClient, here: Municipality, next_door: Municipality, alice: Person
) -> None:
    ask(client, alice)
    work_all()
    first = link(client, alice).json["address"]
    assert client.get(first.replace("/here/", "/next-door/")).status_code == 404
    second = link(client, alice).json["address"]
    assert (client.get(first).status_code, client.get(second).status_code) == (404, 200)
    with transaction():
        session.execute(update(PersonalCopy).values(link_until=now() - timedelta(seconds=1)))
    late = client.get(second)
    assert (late.status_code, late.json["code"]) == (404, "link_not_valid")
    assert link(client, alice).json["address"] not in (first, second)


def test_nobody_elses_is_seen(client: FlaskClient, here: Municipality, alice: Person, charlie: Person) -> None:
    ask(client, alice)
    work_all()
    amy = make_resident(here)
    assert client.get(f"{HERE}/me/copy", headers=amy.headers).status_code == 404
    assert link(client, amy).status_code == 404
    assert client.get(f"{HERE}/me/copy", headers=charlie.headers).status_code == 401
    assert client.get(f"{HERE}/copies/{'x' * 43}").status_code == 404


def test_it_goes_when_its_time_is_over(client: FlaskClient, here: Municipality, alice: Person) -> None:
    ask(client, alice)
    work_all()
    address = link(client, alice).json["address"]
    session.remove()
    key = session.scalars(select(PersonalCopy.file_key)).one()
    session.remove()
    with transaction():
        session.execute(update(PersonalCopy).values(expires_at=now() - timedelta(seconds=1)))
    assert sweep_copies(current_app.config["STORE"])["rows"] == 1
    assert client.get(address).status_code == 404
    assert client.get(f"{HERE}/me/copy", headers=alice.headers).status_code == 404
    assert key in files()  # an hour's grace, for one that is just being written
    current_app.config["STORE"].delete(key)


def test_who_is_erased_while_it_is_made_leaves_no_file(client: FlaskClient, here: Municipality, alice: Person) -> None:
    ask(client, alice)
    session.remove()
    assert erase(client, alice).status_code == 201
    before = {key for key in files() if key.startswith("copies/")}
    work_all()
    assert {key for key in files() if key.startswith("copies/")} == before
    assert count(PersonalCopy) == 0


def test_asking_and_fetching_are_written_down(client: FlaskClient, here: Municipality, alice: Person) -> None:
    fetched(client, alice)
    session.remove()
    written = select(AuditEntry.action, AuditEntry.actor, AuditDetail.resident).join(AuditDetail)
    found = session.execute(written.order_by(AuditEntry.id)).all()
    assert [tuple(row) for row in found] == [
        ("data_asked_for", None, alice.account),
        ("data_link_given", None, alice.account),
    ]


@pytest.mark.parametrize("method", ["get", "delete", "post"])
def test_nobody_without_a_token_is_answered(client: FlaskClient, here: Municipality, method: str) -> None:
    assert getattr(client, method)(f"{HERE}/me/copy").status_code == 401


def test_a_copy_whose_file_is_lost_is_not_there(client: FlaskClient, here: Municipality, alice: Person) -> None:
    assert ask(client, alice).status_code == 202
    work_all()
    address = link(client, alice).json["address"]
    store = current_app.config["STORE"]
    for key, _, _ in list(store.keys_with_age(FOLDER)):
        store.delete(key)
    assert client.get(address).json["code"] == "link_not_valid"


def test_a_copy_is_finished_once(client: FlaskClient, here: Municipality, alice: Person) -> None:
    assert ask(client, alice).status_code == 202
    work_all()
    copy = session.scalars(select(PersonalCopy)).one()
    with transaction():
        assert finish(copy, alice.account, "copies/here/another.zip", 1) is False


def test_files_that_no_row_names_are_swept_after_an_hour(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    assert ask(client, alice).status_code == 202
    work_all()
    with transaction():
        session.execute(delete(PersonalCopy))
    store = current_app.config["STORE"]
    assert sweep_copies(store)["files"] == 0, "one may be on its way"
    for path in (current_app.config["PLATEIA"].home / "files").rglob("*.zip"):
        os.utime(path, (0, 0))
    assert sweep_copies(store)["files"] >= 1
    assert list(store.keys_with_age(FOLDER)) == []

"""Who erases their account is gone from every table; what they reported stays, as nobody's."""

import io
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from service.db import session, transaction
from service.errors import NotFound
from service.municipalities.directory import Municipality
from service.outbox.models import Delivery
from service.people.audit_models import AuditDetail, AuditEntry
from service.people.auditing import record
from service.people.contacts.models import FormerAccount
from service.people.models import Account, Device
from service.personal_data.erasing import account_digest, erase_person
from service.personal_data.models import Erasure, PersonalCopy
from service.reports.models import Report, ReportEntry
from tests.factories.people import Person, make_resident
from tests.factories.reports import photo, send_report
from tests.people.codes import OWN, ask, bearer, channels_that_send, confirm, read_code
from tests.personal_data.scene import a_long_story, erase, files, traces, work_all
from tests.reports.scene import HERE, count, expand_all, see, see_as_staff


@pytest.fixture(autouse=True)
def channels(app: Flask) -> Iterator[None]:
    with channels_that_send(app):
        yield


def test_nothing_says_who_it_was(client: FlaskClient, here: Municipality, alice: Person, bob: Person) -> None:
    a_long_story(client, alice, bob)
    assert confirm(client, alice).status_code == 200
    needed = erase(client, alice)
    assert (needed.status_code, needed.json["code"]) == (409, "code_needed")
    elsewhere = read_code(ask(client, alice, "another@example.org"))
    assert erase(client, alice, code_id=elsewhere["id"], code=elsewhere["code"]).status_code == 422
    told = read_code(ask(client, alice))
    wrong = erase(client, alice, code_id=told["id"], code=f"{(int(told['code']) + 1) % 10**6:06d}")
    assert (wrong.status_code, wrong.json["code"]) == (422, "code_not_right")
    assert erase(client, alice, code_id=told["id"], code=told["code"]).status_code == 201
    for trace in (
        str(alice.account),
        alice.account.hex,
        str(alice.installation),
        "Erase me",
        "alice@example.org",
        "another@",
    ):
        assert traces(trace) == []
    assert traces(f"phone-{alice.installation}") == []
    session.remove()
    assert session.scalar(select(Account.id).where(Account.id == alice.account_id)) is None


def test_a_stolen_token_alone_erases_nobody(client: FlaskClient, here: Municipality, alice: Person) -> None:
    for secret in (None, "another secret of at least 32 characters"):
        refused = erase(client, alice, secret=secret)
        assert (refused.status_code, refused.json["code"]) == (401, "secret_not_right")
    assert confirm(client, alice).status_code == 200
    told = read_code(ask(client, alice))
    refused = erase(client, alice, secret=None, code_id=told["id"], code=told["code"])
    assert refused.json["code"] == "secret_not_right", "the code alone is not enough either"
    assert erase(client, alice, code_id=told["id"], code=told["code"]).status_code == 201


def test_who_had_another_account_before_is_erased_with_it(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    fresh = make_resident(here)
    a_long_story(client, fresh, bob)
    assert client.post(f"{HERE}/me/copy", headers=fresh.headers).status_code == 202
    joined = client.post(f"{HERE}/me/join-by-phone", json=phone_code(client, alice) | OWN, headers=fresh.headers)
    assert joined.status_code == 201
    last = make_resident(here)
    with transaction():
        record(here.id, None, "resident_verified", "resident", str(fresh.account))
    work_all()
    assert traces(str(fresh.account)) and count(PersonalCopy) == 0, "its copy is not what is held any more"
    kept = a_long_story(client, last, bob, "Keep me")
    assert erase(client, alice).status_code == 201
    for person in (alice, fresh):
        assert traces(str(person.account)) == traces(str(person.installation)) == traces(person.account.hex) == []
    assert traces("Erase me") == [] and see(client, kept["id"], last).json["description"] == "Keep me"
    session.remove()
    digests = set(session.scalars(select(Erasure.account_digest)))
    assert digests == {account_digest("here", person.account) for person in (alice, fresh)}
    assert count(FormerAccount) == 0


def test_accounts_that_were_joined_one_after_the_other_go_together(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    first, second = make_resident(here), make_resident(here)
    assert joins(client, first, second).status_code == 201
    for phone in (second, first):
        answer = joins(client, phone if phone is second else phone_again(client, first), alice)
        assert answer.status_code == 201
    assert erase(client, alice).status_code == 201
    session.remove()
    assert session.scalars(select(Account.kind).where(Account.kind == "resident")).all() == []
    assert count(Erasure) == 3


def test_an_account_that_somebody_uses_again_is_not_erased_with_the_other(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    fresh, third = make_resident(here), make_resident(here)
    code = phone_code(client, fresh)
    assert joins(client, fresh, alice).status_code == 201
    again = client.post(f"{HERE}/me/join-by-phone", json=code | OWN, headers=third.headers)
    assert again.json["account"] == str(fresh.account)
    assert erase(client, alice).status_code == 201
    assert client.get(f"{HERE}/me", headers=bearer(again)).status_code == 200


def phone_code(client: FlaskClient, who: Person) -> dict[str, str]:
    shown = client.post(f"{HERE}/me/phone-codes", json=OWN, headers=who.headers)
    return {"code": shown.json["code"]}


def joins(client: FlaskClient, phone: Person, whose: Person) -> TestResponse:
    return client.post(f"{HERE}/me/join-by-phone", json=phone_code(client, whose) | OWN, headers=phone.headers)


def phone_again(client: FlaskClient, who: Person) -> Person:
    """The same phone, with a fresh token of the account that it has now."""
    body = {"installation": str(who.installation), "platform": "ios", "app_version": "1.0"} | OWN
    return replace(who, token=client.post(f"{HERE}/devices", json=body).json["token"])


def test_the_report_stays_as_an_anonymous_fact(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    report = a_long_story(client, alice, bob)
    assert erase(client, alice).status_code == 201
    shown = see_as_staff(client, report["id"], bob).json
    assert (shown["number"], shown["state"], shown["category"]) == (report["number"], "resolved", report["category"])
    assert (shown["longitude"], shown["latitude"]) == (report["longitude"], report["latitude"])
    assert (shown["description"], shown["address"], shown["photos"]) == ("", None, [])
    assert [step["state"] for step in shown["timeline"]] == ["received", "acknowledged", "resolved"]
    assert {step["note"] for step in shown["timeline"]} == {step["internal"] for step in shown["timeline"]} == {None}
    session.remove()
    assert session.scalars(select(Report.reporter_id)).all() == [None]
    assert session.scalars(select(ReportEntry.by_id).where(ReportEntry.by_kind == "reporter")).all() == [None]


def test_what_everybody_may_see_can_be_left(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    public, hidden = a_long_story(client, alice, bob), a_long_story(client, alice, bob, "Not for everybody")
    with transaction():
        row = session.scalars(select(Report).where(Report.uid == uuid.UUID(public["id"]))).one()
        row.text_public = row.photos_public = True
    assert erase(client, alice, keep_public=True).status_code == 201
    shown = see(client, public["id"]).json
    assert shown["description"] == "Erase me" and len(shown["photos"]) == 1
    assert see_as_staff(client, hidden["id"], bob).json["description"] == ""
    assert traces("Not for everybody") == [] and traces("An internal one") == []
    assert traces(str(alice.account)) == [] and traces(alice.account.hex) == []


def test_the_next_call_is_refused_on_every_phone(client: FlaskClient, here: Municipality, alice: Person) -> None:
    assert erase(client, alice).status_code == 201
    for address in ("me", "inbox", "my/reports"):
        assert client.get(f"{HERE}/{address}", headers=alice.headers).status_code == 401
    assert erase(client, alice).status_code == 401


def test_nobody_is_erased_by_mistake_or_by_another(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    other = erase(client, alice, account=str(bob.account))
    assert (other.status_code, other.json["code"]) == (422, "account_not_yours")
    staff = erase(client, bob)
    assert (staff.status_code, staff.json["code"]) == (409, "staff_not_erased")
    assert client.post(f"{HERE}/me/erasure", json={}, headers=alice.headers).status_code == 422
    assert client.post(f"{HERE}/me/erasure", json={"account": str(alice.account)}).status_code == 401
    assert count(Erasure) == 0


def test_it_is_written_down_without_a_name(client: FlaskClient, here: Municipality, alice: Person) -> None:
    receipt = erase(client, alice).json
    session.remove()
    listed = session.scalars(select(Erasure)).one()
    assert str(listed.uid) == receipt["erasure"] and listed.uid.version == 4
    assert listed.account_digest == account_digest("here", alice.account)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "account_erased")).one()
    assert (entry.subject, entry.actor) == (str(listed.uid), None)
    assert entry.facts == {"kind": "resident", "public_kept": False, "asked_by": "person"}
    assert count(AuditDetail) == 0


def test_others_keep_everything(client: FlaskClient, here: Municipality, alice: Person, bob: Person) -> None:
    amy = make_resident(here)
    kept = a_long_story(client, amy, bob, "Keep me")
    a_long_story(client, alice, bob)
    inbox = client.get(f"{HERE}/inbox", headers=amy.headers).json
    before = see(client, kept["id"], amy).json
    assert erase(client, alice).status_code == 201
    assert see(client, kept["id"], amy).json == before
    assert client.get(f"{HERE}/inbox", headers=amy.headers).json == inbox
    assert client.get(kept["photos"][0]["small"], headers=amy.headers).status_code == 200


def test_the_same_phone_begins_anew(client: FlaskClient, here: Municipality, alice: Person) -> None:
    erase(client, alice)
    again = make_resident(here, installation=alice.installation)
    assert again.account != alice.account
    assert client.get(f"{HERE}/my/reports", headers=again.headers).json["reports"] == []


def test_a_department_still_hears_of_the_report(client: FlaskClient, here: Municipality, alice: Person) -> None:
    send_report(client, who=alice, address="Alice's own house")
    expand_all()
    assert traces("Alice's own house")
    assert erase(client, alice).status_code == 201
    expand_all()
    assert traces("Alice's own house") == []
    session.remove()
    waiting = session.scalars(select(Delivery).where(Delivery.state == "pending")).all()
    assert [delivery.channel for delivery in waiting] == ["email"]


def test_the_files_go_soon_after(client: FlaskClient, here: Municipality, alice: Person, bob: Person) -> None:
    report = a_long_story(client, alice, bob)
    sent = {"photo": (io.BytesIO(photo()), "b.jpg")}
    unattached = client.post(f"{HERE}/photos", data=sent, headers=alice.headers)
    ids = [report["photos"][0]["id"], unattached.json["id"]]
    assert all(any(uid in key for key in files()) for uid in ids)
    receipt = erase(client, alice).json
    work_all()
    assert not any(uid in key for key in files() for uid in ids)
    assert f"erasures/here/{receipt['erasure']}.json" in files()


def test_staff_are_erased_by_an_operator(client: FlaskClient, here: Municipality, alice: Person, bob: Person) -> None:
    report = a_long_story(client, alice, bob)
    with transaction():
        record(here.id, None, "role_given", "staff", str(bob.account), {"role": "dispatcher"}, text="bob@here.example")
    with transaction():
        erase_person(here, bob.account, False, "operator")
    assert traces("bob@") == [] and traces(bob.account.hex) == []
    shown = see(client, report["id"], alice).json
    assert shown["description"] == "Erase me" and shown["timeline"][1]["by"] == "staff"
    session.remove()
    assert session.scalars(select(AuditEntry.subject).where(AuditEntry.action == "role_given")).one() == str(
        bob.account
    )


def test_only_the_municipality_of_the_account_erases_it(here: Municipality, next_door: Municipality) -> None:
    alice = make_resident(here)
    with pytest.raises(NotFound), transaction():
        erase_person(next_door, alice.account, False, "operator")
    assert count(Device) == 1


def test_it_is_whole_or_not_at_all(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_long_story(client, alice, bob)
    before = {trace: traces(trace) for trace in (alice.account.hex, "Erase me")}
    monkeypatch.setattr("service.personal_data.erasing.plan", broken)
    with pytest.raises(ZeroDivisionError), transaction():
        erase_person(here, alice.account, False, "operator")
    assert {trace: traces(trace) for trace in before} == before


def broken(*_arguments: object, **_options: object) -> None:
    raise ZeroDivisionError

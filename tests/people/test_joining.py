"""A phone joins the account of its person, by a confirmed address or by another phone, and brings what it had."""

import uuid
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from service.db import session, transaction
from service.db.clock import now, seconds_from_now
from service.db.keys import new_uid
from service.housekeeping import HANDLERS
from service.jobs.models import Job
from service.jobs.working import work_one
from service.municipalities.directory import Municipality
from service.people.contacts.models import PhoneCode
from service.people.models import Device
from service.people.verified.models import VerifiedResident
from tests.factories.people import SECRET, Person, make_resident
from tests.factories.reports import make_report
from tests.people.codes import EMAIL, HERE, NUMBER, OWN, ask, bearer, channels_that_send, confirm, post, read_code
from tests.reports.scene import deliveries, expand_all, inbox_of


@pytest.fixture(autouse=True)
def channels(app: Flask) -> Iterator[None]:
    with channels_that_send(app):
        yield


@pytest.fixture
def fresh(here: Municipality) -> Person:
    """The same person's new phone, which has registered as somebody new."""
    return make_resident(here, language="en")


@pytest.fixture
def confirmed(client: FlaskClient, alice: Person) -> Person:
    assert confirm(client, alice).status_code == 200
    return alice


def join(client: FlaskClient, who: Person, address: str = EMAIL) -> TestResponse:
    return post(client, who, "join", read_code(ask(client, who, address)) | OWN)


def phone_code(client: FlaskClient, who: Person) -> str:
    shown = post(client, who, "phone-codes", {"secret": SECRET})
    assert (shown.status_code, shown.headers["Cache-Control"]) == (201, "no-store")
    return str(shown.json["code"])


def do_jobs() -> None:
    with transaction():
        session.execute(update(Job).values(run_at=seconds_from_now(-1)))
    while work_one({"join_accounts": HANDLERS["join_accounts"]}, "worker-1"):
        pass


def works(client: FlaskClient, headers: dict[str, str]) -> bool:
    return client.get(f"{HERE}/me", headers=headers).status_code == 200


def reports_of(client: FlaskClient, headers: dict[str, str]) -> set[str]:
    return {report["id"] for report in client.get(f"{HERE}/my/reports", headers=headers).json["reports"]}


def test_a_new_phone_joins_by_a_confirmed_address(client: FlaskClient, confirmed: Person, fresh: Person) -> None:
    joined = join(client, fresh)
    assert (joined.status_code, joined.json["account"]) == (201, str(confirmed.account))
    assert joined.json["refresh_token"] is None
    assert not works(client, fresh.headers), "its former token is worth nothing"
    assert works(client, bearer(joined)) and works(client, confirmed.headers), "the old phone stays"
    back = {"installation": str(fresh.installation), "secret": SECRET, "platform": "ios", "app_version": "2"}
    again = client.post(f"{HERE}/devices", json=back)
    assert again.json["account"] == str(confirmed.account), "it comes back as this person"


def test_it_joins_by_a_telephone_number_too(client: FlaskClient, alice: Person, fresh: Person) -> None:
    assert confirm(client, alice, NUMBER).status_code == 200
    assert join(client, fresh, "6912345678").json["account"] == str(alice.account)


def test_a_new_phone_joins_by_what_the_old_one_shows(client: FlaskClient, alice: Person, fresh: Person) -> None:
    code = phone_code(client, alice)
    joined = post(client, fresh, "join-by-phone", {"code": code} | OWN)
    assert (joined.status_code, joined.json["account"]) == (201, str(alice.account))
    third = make_resident(municipality_of(alice))
    again = post(client, third, "join-by-phone", {"code": code} | OWN)
    assert (again.status_code, again.json["code"]) == (422, "code_not_right"), "it is good once"


def municipality_of(person: Person) -> Municipality:
    from service.municipalities.directory import municipality

    return municipality("here")


def test_what_the_phone_had_comes_along(
    client: FlaskClient, here: Municipality, confirmed: Person, fresh: Person
) -> None:
    kept = make_report(here, confirmed).uid
    brought = make_report(here, fresh).uid
    expand_all()
    joined = join(client, fresh)
    do_jobs()
    assert reports_of(client, bearer(joined)) == reports_of(client, confirmed.headers) == {str(kept), str(brought)}
    inbox = client.get(f"{HERE}/inbox", headers=confirmed.headers).json["messages"]
    assert {message["about"]["id"] for message in inbox} >= {str(kept), str(brought)}


def test_pushes_about_all_reports_reach_both_phones(
    client: FlaskClient, here: Municipality, confirmed: Person, fresh: Person
) -> None:
    join(client, fresh)
    do_jobs()
    make_report(here, confirmed)
    expand_all()
    reached = {value for kind, value in deliveries("push") if kind == "report_changed"} or {
        value for _, value in deliveries("push")
    }
    assert reached >= {f"phone-{confirmed.installation}", f"phone-{fresh.installation}"}


def test_the_person_is_told_on_every_phone_and_by_mail(
    client: FlaskClient, here: Municipality, confirmed: Person, fresh: Person
) -> None:
    join(client, fresh)
    expand_all()
    (message,) = [one for one in inbox_of(confirmed) if one.kind != "contact_changed"]
    assert (message.kind, message.about_kind, message.about) == ("phone_joined", "phone", str(fresh.installation))
    assert message.title == "Ένα ακόμη τηλέφωνο χρησιμοποιεί τον λογαριασμό σας"
    assert EMAIL in [value for _, value in deliveries("email")]
    assert f"phone-{confirmed.installation}" in [value for _, value in deliveries("push")]


def test_an_account_that_somebody_can_still_reach_keeps_what_it_has(
    client: FlaskClient, here: Municipality, confirmed: Person, fresh: Person
) -> None:
    confirm(client, fresh, NUMBER)
    report = make_report(here, fresh).uid
    joined = join(client, fresh)
    do_jobs()
    assert session.scalars(select(Job.kind).where(Job.kind == "join_accounts")).all() == []
    assert str(report) not in reports_of(client, bearer(joined))


def test_a_second_phone_of_the_former_account_keeps_it(
    client: FlaskClient, here: Municipality, confirmed: Person, fresh: Person
) -> None:
    second = make_resident(here)
    assert post(client, second, "join-by-phone", {"code": phone_code(client, fresh)} | OWN).status_code == 201
    do_jobs()
    report = make_report(here, fresh).uid
    assert join(client, fresh).status_code == 201
    do_jobs()
    third = client.post(
        f"{HERE}/devices",
        json={"installation": str(second.installation), "secret": SECRET, "platform": "ios", "app_version": "1"},
    )
    assert reports_of(client, bearer(third)) == {str(report)}


def test_who_was_shown_to_live_here_still_was(client: FlaskClient, here: Municipality, confirmed: Person) -> None:
    fresh = make_resident(here)
    with transaction():
        session.add(
            VerifiedResident(
                uid=new_uid(), municipality_id=here.id, account_id=fresh.account_id, person_pseudonym=b"p" * 32
            )
        )
    assert join(client, fresh).status_code == 201
    session.rollback()
    assert session.scalars(select(VerifiedResident.account_id)).all() == [confirmed.account_id]


def test_an_address_that_nobody_has_joins_nothing_and_can_then_be_added(
    client: FlaskClient, alice: Person, fresh: Person
) -> None:
    body = read_code(ask(client, fresh))
    refused = post(client, fresh, "join", body | OWN)
    assert (refused.status_code, refused.json["code"]) == (409, "nobody_to_join")
    assert post(client, fresh, "contacts", body).json["email"] == EMAIL


def test_a_phone_does_not_join_the_account_that_it_has(client: FlaskClient, confirmed: Person) -> None:
    assert join(client, confirmed).json["code"] == "already_joined"
    own = post(client, confirmed, "join-by-phone", {"code": phone_code(client, confirmed)} | OWN)
    assert (own.status_code, own.json["code"]) == (409, "already_joined")


def test_next_door_nobody_is_joined(
    client: FlaskClient, here: Municipality, next_door: Municipality, confirmed: Person
) -> None:
    neighbour = make_resident(next_door)
    code = phone_code(client, confirmed)
    refused = client.post("/api/v1/next-door/me/join-by-phone", json={"code": code} | OWN, headers=neighbour.headers)
    assert refused.json["code"] == "code_not_right"
    body = {"channel": "email", "address": EMAIL, "secret": SECRET}
    sent = client.post("/api/v1/next-door/me/contact-codes", json=body, headers=neighbour.headers)
    answer = client.post("/api/v1/next-door/me/join", json=read_code(sent) | OWN, headers=neighbour.headers)
    assert answer.json["code"] == "nobody_to_join"


def test_a_code_that_a_phone_shows_is_good_for_five_minutes_and_only_the_newest(
    client: FlaskClient, alice: Person, fresh: Person
) -> None:
    first, second = phone_code(client, alice), phone_code(client, alice)
    assert post(client, fresh, "join-by-phone", {"code": first} | OWN).json["code"] == "code_not_right"
    session.rollback()
    left = session.scalars(select(PhoneCode.expires_at)).one() - now()
    assert 290 < left.total_seconds() <= 300
    with transaction():
        session.execute(update(PhoneCode).values(expires_at=seconds_from_now(0)))
    assert post(client, fresh, "join-by-phone", {"code": second} | OWN).json["code"] == "code_not_right"


def test_a_stolen_token_alone_shows_no_code(client: FlaskClient, alice: Person) -> None:
    for body in ({}, {"secret": None}, {"secret": "b" * 32}):
        assert post(client, alice, "phone-codes", body).json["code"] == "secret_not_right"


def test_a_stolen_token_alone_joins_nobody(client: FlaskClient, alice: Person, fresh: Person) -> None:
    assert confirm(client, fresh).status_code == 200
    shown, sent = {"code": phone_code(client, fresh)}, read_code(ask(client, alice))
    for stolen in ({}, {"secret": None}, {"secret": "b" * 32}):
        for path, body in (("join-by-phone", shown), ("join", sent)):
            refused = post(client, alice, path, body | stolen)
            assert (refused.status_code, refused.json["code"]) == (401, "secret_not_right")
    assert works(client, alice.headers), "nothing has changed"
    assert post(client, alice, "join-by-phone", shown | OWN).json["account"] == str(fresh.account)


def test_staff_join_nobody_and_are_joined_by_nobody(client: FlaskClient, confirmed: Person, bob: Person) -> None:
    assert post(client, bob, "phone-codes", {}).json["code"] == "not_for_staff"
    code = phone_code(client, confirmed)
    refused = post(client, bob, "join-by-phone", {"code": code} | OWN)
    assert (refused.status_code, refused.json["code"]) == (409, "not_for_staff")
    assert post(client, bob, "join", {"id": str(uuid.uuid4()), "code": "123456"}).json["code"] == "not_for_staff"


def test_a_phone_that_was_removed_meanwhile_joins_nobody(
    client: FlaskClient, here: Municipality, confirmed: Person, fresh: Person
) -> None:
    body = read_code(ask(client, fresh))
    with transaction():
        session.execute(update(Device).where(Device.account_id == fresh.account_id).values(removed_at=now()))
    assert post(client, fresh, "join", body | OWN).json["code"] == "device_needed"


def test_handing_over_again_changes_nothing(
    client: FlaskClient, here: Municipality, confirmed: Person, fresh: Person
) -> None:
    report = make_report(here, fresh).uid
    joined = join(client, fresh)
    do_jobs()
    with transaction():
        session.execute(update(Job).where(Job.kind == "join_accounts").values(state="waiting"))
    do_jobs()
    assert reports_of(client, bearer(joined)) == {str(report)}

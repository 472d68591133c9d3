"""An address is somebody's when they have repeated the code that came there, and before that nothing else comes."""

import hmac
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from service.db import session, transaction
from service.db.clock import now, seconds_from_now
from service.housekeeping import EVERY
from service.municipalities.directory import Municipality
from service.outbox.expanding import expand
from service.outbox.models import Delivery, Event, Target
from service.outbox.retaining import forget_farewells
from service.people.contacts.codes import TRIES, forget_expired_codes
from service.people.contacts.models import ContactCode
from service.people.models import Account
from service.worker import EVENTS
from tests.factories.people import SECRET, Person, make_resident
from tests.factories.reports import make_report
from tests.people.codes import EMAIL, HERE, NUMBER, OWN, ask, channels_that_send, confirm, give_up, post, read_code
from tests.reports.scene import deliveries, expand_all, inbox_of


@pytest.fixture(autouse=True)
def channels(app: Flask) -> Iterator[None]:
    with channels_that_send(app):
        yield


@pytest.fixture
def amy(here: Municipality) -> Person:
    return make_resident(here)


def me(client: FlaskClient, who: Person) -> dict[str, object]:
    shown: dict[str, object] = client.get(f"{HERE}/me", headers=who.headers).json
    return shown


def wrong(body: dict[str, str]) -> dict[str, str]:
    return body | {"code": f"{(int(body['code']) + 1) % 10**6:06d}"}


@pytest.mark.parametrize(("address", "kept"), [(" Alice@Example.ORG", EMAIL), ("691 234 5678", NUMBER)])
def test_an_address_is_ones_own_when_the_code_is_repeated(
    client: FlaskClient, here: Municipality, alice: Person, address: str, kept: str
) -> None:
    sent = ask(client, alice, address)
    assert me(client, alice)["email"] is me(client, alice)["phone"] is None, "not before"
    confirmed = post(client, alice, "contacts", read_code(sent))
    assert confirmed.status_code == 200
    assert confirmed.json == me(client, alice) and kept in (confirmed.json["email"], confirmed.json["phone"])


def test_nothing_but_the_code_goes_to_an_address_that_is_not_confirmed(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    sent = ask(client, alice)
    make_report(here, alice)
    expand_all()
    mails = session.execute(select(Delivery.subject, Target.value).join(Target).where(Target.value == EMAIL)).all()
    assert [mail.subject for mail in mails] == [f"code:{sent.json['id']}"]
    assert [message.kind for message in inbox_of(alice)] == ["report_changed"], "no inbox shows a code"
    assert post(client, alice, "contacts", read_code(sent)).status_code == 200
    make_report(here, alice)
    expand_all()
    assert [value for _, value in deliveries("email")].count(EMAIL) == 2, "that it is confirmed, and the report"


@pytest.mark.parametrize(
    ("language", "words"),
    [("el", "ο κωδικός σας"), ("bg", "Вашият код"), ("lt", "Jūsų kodas"), ("en", "your code")],
)
def test_a_code_is_worded_in_the_language_of_who_asks(
    client: FlaskClient, app: Flask, alice: Person, here: Municipality, language: str, words: str
) -> None:
    with transaction():
        session.execute(update(Account).values(language=language))
    sent = [ask(client, alice), ask(client, alice, NUMBER)]
    spoken = here.language_for(language)
    for one in sent:
        code = read_code(one)["code"]
        content = session.scalars(select(Delivery.content).where(Delivery.subject == f"code:{one.json['id']}")).one()
        assert code in content["text"] and (spoken != language or words in content["text"])
        assert "subject" not in content or code in content["subject"]


def test_the_code_is_kept_in_no_event_and_in_no_table_but_until_it_is_sent(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    body = read_code(ask(client, alice))
    session.rollback()
    event = session.scalars(select(Event).where(Event.subject == f"code:{body['id']}")).one()
    assert set(event.payload) == {"code_id"}
    row = session.scalars(select(ContactCode)).one()
    assert body["code"].encode() not in row.nonce and len(row.nonce) == 16
    delivery = session.scalars(select(Delivery).where(Delivery.subject == event.subject)).one()
    assert delivery.fleeting and delivery.expires_at - now() <= timedelta(seconds=600)


def test_a_wrong_code_is_refused_and_five_of_them_spoil_the_right_one(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    body = read_code(ask(client, alice))
    for _ in range(TRIES - 1):
        refused = post(client, alice, "contacts", wrong(body))
        assert (refused.status_code, refused.json["code"]) == (422, "code_not_right")
    assert post(client, alice, "contacts", body).status_code == 200, "the fifth try is the last"
    body = read_code(ask(client, alice, "other@example.org"))
    for _ in range(TRIES):
        post(client, alice, "contacts", wrong(body))
    assert post(client, alice, "contacts", body).json["code"] == "code_not_right"


def test_a_code_is_good_once_and_only_the_newest_is(client: FlaskClient, here: Municipality, alice: Person) -> None:
    first = read_code(ask(client, alice))
    second = read_code(ask(client, alice))
    assert post(client, alice, "contacts", first).json["code"] == "code_not_right"
    assert post(client, alice, "contacts", second).status_code == 200
    assert post(client, alice, "contacts", second).json["code"] == "code_not_right"


def test_a_code_expires_on_the_clock_of_the_database(client: FlaskClient, here: Municipality, alice: Person) -> None:
    body = read_code(ask(client, alice))
    with transaction():
        session.execute(update(ContactCode).values(expires_at=seconds_from_now(0)))
    assert post(client, alice, "contacts", body).json["code"] == "code_not_right"


def test_a_code_that_waited_too_long_is_not_sent_at_all(client: FlaskClient, here: Municipality, alice: Person) -> None:
    ask(client, alice)
    with transaction():
        session.execute(update(ContactCode).values(expires_at=now() - timedelta(seconds=1)))
    while expand(EVENTS):
        pass
    session.rollback()
    assert session.scalars(select(Delivery)).all() == []


def test_nobody_uses_the_code_of_somebody_else(
    client: FlaskClient, here: Municipality, next_door: Municipality, alice: Person, amy: Person
) -> None:
    body = read_code(ask(client, alice))
    assert post(client, amy, "contacts", body).json["code"] == "code_not_right"
    neighbour = make_resident(next_door)
    answer = client.post("/api/v1/next-door/me/contacts", json=body, headers=neighbour.headers)
    assert answer.json["code"] == "code_not_right"
    assert post(client, alice, "contacts", body).status_code == 200


def test_asking_says_nothing_about_who_has_an_address(
    client: FlaskClient, here: Municipality, alice: Person, amy: Person
) -> None:
    assert confirm(client, alice).status_code == 200
    known, unknown = ask(client, amy), ask(client, amy, "nobody@example.org")
    assert known.status_code == unknown.status_code == 201
    assert known.json.keys() == unknown.json.keys() == {"id", "expires_at"}
    assert read_code(unknown) and post(client, amy, "contacts", wrong(read_code(unknown))).status_code == 422


def test_an_address_belongs_to_one_account_and_only_who_reads_there_learns_so(
    client: FlaskClient, here: Municipality, next_door: Municipality, alice: Person, amy: Person
) -> None:
    assert confirm(client, alice).status_code == 200
    body = read_code(ask(client, amy))
    refused = post(client, amy, "contacts", body)
    assert (refused.status_code, refused.json["code"]) == (409, "contact_taken")
    assert post(client, amy, "join", body | OWN).status_code == 201, "the code is still good"
    assert confirm(client, alice).status_code == 200, "one's own again is no conflict"


def test_next_door_the_same_address_is_anothers(
    client: FlaskClient, here: Municipality, next_door: Municipality, alice: Person
) -> None:
    confirm(client, alice)
    neighbour = make_resident(next_door)
    body = {"channel": "email", "address": EMAIL, "secret": SECRET}
    sent = client.post("/api/v1/next-door/me/contact-codes", json=body, headers=neighbour.headers)
    answer = client.post("/api/v1/next-door/me/contacts", json=read_code(sent), headers=neighbour.headers)
    assert answer.json["email"] == EMAIL


def test_a_stolen_token_alone_adds_no_address(client: FlaskClient, here: Municipality, alice: Person) -> None:
    for secret in (None, "another secret of at least 32 characters"):
        refused = ask(client, alice, secret=secret)
        assert (refused.status_code, refused.json["code"]) == (401, "secret_not_right")
    assert session.scalars(select(ContactCode)).all() == []


def test_a_stolen_token_alone_takes_no_address_away(client: FlaskClient, here: Municipality, alice: Person) -> None:
    confirm(client, alice)
    for secret in (None, "another secret of at least 32 characters"):
        refused = give_up(client, alice, secret=secret)
        assert (refused.status_code, refused.json["code"]) == (401, "secret_not_right")
    assert me(client, alice)["email"] == EMAIL


def test_staff_have_their_address_from_an_administrator(client: FlaskClient, here: Municipality, bob: Person) -> None:
    assert ask(client, bob).json["code"] == "not_for_staff"
    removed = give_up(client, bob)
    assert (removed.status_code, removed.json["code"]) == (409, "not_for_staff")
    assert me(client, bob)["email"] == "bob@here.example"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("2461 012345", "number_not_valid"),
        ("+30 1", "number_not_valid"),
        ("+306900", "number_not_valid"),
        ("909 123 4567", "number_not_valid"),
        ("nonsense", "number_not_valid"),
        ("+306912345678 ext 11112222", "number_not_valid"),
        ("+306912345678;ext=1", "number_not_valid"),
        ("٦٩١٢٣٤٥٦٧٨", "number_not_valid"),
        ("+30691CALLNOW", "number_not_valid"),
        ("no address@", "fields_not_valid"),
        ("@", "fields_not_valid"),
    ],
)
def test_what_is_no_address_is_refused(
    client: FlaskClient, here: Municipality, alice: Person, address: str, code: str
) -> None:
    refused = ask(client, alice, address)
    assert (refused.status_code, refused.json["code"]) == (422, code)


def test_nothing_stands_beside_a_number(client: FlaskClient, here: Municipality, alice: Person) -> None:
    body = {"channel": "sms", "address": "abc@+306912345678", "secret": SECRET}
    assert post(client, alice, "contact-codes", body).json["code"] == "number_not_valid"


def test_a_number_with_its_country_is_of_that_country(client: FlaskClient, here: Municipality, alice: Person) -> None:
    assert confirm(client, alice, "+359 87 123 4567").json["phone"] == "+359871234567"


@pytest.mark.parametrize("code", ["12345", "1234567", "12345a", "", "１２３４５６"])
def test_what_is_no_code_is_refused_before_it_counts(
    client: FlaskClient, here: Municipality, alice: Person, code: str
) -> None:
    body = read_code(ask(client, alice))
    assert post(client, alice, "contacts", body | {"code": code}).json["code"] == "fields_not_valid"
    assert session.scalars(select(ContactCode.tries)).all() == [0]


def test_an_address_that_is_given_up_gets_nothing_more(client: FlaskClient, here: Municipality, alice: Person) -> None:
    confirm(client, alice)
    confirm(client, alice, NUMBER)
    for channel in ("email", "sms"):
        assert give_up(client, alice, channel).status_code == 204
    assert me(client, alice)["email"] is me(client, alice)["phone"] is None
    expand_all()
    make_report(here, alice)
    expand_all()
    assert [value for _, value in deliveries("email")].count(EMAIL) == 2, "what was told of it, and nothing more"


def told_of(address: str) -> list[str]:
    """What came to this address in the end, but for codes."""
    sent = select(Delivery.content, Delivery.subject).join(Target).where(Target.value == address)
    rows = session.execute(sent.order_by(Delivery.id)).all()
    return [row.content["text"] for row in rows if not row.subject.startswith("code:")]


def test_a_change_of_address_is_told_to_the_person_and_to_the_former_address(
    client: FlaskClient, here: Municipality
) -> None:
    amy = make_resident(here, language="en")
    steps = [
        lambda: confirm(client, amy),
        lambda: confirm(client, amy),
        lambda: confirm(client, amy, "amy@example.org"),
        lambda: confirm(client, amy, NUMBER),
        lambda: give_up(client, amy, "sms"),
        lambda: give_up(client, amy, "sms"),
        lambda: give_up(client, amy),
    ]
    told = []
    for step in steps:
        assert step().status_code < 300
        expand_all()
        told.append([message.about for message in inbox_of(amy) if message.kind == "contact_changed"])
    assert [len(one) for one in told] == [1, 1, 2, 3, 4, 4, 5], "what changes nothing is not told"
    (first,) = [text for text in told_of(EMAIL) if "taken out of an account" in text]
    assert "with Here" in first and len(told_of(NUMBER)) == 1 and "sign out everywhere else" in told_of(NUMBER)[0]
    assert sum("taken out of an account" in text for text in told_of("amy@example.org")) == 1
    pushes = [row.content["title"] for row, value in deliveries("push") if value == f"phone-{amy.installation}"]
    assert pushes.count("The e-mail address or number of your account was changed") == 5


def test_an_address_that_was_given_up_is_forgotten_when_it_was_told(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    confirm(client, alice)
    give_up(client, alice)
    expand_all()
    for wait, state, left in ((0, "sent", 1), (2, "pending", 1), (2, "sent", 0)):
        with transaction():
            session.execute(update(Target).values(created_at=now() - timedelta(days=wait)))
            session.execute(update(Delivery).values(state=state))
        with transaction():
            forget_farewells()
        farewells = select(func.count()).select_from(Target).where(Target.kind == "former", Target.value == EMAIL)
        assert session.scalar(farewells) == left


def test_a_channel_that_nothing_can_be_sent_by_is_refused(
    app: Flask, client: FlaskClient, here: Municipality, alice: Person
) -> None:
    assert me(client, alice)["codes_by"] == ["email", "sms"]
    settings = app.config["PLATEIA"]
    try:
        app.config["PLATEIA"] = settings.__class__(home=settings.home, samples=True)
        assert me(client, alice)["codes_by"] == []
        refused = ask(client, alice)
        assert (refused.status_code, refused.json["code"]) == (409, "channel_not_here")
    finally:
        app.config["PLATEIA"] = settings


def test_what_was_never_confirmed_is_forgotten_with_its_address(
    client: FlaskClient, here: Municipality, alice: Person, amy: Person
) -> None:
    ask(client, alice)
    ask(client, amy)
    with transaction():
        mine = update(ContactCode).where(ContactCode.account_id == alice.account_id)
        session.execute(mine.values(expires_at=seconds_from_now(-1)))
    with transaction():
        assert forget_expired_codes() == 1
    assert EMAIL in session.scalars(select(Target.value)).all(), "amy's is still on its way"
    with transaction():
        session.execute(update(ContactCode).values(expires_at=seconds_from_now(-1)))
    with transaction():
        assert forget_expired_codes() == 1
    assert EMAIL not in session.scalars(select(Target.value)).all()
    assert EVERY["forget_codes"] == 900


def test_a_confirmed_code_leaves_no_target_of_its_own(client: FlaskClient, here: Municipality, alice: Person) -> None:
    confirm(client, alice)
    session.rollback()
    kinds = session.scalars(select(Target.kind).where(Target.value == EMAIL)).all()
    assert kinds == ["address"]
    assert session.scalar(select(func.count()).select_from(ContactCode)) == 0


def test_codes_are_compared_in_constant_time(
    client: FlaskClient, here: Municipality, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, compared, compare = read_code(ask(client, alice)), [], hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append(b) or compare(a, b))
    post(client, alice, "contacts", wrong(body))
    assert wrong(body)["code"].encode() in compared

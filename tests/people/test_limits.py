"""How often somebody may try: strict with guesses, lenient to many phones behind one address."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.app import create_app
from service.config import Settings
from service.db import db
from service.municipalities.directory import Municipality
from service.people.limits import place_of, set_up
from tests.conftest import OutsideClient
from tests.factories.people import PASSWORD, SECRET, Person, make_resident, make_staff

HERE = "/api/v1/here"


@contextmanager
def service(app: Flask, home: Path, **settings: Any) -> Iterator[FlaskClient]:
    """A service over the same database with its limits on, and nothing counted yet."""
    url = app.config["PLATEIA"].database_url
    made = create_app(Settings(home=home, database_url=url, samples=True, log_level="ERROR", **settings))
    yield OutsideClient(made, made.response_class)
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def limited(app: Flask) -> Iterator[FlaskClient]:
    """The application of all tests with its limits on for once, and nothing counted yet."""
    settings = app.config["PLATEIA"]
    set_up(app, replace(settings, limits=True))
    yield OutsideClient(app, app.response_class)
    set_up(app, settings)


def answers(count: int, call: Any) -> list[int]:
    return [call().status_code for _ in range(count)]


def try_password(client: FlaskClient, email: str, address: str = "192.0.2.1") -> TestResponse:
    """A try that ends before any hash is computed: it counts all the same."""
    return client.post(f"{HERE}/sign-in", json={"email": email}, environ_base={"REMOTE_ADDR": address})


def test_one_address_tries_an_account_ten_times_a_minute(limited: FlaskClient, here: Municipality) -> None:
    tries = [try_password(limited, "bob@here.example", "192.0.2.99").status_code for _ in range(10)]
    assert tries == [422] * 10
    refused = try_password(limited, " BOB@here.example", "192.0.2.99")
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    assert refused.json["retry_after"] == int(refused.headers["Retry-After"])
    assert try_password(limited, "bea@here.example", "192.0.2.99").status_code == 422


def test_a_stranger_who_guesses_does_not_lock_the_clerk_out(limited: FlaskClient, here: Municipality) -> None:
    make_staff(here, "bob", [("department_staff", "lighting")])
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        assert try_password(limited, "bob@here.example", address).status_code == 422
        assert [try_password(limited, "bob@here.example", address).status_code for _ in range(10)][-1] == 429
    right = {"email": "bob@here.example", "password": PASSWORD}
    tries = [
        limited.post(f"{HERE}/sign-in", json=right, environ_base={"REMOTE_ADDR": "192.0.2.99"}).status_code
        for _ in range(12)
    ]
    assert tries == [201] * 12, "right passwords are no guesses"


def test_guesses_next_door_do_not_count_here(limited: FlaskClient, here: Municipality, next_door: Municipality) -> None:
    for _ in range(11):
        refused = limited.post("/api/v1/next-door/sign-in", json={"email": "bob@here.example"})
    assert refused.status_code == 429
    assert limited.post(f"{HERE}/sign-in", json={"email": "bob@here.example"}).status_code == 422


def test_one_account_is_tried_a_hundred_times_a_minute_from_wherever(limited: FlaskClient, here: Municipality) -> None:
    tries = [try_password(limited, "bob@here.example", f"192.0.2.{n}").status_code for n in range(101)]
    assert tries == [422] * 100 + [429]


def ask_code(client: FlaskClient, who: Person, contact: str, address: str = "192.0.2.1") -> TestResponse:
    """Ask for a code; that this service can send none does not matter to the limits."""
    body = {"channel": "email" if "@" in contact else "sms", "address": contact, "secret": SECRET}
    there = {"REMOTE_ADDR": address}
    return client.post(f"{HERE}/me/contact-codes", json=body, headers=who.headers, environ_base=there)


def test_a_mail_provider_ends_digests_of_many_from_one_address(limited: FlaskClient, here: Municipality) -> None:
    def end(address: str) -> TestResponse:
        there = {"REMOTE_ADDR": address}
        return limited.post(f"{HERE}/unsubscribe/x", data={"List-Unsubscribe": "One-Click"}, environ_base=there)

    assert answers(300, lambda: end("192.0.2.1")) == [404] * 300
    assert end("192.0.2.1").json["code"] == "too_many_requests" and end("192.0.2.2").status_code == 404


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + seconds)


def test_a_code_is_sent_again_after_a_minute(
    limited: FlaskClient, here: Municipality, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask_code(limited, alice, "a@example.org").status_code == 409
    refused = ask_code(limited, alice, " A@example.org")
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert ask_code(limited, alice, "b@example.org").status_code == 409, "another address is not too soon"
    later(monkeypatch, 62)
    assert ask_code(limited, alice, "a@example.org").status_code == 409


def test_five_codes_an_hour_go_to_one_address_whoever_asks(limited: FlaskClient, here: Municipality) -> None:
    phones = [make_resident(here) for _ in range(6)]
    asked = [ask_code(limited, phone, "a@example.org", f"192.0.2.{n}") for n, phone in enumerate(phones)]
    assert [answer.status_code for answer in asked] == [409] * 5 + [429]
    spelt = ("6912345678", "+30 691 234 5678", "0030-6912345678", "691 2345678", "(691)2345678", "+306912345678")
    asked = [ask_code(limited, phone, number) for phone, number in zip(phones, spelt, strict=True)]
    assert [answer.status_code for answer in asked] == [409] * 5 + [429], "however the number is written"


def test_what_is_no_number_counts_as_it_was_typed(limited: FlaskClient, here: Municipality) -> None:
    phones = [make_resident(here) for _ in range(6)]

    def ask_sms(phone: Person, number: str) -> int:
        body = {"channel": "sms", "address": number, "secret": SECRET}
        return limited.post(f"{HERE}/me/contact-codes", json=body, headers=phone.headers).status_code

    assert [ask_sms(phone, "2310 123456") for phone in phones] == [409] * 5 + [429], "a fixed line, five times an hour"
    assert ask_sms(make_resident(here), "abc@2310 123456") == 409, "which is another text, and no number either"


def test_many_spellings_of_one_number_are_one_number(limited: FlaskClient, here: Municipality) -> None:
    phones = [make_resident(here) for _ in range(7)]
    spelt = ("691 234 5678", "+30 691-234-5678", "(691) 234.5678", "6912345678 ", "00306912345678", " +306912345678")
    asked = [ask_code(limited, phone, number).status_code for phone, number in zip(phones[:6], spelt, strict=True)]
    assert asked == [409] * 5 + [429]


def test_one_account_asks_for_ten_codes_an_hour(limited: FlaskClient, here: Municipality, alice: Person) -> None:
    asked = [ask_code(limited, alice, f"{n}@example.org", f"192.0.2.{n}").status_code for n in range(11)]
    assert asked == [409] * 10 + [429]


def test_many_phones_behind_one_address_ask_for_sixty_codes_an_hour(limited: FlaskClient, here: Municipality) -> None:
    phones = [make_resident(here) for _ in range(7)]
    asked = [ask_code(limited, phones[n // 9], f"{n}@example.org").status_code for n in range(61)]
    assert asked == [409] * 60 + [429]
    assert ask_code(limited, phones[6], "other@example.org", "192.0.2.2").status_code == 409


def test_wrong_codes_are_refused_after_twenty_an_hour(limited: FlaskClient, here: Municipality, alice: Person) -> None:
    def guess(path: str, n: int) -> int:
        body = {"id": str(uuid.uuid4()), "code": f"{n:06d}"} | ({"secret": SECRET} if path == "join" else {})
        there = {"REMOTE_ADDR": f"192.0.2.{n}"}
        return limited.post(f"{HERE}/me/{path}", json=body, headers=alice.headers, environ_base=there).status_code

    for path in ("contacts", "join"):
        assert [guess(path, n) for n in range(21)] == [422] * 20 + [429]


def test_codes_of_phones_are_read_twenty_times_an_hour(limited: FlaskClient, here: Municipality, alice: Person) -> None:
    def read() -> TestResponse:
        return limited.post(
            f"{HERE}/me/join-by-phone", json={"code": "guessed", "secret": SECRET}, headers=alice.headers
        )

    assert answers(21, read) == [422] * 20 + [429]


def test_an_address_refreshes_tokens_as_often_as_an_office_needs(limited: FlaskClient, here: Municipality) -> None:
    refused = answers(121, lambda: limited.post(f"{HERE}/refresh", json={"refresh_token": "guessed"}))
    assert refused == [401] * 120 + [429]


def test_one_address_tries_thirty_times_a_minute_whatever_the_account(limited: FlaskClient, here: Municipality) -> None:
    assert [try_password(limited, f"{n}@here.example").status_code for n in range(30)] == [422] * 30
    assert try_password(limited, "another@here.example").status_code == 429
    assert try_password(limited, "another@here.example", "192.0.2.2").status_code == 422


def test_what_is_no_json_counts_too(limited: FlaskClient, here: Municipality) -> None:
    tries = answers(11, lambda: limited.post(f"{HERE}/sign-in", data="[]", content_type="application/json"))
    assert tries[:10] == [422] * 10 and tries[10] == 429


def send_nothing(client: FlaskClient, who: Person | None, address: str = "192.0.2.1") -> TestResponse:
    """A report that is refused, which counts like one that is not."""
    headers = {"Idempotency-Key": str(uuid.uuid4())} | (who.headers if who else {})
    return client.post(f"{HERE}/reports", json={}, headers=headers, environ_base={"REMOTE_ADDR": address})


def test_one_phone_sends_twenty_reports_a_minute_from_wherever(limited: FlaskClient, here: Municipality) -> None:
    alice = make_resident(here)
    tries = [send_nothing(limited, alice, f"192.0.2.{n}").status_code for n in range(21)]
    assert tries == [422] * 20 + [429]
    assert send_nothing(limited, None).status_code == 422


def test_ten_phones_behind_one_address_send_all_they_may_and_an_eleventh_waits(
    limited: FlaskClient, here: Municipality
) -> None:
    phones = [make_resident(here) for _ in range(11)]
    tries = [send_nothing(limited, phone).status_code for phone in phones[:10] for _ in range(20)]
    assert tries == [422] * 200
    assert send_nothing(limited, phones[10]).status_code == 429
    assert send_nothing(limited, phones[10], "192.0.2.2").status_code == 422


def test_who_is_unknown_counts_by_address(limited: FlaskClient, here: Municipality) -> None:
    assert answers(21, lambda: send_nothing(limited, None)) == [422] * 20 + [429]
    assert send_nothing(limited, None, "192.0.2.2").status_code == 422
    assert send_nothing(limited, make_resident(here)).status_code == 422


def test_photos_and_whole_reports_count_each_for_themselves(limited: FlaskClient, here: Municipality) -> None:
    for address in (f"{HERE}/photos", f"{HERE}/reports/with-photos"):
        tries = answers(21, lambda address=address: limited.post(address, data={}))  # type: ignore[misc]
        assert tries == [422] * 20 + [429], address


def test_an_address_registers_sixty_phones_a_minute(limited: FlaskClient, here: Municipality) -> None:
    assert answers(61, lambda: limited.post(f"{HERE}/devices", json={})) == [422] * 60 + [429]


def test_all_addresses_of_one_network_of_ipv6_count_as_one(limited: FlaskClient, here: Municipality) -> None:
    tries = [try_password(limited, f"{n}@here.example", f"2001:db8:1:2::{n:x}").status_code for n in range(31)]
    assert tries == [422] * 30 + [429]
    assert try_password(limited, "another@here.example", "2001:db8:1:3::1").status_code == 422


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("no address", "no address"),
    ],
)
def test_an_address_counts_however_it_is_written(address: str, place: str) -> None:
    assert place_of(address) == place


def test_reading_has_no_limit(limited: FlaskClient, here: Municipality, alice: Person) -> None:
    assert set(answers(250, lambda: limited.get(f"{HERE}/me", headers=alice.headers))) == {200}


def test_without_limits_nothing_is_counted(client: FlaskClient, here: Municipality) -> None:
    assert set(answers(40, lambda: try_password(client, "bob@here.example"))) == {422}


def test_each_application_counts_for_itself(
    app: Flask, limited: FlaskClient, tmp_path: Path, here: Municipality
) -> None:
    with service(app, tmp_path) as other, service(app, tmp_path, limits=False) as free:
        assert answers(11, lambda: try_password(limited, "bob@here.example"))[-1] == 429
        assert try_password(other, "bob@here.example").status_code == 422
        assert try_password(free, "bob@here.example").status_code == 422
    assert try_password(limited, "bob@here.example").status_code == 429, "whatever is made after it"


def test_a_proxy_that_is_trusted_says_where_the_request_comes_from(
    app: Flask, tmp_path: Path, here: Municipality
) -> None:
    def register(client: FlaskClient, address: str) -> int:
        headers = {"X-Forwarded-For": address}
        return client.post(f"{HERE}/devices", json={}, headers=headers).status_code

    with service(app, tmp_path, trusted_proxies=1) as behind_it:
        assert [register(behind_it, "192.0.2.1") for _ in range(61)][-1] == 429
        assert register(behind_it, "192.0.2.2") == 422
    with service(app, tmp_path) as open_to_all:
        assert [register(open_to_all, f"192.0.2.{n}") for n in range(61)][-1] == 429


def test_who_waits_as_long_as_told_may_try_again(
    limited: FlaskClient, here: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(11):
        refused = try_password(limited, "bob@here.example")
    wait, now = int(refused.headers["Retry-After"]), time.monotonic
    with monkeypatch.context() as earlier:
        earlier.setattr(time, "monotonic", lambda: now() + wait - 5)
        assert int(try_password(limited, "bob@here.example").headers["Retry-After"]) <= 6
    monkeypatch.setattr(time, "monotonic", lambda: now() + wait)
    assert try_password(limited, "bob@here.example").status_code == 422


def test_a_refused_try_counts_nowhere_behind_the_limit_that_refused_it(
    limited: FlaskClient, here: Municipality
) -> None:
    assert answers(40, lambda: try_password(limited, "bob@here.example")) == [422] * 10 + [429] * 30
    assert answers(21, lambda: try_password(limited, "bea@here.example"))[:10] == [422] * 10
    assert answers(11, lambda: try_password(limited, "ben@here.example")) == [422] * 10 + [429]
    assert try_password(limited, "another@here.example").status_code == 429, "thirty were let through"

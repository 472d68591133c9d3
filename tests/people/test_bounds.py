"""What people send about themselves fits into the database, whatever they send."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.municipalities.directory import Municipality
from tests.factories.people import Person
from tests.people.codes import ask, channels_that_send

HERE = "/api/v1/here"


@pytest.mark.parametrize(("length", "status"), [(2000, 204), (2001, 422), (4096, 422)])
def test_the_longest_push_target_has_two_thousand_characters(
    client: FlaskClient, here: Municipality, alice: Person, length: int, status: int
) -> None:
    # no repetition that PostgreSQL could compress
    value = "".join(chr(33 + (n * n * 7919 + n // 3) % 94) for n in range(length))
    answer = client.put(f"{HERE}/me/push-target", json={"kind": "token", "value": value}, headers=alice.headers)
    assert answer.status_code == status, answer.json


def test_the_longest_address_can_be_given_and_a_longer_one_is_refused(
    app: Flask, client: FlaskClient, here: Municipality, alice: Person
) -> None:
    domain = "@" + ".".join(["d" * 60] * 3) + ".example"
    with channels_that_send(app):
        for length, status in ((254, 201), (255, 422)):
            answer = ask(client, alice, "α" * (length - len(domain)) + domain)
            assert answer.status_code == status, answer.json

"""Codes as somebody reads them: in the mail or the short message that the worker was about to send."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from service.db import session
from service.outbox.expanding import expand
from service.outbox.models import Delivery
from service.worker import EVENTS
from tests.factories.people import SECRET, Person

HERE = "/api/v1/here"
EMAIL, NUMBER = "alice@example.org", "+306912345678"
OWN = {"secret": SECRET}
"""What the phone that calls says besides, where a token alone is not enough."""


@contextmanager
def channels_that_send(app: Flask) -> Iterator[None]:
    """The application believes for a while that it can send mails and short messages."""
    before = app.config["PLATEIA"]
    app.config["PLATEIA"] = replace(before, smtp_url="smtp://127.0.0.1:9", sms_url="http://127.0.0.1:9/")
    try:
        yield
    finally:
        app.config["PLATEIA"] = before


def post(client: FlaskClient, who: Person | dict[str, str], path: str, body: Any) -> TestResponse:
    headers = who.headers if isinstance(who, Person) else who
    return client.post(f"{HERE}/me/{path}", json=body, headers=headers)


def ask(
    client: FlaskClient, who: Person | dict[str, str], address: str = EMAIL, secret: str | None = SECRET
) -> TestResponse:
    """Ask for a code to this address."""
    channel = "email" if "@" in address else "sms"
    return post(client, who, "contact-codes", {"channel": channel, "address": address, "secret": secret})


def read_code(sent: TestResponse) -> dict[str, str]:
    """The body that repeats the code which was just sent."""
    assert sent.status_code == 201, sent.json
    session.rollback()
    while expand(EVENTS):
        pass
    session.rollback()
    query = select(Delivery.content).where(Delivery.subject == f"code:{sent.json['id']}")
    text = session.scalars(query).one()["text"]
    session.rollback()
    return {"id": sent.json["id"], "code": text[:6]}


def give_up(client: FlaskClient, who: Person, channel: str = "email", secret: str | None = SECRET) -> TestResponse:
    return client.delete(f"{HERE}/me/contacts/{channel}", json={"secret": secret}, headers=who.headers)


def confirm(client: FlaskClient, who: Person | dict[str, str], address: str = EMAIL) -> TestResponse:
    """Have an address confirmed, from the first step to the last."""
    return post(client, who, "contacts", read_code(ask(client, who, address)))


def bearer(answer: TestResponse) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json['token']}"}

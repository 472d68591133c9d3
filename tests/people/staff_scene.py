"""What staff and administrators do in these tests, and what they were sent."""

import base64
import hmac
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from service.db import session, transaction
from service.db.generations import forget, grow
from service.municipalities import models
from service.municipalities.directory import SUBJECT, Municipality, municipality
from service.people.audit_models import AuditEntry
from tests.factories.people import PASSWORD, Person
from tests.reports.scene import deliveries, expand_all

API = "/api/v1/here"
NEW_PASSWORD = "seven odd herons at the lake"
CREW = [{"role": "department_staff", "department": "lighting"}]


def call(client: FlaskClient, method: str, path: str, who: Person | None = None, **body: Any) -> TestResponse:
    headers = who.headers if who else {}
    return client.open(f"{API}{path}", method=method, json=body or None, headers=headers)


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD) -> TestResponse:
    return call(client, "POST", "/sign-in", email=email, password=password)


def invite(client: FlaskClient, who: Person, email: str = "nina@kozani.gr", **values: Any) -> TestResponse:
    return call(client, "POST", "/staff/invitations", who, **({"email": email, "name": "Nina", "roles": CREW} | values))


def letters() -> list[tuple[str, str, str]]:
    """Address, subject and text of every mail that is owed, oldest first."""
    expand_all()
    return [(address, row.content["subject"], row.content["text"]) for row, address in deliveries("email")]


def link_in(text: str) -> tuple[str, str]:
    """The page and the token of the link in a letter."""
    found = re.search(r"https?://\S+", text)
    assert found is not None
    page, _, token = found[0].partition("#")
    return page, token


def acts() -> list[tuple[str, str | None, dict[str, Any]]]:
    """What was written down: action, who did it, and the facts."""
    session.rollback()
    rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    return [(row.action, str(row.actor) if row.actor else None, row.facts) for row in rows]


def code(seed: str, moment: float) -> str:
    """The code of RFC 6238 at this moment in seconds, written from the standard and not by the library in use."""
    digest = hmac.digest(base64.b32decode(seed), struct.pack(">Q", int(moment) // 30), "sha1")
    place = digest[-1] & 15
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


@contextmanager
def asking(here: Municipality, whom: str | None) -> Iterator[None]:
    """A municipality that asks these for a second step."""
    with transaction():
        row = session.get_one(models.Municipality, here.id)
        row.settings = {**row.settings, "second_step": whom}
        grow(SUBJECT)
    forget()
    assert municipality("here").settings["second_step"] == whom
    yield

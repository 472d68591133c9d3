"""Residents with phones, and staff."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from flask import current_app
from sqlalchemy import select

from service.db import transaction
from service.municipalities.directory import Municipality
from service.outbox import targets
from service.people.appointing import appoint
from service.people.contacts.addresses import EMAIL
from service.people.contacts.confirming import change_contact
from service.people.models import Device
from service.people.registering import register_device
from service.people.signing_in import hash_password, sign_in

PASSWORD = "correct horse battery staple"
SECRET = "s" * 32


@cache
def password_hash() -> str:
    """Hashing is slow on purpose; once is enough."""
    return hash_password(PASSWORD)


@dataclass(frozen=True)
class Person:
    """Somebody with a token; `headers` are what their calls carry."""

    account: uuid.UUID
    account_id: int
    token: str
    installation: uuid.UUID | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def make_resident(
    municipality: Municipality, language: str = "el", push: str | None = None, installation: uuid.UUID | None = None
) -> Person:
    """A resident with a phone that pushes reach under this token (one of its own by default)."""
    installation = installation or uuid.uuid4()
    with transaction() as session:
        given = register_device(municipality, installation, SECRET, "android", "1.0", language, days=1)
        device = session.scalars(
            select(Device).filter_by(installation=installation, municipality_id=municipality.id)
        ).one()
        device.push_target_id = targets.register(municipality.id, "push", "token", push or f"phone-{installation}")
        account_id = device.account_id
    return Person(given.account, account_id, given.token, installation)


def give_address(municipality: Municipality, who: Person, address: str | None) -> None:
    """This is the person's confirmed address from now on; None: they have none any more."""
    with current_app.app_context(), transaction():
        change_contact(municipality, who.account_id, EMAIL, address)


def make_staff(municipality: Municipality, name: str, roles: Sequence[tuple[str, str | None]]) -> Person:
    """A member of staff with these roles and a token."""
    hashed = password_hash()
    with transaction():
        account = appoint(municipality, f"{name}@{municipality.slug}.example", name.title(), roles, hashed)
        account_id = account.id
    with transaction():
        given = sign_in(account_id)
    return Person(given.account, account_id, given.token)

"""What calls about contacts, phones and sessions need: codes that are right, phones and sessions that may be lost."""

import uuid
from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import select, update

from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.people.callers import Caller, find_caller
from service.people.contacts.codes import digits_of, send_code
from service.people.contacts.joining import show_phone_code
from service.people.contacts.models import ContactCode
from service.people.models import Account, Device
from service.people.sessions import begin_session
from tests.factories.people import SECRET, Person, give_address, make_resident

CONTACT = "world@example.org"
JOINING = ("joinByContact", "joinByPhone")


class Living(Protocol):
    """What is asked of the world here."""

    here: Municipality
    people: dict[str, Person]
    joining: Person | None


def caller_of(world: Living, who: Person) -> Caller:
    found = find_caller(world.here.id, who.token)
    assert found is not None
    return found


def new_session(world: Living) -> uuid.UUID:
    """A session of the resident that may be lost."""
    with transaction():
        account = session.get_one(Account, world.people["resident"].account_id)
        return begin_session(account, None, "oidc", now()).session


def new_phone(world: Living) -> uuid.UUID:
    """A phone of the resident that may be lost."""
    phone = make_resident(world.here)
    with transaction():
        theirs = update(Device).where(Device.installation == phone.installation)
        session.execute(theirs.values(account_id=world.people["resident"].account_id))
    assert phone.installation is not None
    return phone.installation


def joining_headers(world: Living, role: str) -> dict[str, str]:
    """Those of a phone that may join: the one that has a code, or a new one."""
    if role != "resident":
        return world.people[role].headers if role in world.people else {}
    phone, world.joining = world.joining or make_resident(world.here), None
    return phone.headers


def code_for(world: Living, who: Person, address: str) -> dict[str, str]:
    """The code that is on its way to this address."""
    caller = caller_of(world, who)
    session.rollback()
    with transaction():
        sent = send_code(world.here, caller, "email", address)
        digits = digits_of(session.scalars(select(ContactCode).filter_by(uid=sent.uid)).one())
    return {"id": str(sent.uid), "code": digits}


def filled_code_request(world: Living, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"channel": "email", "address": f"{uuid.uuid4()}@example.org", "secret": SECRET}


def filled_contact(world: Living, body: dict[str, Any], role: str) -> dict[str, Any]:
    return code_for(world, world.people[role], f"{uuid.uuid4()}@example.org") if role == "resident" else body


def filled_join(world: Living, body: dict[str, Any], role: str) -> dict[str, Any]:
    if role != "resident":
        return body
    give_address(world.here, world.people["resident"], CONTACT)
    world.joining = make_resident(world.here)
    return code_for(world, world.joining, CONTACT) | {"secret": SECRET}


def filled_join_by_phone(world: Living, body: dict[str, Any], role: str) -> dict[str, Any]:
    if role != "resident":
        return body
    world.joining = make_resident(world.here)
    caller = caller_of(world, world.people["resident"])
    with transaction():
        return {"code": show_phone_code(caller).code, "secret": SECRET}


def filled_secret(world: Living, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"secret": SECRET}


def filled_refresh(world: Living, body: dict[str, Any], role: str) -> dict[str, Any]:
    with transaction():
        account = session.get_one(Account, world.people["resident"].account_id)
        return {"refresh_token": begin_session(account, None, "oidc", now()).refresh_token}


FILLED: dict[str, Callable[[Any, dict[str, Any], str], dict[str, Any]]] = {
    "sendContactCode": filled_code_request,
    "confirmContact": filled_contact,
    "joinByContact": filled_join,
    "joinByPhone": filled_join_by_phone,
    "showPhoneCode": filled_secret,
    "removeContact": filled_secret,
    "refreshTokens": filled_refresh,
}

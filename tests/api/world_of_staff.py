"""What calls about staff and their signing in need: people, invitations, links and codes that are good just now."""

import base64
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import delete

from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.people.appointing import appoint
from service.people.models import Account
from service.people.staff.authenticators import begin_half
from service.people.staff.inviting import invitation_token, invite
from service.people.staff.models import Authenticator, Invitation
from service.people.staff.passwords import reset_token
from service.sealing import seal
from tests.factories.people import PASSWORD, Person, password_hash
from tests.people.staff_scene import code

HOUR = timedelta(hours=1)
SEED = base64.b32encode(b"a seed of 20 letters").decode()
CREW = [("department_staff", "lighting")]


class Peopled(Protocol):
    """What is asked of the world here."""

    here: Municipality
    people: dict[str, Person]


def new_member(world: Peopled, role: str = "department_staff") -> Account:
    """A member of staff whom nobody knows yet."""
    given = CREW if role == "department_staff" else [(role, None)]
    with transaction():
        return appoint(world.here, f"{uuid.uuid4()}@here.example", "Nina", given, password_hash())


def new_invitation(world: Peopled) -> Invitation:
    with transaction():
        return invite(world.here, None, f"{uuid.uuid4()}@here.example", "Nina", CREW, "https://here.example/page")


def with_authenticator(account_id: int, pending: bool = False) -> str:
    """A code that this account can show; `pending`: the first of a new authenticator."""
    with transaction():
        session.execute(delete(Authenticator).where(Authenticator.account_id == account_id))
        sealed = seal(SEED)
        seed = {"seed": None, "pending": sealed, "pending_until": now() + HOUR} if pending else {"seed": sealed}
        session.add(Authenticator(account_id=account_id, used_step=2**31 - 1 if pending else 0, failures=0, **seed))
    return code(SEED, time.time())


def half_of(account: Account) -> str:
    with transaction():
        return begin_half(account.id)[0]


def second_step(world: Peopled, body: dict[str, Any], role: str) -> dict[str, Any]:
    account = new_member(world)
    shown = with_authenticator(account.id)
    return {"half_token": half_of(account), "code": shown}


def first_enrolment(world: Peopled, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"half_token": half_of(new_member(world, "administrator"))}


def confirmation(world: Peopled, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {
        "code": with_authenticator(world.people[role].account_id, pending=True) if role in world.people else "1" * 6
    }


def own_password(world: Peopled, body: dict[str, Any], role: str) -> dict[str, Any]:
    shown = "1" * 6
    if role in world.people and role not in ("resident", "staff next door"):
        shown = with_authenticator(world.people[role].account_id)
    return {"password": PASSWORD, "code": shown}


def other_password(world: Peopled, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"password": PASSWORD, "new_password": PASSWORD}


def reset(world: Peopled, body: dict[str, Any], role: str) -> dict[str, Any]:
    token = reset_token(world.here, new_member(world), password_hash(), now())
    return {"token": token, "password": PASSWORD}


def link(world: Peopled, body: dict[str, Any], role: str) -> dict[str, Any]:
    invitation = new_invitation(world)
    return {"token": invitation_token(world.here.id, invitation.uid, invitation.sent)}


def acceptance(world: Peopled, body: dict[str, Any], role: str) -> dict[str, Any]:
    return link(world, body, role) | {"name": "Nina", "password": PASSWORD}


def invited(world: Peopled, body: dict[str, Any], role: str) -> dict[str, Any]:
    roles = [{"role": "department_staff", "department": "lighting"}]
    return {"email": f"{uuid.uuid4()}@here.example", "name": "Nina", "roles": roles}


def roles(world: Peopled, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"roles": [{"role": "dispatcher", "department": None}]}


FILLED: dict[str, Callable[[Any, dict[str, Any], str], dict[str, Any]]] = {
    "signInWithCode": second_step,
    "enrolWhileSigningIn": first_enrolment,
    "confirmAuthenticator": confirmation,
    "enrolAuthenticator": own_password,
    "removeAuthenticator": own_password,
    "makeRecoveryCodes": own_password,
    "changePassword": other_password,
    "resetPassword": reset,
    "showInvitation": link,
    "acceptInvitation": acceptance,
    "inviteStaff": invited,
    "changeRoles": roles,
}
"""By operation: what a body is made of that fits what there is."""

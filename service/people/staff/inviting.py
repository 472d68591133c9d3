"""Somebody is invited by e-mail to become staff, and accepts once."""

import base64
import hmac
import re
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select

from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.db.upserts import insert_if_absent
from service.errors import NotFound, Problem
from service.municipalities.directory import Municipality
from service.outbox import targets
from service.outbox.models import Target
from service.outbox.posting import owe
from service.outbox.retaining import blank
from service.people.appointing import appoint
from service.people.auditing import record
from service.people.callers import Caller
from service.people.models import Account, RoleGiven
from service.people.registering import STAFF
from service.people.roles import RolesRefused, check_roles
from service.people.staff.models import Invitation
from service.people.staff.passwords import LinkNotValid
from service.sealing import pseudonym
from service.text import N_

STAFF_INVITED = "staff_invited"
LASTS = timedelta(days=7)
KEPT = timedelta(days=30)
"""How long an invitation that nobody accepted can still be sent again."""

Roles = Sequence[tuple[str, str | None]]


class StaffAlready(Problem):
    """Somebody with this address is staff here; change their roles instead."""

    status, code, message = 409, "staff_already", N_("This person is staff here already.")


class InvitedAlready(Problem):
    """Somebody with this address is invited; send that invitation again or withdraw it."""

    status, code, message = 409, "invited_already", N_("This person is invited already.")


def check_roles_here(municipality: Municipality, roles: Roles) -> None:
    """Refuse what the table of roles or the municipality does not know. Raises RolesRefused."""
    check_roles(roles)
    for role, department in roles:
        if department is not None and department not in municipality.departments:
            raise RolesRefused(role=role, reason="department")


def invite(
    municipality: Municipality, caller: Caller | None, email: str, name: str, roles: Roles, page: str
) -> Invitation:
    """Owe somebody a letter with a link to this page. Raises StaffAlready, InvitedAlready, RolesRefused."""
    check_roles_here(municipality, roles)
    address, moment = email.strip().lower(), now()
    if is_staff(municipality, address):
        raise StaffAlready
    row = {
        "uid": new_uid(),
        "municipality_id": municipality.id,
        "email": address,
        "name": name,
        "roles": [list(pair) for pair in roles],
        "sent": 0,
        "created_at": moment,
        "expires_at": moment,
    }
    made = insert_if_absent(Invitation, [row], returning=Invitation.id)
    if not made:
        raise InvitedAlready
    invitation = session.get_one(Invitation, made[0])
    send(municipality, invitation, page)
    record(municipality.id, caller, "staff_invited", "invitation", str(invitation.uid), {"roles": invitation.roles})
    return invitation


def is_staff(municipality: Municipality, address: str) -> bool:
    """Whether somebody with this address has a role here."""
    query = (
        select(Account.id)
        .join(RoleGiven, RoleGiven.account_id == Account.id)
        .where(Account.municipality_id == municipality.id, Account.kind == STAFF, Account.email == address)
    )
    return session.scalar(query.limit(1)) is not None


def send(municipality: Municipality, invitation: Invitation, page: str) -> None:
    """Owe the letter; links of former ones are worth nothing from now on."""
    invitation.sent += 1
    invitation.expires_at = now() + LASTS
    targets.register(municipality.id, "email", targets.WORK, invitation.email)
    owe(
        municipality.id,
        STAFF_INVITED,
        f"invitation:{invitation.uid}",
        invitation.sent,
        {"invitation": str(invitation.uid), "page": page},
    )


def send_again(municipality: Municipality, caller: Caller, uid: uuid.UUID, page: str) -> Invitation:
    """Another letter with a fresh link. Raises NotFound."""
    invitation = locked(municipality, uid)
    send(municipality, invitation, page)
    record(municipality.id, caller, "invitation_sent_again", "invitation", str(uid), {"sent": invitation.sent})
    return invitation


def withdraw(municipality: Municipality, caller: Caller, uid: uuid.UUID) -> None:
    """The invitation is gone, its link is worth nothing and its letter is not sent. Raises NotFound."""
    invitation = locked(municipality, uid)
    session.delete(invitation)
    session.flush()
    forget_addresses(Target.municipality_id == municipality.id, Target.value == invitation.email)
    record(municipality.id, caller, "invitation_withdrawn", "invitation", str(uid))


def locked(municipality: Municipality, uid: uuid.UUID) -> Invitation:
    """The invitation, locked. Raises NotFound."""
    query = select(Invitation).filter_by(municipality_id=municipality.id, uid=uid).with_for_update()
    found = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def invitations(municipality: Municipality) -> Sequence[Invitation]:
    """Who is invited and has not accepted, the newest first."""
    query = select(Invitation).filter_by(municipality_id=municipality.id).order_by(Invitation.id.desc())
    return session.scalars(query).all()


def invitation_token(municipality_id: int, uid: uuid.UUID, sent: int) -> str:
    """What the link in the letter of this number holds."""
    made = pseudonym("invitation link", municipality_id, f"{uid}:{sent}")
    return f"{uid.hex}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def who_is_invited(municipality: Municipality, token: str, lock: bool = False) -> Invitation:
    """Whose link this is, their invitation locked if asked. Raises LinkNotValid."""
    shown = re.fullmatch(r"([0-9a-f]{32})\.[\w-]{43}", token, re.ASCII)
    query = select(Invitation).filter_by(municipality_id=municipality.id, uid=uuid.UUID(shown[1]) if shown else None)
    query = query.with_for_update().execution_options(populate_existing=True) if lock else query
    found = session.scalars(query).one_or_none()
    if found is None or found.expires_at <= now():
        raise LinkNotValid
    if not hmac.compare_digest(invitation_token(municipality.id, found.uid, found.sent), token):
        raise LinkNotValid
    return found


def accept(municipality: Municipality, token: str, name: str, password_hash: str) -> Account:
    """Who has the link is staff from now on, with the roles of the invitation. Raises LinkNotValid, RolesRefused."""
    invitation = who_is_invited(municipality, token)
    same = {"municipality_id": municipality.id, "kind": STAFF, "email": invitation.email}
    session.execute(select(Account.id).filter_by(**same).with_for_update(key_share=True))
    invitation = who_is_invited(municipality, token, lock=True)
    given = [(role, department) for role, department in invitation.roles]
    check_roles_here(municipality, given)  # a department may have gone meanwhile
    session.delete(invitation)
    session.flush()
    account = appoint(municipality, invitation.email, name, given, password_hash)
    facts = {"invitation": str(invitation.uid), "roles": invitation.roles}
    record(municipality.id, None, "invitation_accepted", "staff", str(account.uid), facts)
    return account


def forget_invitations() -> int:
    """Delete invitations that nobody has accepted for long, and the addresses by which nobody is staff; how many."""
    gone: Any = session.execute(delete(Invitation).where(Invitation.expires_at <= now() - KEPT))
    forget_addresses()
    return int(gone.rowcount)


def forget_addresses(*which: ColumnElement[bool]) -> int:
    """Take addresses out of the outbox by which nobody is staff or invited any more, with what waits there; how many.

    They are asked for once more when they are locked: somebody may be invited at the same time.
    """
    nobodys = select(Target.id).where(*which, Target.kind == targets.WORK, Target.state == "active", ~is_somebodys())
    targets.lock(*session.scalars(nobodys).all())
    found = session.scalars(nobodys.order_by(Target.id)).all()
    for target_id in found:
        targets.retire(target_id, "nobody's")
    blank(found)
    return len(found)


def is_somebodys() -> ColumnElement[bool]:
    """Whether a member of staff, or somebody who is invited, has the target's address."""
    staff = Account.municipality_id == Target.municipality_id, Account.kind == STAFF, Account.email == Target.value
    invited = Invitation.municipality_id == Target.municipality_id, Invitation.email == Target.value
    return or_(exists().where(*staff), exists().where(*invited))

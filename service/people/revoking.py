"""An operator ends where somebody is signed in: a member of staff who left, a phone that was stolen."""

import uuid

from sqlalchemy import select

from service.db import session
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.models import Account, Device
from service.people.phones import lock_out
from service.people.registering import STAFF
from service.people.ruling import lock_staff
from service.people.staff.administering import dismiss, forget_second_step, sign_out


class NobodyFound(ValueError):
    """There is no such member of staff, or phone, in this municipality."""


def revoke_staff(municipality: Municipality, email: str, remove: bool = False) -> int:
    """End all sessions of a member of staff; how many there were. `remove`: they are staff no longer.

    Raises NobodyFound.
    """
    account = staff_locked(municipality, email)
    return dismiss(municipality, None, account) if remove else sign_out(municipality, None, account)


def forget_authenticator(municipality: Municipality, email: str) -> None:
    """Forget the authenticator and recovery codes of who has lost both, and sign them out. Raises NobodyFound."""
    forget_second_step(municipality, None, staff_locked(municipality, email))


def staff_locked(municipality: Municipality, email: str) -> Account:
    """The member of staff with this address, locked. Raises NobodyFound."""
    named = {"municipality_id": municipality.id, "kind": STAFF, "email": email.strip().lower()}
    account_id = session.scalar(select(Account.id).filter_by(**named))
    found = None if account_id is None else lock_staff(municipality, account_id).get(account_id)
    if found is None:
        raise NobodyFound(email)
    return found


def revoke_phone(municipality: Municipality, installation: uuid.UUID) -> int:
    """End all sessions of a phone, its pushes and its secret; how many sessions there were. Raises NobodyFound."""
    query = select(Device).filter_by(municipality_id=municipality.id, installation=installation)
    device = session.scalars(query.with_for_update(key_share=True)).first()
    if device is None:
        raise NobodyFound(str(installation))
    account = session.get_one(Account, device.account_id)
    ended = lock_out(device)
    record(municipality.id, None, "phone_revoked", account.kind, str(account.uid), {"sessions_ended": ended})
    return ended

"""An operator ends where somebody is signed in: a member of staff who left, a phone that was stolen."""

import uuid

from sqlalchemy import delete, select

from service.db import session
from service.municipalities.directory import Municipality
from service.people.models import Account, Device, Password, RoleGiven
from service.people.phones import lock_out
from service.people.registering import STAFF
from service.people.sessions import end_sessions


class NobodyFound(ValueError):
    """There is no such member of staff, or phone, in this municipality."""


def revoke_staff(municipality: Municipality, email: str, remove: bool = False) -> int:
    """End all sessions of a member of staff; how many there were. `remove`: the roles and the password go too.

    Raises NobodyFound.
    """
    account_id = session.scalar(
        select(Account.id).filter_by(municipality_id=municipality.id, kind=STAFF, email=email.strip().lower())
    )
    if account_id is None:
        raise NobodyFound(email)
    if remove:
        session.execute(delete(RoleGiven).where(RoleGiven.account_id == account_id))
        session.execute(delete(Password).where(Password.account_id == account_id))
    return end_sessions(account_id)


def revoke_phone(municipality: Municipality, installation: uuid.UUID) -> int:
    """End all sessions of a phone, its pushes and its secret; how many sessions there were. Raises NobodyFound."""
    query = select(Device).filter_by(municipality_id=municipality.id, installation=installation)
    device = session.scalars(query.with_for_update(key_share=True)).first()
    if device is None:
        raise NobodyFound(str(installation))
    return lock_out(device)

"""An operator ends where somebody is signed in: a member of staff who left, a phone that was stolen."""

import secrets
import uuid

from sqlalchemy import delete, select

from service.db import session
from service.municipalities.directory import Municipality
from service.outbox import targets
from service.people.models import Account, Device, Password, RoleGiven
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
    """End all sessions of a phone's account and its pushes; how many sessions there were. Raises NobodyFound.

    Its secret is worth nothing either, or it would come back for a fresh token at once.
    """
    device = session.scalar(select(Device).filter_by(municipality_id=municipality.id, installation=installation))
    if device is None:
        raise NobodyFound(str(installation))
    device.secret_digest = secrets.token_bytes(32)
    if device.push_target_id is not None:
        targets.retire(device.push_target_id, "revoked")
        device.push_target_id = None
    return end_sessions(device.account_id)

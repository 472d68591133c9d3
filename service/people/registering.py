"""A phone introduces itself, and comes back."""

import hashlib
import hmac
import uuid
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.db.upserts import insert_if_absent
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.outbox import targets
from service.people.callers import Caller
from service.people.holding import held
from service.people.models import Account, Device
from service.people.sessions import TokenGiven, begin_phone_session
from service.text import N_

RESIDENT, STAFF = "resident", "staff"


class SecretNotRight(Problem):
    """This installation is registered with another secret."""

    status, code, message = 401, "secret_not_right", N_("This phone was not recognised. Please register it again.")


def register_device(
    municipality: Municipality,
    installation: uuid.UUID,
    secret: str,
    platform: str,
    app_version: str,
    language: str | None,
    days: int,
) -> TokenGiven:
    """Give the phone an account when it is new here, and a fresh token in any case. Raises SecretNotRight."""
    moment = now()
    spoken = municipality.language_for(language)
    known = known_device(municipality, installation)
    if known is None:
        made = make_device(municipality, installation, secret, platform, app_version, spoken, moment)
        known = made or known_device(municipality, installation)
    if known is None or not hmac.compare_digest(known.secret_digest, secret_digest(secret)):
        raise SecretNotRight
    session.execute(
        update(Device).where(Device.id == known.id).values(platform=platform, app_version=app_version, seen_at=moment)
    )
    account = session.get_one(Account, known.account_id)
    return begin_phone_session(account, known.id, moment, timedelta(days=days))


def known_device(municipality: Municipality, installation: uuid.UUID) -> Device | None:
    """The phone, locked: who removes it just now is waited for, and its secret is then the one that is kept."""
    named = {"municipality_id": municipality.id, "installation": installation}
    owner = session.scalar(select(Device.account_id).filter_by(**named))
    if owner is None or not held(owner):
        return None
    query = select(Device).where(Device.municipality_id == municipality.id, Device.installation == installation)
    return session.scalar(query.with_for_update(key_share=True).execution_options(populate_existing=True))


def make_device(
    municipality: Municipality,
    installation: uuid.UUID,
    secret: str,
    platform: str,
    app_version: str,
    language: str,
    moment: datetime,
) -> Device | None:
    """A device with an account of its own; None where another request was faster."""
    account = Account(
        uid=new_uid(),
        municipality_id=municipality.id,
        kind=RESIDENT,
        language=language,
        created_at=moment,
    )
    session.add(account)
    session.flush()
    row = {
        "municipality_id": municipality.id,
        "account_id": account.id,
        "installation": installation,
        "secret_digest": secret_digest(secret),
        "platform": platform,
        "app_version": app_version,
        "created_at": moment,
        "seen_at": moment,
    }
    made = insert_if_absent(Device, [row], returning=Device.id)
    if not made:
        session.delete(account)
        session.flush()
        return None
    return session.get_one(Device, made[0])


def set_push_target(municipality: Municipality, caller: Caller, kind: str, value: str) -> None:
    """Where pushes for this phone go from now on; the former place is retired."""
    if caller.device_id is None:
        raise DeviceNeeded
    device = locked_device(caller.device_id, targets.id_of(municipality.id, "push", kind, value))
    if device.push_target_id is None:
        target = targets.register(municipality.id, "push", kind, value)
    else:
        target = targets.replace(device.push_target_id, kind, value)
    # a target that came to this phone belongs to no other phone any more
    session.execute(
        update(Device).where(Device.push_target_id == target, Device.id != device.id).values(push_target_id=None)
    )
    device.push_target_id = target


def locked_device(device_id: int, target_id: int | None) -> Device:
    """The phone, locked together with the one that has this push target now: in the order of their ids, lest two that
    exchange theirs wait for each other for ever.
    """
    concerned = Device.id == device_id
    if target_id is not None:
        concerned = or_(concerned, Device.push_target_id == target_id)
    query = select(Device).where(concerned).order_by(Device.id).with_for_update(key_share=True)
    return next(device for device in session.scalars(query).all() if device.id == device_id)


class DeviceNeeded(Problem):
    """Only a phone has a push target; this token was given to a person who signed in with a password."""

    status, code, message = 409, "device_needed", N_("This only works on a registered phone.")


def secret_digest(secret: str) -> bytes:
    """What is kept of a phone's secret: it is long and random, so that one round of SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).digest()

"""The phones of a person: which there are, and how one goes."""

import secrets
import uuid
from collections.abc import Sequence

from sqlalchemy import delete, select

from service.db import session
from service.db.clock import now
from service.db.types import AnyRow
from service.errors import NotFound
from service.outbox import targets
from service.people.callers import Caller
from service.people.contacts.models import PhoneCode
from service.people.models import Device
from service.people.session_models import Session
from service.people.sessions import end_session, end_sessions, sign_out


def phones_of(account_id: int) -> Sequence[AnyRow]:
    """The phones of this person, the last seen first; `pushes`: whether messages are pushed there."""
    query = (
        select(
            Device.id,
            Device.installation,
            Device.platform,
            Device.app_version,
            Device.push_target_id.is_not(None).label("pushes"),
            Device.created_at,
            Device.seen_at,
        )
        .where(Device.account_id == account_id, Device.removed_at.is_(None))
        .order_by(Device.seen_at.desc(), Device.id.desc())
    )
    return session.execute(query).all()


def remove_phone(account_id: int, installation: uuid.UUID) -> None:
    """One of this person's phones is theirs no more. Raises NotFound for anybody else's."""
    query = select(Device).filter_by(account_id=account_id, installation=installation, removed_at=None)
    device = session.scalars(query.with_for_update(key_share=True)).first()
    if device is None:
        raise NotFound
    lock_out(device)


def lock_out(device: Device) -> int:
    """Make a phone's sessions, pushes and secret worthless, and the code that it shows; how many sessions there were.

    With its secret it would come back for a fresh token at once, and with the code another phone of the thief's.
    """
    forget_shown(device.account_id)
    device.secret_digest = secrets.token_bytes(32)
    device.removed_at = now()
    if device.push_target_id is not None:
        targets.retire(device.push_target_id, "revoked")
        device.push_target_id = None
    gone = delete(Session).where(Session.device_id == device.id).returning(Session.id)
    return len(session.scalars(gone.execution_options(synchronize_session=False)).all())


def forget_shown(account_id: int) -> None:
    """The code that a phone of this person shows to another is worth nothing any more."""
    session.execute(delete(PhoneCode).where(PhoneCode.account_id == account_id))


def end_one(caller: Caller, uid: uuid.UUID) -> None:
    """End one session of the caller. Another phone's goes with the phone, which would come back by itself otherwise.

    Raises NotFound for anybody else's.
    """
    query = select(Session.id, Session.how, Device.installation).outerjoin(Device, Device.id == Session.device_id)
    found = session.execute(query.where(Session.uid == uid, Session.account_id == caller.account_id)).one_or_none()
    if found is not None and found.id == caller.session_id:
        sign_out(caller)
    elif found is not None and found.how == "phone":
        remove_phone(caller.account_id, found.installation)
    else:
        end_session(caller.account_id, uid)


def sign_out_everywhere_else(caller: Caller) -> None:
    """End all sessions of the caller but this one, and let no other phone come back."""
    others = select(Device).where(
        Device.account_id == caller.account_id,
        Device.removed_at.is_(None),
        Device.id.is_distinct_from(caller.device_id),
    )
    for device in session.scalars(others.order_by(Device.id).with_for_update(key_share=True)).all():
        lock_out(device)
    forget_shown(caller.account_id)
    end_sessions(caller.account_id, but=caller.session_id)

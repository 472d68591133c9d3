"""A phone joins the account of the person whose phone it is: a second phone, or a new one in place of the old.

The phone shows that it belongs to the person by a code: one that came to an address that the account has, or one that
another phone of the account shows. What the phone's own former account had comes along, when nobody else could reach
that account any more; the worker moves it, because it lies in many slices.
"""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select, update

from service.db import session
from service.db.clock import now, seconds_from_now
from service.db.upserts import insert
from service.errors import Problem
from service.jobs.planning import plan
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import Caller, digest
from service.people.contacts.codes import CodeNotRight, forget_target, holder, lock_claimants, use_code
from service.people.contacts.former import is_reached, keep_former
from service.people.contacts.models import PhoneCode
from service.people.contacts.warning import PHONE_JOINED, warn
from service.people.holding import locked
from service.people.models import Account, Device
from service.people.registering import DeviceNeeded
from service.people.session_models import Session
from service.people.sessions import TokenGiven, begin_phone_session
from service.people.verified.models import VerifiedResident
from service.text import N_

JOIN_ACCOUNTS = "join_accounts"
"""Kind of the job that hands over what the former account had."""

LASTS = 300
"""Seconds for which a code that one phone shows is good."""


class NobodyToJoin(Problem):
    """No account has this address; only who has shown that it is theirs learns so. The code stays good."""

    status, code = 409, "nobody_to_join"
    message = N_("There is no account with this address yet. You can add it to yours.")


class AlreadyJoined(Problem):
    """The phone belongs to this account as it is."""

    status, code, message = 409, "already_joined", N_("This phone belongs to this account already.")


@dataclass(frozen=True)
class PhoneCodeShown:
    """What one phone shows and another reads, once."""

    code: str
    expires_at: datetime


def show_phone_code(caller: Caller) -> PhoneCodeShown:
    """A code by which another phone joins the caller's account; the former one is worth nothing."""
    code = secrets.token_urlsafe(24)
    values = {"digest": digest(code), "expires_at": seconds_from_now(LASTS)}
    made = (
        insert(PhoneCode)
        .values(account_id=caller.account_id, **values)
        .on_conflict_do_update(index_elements=[PhoneCode.account_id], set_=values)
        .returning(PhoneCode.expires_at)
    )
    return PhoneCodeShown(code, session.execute(made).scalar_one())


def join_by_contact(
    municipality: Municipality, caller: Caller, uid: uuid.UUID, digits: str, lasts: timedelta
) -> TokenGiven | None:
    """The caller's phone joins the account that has the address to which this code went. None: the code is not right;
    commit the try.

    Raises DeviceNeeded, NobodyToJoin, AlreadyJoined.
    """
    lock_claimants(municipality, caller, uid)
    shown = use_code(municipality, caller, uid, digits)
    if shown is None:
        return None
    there = holder(municipality, shown.channel, shown.address)
    if there is None:
        raise NobodyToJoin
    given = join(municipality, caller, there, "contact", lasts)
    forget_target(shown.target_id)
    return given


def join_by_phone(municipality: Municipality, caller: Caller, code: str, lasts: timedelta) -> TokenGiven:
    """The caller's phone joins the account whose phone shows this code. Raises CodeNotRight, DeviceNeeded,
    AlreadyJoined.
    """
    here = select(Account.id).where(Account.municipality_id == municipality.id)
    good = (
        PhoneCode.digest == digest(code),
        PhoneCode.expires_at > seconds_from_now(0),
        PhoneCode.account_id.in_(here),
    )
    there = session.scalar(select(PhoneCode.account_id).where(*good))
    if there is None:
        raise CodeNotRight
    locked(caller.account_id, there)
    used = delete(PhoneCode).where(*good).returning(PhoneCode.id).execution_options(synchronize_session=False)
    if session.scalar(used) is None:
        raise CodeNotRight
    return join(municipality, caller, there, "phone", lasts)


def join(municipality: Municipality, caller: Caller, to_id: int, by: str, lasts: timedelta) -> TokenGiven:
    """Let the caller's phone be of the other account. Raises AlreadyJoined, NobodyToJoin, DeviceNeeded."""
    if to_id == caller.account_id:
        raise AlreadyJoined
    accounts = locked(caller.account_id, to_id)
    if to_id not in accounts:
        raise NobodyToJoin
    device = own_device(caller)
    session.execute(delete(Session).where(Session.device_id == device.id))
    device.account_id = to_id
    session.flush()
    if not is_reached(caller.account_id):
        keep_former(caller.account_id, to_id)
        hand_over_verification(caller.account_id, to_id)
        payload = {"from": caller.account_id, "to": to_id}
        plan(JOIN_ACCOUNTS, f"{caller.account_id}:{to_id}", payload=payload, municipality_id=municipality.id)
    given = begin_phone_session(accounts[to_id], device.id, now(), lasts)
    record(municipality.id, caller, "accounts_joined", "resident", str(given.account), {"by": by})
    told = {"account_id": to_id, "installation": str(device.installation)}
    warn(municipality, PHONE_JOINED, f"account:{given.account}", told)
    return given


def own_device(caller: Caller) -> Device:
    """The caller's phone, locked, while it is still the caller's. Raises DeviceNeeded."""
    query = select(Device).filter_by(id=caller.device_id, account_id=caller.account_id, removed_at=None)
    device = session.scalars(query.with_for_update(key_share=True).execution_options(populate_existing=True)).first()
    if device is None:
        raise DeviceNeeded
    return device


def hand_over_verification(from_id: int, to_id: int) -> None:
    """Who was shown to live here still was, unless the other account was shown so by itself."""
    known = exists().where(VerifiedResident.account_id == to_id).correlate_except(VerifiedResident)
    if not session.scalar(select(known)):
        shown = update(VerifiedResident).where(VerifiedResident.account_id == from_id).values(account_id=to_id)
        session.execute(shown.execution_options(synchronize_session=False))

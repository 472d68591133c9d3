"""Codes of six digits: sent to an address, and repeated by who reads there what comes.

A code is worth something for ten minutes, to the account that asked for it, and for five guesses. Whoever asks again
gets another one, and the former is worth nothing. How often one may ask stands in `limiting.py` beside.
"""

import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from service.db import session
from service.db.clock import now, seconds_from_now
from service.db.keys import new_uid
from service.db.upserts import insert_if_absent
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.outbox import targets
from service.outbox.posting import owe
from service.outbox.retaining import blank
from service.people.callers import Caller
from service.people.contacts.addresses import COLUMNS, written
from service.people.contacts.models import ContactCode, PhoneCode
from service.people.holding import held, locked
from service.people.models import Account, Device
from service.people.registering import RESIDENT, STAFF, SecretNotRight, secret_digest
from service.sealing import pseudonym
from service.text import N_

CONTACT_CODE = "contact_code"
"""Kind of the event that makes the worker send a code."""

DIGITS = 6
TRIES = 5
LASTS = 600
"""Seconds."""


class CodeNotRight(Problem):
    """The code is wrong, too old, was tried too often, or was never asked for here; it is not said which."""

    status, code = 422, "code_not_right"
    message = N_("This code is not right, or it is too old. Please ask for a new one.")


class NotForStaff(Problem):
    """Staff sign in with their address, which an administrator changes; their account is joined by nobody."""

    status, code = 409, "not_for_staff"
    message = N_("This is for residents. Ask an administrator to change how you sign in.")


@dataclass(frozen=True)
class CodeSent:
    """Which code is awaited, and until when."""

    uid: uuid.UUID
    expires_at: datetime


@dataclass(frozen=True)
class Shown:
    """An address that the caller has just shown to be theirs, and the target that its code went to."""

    channel: str
    address: str
    target_id: int


def prove_phone(caller: Caller, secret: str | None) -> None:
    """Who calls from a phone shows its secret again before anything that gives lasting access, takes a way back to
    the account, or ends it: a token alone, which may be stolen, is not enough. Raises NotForStaff, SecretNotRight.
    """
    if caller.kind == STAFF:
        raise NotForStaff
    if caller.device_id is None:
        return
    kept = session.scalar(select(Device.secret_digest).filter_by(id=caller.device_id))
    if kept is None or not hmac.compare_digest(kept, secret_digest(secret or "")):
        raise SecretNotRight


def send_code(municipality: Municipality, caller: Caller, channel: str, address: str) -> CodeSent:
    """Owe a code to an address, whether or not anybody here has it. Raises NumberNotValid."""
    to = written(municipality, channel, address)
    held(caller.account_id)
    former = delete(ContactCode).where(ContactCode.account_id == caller.account_id, ContactCode.channel == channel)
    session.execute(former.execution_options(synchronize_session=False))
    row = {
        "uid": new_uid(),
        "municipality_id": municipality.id,
        "account_id": caller.account_id,
        "channel": channel,
        "address": to,
        "target_id": targets.register(municipality.id, channel, targets.CODE, to),
        "nonce": secrets.token_bytes(16),
        "tries": 0,
        "created_at": now(),
        "expires_at": seconds_from_now(LASTS),
    }
    (made,) = insert_if_absent(ContactCode, [row], returning=ContactCode.id)
    code = session.get_one(ContactCode, made)
    owe(municipality.id, CONTACT_CODE, f"code:{code.uid}", 1, {"code_id": code.id})
    return CodeSent(code.uid, code.expires_at)


def digits_of(code: ContactCode) -> str:
    """The six digits, made from the nonce with the installation's key (as HOTP takes them from a digest, RFC 4226)."""
    made = pseudonym("contact code", code.municipality_id, f"{code.uid}:{code.nonce.hex()}:{code.address}")
    return f"{int.from_bytes(made[:8]) % 10**DIGITS:0{DIGITS}d}"


def use_code(municipality: Municipality, caller: Caller, uid: uuid.UUID, digits: str) -> Shown | None:
    """The address that this code was sent to, once. None: it is not right; commit the try, then refuse.

    The caller's account is locked before. Call `forget_target` when the accounts are changed, which are locked before
    targets.
    """
    mine = {"uid": uid, "account_id": caller.account_id, "municipality_id": municipality.id}
    valid = select(ContactCode).filter_by(**mine).where(ContactCode.expires_at > seconds_from_now(0))
    code = session.scalars(valid.with_for_update().execution_options(populate_existing=True)).one_or_none()
    if code is None:
        return None
    code.tries += 1
    if code.tries > TRIES or not hmac.compare_digest(digits_of(code).encode(), digits.encode()):
        return None
    shown = Shown(code.channel, code.address, code.target_id)
    session.delete(code)
    session.flush()
    return shown


def lock_claimants(municipality: Municipality, caller: Caller, uid: uuid.UUID) -> None:
    """Lock the caller's account with all others that the address of this code is, or may come to be: of two who show
    that it is theirs one comes after the other.
    """
    mine = {"uid": uid, "account_id": caller.account_id, "municipality_id": municipality.id}
    found = session.execute(select(ContactCode.channel, ContactCode.address).filter_by(**mine)).one_or_none()
    if found is None:
        return
    named = {"municipality_id": municipality.id, "channel": found.channel, "address": found.address}
    claimants = session.scalars(select(ContactCode.account_id).filter_by(**named)).all()
    there = holder(municipality, found.channel, found.address)
    locked(caller.account_id, *claimants, *([] if there is None else [there]))


def holder(municipality: Municipality, channel: str, address: str) -> int | None:
    """The resident's account that has this address here."""
    named = {"municipality_id": municipality.id, "kind": RESIDENT, COLUMNS[channel]: address}
    return session.scalar(select(Account.id).filter_by(**named))


def forget_target(target_id: int) -> None:
    """Take the address out of the outbox, unless another code is on its way there."""
    if session.scalar(select(ContactCode.id).filter_by(target_id=target_id).limit(1)) is None:
        blank([target_id])


def forget_expired_codes() -> int:
    """Delete the codes that nobody can use any more, and blank where they went; how many."""
    gone = (
        delete(ContactCode)
        .where(ContactCode.expires_at <= seconds_from_now(0))
        .returning(ContactCode.target_id)
        .execution_options(synchronize_session=False)
    )
    to = session.scalars(gone).all()
    for target_id in sorted(set(to)):
        forget_target(target_id)
    shown = delete(PhoneCode).where(PhoneCode.expires_at <= seconds_from_now(0)).returning(PhoneCode.id)
    return len(to) + len(session.scalars(shown.execution_options(synchronize_session=False)).all())

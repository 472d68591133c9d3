"""The second step of signing in: codes of an authenticator (TOTP, RFC 6238), and recovery codes for who has lost it."""

import base64
import hmac
import io
import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import segno
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import ColumnElement, delete, func, select, update

from service.db import session
from service.db.clock import now, seconds_from_now
from service.db.upserts import insert_if_absent
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.people.callers import digest
from service.people.models import Account, RoleGiven
from service.people.session_models import HalfSignIn
from service.people.sessions import end_halves
from service.people.staff.models import Authenticator, RecoveryCode
from service.sealing import pseudonym, seal, unseal
from service.text import N_, pick

SECONDS, DIGITS, WINDOW = 30, 6, 1
SEED_BYTES = 20
MOST_FAILURES = 5
WAIT = timedelta(minutes=15)
HALF_LASTS = 600
PENDING_LASTS = timedelta(hours=1)
"""How long a fresh seed waits for its first code."""
RECOVERY_CODES = 10
LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
ASKED_OF = ("administrators", "everybody")
"""What the municipality's setting `second_step` may say; without it the second step is everybody's own choice."""


class HalfTokenNotValid(Problem):
    """The sign-in was begun too long ago, or finished."""

    status, code, message = 401, "half_token_not_valid", N_("Please sign in again from the beginning.")


class CodeNotRight(Problem):
    """The code is wrong, too old, or was used before."""

    status, code, message = 422, "authenticator_code_wrong", N_("This code is not right. Please wait for the next one.")


class SecondStepNeeded(Problem):
    """A password alone, which may be known to others, changes no second step that there is."""

    status, code = 409, "second_step_needed"
    message = N_("Please also give a code of your authenticator app, or a recovery code.")


class CodeTriedTooOften(Problem):
    """Too many wrong codes in a row; `retry_after` says in how many seconds to come back."""

    status, code, message = 429, "code_tried_too_often", N_("Too many wrong codes. Please try again later.")


class AuthenticatorNeeded(Problem):
    """There is none, or the municipality asks for one and it cannot be taken away."""

    status, code, message = 409, "authenticator_needed", N_("This needs an authenticator app.")


@dataclass(frozen=True)
class Enrolment:
    """What an authenticator app needs, shown once: the seed, its `otpauth:` address, and that as a QR code (SVG)."""

    seed: str
    address: str
    picture: str


def is_asked(municipality: Municipality, account_id: int) -> bool:
    """Whether the municipality asks this member of staff for a second step."""
    asked = municipality.settings.get("second_step")
    if asked not in ASKED_OF:
        return False
    roles = session.scalars(select(RoleGiven.role).where(RoleGiven.account_id == account_id)).all()
    return asked == "everybody" or "administrator" in roles


def next_step(municipality: Municipality, account_id: int) -> str | None:
    """What follows the password: "code", "enrol" where an authenticator is asked for and missing, or nothing."""
    if has_authenticator(account_id):
        return "code"
    return "enrol" if is_asked(municipality, account_id) else None


def has_authenticator(account_id: int) -> bool:
    """Whether an authenticator has shown its first code."""
    return bool(session.scalar(select(Authenticator.seed).where(Authenticator.account_id == account_id)))


def begin_half(account_id: int) -> tuple[str, datetime]:
    """A token for who has shown the password and owes the second step, and when it ends."""
    token = secrets.token_urlsafe(32)
    ends = now() + timedelta(seconds=HALF_LASTS)
    session.add(HalfSignIn(digest=digest(token), account_id=account_id, expires_at=ends))
    return token, ends


def half_signed_in(municipality: Municipality, token: str, lock: bool = False) -> Account:
    """Who has begun to sign in, locked with what they have begun if asked. Raises HalfTokenNotValid."""
    query = (
        select(Account)
        .join(HalfSignIn, HalfSignIn.account_id == Account.id)
        .where(
            HalfSignIn.digest == digest(token),
            HalfSignIn.expires_at > seconds_from_now(0),
            Account.municipality_id == municipality.id,
        )
    )
    if lock:
        query = query.with_for_update(of=(Account, HalfSignIn), key_share=True)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise HalfTokenNotValid
    return found


def make_enrolment(municipality: Municipality, account: Account) -> Enrolment:
    """A fresh seed for an authenticator app; to draw its code takes some milliseconds, so before a transaction."""
    seed = base64.b32encode(os.urandom(SEED_BYTES)).decode()
    issuer = pick(municipality.name, municipality.main_language)
    address = made_from(seed).get_provisioning_uri(account.email or str(account.uid), f"Plateia {issuer}")
    return Enrolment(seed, address, picture_of(address))


def begin_enrolment(account_id: int, enrolment: Enrolment) -> None:
    """Keep the seed; it counts when a code made from it is shown, and the authenticator that is there until then."""
    insert_if_absent(Authenticator, [{"account_id": account_id, "used_step": 0, "failures": 0}], Authenticator.id)
    row = session.scalars(select(Authenticator).filter_by(account_id=account_id).with_for_update()).one()
    row.pending, row.pending_until = seal(enrolment.seed), now() + PENDING_LASTS


def picture_of(address: str) -> str:
    """The QR code of the address as an SVG document."""
    file = io.BytesIO()
    segno.make(address, error="m").save(file, kind="svg", scale=4, xmldecl=False)
    return file.getvalue().decode()


def authenticator_of(account_id: int) -> Authenticator | None:
    """The account's authenticator, locked."""
    return session.scalars(select(Authenticator).filter_by(account_id=account_id).with_for_update()).one_or_none()


def made_from(seed: str) -> TOTP:
    """What makes the codes of a seed in base 32, as authenticator apps do."""
    return TOTP(base64.b32decode(seed), DIGITS, SHA1(), SECONDS)  # noqa: S303


def step_of(sealed: str | None, code: str, moment: datetime) -> int | None:
    """The time step, now or next to it, whose code this is."""
    if not sealed:
        return None
    codes, present = made_from(unseal(sealed)), int(moment.timestamp()) // SECONDS
    near = range(present - WINDOW, present + WINDOW + 1)
    right = [step for step in near if hmac.compare_digest(codes.generate(step * SECONDS), code.encode())]
    return max(right, default=None)


def take_code(
    municipality: Municipality, account: Account, code: str, moment: datetime, new: bool = False
) -> str | None:
    """How the code proves who this is: "authenticator" or "recovery code", or "enrolled" for the first code of a new
    authenticator, where it is `new` or there was none. None where it proves nothing, which is counted: commit it too.

    Raises CodeTriedTooOften, AuthenticatorNeeded.
    """
    row = authenticator_of(account.id)
    if row is None or (new and not awaited(row, moment)):
        raise AuthenticatorNeeded
    refuse_guessing(row, moment)
    shown = "".join(code.upper().split()).replace("-", "")
    how = confirm(row, shown, moment) if new or row.seed is None else proof(municipality, row, shown, moment)
    row.failures, row.failed_at = (0, None) if how else (row.failures + 1, moment)
    return how


def awaited(row: Authenticator, moment: datetime) -> str | None:
    """The sealed seed that waits for its first code."""
    return row.pending if row.pending_until is not None and row.pending_until > moment else None


def confirm(row: Authenticator, code: str, moment: datetime) -> str | None:
    """Let the seed count whose first code this is; nothing else is used up."""
    step = step_of(awaited(row, moment), code, moment)
    if step is None:
        return None
    row.seed, row.pending, row.pending_until, row.used_step = row.pending, None, None, step
    return "enrolled"


def proof(municipality: Municipality, row: Authenticator, code: str, moment: datetime) -> str | None:
    """Use the code up, if it is one. A step whose code was used, and those before it, are no good any more."""
    step = step_of(row.seed, code, moment)
    if step is not None and step > row.used_step:
        row.used_step = step
        return "authenticator"
    used: Any = session.execute(
        delete(RecoveryCode).where(
            RecoveryCode.account_id == row.account_id,
            RecoveryCode.digest == recovery_digest(municipality, row.account_id, code),
        )
    )
    return "recovery code" if used.rowcount == 1 else None


def refuse_guessing(row: Authenticator, moment: datetime) -> None:
    """After some wrong codes in a row, one is looked at in every quarter of an hour. Raises CodeTriedTooOften."""
    if row.failures < MOST_FAILURES or row.failed_at is None:
        return
    left = (row.failed_at + WAIT - moment).total_seconds()
    if left > 0:
        raise CodeTriedTooOften(retry_after=int(left) + 1)


def make_recovery_codes(municipality: Municipality, account_id: int) -> list[str]:
    """Fresh codes, shown once; the former ones are worth nothing."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = ["".join(secrets.choice(LETTERS) for _ in range(12)) for _ in range(RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(account_id=account_id, digest=recovery_digest(municipality, account_id, code)) for code in codes
    )
    return ["-".join((code[:4], code[4:8], code[8:])) for code in codes]


def recovery_digest(municipality: Municipality, account_id: int, code: str) -> bytes:
    return pseudonym("recovery code", municipality.id, f"{account_id}:{code}")


def recovery_codes_left(account_id: int) -> int:
    """How many recovery codes have not been used."""
    return session.scalar(select(func.count()).where(RecoveryCode.account_id == account_id)) or 0


def remove_authenticator(account_id: int) -> bool:
    """Forget the authenticator, its recovery codes and half-finished sign-ins; whether there was one."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    end_halves(account_id)
    gone: Any = session.execute(delete(Authenticator).where(Authenticator.account_id == account_id))
    return bool(gone.rowcount)


def forget_halves() -> int:
    """Delete what remains of sign-ins that nobody finished, and seeds whose first code was never shown; how many."""
    gone: Any = session.execute(delete(HalfSignIn).where(HalfSignIn.expires_at <= seconds_from_now(0)))
    return int(gone.rowcount) + forget_pending(Authenticator.pending_until <= seconds_from_now(0))


def forget_pending(*which: ColumnElement[bool]) -> int:
    """Forget seeds that wait for their first code; how many."""
    waiting = Authenticator.pending.is_not(None), *which
    never: Any = session.execute(delete(Authenticator).where(Authenticator.seed.is_(None), *waiting))
    cleared: Any = session.execute(update(Authenticator).where(*waiting).values(pending=None, pending_until=None))
    return int(never.rowcount) + int(cleared.rowcount)

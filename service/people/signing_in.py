"""Staff sign in with a password."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION
from sqlalchemy import select

from service.db import session
from service.db.clock import now
from service.db.upserts import insert
from service.errors import Problem, TryAgain
from service.municipalities.directory import Municipality
from service.people.holding import held
from service.people.models import Account, Password
from service.people.registering import STAFF
from service.people.sessions import TokenGiven, begin_session
from service.text import N_

AT_ONCE = 4  # one hash takes 64 MiB: no more than these at a time in a process
PATIENCE = 10.0
"""Seconds that a request waits for its turn to hash: some hundred others before it, each of a tenth of a second."""

HASHER = PasswordHasher()
_bound = threading.Semaphore(AT_ONCE)


class SignInRefused(Problem):
    """E-mail or password is wrong; it is not said which."""

    status, code, message = 401, "sign_in_refused", N_("The e-mail address or the password is wrong.")


@contextmanager
def turn() -> Iterator[None]:
    """One's turn to hash. Raises TryAgain where none comes in time, so that no thread of the server waits longer."""
    if not _bound.acquire(timeout=PATIENCE):
        raise TryAgain(retry_after=int(PATIENCE) + 1)
    try:
        yield
    finally:
        _bound.release()


def hash_password(password: str) -> str:
    """The argon2id hash of a password; takes some hundred milliseconds, so call it before a transaction.

    Raises TryAgain.
    """
    with turn():
        return HASHER.hash(password)


def hash_of_nobody() -> str:
    """A hash of no password, which takes as long to compare with as any other."""
    cost = f"m={HASHER.memory_cost},t={HASHER.time_cost},p={HASHER.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${cost}${'A' * 22}${'A' * 43}"


@dataclass(frozen=True)
class Shown:
    """Whose password was shown, by which hash; a fresh one where the one that is kept was made with lesser costs."""

    account_id: int
    hash: str
    fresh_hash: str | None = None


def check_password(municipality: Municipality, email: str, password: str, samples: bool) -> Shown:
    """The staff account with this password. Takes as long for unknown addresses.

    Without `samples` nobody signs in with an address of the reserved domain `.example`: the passwords of the sample
    accounts are known to everybody. Raises SignInRefused, TryAgain.
    """
    found = session.execute(
        select(Account.id, Password.hash)
        .join(Password, Password.account_id == Account.id)
        .where(
            Account.municipality_id == municipality.id,
            Account.kind == STAFF,
            Account.email == email.strip().lower(),
        )
    ).one_or_none()
    session.rollback()  # no connection is held while the hash is computed
    with turn():
        try:
            HASHER.verify(found.hash if found else hash_of_nobody(), password)
        except (VerificationError, InvalidHashError):
            raise SignInRefused from None
    if found is None or (is_sample(email) and not samples):
        raise SignInRefused
    outdated = HASHER.check_needs_rehash(found.hash)
    return Shown(found.id, found.hash, hash_password(password) if outdated else None)


def staff_account_with(municipality: Municipality, email: str) -> uuid.UUID | None:
    """The account of staff with this address."""
    named = {"municipality_id": municipality.id, "kind": STAFF, "email": email.strip().lower()}
    return session.scalar(select(Account.uid).filter_by(**named))


def still_shown(shown: Shown) -> bool:
    """Whether this is still the password, which then stays so until the transaction ends.

    Nothing holds it while it is hashed: it may be another one since, or its owner staff no longer. The account is held
    before it, because what follows hangs on the account.
    """
    if not held(shown.account_id):
        return False
    return lock_password(shown.account_id) == shown.hash


def lock_password(account_id: int) -> str | None:
    """The hash of the account's password, which nobody changes or signs in with until this transaction ends."""
    return session.scalar(select(Password.hash).filter_by(account_id=account_id).with_for_update())


def sign_in(account_id: int) -> TokenGiven:
    """Tokens for who has shown the password."""
    return begin_session(session.get_one(Account, account_id), None, "password", now())


def set_password(account_id: int, password_hash: str) -> None:
    """Keep the hash as the account's only password."""
    statement = insert(Password).values(account_id=account_id, hash=password_hash)
    session.execute(statement.on_conflict_do_update(index_elements=[Password.account_id], set_={"hash": password_hash}))


def is_sample(email: str) -> bool:
    """Whether the address can only be that of a sample account (RFC 2606)."""
    return email.strip().lower().endswith(".example")

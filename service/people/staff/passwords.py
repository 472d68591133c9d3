"""Which passwords are good enough, and how somebody gets another one.

zxcvbn knows 30,000 passwords that were found in breaches, names, and the words of Wikipedia and of films, and sees
through spellings, keyboard patterns, dates and repeats. It asks nobody. What staff of a municipality would be guessed
by first is added: its name, their own name and address.
"""

import base64
import hmac
import re
import uuid
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from zxcvbn import zxcvbn

from service.db import session
from service.db.clock import now
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import Caller
from service.people.models import Account, Password
from service.people.registering import STAFF
from service.people.sessions import end_sessions
from service.people.signing_in import set_password
from service.people.staff.authenticators import forget_pending
from service.people.staff.models import Authenticator
from service.sealing import pseudonym
from service.text import N_

SHORTEST, LONGEST = 12, 128
JUDGED = 64
"""Characters that are judged: more take seconds, and so many suffice."""
GUESSES = 1e10
"""From so many on zxcvbn gives its best grade of five."""
LINK_LASTS = timedelta(hours=1)


class PasswordTooEasy(Problem):
    """`reason` is short, long or guessable: known from breaches, made of known words or of what is known of them."""

    status, code = 422, "password_too_easy"
    message = N_("Please choose another password: 12 characters or more that nobody guesses, such as four odd words.")


class PasswordNotRight(Problem):
    """The caller is signed in, and this is not their password."""

    status, code, message = 422, "password_not_right", N_("This is not your password.")


class LinkNotValid(Problem):
    """The link was used, is too old, or there is a newer one; it is not said which."""

    status, code, message = 404, "staff_link_not_valid", N_("This link is no longer valid. Please ask for a new one.")


def check_new_password(password: str, municipality: Municipality, *known: str | None) -> None:
    """Refuse what is too short or easily guessed by who knows the municipality and, in `known`, the person.

    Raises PasswordTooEasy.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordTooEasy(reason="short" if len(password) < SHORTEST else "long", least=SHORTEST, most=LONGEST)
    guessed_first = words_of(municipality.slug, "plateia", *municipality.name.values(), *known)
    judged = zxcvbn(password[:JUDGED], user_inputs=guessed_first)
    if float(judged["guesses"]) < GUESSES:
        raise PasswordTooEasy(reason="guessable", least=SHORTEST, most=LONGEST)


def words_of(*texts: str | None) -> list[str]:
    """The texts and the words in them, without case."""
    found = [text.lower() for text in texts if text]
    return [*found, *(word for text in found for word in re.split(r"\W+", text) if len(word) > 2)]


def change_password(municipality: Municipality, caller: Caller, password_hash: str) -> int:
    """Give oneself another password and end one's other sessions; how many those were."""
    set_password(caller.account_id, password_hash)
    forget_pending(Authenticator.account_id == caller.account_id)
    ended = end_sessions(caller.account_id, but=caller.session_id)
    record(municipality.id, caller, "password_changed", "staff", str(caller.account), {"sessions_ended": ended})
    return ended


def account_with_password(municipality: Municipality, email: str) -> tuple[Account, str] | None:
    """The member of staff who signs in with this address, and the hash of their password."""
    row = session.execute(
        select(Account, Password.hash)
        .join(Password, Password.account_id == Account.id)
        .where(Account.municipality_id == municipality.id, Account.kind == STAFF, Account.email == email.lower())
    ).one_or_none()
    return row and (row[0], row[1])


def reset_token(municipality: Municipality, account: Account, password_hash: str, asked_at: datetime) -> str:
    """What the link to a new password holds. It is worth nothing once the password is another one."""
    ends = int((asked_at + LINK_LASTS).timestamp())
    return f"{account.uid.hex}.{ends}.{stamp(municipality, account, password_hash, ends)}"


def stamp(municipality: Municipality, account: Account, password_hash: str, ends: int) -> str:
    made = pseudonym("password link", municipality.id, f"{account.uid}:{ends}:{password_hash}")
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def who_resets(municipality: Municipality, token: str, lock: bool = False) -> Account:
    """Whose password the link resets, locked if asked. Raises LinkNotValid."""
    uid, ends, shown = read_token(token)
    query = (
        select(Account, Password.hash)
        .join(Password, Password.account_id == Account.id)
        .where(Account.municipality_id == municipality.id, Account.kind == STAFF, Account.uid == uid)
    )
    row = session.execute(query.with_for_update(of=Password) if lock else query).one_or_none()
    if row is None or datetime.fromtimestamp(ends, UTC) <= now():
        raise LinkNotValid
    account: Account = row[0]
    if not hmac.compare_digest(stamp(municipality, account, row.hash, ends), shown):
        raise LinkNotValid
    return account


def read_token(token: str) -> tuple[uuid.UUID, int, str]:
    """The parts of the link's token. Raises LinkNotValid."""
    found = re.fullmatch(r"([0-9a-f]{32})\.([0-9]{1,11})\.([\w-]{43})", token, re.ASCII)
    if found is None:
        raise LinkNotValid
    return uuid.UUID(found[1]), int(found[2]), found[3]


def reset_password(municipality: Municipality, token: str, password_hash: str) -> None:
    """Set the password of who has the link and end all their sessions. Raises LinkNotValid."""
    account = who_resets(municipality, token, lock=True)
    set_password(account.id, password_hash)
    forget_pending(Authenticator.account_id == account.id)
    ended = end_sessions(account.id)
    record(municipality.id, None, "password_reset", "staff", str(account.uid), {"by": "link", "sessions_ended": ended})

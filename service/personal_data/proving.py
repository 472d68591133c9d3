"""Who asks to be erased shows that they mean it, and that it is theirs."""

import uuid

from service.db import session
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.people.callers import Caller
from service.people.contacts.codes import forget_target, use_code
from service.people.models import Account
from service.text import N_


class AccountNotYours(Problem):
    """The body names another account than the token."""

    status, code, message = 422, "account_not_yours", N_("This is not your account.")


class StaffNotErased(Problem):
    """Accounts of staff are ended by who administers them."""

    status, code = 409, "staff_not_erased"
    message = N_("You have this account for your work. Ask an administrator to end it.")


class CodeNeeded(Problem):
    """Somebody's address or number is confirmed, and no code that came there was sent along."""

    status, code = 409, "code_needed"
    message = N_("Please ask for a code to your address or number first, and repeat it here.")


def check_meant(who: Caller, account: uuid.UUID) -> None:
    """Refuse an erasure that is not meant. Raises AccountNotYours, StaffNotErased."""
    if who.kind != "resident":
        raise StaffNotErased
    if who.account != account:
        raise AccountNotYours


def is_proved(here: Municipality, who: Caller, code_id: uuid.UUID | None, digits: str | None) -> bool:
    """Whether the code came to an address that is confirmed as theirs; yes, where there is none. No: commit the try,
    then refuse. Raises CodeNeeded.
    """
    account = session.get(Account, who.account_id)
    own = {account.email, account.phone} - {None} if account else set()
    if not own:
        return True
    if code_id is None or digits is None:
        raise CodeNeeded
    shown = use_code(here, who, code_id, digits)
    if shown is None:
        return False
    forget_target(shown.target_id)
    return shown.address in own

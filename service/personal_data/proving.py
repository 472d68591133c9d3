"""Who asks to be erased shows that they mean it, and that it is theirs."""

import uuid

from service.errors import Problem
from service.people.callers import Caller
from service.text import N_


class AccountNotYours(Problem):
    """The body names another account than the token."""

    status, code, message = 422, "account_not_yours", N_("This is not your account.")


class StaffNotErased(Problem):
    """Accounts of staff are ended by who administers them."""

    status, code = 409, "staff_not_erased"
    message = N_("You have this account for your work. Ask an administrator to end it.")


def check_proof(who: Caller, account: uuid.UUID) -> None:
    """Refuse an erasure that is not meant. Raises AccountNotYours, StaffNotErased."""
    if who.kind != "resident":
        raise StaffNotErased
    if who.account != account:
        raise AccountNotYours

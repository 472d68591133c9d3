"""A person changes what we know about them."""

from sqlalchemy import select

from service.db import session
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.outbox import targets
from service.people.callers import Caller
from service.people.models import Account
from service.people.registering import STAFF
from service.text import N_


class NotYours(Problem):
    """Staff's address is their sign-in: an administrator changes it."""

    status, code = 409, "email_is_sign_in"
    message = N_("You sign in with this e-mail address. Ask an administrator to change it.")


def account_of(caller: Caller) -> Account:
    """The caller's own row."""
    return session.get_one(Account, caller.account_id)


def change_me(municipality: Municipality, caller: Caller, changes: dict[str, str | None]) -> Account:
    """Change language and e-mail address. A new address is a new target; nothing more goes to the old one."""
    account = session.scalars(select(Account).filter_by(id=caller.account_id).with_for_update(key_share=True)).one()
    if "language" in changes:
        account.language = municipality.language_for(changes["language"])
    if "email" in changes:
        if account.kind == STAFF:
            raise NotYours
        change_address(municipality, account, changes["email"])
    return account


def change_address(municipality: Municipality, account: Account, email: str | None) -> None:
    """Write the address and the target that stands for it. Two people of one household may share a mailbox: what
    waits there for the other one is still sent.
    """
    former = account.email_target_id
    account.email = email.strip() if email else None
    targets.lock(former, targets.id_of(municipality.id, "email", "address", account.email))
    account.email_target_id = (
        targets.register(municipality.id, "email", "address", account.email) if account.email else None
    )
    if former is None or former == account.email_target_id:
        return
    targets.give_up(former, account.id)
    if not is_shared(former, account):
        targets.retire(former, "replaced")


def is_shared(target_id: int, account: Account) -> bool:
    """Whether somebody else reads this mailbox too."""
    others = select(Account.id).where(Account.email_target_id == target_id, Account.id != account.id)
    return session.scalar(others.limit(1)) is not None

"""A person changes what we know about them."""

from sqlalchemy import select

from service.db import session
from service.municipalities.directory import Municipality
from service.outbox import targets
from service.people.callers import Caller
from service.people.models import Account


def account_of(caller: Caller) -> Account:
    """The caller's own row."""
    return session.get_one(Account, caller.account_id)


def change_me(municipality: Municipality, caller: Caller, changes: dict[str, str | None]) -> Account:
    """Change the language in which this person is told things."""
    account = session.scalars(select(Account).filter_by(id=caller.account_id).with_for_update(key_share=True)).one()
    if "language" in changes:
        account.language = municipality.language_for(changes["language"])
    return account


def change_address(municipality: Municipality, account: Account, email: str | None) -> None:
    """Write a confirmed address and the target that stands for it; nothing more goes to the former one."""
    former = account.email_target_id
    account.email = email
    targets.lock(former, targets.id_of(municipality.id, "email", "address", account.email))
    account.email_target_id = (
        targets.register(municipality.id, "email", "address", account.email) if account.email else None
    )
    if former is None or former == account.email_target_id:
        return
    targets.give_up(former, account.id)
    targets.retire(former, "replaced")

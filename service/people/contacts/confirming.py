"""An address that somebody has shown to be theirs becomes part of their account, or is given up."""

import uuid

from sqlalchemy import select

from service.db import session
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.outbox import targets
from service.people.callers import Caller
from service.people.changing import change_address
from service.people.contacts.addresses import COLUMNS, EMAIL
from service.people.contacts.codes import NotForStaff, forget_target, holder, lock_claimants, use_code
from service.people.contacts.warning import CONTACT_CHANGED, warn
from service.people.models import Account
from service.people.registering import STAFF
from service.text import N_


class ContactTaken(Problem):
    """Another account has this address; only who has shown that it is theirs learns so. The code stays good."""

    status, code = 409, "contact_taken"
    message = N_("There is an account with this address already. This phone can join it.")


def confirm(municipality: Municipality, caller: Caller, uid: uuid.UUID, digits: str) -> Account | None:
    """Make the address to which the code was sent the caller's own. None: the code is not right; commit the try.

    Raises ContactTaken.
    """
    lock_claimants(municipality, caller, uid)
    shown = use_code(municipality, caller, uid, digits)
    if shown is None:
        return None
    if holder(municipality, shown.channel, shown.address) not in (None, caller.account_id):
        raise ContactTaken
    account = change_and_tell(municipality, caller.account_id, shown.channel, shown.address)
    forget_target(shown.target_id)
    return account


def give_up(municipality: Municipality, caller: Caller, channel: str) -> None:
    """The caller has no such address any more; nothing is sent there from now on. Raises NotForStaff."""
    if caller.kind == STAFF:
        raise NotForStaff
    change_and_tell(municipality, caller.account_id, channel, None)


def change_and_tell(municipality: Municipality, account_id: int, channel: str, address: str | None) -> Account:
    """Give the account this address, or none, and owe its person the news, also where they were reached until now."""
    former = session.scalars(
        select(getattr(Account, COLUMNS[channel])).filter_by(id=account_id).with_for_update(key_share=True)
    ).one()
    account = change_contact(municipality, account_id, channel, address)
    if address != former:
        tell(municipality, account, channel, former)
    return account


def change_contact(municipality: Municipality, account_id: int, channel: str, address: str | None) -> Account:
    account = session.scalars(select(Account).filter_by(id=account_id).with_for_update(key_share=True)).one()
    if channel == EMAIL:
        change_address(municipality, account, address)
    else:
        account.phone = address
    session.flush()
    return account


def tell(municipality: Municipality, account: Account, channel: str, former: str | None) -> None:
    """Owe the news. The farewell to the former address has a target of its own, since nothing else goes there."""
    there = targets.register(municipality.id, channel, targets.FORMER, former) if former else None
    told = {"account_id": account.id, "channel": channel, "target_id": there}
    warn(municipality, CONTACT_CHANGED, f"account:{account.uid}", told)

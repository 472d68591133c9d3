"""Which accounts were joined into which: who is erased, or asks for a copy, is so with all that they ever had."""

import uuid

from sqlalchemy import exists, or_, select

from service.db import session
from service.db.clock import now
from service.db.upserts import insert
from service.people.contacts.models import FormerAccount
from service.people.identity_models import Identity
from service.people.models import Account, Device


def keep_former(former_id: int, account_id: int) -> None:
    """Write down that the one account is the other's from now on."""
    values = {"account_id": account_id, "joined_at": now()}
    made = insert(FormerAccount).values(former_id=former_id, **values)
    session.execute(made.on_conflict_do_update(index_elements=[FormerAccount.former_id], set_=values))


def former_accounts(account_id: int) -> dict[int, uuid.UUID]:
    """The accounts that were joined into this one, also by way of others, and that nobody has come to use again."""
    found: dict[int, uuid.UUID] = {}
    following = {account_id}
    while following:
        joined = select(Account.id, Account.uid).join(FormerAccount, FormerAccount.former_id == Account.id)
        rows = session.execute(joined.where(FormerAccount.account_id.in_(following))).all()
        new = {id_: uid for id_, uid in rows if id_ != account_id and id_ not in found and not is_reached(id_)}
        found |= new
        following = set(new)
    return found


def is_reached(account_id: int) -> bool:
    """Whether anybody can still reach this account: by another phone, a confirmed address or another way to sign in."""
    ways = or_(
        exists().where(Device.account_id == Account.id, Device.removed_at.is_(None)),
        exists().where(Identity.account_id == Account.id),
        Account.email.is_not(None),
        Account.phone.is_not(None),
    )
    return session.scalar(select(Account.id).where(Account.id == account_id, ways)) is not None

"""Who decides who is staff, locked: a municipality is not left without them by two who act at once."""

from sqlalchemy import exists, select

from service.db import session
from service.municipalities.directory import Municipality
from service.people.models import Account, RoleGiven
from service.people.registering import STAFF
from service.people.roles import ROLES, may

RULERS = tuple(role for role in ROLES if may(role, "manage_staff"))


def lock_staff(municipality: Municipality, *account_ids: int) -> dict[int, Account]:
    """These members of staff and the administrators, locked in the order of their ids; by id. Who is gone is not there.

    Whoever gives or takes roles locks the accounts first, and roles and whatever else hangs on them afterwards.
    """
    rules = exists().where(RoleGiven.account_id == Account.id, RoleGiven.role.in_(RULERS))
    query = select(Account).where(
        Account.municipality_id == municipality.id, Account.kind == STAFF, Account.id.in_(account_ids) | rules
    )
    locked = query.order_by(Account.id).with_for_update(key_share=True).execution_options(populate_existing=True)
    return {account.id: account for account in session.scalars(locked)}


def rulers(municipality: Municipality) -> set[int]:
    """The accounts that can decide who is staff here; certain while they are locked."""
    here = Account.municipality_id == municipality.id, Account.kind == STAFF
    query = select(RoleGiven.account_id).join(Account, Account.id == RoleGiven.account_id)
    return set(session.scalars(query.where(*here, RoleGiven.role.in_(RULERS))))

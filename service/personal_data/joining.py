"""Two accounts turned out to be the same person's: what the one had is the other's."""

from sqlalchemy import select

from service.db import session
from service.municipalities.directory import Municipality
from service.people.erasing import person_of
from service.people.models import Account
from service.personal_data.slices import hand_over


def join_accounts(municipality: Municipality, from_id: int, to_id: int) -> bool:
    """Hand over everything that the one account has in any slice, inside a transaction; doing it again does nothing.

    False, when one of them was erased meanwhile.
    """
    both = select(Account).where(Account.municipality_id == municipality.id, Account.id.in_((from_id, to_id)))
    locked = session.scalars(both.order_by(Account.id).with_for_update()).all()
    people = {account.id: person_of(account) for account in locked}
    if len(people) < 2:
        return False
    hand_over(municipality, people[from_id], people[to_id])
    return True

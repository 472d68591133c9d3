"""Accounts come first: whoever locks rows that hang on an account, or will write some, holds the account before them.

Erasing locks accounts, in the order of their ids, and then deletes what hangs on them. A transaction that had locked
such a row before its account would wait for the erasure, and the erasure for it.
"""

from sqlalchemy import select

from service.db import session
from service.people.models import Account


def held(*account_ids: int) -> set[int]:
    """Those of the accounts that are there. Nobody erases them until this transaction ends; others may hold them."""
    query = select(Account.id).where(Account.id.in_(account_ids)).order_by(Account.id)
    return set(session.scalars(query.with_for_update(read=True, key_share=True)))


def locked(*account_ids: int) -> dict[int, Account]:
    """Those of the accounts that are there, by id, which nobody else changes or joins until this transaction ends."""
    query = select(Account).where(Account.id.in_(account_ids)).order_by(Account.id).with_for_update(key_share=True)
    return {account.id: account for account in session.scalars(query.execution_options(populate_existing=True))}

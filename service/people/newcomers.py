"""Accounts that have just been made: a campaign registers many phones and uses them at once."""

from sqlalchemy import select

from service.db import session
from service.db.clock import seconds_from_now
from service.people.models import Account

NEW_FOR = 86_400
"""Seconds during which an account is new."""


def is_newcomer(account_id: int) -> bool:
    """Whether the account was made within the last day, by the database's clock."""
    made_lately = select(Account.created_at > seconds_from_now(-NEW_FOR)).where(Account.id == account_id)
    return bool(session.scalar(made_lately))

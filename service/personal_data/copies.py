"""The rows about copies of what is held about somebody."""

from typing import Any

from sqlalchemy import delete, select

from service.db import session
from service.personal_data.models import PersonalCopy


def drop_copies(account_id: int) -> None:
    """Delete the row about a person's copy: its link is worth nothing, and a sweep takes the file."""
    session.execute(delete(PersonalCopy).where(PersonalCopy.account_id == account_id))


def collect_copies(account_id: int) -> list[dict[str, Any]]:
    """When the person asked for a copy last."""
    found = select(PersonalCopy.asked_at, PersonalCopy.ready_at).where(PersonalCopy.account_id == account_id)
    return [dict(row._mapping) for row in session.execute(found)]

"""A person is owed the news of what becomes of their account, so that they notice when it was somebody else."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from service.db import session
from service.municipalities.directory import Municipality
from service.outbox.models import Event
from service.outbox.posting import owe

PHONE_JOINED = "phone_joined"
"""Kind of the event: another phone uses the account."""
CONTACT_CHANGED = "contact_changed"
"""Kind of the event: an address or number was confirmed, replaced or given up."""


def warn(municipality: Municipality, kind: str, subject: str, told: Mapping[str, Any]) -> None:
    """Owe the person the news. By the subject it is found when they are erased; their account is locked."""
    before = select(func.coalesce(func.max(Event.version), 0)).filter_by(kind=kind, subject=subject)
    owe(municipality.id, kind, subject, session.scalars(before).one() + 1, told)

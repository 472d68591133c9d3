"""That a key is in use."""

from sqlalchemy import update

from service.db import session
from service.db.clock import now
from service.people.key_models import ApiKey


def note_use(key_id: int) -> None:
    """Write down that the key is used now."""
    statement = update(ApiKey).where(ApiKey.id == key_id).values(used_at=now())
    session.execute(statement.execution_options(synchronize_session=False))

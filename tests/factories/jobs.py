"""Jobs whose moment has come, without waiting for it."""

from sqlalchemy import update

from service.db import session, transaction
from service.db.clock import seconds_from_now
from service.jobs.models import Job


def make_due(*kinds: str) -> None:
    """What waits is to be done now: jobs of these kinds, or all; outside a transaction."""
    chosen = [Job.kind.in_(kinds)] if kinds else []
    with transaction():
        session.execute(update(Job).where(Job.state == "waiting", *chosen).values(run_at=seconds_from_now(-1)))

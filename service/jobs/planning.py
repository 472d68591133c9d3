"""Plan work: one row, in the transaction of whatever makes it necessary."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update

from service.db import session
from service.db.clock import now, seconds_from_now
from service.db.upserts import insert_if_absent
from service.jobs.models import Job

RECURRING = "recurring"
"""The unique key of the one row of a kind of recurring work."""


def plan(
    kind: str,
    unique_key: str,
    run_at: datetime | None = None,
    payload: Mapping[str, Any] | None = None,
    every_seconds: int | None = None,
    municipality_id: int | None = None,
) -> int | None:
    """Plan a job; call inside a transaction. One statement.

    kind           a key of the worker's table of jobs
    unique_key     what makes it the same job: planned twice it is done once ("digest:kozani:water:2026-11-21T09")
    run_at         not before this moment; None: now
    every_seconds  for recurring work: when it is done it waits again until run_at plus a multiple of this

    Returns the job's id, or None when it was planned already, whatever has become of it.
    """
    job = {
        "municipality_id": municipality_id,
        "kind": kind,
        "unique_key": unique_key,
        "payload": dict(payload or {}),
        "run_at": run_at or seconds_from_now(0),
        "every_seconds": every_seconds,
        "created_at": now(),
    }
    return next(iter(insert_if_absent(Job, [job], returning=Job.id)), None)


def unplan(kind: str, unique_key: str) -> None:
    """Forget a job, whatever its state; inside a transaction. Who is at it loses its lease and undoes what it wrote."""
    session.execute(
        delete(Job).where(Job.kind == kind, Job.unique_key == unique_key).execution_options(synchronize_session=False)
    )


def change_rhythm(kind: str, every_seconds: int) -> None:
    """Give a recurring job that was planned before this rhythm, from its next run on; inside a transaction."""
    session.execute(
        update(Job)
        .where(Job.kind == kind, Job.unique_key == RECURRING, Job.every_seconds != every_seconds)
        .values(every_seconds=every_seconds)
        .execution_options(synchronize_session=False)
    )


def forget_recurring(but: Collection[str]) -> None:
    """Delete the rows of recurring work that this version does not know any more; inside a transaction."""
    session.execute(
        delete(Job)
        .where(Job.unique_key == RECURRING, Job.kind.not_in(but), Job.state == "waiting")
        .execution_options(synchronize_session=False)
    )

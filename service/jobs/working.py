"""Do planned work: claim a job with a lease, run its handler, record the result under the same owner.

A handler is `function(job, progress) → result`; progress and result are JSON objects or None. It opens its own
transactions and must be resumable: killed anywhere, it is called again, later or by another worker, with the progress
that it noted last. Work that must not be done twice goes into one transaction with `progress.note(...)`: both are
committed or neither, and `LeaseLost` undoes both when another worker has taken over. A handler that may take longer
than the lease notes its progress in between, which extends it.
"""

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import update

from service import logs
from service.crash_points import crash_here
from service.db import session, transaction
from service.db.clock import now, seconds_from_now
from service.db.leases import changed, claim, held, record, release
from service.jobs.models import Job

log = structlog.get_logger()

LEASE = 300.0
MOST_ATTEMPTS = 12
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 3600.0

Noted = dict[str, Any] | None


class LeaseLost(Exception):
    """This worker was too slow: the job is another's now. Whatever the open transaction wrote is undone."""


class Interrupted(Exception):
    """The worker is stopping: the job goes on elsewhere from what was just saved."""


@dataclass(frozen=True)
class Work:
    """A job as its handler sees it; `attempt` is 1 at the first."""

    id: int
    municipality_id: int | None
    kind: str
    unique_key: str
    payload: dict[str, Any]
    run_at: datetime
    every_seconds: int | None
    attempt: int


class Progress:
    """How far a job is. `value` is what was noted last, by whomever; None at the beginning."""

    def __init__(self, job_id: int, owner: str, value: Noted, stopping: threading.Event, lease: float) -> None:
        self.job_id, self.owner, self.value, self.stopping, self.lease = job_id, owner, value, stopping, lease

    def note(self, value: Noted) -> None:
        """Inside the handler's transaction: note how far it is and extend the lease. Raises LeaseLost."""
        statement = (
            update(Job)
            .where(held(Job, self.owner, [self.job_id]))
            .values(progress=value, lease_until=seconds_from_now(self.lease))
        )
        if not changed(statement):
            raise LeaseLost
        self.value = value

    def save(self, value: Noted) -> None:
        """The same in a transaction of its own. Raises Interrupted after it when the worker is stopping."""
        with transaction():
            self.note(value)
        if self.stopping.is_set():
            raise Interrupted


Handler = Callable[[Work, Progress], Noted]


def work_one(
    table: Mapping[str, Handler], owner: str, stopping: threading.Event | None = None, lease: float = LEASE
) -> bool:
    """Do the job that has been due the longest. True when there was one. Call outside a transaction."""
    stopping = stopping or threading.Event()
    rows = claim(Job, owner, 1, lease, Job.kind.in_(list(table)))
    for row in rows:
        crash_here("after_job_claim")
        job = Work(**{name: getattr(row, name) for name in Work.__dataclass_fields__})
        run(table[job.kind], job, Progress(job.id, owner, row.progress, stopping, lease))
    return bool(rows)


def run(handler: Handler, job: Work, progress: Progress) -> None:
    """Call the handler and record how it ended."""
    if job.attempt > MOST_ATTEMPTS:
        end(job, progress, {"state": "failed", "error": f"given up after {MOST_ATTEMPTS} attempts"})
        return
    try:
        result = handler(job, progress)
    except Interrupted:
        give_back(job, progress)
        return
    except LeaseLost:
        log.warning("job_taken_over", kind=job.kind, key=job.unique_key)
        return
    except Exception as error:  # whatever a handler raises is the job's fault, not the worker's
        log.error("job_failed", kind=job.kind, key=job.unique_key, attempt=job.attempt)
        logs.unforeseen(error)
        end(job, progress, failed(job, error))
        return
    crash_here("after_job_run")
    end(job, progress, {"state": "done", "result": result, "error": None, "attempt": 0})


def end(job: Work, progress: Progress, values: dict[str, Any]) -> None:
    """Record the end of an attempt, unless another worker has taken over; recurring work waits for its next time."""
    session.rollback()
    final = values["state"] in ("done", "failed")
    if final:
        values = values | {"finished_at": now()}
    if final and job.every_seconds:
        values |= {"state": "waiting", "run_at": next_time(job), "progress": None, "attempt": 0}
    with transaction():
        if not record(Job, progress.owner, job.id, **values):
            log.warning("job_taken_over", kind=job.kind, key=job.unique_key)


def give_back(job: Work, progress: Progress) -> None:
    """Let another worker go on at once."""
    with transaction():
        release(Job, progress.owner, [job.id])


def failed(job: Work, error: Exception) -> dict[str, Any]:
    """Try again after a pause with full jitter, or give up after the last attempt."""
    if job.attempt >= MOST_ATTEMPTS:
        return {"state": "failed", "error": type(error).__name__}
    ceiling = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**job.attempt)
    pause = random.uniform(0, ceiling)
    return {"state": "waiting", "run_at": seconds_from_now(pause), "error": type(error).__name__}


def next_time(job: Work) -> datetime:
    """The first moment of the job's rhythm that is still to come; missed ones are not made up for."""
    every = timedelta(seconds=job.every_seconds or 0)
    missed = max(0, (now() - job.run_at) // every)
    return job.run_at + (missed + 1) * every

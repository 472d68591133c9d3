"""Planned work: done once, resumed after a crash, repeated in its rhythm."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from service.db import session, transaction
from service.db.clock import now, seconds_from_now
from service.jobs.models import Job
from service.jobs.planning import plan
from service.jobs.working import MOST_ATTEMPTS, LeaseLost, Progress, Work, work_one
from tests.factories.jobs import make_due

pytestmark = pytest.mark.usefixtures("app")


def planned(key: str = "1", **options: object) -> None:
    with transaction():
        plan("count", key, **options)  # type: ignore[arg-type]


def the_job(key: str = "1") -> Job:
    session.rollback()
    return session.scalars(select(Job).filter_by(unique_key=key).execution_options(populate_existing=True)).one()


def nothing(job: Work, progress: Progress) -> None:
    """A handler that is done at once."""


def let_leases_run_out() -> None:
    with transaction():
        session.execute(update(Job).where(Job.lease_until.is_not(None)).values(lease_until=seconds_from_now(-1)))


def test_a_job_is_done_and_its_result_kept() -> None:
    planned(payload={"to": 3})
    assert work_one({"count": lambda job, _: {"sum": sum(range(job.payload["to"]))}}, "worker-1")
    job = the_job()
    assert (job.state, job.result, job.owner, job.error) == ("done", {"sum": 3}, None, None)
    assert job.finished_at is not None
    assert not work_one({"count": nothing}, "worker-1")


def test_planned_twice_it_is_done_once() -> None:
    with transaction():
        assert plan("count", "1") is not None
        assert plan("count", "1") is None
    assert work_one({"count": nothing}, "worker-1")
    with transaction():
        assert plan("count", "1") is None, "done is done"


def test_what_is_rolled_back_was_never_planned() -> None:
    with suppress(ZeroDivisionError), transaction():
        plan("count", "1")
        raise ZeroDivisionError
    assert not work_one({"count": nothing}, "worker-1")


def test_a_job_waits_for_its_time() -> None:
    planned(run_at=now() + timedelta(hours=1))
    assert not work_one({"count": nothing}, "worker-1")
    make_due()
    assert work_one({"count": nothing}, "worker-1")


def test_a_kind_that_this_worker_does_not_know_waits_for_one_that_does() -> None:
    planned()
    assert not work_one({"another": nothing}, "worker-1")
    assert the_job().state == "waiting"


def test_a_job_goes_on_from_where_a_dead_worker_noted_last() -> None:
    planned()

    def dies(job: Work, progress: Progress) -> None:
        progress.save({"done": 7})
        raise SystemExit

    with pytest.raises(SystemExit):
        work_one({"count": dies}, "worker-1")
    assert the_job().state == "running"
    let_leases_run_out()
    assert work_one({"count": lambda job, progress: {"from": progress.value, "attempt": job.attempt}}, "worker-2")
    assert the_job().result == {"from": {"done": 7}, "attempt": 2}


def test_who_was_too_slow_can_neither_note_nor_finish_and_its_writes_are_undone() -> None:
    planned()
    planned("beside")

    def slow(job: Work, progress: Progress) -> dict[str, str]:
        let_leases_run_out()
        assert work_one({"count": lambda *_: {"by": "the other"}}, "worker-2")
        with transaction():
            session.execute(update(Job).where(Job.unique_key == "beside").values(payload={"written": True}))
            progress.note({"late": True})
        return {"by": "the slow one"}

    with transaction():
        session.execute(update(Job).where(Job.unique_key == "beside").values(run_at=now() + timedelta(hours=1)))
    work_one({"count": slow}, "worker-1")
    assert the_job().result == {"by": "the other"}
    assert the_job("beside").payload == {}


def test_a_late_note_says_so() -> None:
    planned()

    def slow(job: Work, progress: Progress) -> None:
        let_leases_run_out()
        work_one({"count": nothing}, "worker-2")
        with pytest.raises(LeaseLost):
            progress.save({"late": True})

    work_one({"count": slow}, "worker-1")


def test_a_failing_job_is_tried_again_and_given_up_at_last_without_quoting_anybody() -> None:
    planned()

    def fails(job: Work, progress: Progress) -> None:
        raise RuntimeError("Maria, Tsontza 4")

    work_one({"count": fails}, "worker-1")
    job = the_job()
    assert (job.state, job.attempt, job.error) == ("waiting", 1, "RuntimeError")
    for _ in range(MOST_ATTEMPTS):
        make_due()
        work_one({"count": fails}, "worker-1")
    job = the_job()
    assert (job.state, job.attempt) == ("failed", MOST_ATTEMPTS)


def test_a_job_that_kills_every_worker_is_given_up_at_last() -> None:
    planned()
    calls = []

    def kills(job: Work, progress: Progress) -> None:
        calls.append(job.attempt)
        raise SystemExit

    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(SystemExit):
            work_one({"count": kills}, "worker-1")
        let_leases_run_out()
    assert work_one({"count": kills}, "worker-1")
    assert len(calls) == MOST_ATTEMPTS
    assert the_job().state == "failed"


def test_recurring_work_keeps_its_rhythm_and_does_not_make_up_for_missed_times() -> None:
    begun = now() - timedelta(hours=5, minutes=30)
    planned(run_at=begun, every_seconds=3600)
    assert work_one({"count": lambda *_: {"swept": 5}}, "worker-1")
    job = the_job()
    assert (job.state, job.result, job.attempt) == ("waiting", {"swept": 5}, 0)
    assert job.run_at == begun + timedelta(hours=6)
    assert not work_one({"count": nothing}, "worker-1")


def test_recurring_work_that_was_given_up_comes_again_at_its_next_time() -> None:
    planned(every_seconds=3600)

    def fails(job: Work, progress: Progress) -> None:
        raise RuntimeError

    for _ in range(MOST_ATTEMPTS):
        make_due()
        work_one({"count": fails}, "worker-1")
    job = the_job()
    assert (job.state, job.attempt, job.error) == ("waiting", 0, "RuntimeError")
    assert job.run_at > now()


def test_a_worker_that_stops_gives_a_long_job_back_where_it_noted_its_progress() -> None:
    planned()
    stopping = threading.Event()

    def long(job: Work, progress: Progress) -> dict[str, bool]:
        for step in range((progress.value or {"steps": 0})["steps"], 5):
            if step == 2:
                stopping.set()
            progress.save({"steps": step + 1})
        return {"finished": True}

    work_one({"count": long}, "worker-1", stopping)
    job = the_job()
    assert (job.state, job.progress, job.attempt) == ("waiting", {"steps": 3}, 0)
    assert work_one({"count": long}, "worker-2")
    assert the_job().result == {"finished": True}

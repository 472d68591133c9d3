"""The recurring work of a deployment: its rhythm, what it forgets, and that it stops when the worker does."""

import threading
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select, update

from service.consultation.observing import HEAD_SIGNED
from service.db import session, transaction
from service.db.clock import now
from service.housekeeping import EVERY, HANDLERS, NEWEST_KEPT, plan_recurring
from service.jobs.models import Job
from service.jobs.planning import plan
from service.jobs.working import work_one
from service.municipalities.directory import Municipality
from service.outbox.models import Delivery, Event
from service.outbox.retaining import KEPT_FOR
from service.reports.messages import DEPARTMENT_DIGEST
from service.reports.models import ReportEntry
from tests.factories.jobs import make_due
from tests.factories.people import Person
from tests.factories.reports import make_report
from tests.outbox.scene import a_phone, tell
from tests.reports.scene import count, expand_all, inbox_of


def jobs() -> dict[str, Any]:
    session.rollback()
    rows = session.execute(select(Job.kind, Job.every_seconds, Job.state, Job.result))
    return {row.kind: row for row in rows}


def do(kind: str, stopping: threading.Event | None = None) -> Any:
    """Do this recurring job now; its row afterwards."""
    with transaction():
        plan_recurring()
    make_due(kind)
    assert work_one({kind: HANDLERS[kind]}, "worker-1", stopping)
    return jobs()[kind]


def age(model: Any, by: timedelta) -> None:
    with transaction():
        session.execute(update(model).values(created_at=now() - by))


def test_another_version_gives_the_rows_that_are_there_its_rhythm(app: Flask) -> None:
    with transaction():
        plan("forget_sessions", "recurring", every_seconds=7)
        plan("counting_ballots", "recurring", every_seconds=60)
        plan("counting_ballots", "once")
        plan_recurring()
        plan_recurring()
    session.rollback()
    assert {kind: row.every_seconds for kind, row in jobs().items() if row.every_seconds} == dict(EVERY)
    assert count(Job) == len(EVERY) + 1, "what is planned once stays"


def test_events_are_forgotten_when_nothing_is_left_of_their_messages(here: Municipality, alice: Person) -> None:
    make_report(here, alice)
    expand_all()
    with transaction():
        session.execute(update(Delivery).values(state="sent"))
    age(Event, KEPT_FOR + timedelta(days=1))
    do("forget_messages")
    assert count(Event) == 1, "a message that is younger keeps its event"
    age(Delivery, KEPT_FOR + timedelta(days=1))
    do("forget_messages")
    assert (count(Event), count(Delivery), len(inbox_of(alice))) == (0, 0, 1)


def test_the_id_of_a_forgotten_event_is_not_given_again_and_no_inbox_loses_a_message(
    here: Municipality, alice: Person
) -> None:
    for expected in (1, 2):
        make_report(here, alice)
        expand_all()
        assert len(inbox_of(alice)) == expected
        with transaction():
            session.execute(update(Delivery).values(state="sent"))
        for model in (Event, Delivery):
            age(model, KEPT_FOR + timedelta(days=1))
        do("forget_messages")
        assert count(Event) == 0


def test_the_newest_digest_stays_so_that_the_next_one_begins_there(here: Municipality) -> None:
    for _ in range(2):
        make_report(here, category="pothole")
        with transaction():
            session.execute(update(ReportEntry).values(at=now() - timedelta(hours=1)))
        do("department_digests")
        expand_all()
    with transaction():
        session.execute(update(Delivery).values(state="sent"))
    for model in (Event, Delivery):
        age(model, KEPT_FOR + timedelta(days=1))
    do("forget_messages")
    assert NEWEST_KEPT == (DEPARTMENT_DIGEST, HEAD_SIGNED)
    assert [event.kind for event in session.scalars(select(Event))] == [DEPARTMENT_DIGEST]
    assert do("department_digests").result == {"owed": 0}


def test_an_event_that_is_not_expanded_yet_stays_whatever_its_age(here: Municipality) -> None:
    make_report(here)
    age(Event, KEPT_FOR + timedelta(days=1))
    do("forget_messages")
    assert count(Event) == 1


def test_what_waits_for_a_channel_without_credentials_expires(here: Municipality) -> None:
    tell([a_phone(here, "alice")], subject="report:1", lasts=timedelta(seconds=-1))
    tell([a_phone(here, "alice")], subject="report:2")
    do("forget_messages")
    session.rollback()
    states = session.execute(select(Delivery.subject, Delivery.state).order_by(Delivery.id)).all()
    assert [tuple(row) for row in states] == [("report:1", "expired"), ("report:2", "pending")]


def test_digests_stop_between_two_departments_and_go_on_from_there(here: Municipality, next_door: Municipality) -> None:
    for municipality in (here, next_door):
        place = {"longitude": 21.72 if municipality is here else 21.82}
        make_report(municipality, category="pothole", **place)
    with transaction():
        session.execute(update(ReportEntry).values(at=now() - timedelta(hours=1)))
    stopping = threading.Event()
    stopping.set()
    row = do("department_digests", stopping)
    assert (row.state, row.result) == ("waiting", None)
    assert len(session.scalars(select(Event).filter_by(kind=DEPARTMENT_DIGEST)).all()) == 1
    assert do("department_digests").result == {"owed": 2}

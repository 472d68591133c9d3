"""The end of a vote: the database's clock decides, who was in time is waited for, and deaths on the way lose nothing."""

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, current_app
from flask.testing import FlaskClient
from sqlalchemy import event, func, select, update
from sqlalchemy.exc import StatementError

from service.consultation import closing, releasing
from service.consultation import verify_consultation as auditor
from service.consultation.ballots import KINDS
from service.consultation.casting import APP, NotOpen, ensure_open, give, take_part, write
from service.consultation.closing import OtherRules, Told, close, put_in_order
from service.consultation.eligibility import voter_named
from service.consultation.ending import CLOSE
from service.consultation.finding import fixed_one
from service.consultation.leaves import answer_tracker, ballot_tracker
from service.consultation.models import VOTE, Ballot, BallotAnswer, Consultation, ConsultationPhase, Participation
from service.consultation.releasing import RELEASE
from service.db import db, session, transaction
from service.db.clock import seconds_from_now
from service.housekeeping import HANDLERS
from service.jobs.models import Job
from service.jobs.working import LEASE, LeaseLost, Progress, work_one
from service.municipalities.directory import Municipality
from tests.consultation.bundles import unzipped
from tests.consultation.scene import STANCE, Office, Phone, bundle_of, close_now, end_vote, phone
from tests.databases import watched
from tests.factories.jobs import make_due


def test_casts_around_the_end_fall_on_the_side_that_the_databases_clock_says(
    office: Office, here: Municipality
) -> None:
    office.begin(questions=[STANCE]).fix()
    found = fixed_one(here, office.uid)
    seen = set()
    for turn in range(40):
        with transaction():
            before = session.scalar(select(seconds_from_now(0)))
            change = update(ConsultationPhase).where(ConsultationPhase.kind == VOTE)
            session.execute(change.values(closes_at=seconds_from_now((turn % 5 - 2) / 1000)))
            ends = session.scalar(select(ConsultationPhase.closes_at))
            if turn % 3 == 0:
                time.sleep(0.001)
            try:
                ensure_open(found)
                open_then = True
            except NotOpen:
                open_then = False
            after = session.scalar(select(seconds_from_now(0)))
        assert (before < ends) if open_then else (after >= ends)
        seen.add(open_then)
    assert seen == {True, False}


def test_the_closing_waits_for_who_was_in_time(app: Flask, office: Office, here: Municipality) -> None:
    office.begin(questions=[STANCE]).fix()
    consultation_id, found = office.id, fixed_one(here, office.uid)
    session.remove()
    inside = threading.Event()

    def late() -> None:
        with app.app_context():
            given = give(found, {"trees": "for"}, {"trees": answer_tracker(b"k" * 16, "trees")})
            with transaction():
                ensure_open(found)
                inside.set()
                time.sleep(0.3)
                assert take_part(found, voter_named(found, "somebody"), APP)
                write(found, ballot_tracker(b"k" * 16), given, {"trees": 1}, APP)

    voter = threading.Thread(target=late)
    with app.app_context():
        voter.start()
        assert inside.wait(10)
        end_in_another(app, consultation_id)
        assert close(consultation_id, current_app.config["STORE"])
        voter.join()
    session.remove()
    tally = session.get_one(Consultation, consultation_id).tally
    assert tally and tally["participations"] == tally["questions"][0]["valid"] == 1


def end_in_another(app: Flask, consultation_id: int) -> None:
    with transaction():
        change = update(ConsultationPhase).where(ConsultationPhase.consultation_id == consultation_id)
        session.execute(change.values(closes_at=seconds_from_now(-2)))


def in_a_child(app: Flask, act: Callable[[], int]) -> int:
    """What a process of its own ends with: a signal's number below 0, or what `act` gives."""
    child = os.fork()
    if child == 0:
        try:
            db.engine.dispose(close=False)
            os._exit(act())
        finally:
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_killed_between_any_two_statements_a_cast_leaves_both_records_or_neither(
    app: Flask, office: Office, client: FlaskClient, here: Municipality
) -> None:
    office.begin().fix()
    phones = [phone(client, here) for _ in range(12)]
    session.remove()
    died = 0
    for number, voter in enumerate(phones):
        ended = in_a_child(app, lambda number=number, voter=voter: cast_and_die(office, voter, number))
        died += ended == -signal.SIGKILL
        assert ended in (-signal.SIGKILL, 0)
        assert_both_or_neither()
        assert voter.cast(office.path, {"trees": "for"}).status_code == 201, "the phone sends it again"
        assert_both_or_neither()
    assert 5 <= died < len(phones)
    assert session.scalar(select(func.count()).select_from(Ballot)) == len(phones)
    session.remove()


def cast_and_die(office: Office, voter: Phone, at: int) -> int:
    """Cast, and die before the so-manieth statement; the last one is the commit."""
    seen = [0]

    def count(*_: Any) -> None:
        seen[0] += 1
        if seen[0] == at + 1:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("before_cursor_execute", "commit"):
        event.listen(db.engine, name, count)
    return 0 if voter.cast(office.path, {"trees": "for"}).status_code == 201 else 1


def assert_both_or_neither() -> None:
    taken, ballots, answers = (
        session.scalar(select(func.count()).select_from(model)) for model in (Participation, Ballot, BallotAnswer)
    )
    session.remove()
    assert taken == ballots and answers == 2 * (ballots or 0)


class Stopped(Exception):
    """Stands for a death: nothing after it is done."""


def test_a_closing_that_is_stopped_anywhere_goes_on_to_the_same_result(
    office: Office, client: FlaskClient, here: Municipality
) -> None:
    office.begin(questions=[STANCE]).fix()
    for _ in range(6):
        voter = phone(client, here)
        voter.questions = ("trees",)
        assert voter.cast(office.path, {"trees": "for"}).status_code == 201
    end_vote(office)
    consultation_id, store, stops = office.id, current_app.config["STORE"], 0
    while True:
        left = [1 + stops // 2]

        def stop(*_: Any, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Stopped

        try:
            with watched("before_cursor_execute", stop):
                close(consultation_id, store)
            break
        except (Stopped, StatementError):
            session.rollback()
            stops += 1
    assert stops > 10
    files = unzipped(bundle_of(consultation_id))
    assert "6 took part" in auditor.verify(files)
    assert files["heads.jsonl"].count(b"\n") == 3, "opening, one batch, close"


def test_the_bundle_is_the_same_however_few_rows_are_read_at_once(
    office: Office, client: FlaskClient, here: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.begin().fix()
    for number in range(6):
        voter = phone(client, here)
        assert voter.cast(office.path, {"trees": "for", "money": ["a"]}).status_code == 201
        if number < 3:
            assert voter.replace(office.path, 1, {"trees": "against"}).status_code == 200
    consultation_id = office.id
    assert close_now(office)
    kept = current_app.config["STORE"].read(closing.key_of(consultation_id))
    files = unzipped(kept)
    assert "6 took part, 12 ballots" in auditor.verify(files) and b"],[" in files["ballots.jsonl"]
    for number in (1, 2, 5):
        monkeypatch.setattr(closing, "AT_ONCE", number)
        assert bundle_of(consultation_id) == kept


def test_a_ballot_that_comes_while_others_are_released_waits(
    office: Office, client: FlaskClient, here: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No batch has fewer than five answers to a question, and neither has the last."""
    office.begin().fix()
    monkeypatch.setattr(releasing, "AT_ONCE", 8)
    for _ in range(12):
        assert phone(client, here).cast(office.path, {"trees": "for", "money": ["a"]}).status_code == 201
    consultation_id, late = office.id, phone(client, here)
    session.rollback()

    def meanwhile(*_: Any) -> None:
        if not late.get(f"{office.path}/participation").json["voted"]:
            assert late.cast(office.path, {"trees": "for"}).status_code == 201

    part = releasing.release_part
    monkeypatch.setattr(releasing, "release_part", lambda *given: (meanwhile(), part(*given))[1])
    assert releasing.release(consultation_id) == 14, "seven of twelve, to each of two questions"
    monkeypatch.setattr(releasing, "release_part", part)
    assert releasing.release(consultation_id) == 0, "six wait"
    assert close_now(office)
    [*_, before, last] = [int(head.split("\n")[1]) for head in late.get(f"{office.path}/heads").json["heads"]]
    assert last - before == 1, "the close"


def test_workers_release_and_close_when_it_is_due(office: Office, client: FlaskClient, here: Municipality) -> None:
    office.begin(questions=[STANCE]).fix()
    for number in range(10):
        voter = phone(client, here)
        voter.questions = ("trees",)
        assert voter.cast(office.path, {"trees": "for"}).status_code == 201
        if number == 8:
            assert HANDLERS[RELEASE](None, Silent()) == {"released": 0}, "too few"  # type: ignore[arg-type]
    assert HANDLERS[RELEASE](None, Silent()) == {"released": 5}  # type: ignore[arg-type]
    assert HANDLERS[RELEASE](None, Silent()) == {"released": 0}, "five wait for others"  # type: ignore[arg-type]
    assert not close(office.id, current_app.config["STORE"]), "it is not over"
    end_vote(office)
    make_due("close_consultation")
    assert work_one({"close_consultation": HANDLERS["close_consultation"]}, "test")
    assert phone(client, here).get(f"{office.path}/results").json["participations"] == 10
    assert close_now(office)


def test_a_vote_is_counted_by_the_rule_that_was_fixed_or_not_at_all(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.begin(questions=[STANCE]).fix()
    monkeypatch.setitem(KINDS, "stance", replace(KINDS["stance"], version=2))  # type: ignore[arg-type]
    with pytest.raises(OtherRules, match="majority"):
        close_now(office)
    monkeypatch.undo()
    session.rollback()
    assert close_now(office), "the version that has the rule goes on"


def test_a_worker_that_was_taken_over_writes_nothing_of_a_closing(
    office: Office, client: FlaskClient, here: Municipality
) -> None:
    """What it read before, it would bring back: also which answers were one ballot."""
    office.begin().fix()
    assert phone(client, here).cast(office.path, {"trees": "for", "money": ["a"]}).status_code == 201
    end_vote(office)
    job, consultation_id = session.scalars(select(Job.id).where(Job.kind == CLOSE)).one(), office.id
    late = Progress(job, "who was taken over", None, threading.Event(), LEASE)
    told = Told(noted=lambda step: late.note({"step": step}))
    with pytest.raises(LeaseLost):
        close(consultation_id, current_app.config["STORE"], told)
    session.rollback()
    assert set(session.scalars(select(BallotAnswer.place))) == {None}, "nothing was released"
    for table in (BallotAnswer.__table__, Participation.__table__):
        with pytest.raises(LeaseLost):
            put_in_order(table, consultation_id, told)
        session.rollback()


class Silent:
    """Progress that nobody reads."""

    def save(self, value: Any) -> None:
        """Nothing."""


@pytest.mark.parametrize("method", ["GET"])
def test_what_is_not_there_is_not_found(method: str, client: FlaskClient, here: Municipality) -> None:
    nobody = Phone(client, here.slug, None)
    for path in ("", "/log", "/heads", "/results", "/bundle", "/votes"):
        assert nobody.get(f"/01a20031-5d2e-7a10-9c44-3e5b0a6d8f12{path}").status_code == 404

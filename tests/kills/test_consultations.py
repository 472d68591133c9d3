"""Killed at any named point while ballots are cast, replaced or entered from paper, and while a vote is closed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, current_app
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from service import crash_points
from service.config import Settings
from service.consultation import verify_consultation as auditor
from service.consultation.ending import CLOSE
from service.consultation.models import Ballot, BallotAnswer, Consultation, PaperBatch, Participation
from service.consultation.telling import RESULT_OUT
from service.db import db, session, transaction
from service.db.clock import seconds_from_now
from service.housekeeping import HANDLERS
from service.jobs.models import Job
from service.jobs.working import work_one
from service.municipalities.directory import Municipality
from service.outbox.models import Event
from tests.consultation import scene
from tests.consultation.bundles import unzipped
from tests.consultation.scene import STANCE, end_vote, make_verified, phone, tax_number
from tests.kills.house import CHECKOUT, House
from tests.kills.test_crash_points import OF_CONSULTATIONS, PATIENCE

pytestmark = pytest.mark.slow

CASTING = ("after_participation", "after_ballot_named", "before_cast_commit", "after_cast_commit")
REPLACING = ("after_answers_withdrawn", "before_replacement_commit")
ENTERING, CONFIRMING = ("after_papers_held",), ("after_papers_taken", "between_papers", "after_papers_logged")
CLOSING = (
    *("after_last_release", "before_log_ended", "before_rows_rewritten", "before_ballots_parted", "after_bundle_kept"),
    "before_result_out",
)

OF_A_WORKER = ("after_bundle_kept", "before_result_out")
CLOSER = f"""
from service.app import create_app
from service.housekeeping import HANDLERS
from service.jobs.working import work_one
with create_app().app_context():
    work_one({{"{CLOSE}": HANDLERS["{CLOSE}"]}}, "who dies")
"""


def die_at(point: str, act: Callable[[], Any]) -> None:
    """A process of its own does this, and dies by SIGKILL at the point."""
    session.remove()
    child = os.fork()
    if child == 0:
        try:
            db.engine.dispose(close=False)
            crash_points.WANTED = point
            act()
        finally:
            os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL, point


def worker_dies_at(point: str, settings: Settings) -> None:
    """A process that knows nothing of this one dies at the point: one that is forked cannot use the file store."""
    session.remove()
    house = House(settings.home, settings.database_url, "")
    environment = os.environ | house.environment() | {"PLATEIA_CRASH_AT": point}
    done = subprocess.run([sys.executable, "-c", CLOSER], cwd=CHECKOUT, env=environment, timeout=PATIENCE, check=False)
    assert done.returncode == -signal.SIGKILL, point


def rows() -> tuple[int, ...]:
    """How many took part, ballots, and answers that count."""
    counts = [select(func.count()).select_from(model) for model in (Participation, Ballot)]
    found = [session.scalar(count) or 0 for count in counts]
    found.append(session.scalar(select(func.count()).where(BallotAnswer.salt.is_not(None))) or 0)
    session.remove()
    return tuple(found)


def test_death_at_any_point_leaves_both_records_or_neither_and_one_whole_result(
    app: Flask, client: FlaskClient, here: Municipality
) -> None:
    assert {*CASTING, *REPLACING, *ENTERING, *CONFIRMING, *CLOSING} == set(OF_CONSULTATIONS)
    office = scene.office(client, here).begin(questions=[STANCE], eligibility="resident").fix()
    second, path = scene.office(client, here, "petros"), f"{office.path}/papers"
    phones = [phone(client, here) for _ in range(6)]
    for number, each in enumerate(phones):
        each.questions = ("trees",)
        assert each.who
        make_verified(here, each.who, tax_number(20000000 + number))

    for number, (point, voter) in enumerate(zip(CASTING, phones, strict=False)):
        die_at(point, lambda voter=voter: voter.cast(office.path, {"trees": "for"}))
        assert rows() == (number + (point == "after_cast_commit"),) * 3
        assert voter.cast(office.path, {"trees": "for"}).status_code == 201, "the phone sends it again"
        assert rows() == (number + 1,) * 3
    for point in REPLACING:
        die_at(point, lambda: phones[0].replace(office.path, 1, {"trees": "against"}))
        assert rows() == (len(CASTING),) * 3
    assert phones[0].replace(office.path, 1, {"trees": "against"}).status_code == 200

    papers = {"station": "ΚΑΠΗ", "voters": [tax_number(30000000 + n) for n in range(5)], "answers": [{}] * 5}
    die_at(ENTERING[0], lambda: office.ask("POST", path, json=papers))
    assert rows() == (4, 4, 4) and session.scalar(select(func.count(PaperBatch.id))) == 0
    confirmation = f"{path}/{office.ask('POST', path, json=papers).json['id']}/confirmation"
    again = {name: papers[name] for name in ("voters", "answers")}
    for point in CONFIRMING:
        die_at(point, lambda: office.ask("POST", confirmation, who=second.who, json=again))
        assert rows() == (9, 4, 4), "they wait for the second officer as before"
    assert office.ask("POST", confirmation, who=second.who, json=again).status_code == 200
    assert rows() == (9, 9, 9)
    assert phones[4].cast(office.path, {"trees": "for"}).status_code == 201

    end_vote(office)
    closing, consultation = {CLOSE: HANDLERS[CLOSE]}, office.id
    for point in CLOSING:
        make_due()
        if point in OF_A_WORKER:
            worker_dies_at(point, app.config["PLATEIA"])
        else:
            die_at(point, lambda: work_one(closing, "who dies"))
        for unknown in ("results", "statistics", "bundle"):
            assert phones[0].get(f"{office.path}/{unknown}").json["code"] == "results_not_yet"
        assert session.scalar(select(func.count()).where(Event.kind == RESULT_OUT)) == 0
    make_due()
    assert work_one(closing, "who lives")
    assert rows() == (10, 0, 10)
    results = phones[0].get(f"{office.path}/results").json
    assert results["questions"][0]["result"]["votes"] == {"for": 4, "against": 1, "neutral": 0}
    assert (results["participations"], results["questions"][0]["blank"]) == (10, 5)
    statistics = phones[0].get(f"{office.path}/statistics").json
    assert [cell["count"] for cell in statistics["tables"][0]["cells"]] == [5, 5], "counted once"
    assert session.scalar(select(func.count()).where(Event.kind == RESULT_OUT)) == 1
    bundle = scene.bundle_of(consultation)
    assert "10 took part" in auditor.verify(unzipped(bundle))
    key = session.scalars(select(Consultation.bundle)).one()
    assert current_app.config["STORE"].read(str(key)) == bundle
    session.remove()


def make_due(kind: str = CLOSE) -> None:
    """The job is due, and whoever held it has been gone for long."""
    session.rollback()
    with transaction():
        mine = update(Job).where(Job.kind == kind)
        session.execute(mine.values(run_at=seconds_from_now(-1)))
        session.execute(mine.where(Job.state == "running").values(lease_until=seconds_from_now(-1)))

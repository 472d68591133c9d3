"""Killed at any named point while a questionnaire closes, and while files and graphs of a result are made."""

import os
import signal
import subprocess
import sys

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from service.consultation.questionnaires import closing
from service.consultation.questionnaires.models import Questionnaire
from service.consultation.results.keeping import FOLDER
from service.db import session, transaction
from service.db.clock import seconds_from_now
from service.housekeeping import HANDLERS
from service.jobs.planning import RECURRING, plan
from service.jobs.working import work_one
from service.moderation.models import OPEN, SHOWN, ModerationCase
from service.municipalities.directory import Municipality
from service.people.audit_models import AuditEntry
from service.storage.keeping import open_store
from service.storage.making import FileMaking
from tests.consultation import scene
from tests.consultation.questioning import Asking, asking
from tests.consultation.scene import STANCE, close_now, make_verified, phone, tax_number
from tests.factories.people import make_resident
from tests.kills.house import CHECKOUT, House
from tests.kills.test_consultations import die_at, make_due
from tests.kills.test_crash_points import OF_RESULTS, PATIENCE

pytestmark = pytest.mark.slow

KIND = "close_questionnaires"
ENDING = ("before_questionnaire_ended", "after_questionnaire_ended")
CLOSING = (*ENDING, "before_texts_wait", "after_texts_wait", "before_questionnaire_counted")
MAKING = ("after_making_claimed", "after_made_file_kept")
FILES = (
    *(f"files/{form}?language=lt" for form in ("csv", "csvw", "ods", "json", "pdf")),
    *("graphs/svg?of=trees&language=lt", "graphs/png?of=channel&language=lt"),
)
MAKERS = """
import os, sys
from service import crash_points
from service.app import create_app
from service.db import db
app = create_app()
for place, path in enumerate(sys.argv[3:]):
    if os.fork() == 0:
        with app.app_context():
            db.engine.dispose(close=False)
        crash_points.WANTED = sys.argv[1 + place % 2]
        app.test_client().get(path)
        os._exit(99)
    print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
"""A process that has not used the store, so that its children may; each makes one file."""


def test_a_questionnaire_closes_whole_wherever_its_worker_dies(
    app: Flask, client: FlaskClient, here: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {*CLOSING, *MAKING} == set(OF_RESULTS)
    asked = asking(client, scene.office(client, here))
    people = [make_resident(here) for _ in range(7)]
    for number, who in enumerate(people):
        make_verified(here, who, tax_number(40000000 + number))
    for who in people[:6]:
        asked.put(who, more=f"Benches for {who.account}")
    asked.over()
    with transaction():
        plan(KIND, RECURRING, every_seconds=60)
    monkeypatch.setattr(closing, "AT_ONCE", 4)
    for point in CLOSING:
        make_due(KIND)
        die_at(point, lambda: work_one({KIND: HANDLERS[KIND]}, "who dies"))
        assert asked.see("/results", status=409)["code"] == "results_not_yet"
        assert asked.put(people[6], status=409)["code"] == "questionnaire_not_open"
        assert waiting() == (4 if point in ("after_texts_wait", "before_questionnaire_counted") else 0) + (
            2 if point == "before_questionnaire_counted" else 0
        )
        let_one_be_seen()
    make_due(KIND)
    assert work_one({KIND: HANDLERS[KIND]}, "who lives")
    is_whole(asked)


def waiting() -> int:
    """How many texts are known to moderation."""
    found = session.scalar(select(func.count()).select_from(ModerationCase))
    session.remove()
    return int(found or 0)


def let_one_be_seen() -> None:
    """A moderator decides before the next worker comes."""
    with transaction():
        first = select(func.min(ModerationCase.id)).scalar_subquery()
        decided = update(ModerationCase).where(ModerationCase.id == first).values(state=SHOWN, waiting_since=None)
        session.execute(decided.execution_options(synchronize_session=False))


def is_whole(asked: Asking) -> None:
    """Counted once, told once, every text before moderators once, and what was decided stays decided."""
    results = asked.see("/results")
    assert results["responses"] == 6
    assert {one["key"]: one["answered"] for one in results["questions"]}["again"] == 6
    states = session.scalars(select(ModerationCase.state).order_by(ModerationCase.id)).all()
    assert states == [SHOWN, *[OPEN] * 5]
    assert len(asked.see("/texts")["answers"]) == 1
    told = select(func.count()).where(AuditEntry.action == "questionnaire_closed")
    assert session.scalar(told) == 1
    version = session.scalar(select(Questionnaire.version))
    session.remove()
    make_due(KIND)
    assert work_one({KIND: HANDLERS[KIND]}, "who comes again")
    assert session.scalar(select(Questionnaire.version)) == version, "it is not closed a second time"
    session.remove()


def test_files_and_graphs_of_a_result_are_made_whole_wherever_their_maker_dies(
    app: Flask, client: FlaskClient, here: Municipality
) -> None:
    office = scene.office(client, here).begin(questions=[STANCE]).fix()
    for _ in range(6):
        voter = phone(client, here)
        voter.questions = ("trees",)
        assert voter.cast(office.path, {"trees": "for"}).status_code == 201
    assert close_now(office)
    settings, path = app.config["PLATEIA"], f"/api/v1/here/consultations{office.path}/results"
    environment = os.environ | House(settings.home, settings.database_url, "").environment()
    command = [sys.executable, "-c", MAKERS, *MAKING, *(f"{path}/{file}" for file in FILES)]
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, timeout=PATIENCE, capture_output=True, check=True)
    assert done.stdout.split() == [str(-signal.SIGKILL).encode()] * len(FILES)
    store = open_store(settings.files_url)
    kept = {key: store.read(key) for key, _, _ in store.keys_with_age(FOLDER)}
    assert len(kept) == 3 and session.scalar(select(func.count(FileMaking.id))) == len(FILES)
    session.remove()
    with transaction():
        session.execute(update(FileMaking).values(until=seconds_from_now(1)))
    answers = [client.get(f"{path}/{file}") for file in FILES]
    assert [answer.status_code for answer in answers] == [200] * len(FILES)
    assert {answer.data for answer in answers} >= set(kept.values()), "what was kept is whole"
    for key in kept:
        store.delete(key)
    assert [client.get(f"{path}/{file}").data for file in FILES] == [answer.data for answer in answers]

"""Killed while the office publishes, cancels or corrects: all of it has happened or nothing, and asking again says so."""

import multiprocessing
import signal
import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from service import crash_points
from service.app import create_app
from service.config import Settings
from service.db import session
from service.jobs.models import Job
from service.municipalities.directory import Municipality
from service.news.models import Article, NewsBoard
from service.notices.office.deciding import CLEAR_NOTICE
from service.notices.office.models import Notice
from service.outbox.models import Event
from service.people.audit_models import AuditEntry
from tests.factories.notices import TEXTS, make_notice
from tests.factories.people import Person, make_staff
from tests.kills.test_crash_points import OF_THE_OFFICE, PATIENCE
from tests.news.office import WRITTEN

pytestmark = pytest.mark.slow

forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload(["service.app", "tests.kills.test_office"])
ACTS = {
    "article": ("news", "moves", {"action": "publish", "seen": 1}, 409),
    "cancel": ("notices", "cancel", {"reason": "Wrong street"}, 409),
    "correction": ("notices", "correct", {"reason": "Wrong street", "texts": TEXTS}, 409),
}
"""What is done: whose address, the call, its body, and the answer to who asks again."""


def call(client: FlaskClient, who: dict[str, str], act: str, uid: str) -> int:
    whose, name, body, _ = ACTS[act]
    return client.post(f"/api/v1/here/staff/{whose}/{uid}/{name}", json=body, headers=who).status_code


def die(settings: Settings, point: str, who: dict[str, str], act: str, uid: str) -> None:
    """A process of its own: it is asked, and does not live to answer."""
    crash_points.WANTED = point
    call(create_app(settings).test_client(), who, act, uid)


def known_of(act: str, uid: str) -> tuple[Any, ...]:
    """All that the act changes."""
    session.rollback()
    key = uuid.UUID(uid)
    article = session.execute(select(Article.state, Article.published_number).where(Article.uid == key)).all()
    notice = session.execute(select(Notice.state, Notice.mode, Notice.version).where(Notice.uid == key)).all()
    counts = [
        session.scalar(select(func.count()).select_from(model).where(*which))
        for model, which in (
            (AuditEntry, [AuditEntry.subject == uid]),
            (Event, [Event.subject.endswith(uid), Event.state == "new"]),
            (Job, [Job.kind == CLEAR_NOTICE]),
            (NewsBoard, [NewsBoard.version == 1]),
        )
    ]
    session.rollback()
    return (*article, *notice, *counts)


def test_death_while_the_office_acts_leaves_all_or_nothing(app: Flask, client: FlaskClient, here: Municipality) -> None:
    roles = [("communications_editor", None), ("communications_publisher", None)]
    ann: Person = make_staff(here, "ann", roles)
    body = WRITTEN | {"kind": "news"}
    died = set()
    for act in ACTS:
        if act == "article":
            uid = client.post("/api/v1/here/staff/news", json=body, headers=ann.headers).json["id"]
        else:
            uid = str(make_notice(here, ann, "sending").uid)
        before = known_of(act, uid)
        for point in (f"before_{act}_commit", f"after_{act}_commit"):
            process = forks.Process(target=die, args=(app.config["PLATEIA"], point, ann.headers, act, uid))
            process.start()
            process.join(PATIENCE)
            assert process.exitcode == -signal.SIGKILL, point
            died.add(point)
            assert (known_of(act, uid) == before) == point.startswith("before_")
        after = known_of(act, uid)
        assert call(client, ann.headers, act, uid) == ACTS[act][3] and known_of(act, uid) == after
    assert died == set(OF_THE_OFFICE)
    assert session.scalar(select(Article.published_number)) == 1
    assert sorted(session.scalars(select(Notice.state))) == ["cancelled", "draft"]

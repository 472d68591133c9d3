"""Killed while somebody's data is copied, while they are erased or while the audit log is sealed: all or nothing."""

import io
import signal
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from service.app import create_app
from service.config import Settings
from service.db import db, session, transaction
from service.db.clock import now
from service.jobs.models import Job
from service.municipalities.directory import Municipality
from service.outbox.loopback_fcm import running
from service.people.auditing import record
from service.people.chaining import head_of, verify
from service.people.models import Account
from service.personal_data.models import Erasure, PersonalCopy
from service.storage.keeping import Store, open_store
from tests.factories.municipalities import make_municipality
from tests.kills.house import House
from tests.kills.phones import SECRET, Phone
from tests.kills.test_crash_points import OF_PERSONAL_DATA, PATIENCE, let_leases_run_out

pytestmark = pytest.mark.slow


@dataclass
class Scene:
    """A house with nobody in it yet, and the phone of somebody who will leave."""

    house: House
    here: Municipality
    phone: Phone
    store: Store


@pytest.fixture
def scene(app: Flask, database_url: str, tmp_path: Path) -> Iterator[Scene]:
    settings = Settings(home=tmp_path, database_url=database_url, limits=False, log_level="ERROR")
    with create_app(settings).app_context(), running() as fcm:
        house = House(tmp_path, database_url, fcm.url)
        here = make_municipality("here", west=21.7, south=40.2)
        try:
            yield Scene(house, here, Phone(house.url, 1, "phone-alice"), open_store(settings.files_url))
        finally:
            house.clear()
            session.remove()
            db.engine.dispose()


def dies(scene: Scene, name: str, point: str, meanwhile: Callable[[], Any] = lambda: None) -> None:
    """The process is started to die at this point, and dies there."""
    scene.house.start(name, crash_at=point)
    process = scene.house.parts[name]
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        meanwhile()
        time.sleep(0.2)
    assert process.wait(PATIENCE) == -signal.SIGKILL, point
    let_leases_run_out(process.pid)


def wait_for(look: Callable[[], Any]) -> Any:
    """What is there in the end."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline
        session.rollback()
        time.sleep(0.1)
    session.rollback()
    return found


@pytest.mark.daily_on("sqlite")
def test_death_at_any_point_leaves_all_or_nothing(scene: Scene) -> None:
    phone, tried = scene.phone, []
    scene.house.start("server")
    phone.introduce()
    phone.report(whole=True)
    account = phone.get("/me")["account"]

    tried.append("after_copy_kept")
    phone.insist(lambda: phone.ask("POST", "/me/copy"), 202)
    dies(scene, "worker", "after_copy_kept")
    assert session.scalars(select(PersonalCopy.file_key)).one() is None
    session.rollback()

    tried.append("before_seal_commit")
    with transaction():
        record(scene.here.id, None, "role_given", "staff", "x")
        session.execute(update(Job).where(Job.kind == "seal_audit").values(run_at=now(), state="waiting"))
    dies(scene, "worker", "before_seal_commit")
    assert head_of(scene.here).place == 0
    session.rollback()

    scene.house.start("worker")
    wait_for(lambda: phone.get("/me/copy")["state"] == "ready")
    link = phone.insist(lambda: phone.ask("POST", "/me/copy/link"), 201).json()["address"]
    copied = phone.http.get(scene.house.url + link, timeout=30).content
    assert zipfile.ZipFile(io.BytesIO(copied)).testzip() is None
    wait_for(lambda: head_of(scene.here).place > 0)
    stop(scene, "worker")
    stop(scene, "server")

    tried.append("before_erasure_commit")
    erase = {"account": account, "secret": SECRET}
    dies(scene, "server", "before_erasure_commit", lambda: phone.ask("POST", "/me/erasure", json=erase))
    assert session.scalars(select(Erasure)).all() == [] and session.scalars(select(Account.id)).all() != []
    session.rollback()
    scene.house.start("server")
    phone.insist(lambda: phone.ask("POST", "/me/erasure", json=erase), 201, 401)
    assert session.scalars(select(Account.id)).all() == []
    session.rollback()

    tried.append("after_erasure_listed")
    dies(scene, "worker", "after_erasure_listed")
    [listed] = [key for key, _, _ in scene.store.keys_with_age("erasures")]
    assert photos(scene.store) != []
    scene.house.start("worker")
    wait_for(lambda: session.scalars(select(Erasure.listed_at)).one())
    assert photos(scene.store) == [] and str(session.scalars(select(Erasure.uid)).one()) in listed
    assert verify(scene.here).broken is None
    assert set(tried) == set(OF_PERSONAL_DATA)


def stop(scene: Scene, name: str) -> None:
    process = scene.house.parts[name]
    process.terminate()
    process.wait(PATIENCE)


def photos(store: Store) -> list[str]:
    """The renditions of photos that are kept."""
    return [key for key, _, _ in store.keys_with_age() if key.endswith(".jpg")]

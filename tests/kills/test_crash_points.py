"""Server and worker die at every named point, one after the other; nothing is lost and nothing doubled."""

import json
import os
import signal
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask, current_app
from sqlalchemy import func, select, update

from service.app import create_app
from service.config import Settings
from service.crash_points import POINTS
from service.db import db, session, transaction
from service.db.clock import now, seconds_from_now
from service.gis.drafting import layer_named
from service.gis.models import DRAFT, DRAFTED, Feature, LayerFetch, LayerVersion
from service.gis.sourcing import set_source
from service.gis.uploading import FOLDER, IMPORT_LAYER, sweep_uploads
from service.housekeeping import EVERY
from service.jobs.models import Job
from service.jobs.planning import RECURRING
from service.media.attaching import record, store_photo
from service.media.models import Attachment
from service.media.renditions import uid_in
from service.municipalities.directory import Municipality
from service.outbox.loopback_fcm import running
from service.outbox.models import Delivery
from service.outbox.sending import RECORD_AT_ONCE
from service.storage.keeping import open_store
from tests.factories.jobs import make_due
from tests.factories.municipalities import make_municipality
from tests.factories.people import Person, make_staff
from tests.factories.reports import photo
from tests.fetching.server import Answered, Asked, Served, serving
from tests.kills import reckoning
from tests.kills.driver import STOPPED, settle
from tests.kills.house import House
from tests.kills.phones import Clerk, Keeper, Phone
from tests.kills.reckoning import World

pytestmark = pytest.mark.slow

PATIENCE = 60.0
THREADS = 4
OF_THE_SERVER = (
    "between_files",
    "after_files_kept",
    "after_photo_recorded",
    "after_keep",
    "before_commit",
    "after_commit",
    "before_move_commit",
    "after_move_commit",
    "after_upload_kept",
)
OF_PERSONAL_DATA = ("before_seal_commit", "before_erasure_commit", "after_erasure_listed", "after_copy_kept")
"""Those of `test_personal_data`."""
OF_THE_OFFICE = tuple(
    f"{when}_{act}_commit" for act in ("article", "cancel", "correction") for when in ("before", "after")
)
"""Those of `test_office`."""
OF_PLANS = ("before_plan_applied", "before_plan_frozen", "before_plan_published", "before_progress_approved")
"""Those of `plan_driver`."""
OF_CONSULTATIONS = (
    *("after_participation", "after_ballot_named", "before_cast_commit", "after_cast_commit"),
    *("after_answers_withdrawn", "before_replacement_commit"),
    *("after_papers_held", "after_papers_taken", "between_papers", "after_papers_logged"),
    *("after_last_release", "before_log_ended", "before_rows_rewritten", "before_ballots_parted"),
    *("after_bundle_kept", "before_result_out"),
)
"""Those of `test_consultations`."""
OF_CONVERSATIONS = ("after_heads_owed", "after_letters_written", "after_sheet_commit")
"""Those of `test_conversations`."""
OF_RESULTS = (
    *("before_questionnaire_ended", "after_questionnaire_ended", "before_texts_wait", "after_texts_wait"),
    *("before_questionnaire_counted", "after_making_claimed", "after_made_file_kept"),
)
"""Those of `test_results`."""
ELSEWHERE = (
    *(*OF_PERSONAL_DATA, *OF_THE_OFFICE, *OF_PLANS),
    *(*OF_CONSULTATIONS, *OF_CONVERSATIONS, *OF_RESULTS, "after_notice_begun"),
)
"""The last one is of `notice_driver`."""
OF_THE_WORKER = tuple(point for point in POINTS if point not in (*OF_THE_SERVER, *ELSEWHERE))


@dataclass
class Scene:
    """A house in a world: a resident's phone, a clerk, who keeps the map, a city's own GIS, and old photos."""

    house: House
    world: World
    keeper: Keeper
    city: Served
    uploads: list[str] = field(default_factory=list)
    left_behind: list[uuid.UUID] = field(default_factory=list)

    @property
    def phone(self) -> Phone:
        return self.world.phones[0]

    @property
    def clerk(self) -> Clerk:
        return self.world.clerks[0]


@pytest.fixture
def scene(app: Flask, database_url: str, tmp_path: Path) -> Iterator[Scene]:
    """Nothing is started yet."""
    settings = Settings(home=tmp_path, database_url=database_url, limits=False, log_level="ERROR")
    accepted = tmp_path / "accepted.jsonl"
    opened = {"PLATEIA_SEND_THREADS": str(THREADS), "PLATEIA_FETCH_ALLOWED": "127.0.0.1"}
    with create_app(settings).app_context(), running(record_path=accepted) as fcm, serving(ever_new) as city:
        house = House(tmp_path, database_url, fcm.url, settings=opened)
        here = make_municipality("here", west=21.7, south=40.2)
        clerk = Clerk(house.url, 2, make_staff(here, "bob", [("dispatcher", None)]).token)
        kate = make_staff(here, "kate", [("map_keeper", None)])
        keeper = Keeper(house.url, 3, kate.token)
        fetch_from(city, here, kate)
        store = open_store(settings.files_url)
        try:
            yield Scene(
                house, World(here, store, accepted, [Phone(house.url, 1, "phone-alice")], [clerk]), keeper, city
            )
        finally:
            house.clear()
            session.remove()
            db.engine.dispose()


def ever_new(asked: Asked) -> Answered:
    """A file of the city's GIS, never the same."""
    square = {"type": "Polygon", "coordinates": [[[21.71, 40.21], [21.72, 40.21], [21.72, 40.22], [21.71, 40.21]]]}
    feature = {"type": "Feature", "properties": {"key": "one", "said": str(uuid.uuid4())}, "geometry": square}
    return Answered(json.dumps({"type": "FeatureCollection", "features": [feature]}).encode())


def fetch_from(city: Served, here: Municipality, kate: Person) -> None:
    """A layer is fetched from the city again and again."""
    about = {"wanted": {}, "every_seconds": 86400, "active": True, "limits": None}
    with transaction():
        place = {"kind": "file", "url": f"{city.url}/districts.geojson"}
        set_source(layer_named(here, "districts"), place | about, kate.account_id, ["127.0.0.1"])


@pytest.mark.daily_on("sqlite")
def test_death_at_any_named_point_loses_nothing_and_doubles_nothing(scene: Scene) -> None:
    dooms = {"server": OF_THE_SERVER, "worker": OF_THE_WORKER}
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    with ThreadPoolExecutor(len(dooms)) as nurses:
        deaths = [nurses.submit(die_at_each, app, scene.house, name, points) for name, points in dooms.items()]
        live_through(scene, deaths)
    died = {point: code for death in deaths for point, code in death.result()}
    assert died == dict.fromkeys(set(POINTS) - set(ELSEWHERE), -signal.SIGKILL)
    settle()
    check_jobs()
    check_uploads(scene)
    check_fetches(scene)
    check_what_was_left_behind(scene)
    assert reckoning.faults(scene.world) == []
    check_repeats(scene)
    assert set(scene.house.stop().values()) <= set(STOPPED)


def die_at_each(app: Flask, house: House, name: str, points: Sequence[str]) -> list[tuple[str, int]]:
    """Start the process to die at the first point, then at the next …, at last to live; how it ended each time."""
    ended = []
    for point in points:
        house.start(name, crash_at=point)
        process = house.parts[name]
        ended.append((point, process.wait(PATIENCE)))
        with app.app_context():
            let_leases_run_out(process.pid)
    house.start(name)
    return ended


def let_leases_run_out(pid: int) -> None:
    """Let time pass for what the dead worker held."""
    with transaction():
        for model in (Delivery, Job):
            held = update(model).where(model.owner.like(f"%:{pid}:%"))
            session.execute(held.values(lease_until=seconds_from_now(-1)))


def live_through(scene: Scene, deaths: Sequence["Future[list[tuple[str, int]]]"]) -> None:
    """Ordinary life goes on until everybody has died often enough, and once more after that."""
    scene.phone.introduce()
    while not all(death.done() for death in deaths):
        live(scene)
        time.sleep(0.2)
    live(scene)


def live(scene: Scene) -> None:
    """The phone sends two reports, one in each way, the clerk sees to them, and there is work for the jobs."""
    leave_behind(scene)
    sent = [scene.phone.report(whole) for whole in (True, False)]
    for uid in (uid for each in sent for uid in each.ids):
        scene.clerk.move(uid)
        scene.clerk.move(uid)
    scene.uploads.append(scene.keeper.upload_layer())
    make_due()


def leave_behind(scene: Scene) -> None:
    """A photo of two days ago that never became part of a report."""
    kept = store_photo(scene.world.here, "somebody", photo(size=(32, 24)), scene.world.store)
    with transaction():
        record(kept).created_at = now() - timedelta(days=2)
    make_old(scene.house.home / "files" / "here" / str(kept.uid))
    scene.left_behind.append(kept.uid)


def make_old(folder: Path) -> None:
    """Let two days pass for the files of this folder."""
    old = now() - timedelta(days=2)
    for path in folder.iterdir():
        os.utime(path, (old.timestamp(), old.timestamp()))


def check_jobs() -> None:
    """Each job comes to its end, and the recurring ones wait again."""
    rests = (Job.state == "waiting") & (Job.run_at >= now()) | (Job.state == "done")
    undone = select(func.count()).where(Job.finished_at.is_(None) | ~rests)
    deadline = time.monotonic() + PATIENCE
    while session.scalar(undone):
        assert time.monotonic() < deadline, "a job does not come to its end"
        session.rollback()
        time.sleep(0.1)
    assert session.scalar(select(func.count()).where(Job.unique_key == RECURRING)) == len(EVERY)


def check_uploads(scene: Scene) -> None:
    """Each file that was acknowledged is one draft, once, and none that was read is still kept."""
    jobs = session.scalars(select(Job).where(Job.kind == IMPORT_LAYER)).all()
    drawn = select(LayerVersion.number).where(LayerVersion.state == DRAFT, LayerVersion.pulled.is_(False))
    drafts = session.scalars(drawn).all()
    assert sorted(job.result["version"] for job in jobs) == sorted(drafts)
    assert set(scene.uploads) <= {job.unique_key for job in jobs}
    left = {key for key, _, _ in scene.world.store.keys_with_age(FOLDER)}
    assert not {job.payload["file"] for job in jobs} & left
    make_old(scene.house.home / "files" / FOLDER)
    assert sweep_uploads(scene.world.store) == len(left)


def check_fetches(scene: Scene) -> None:
    """Each fetch that was written is one draft, once, and only the newest of them is left, whole."""
    written = session.scalars(select(LayerFetch).order_by(LayerFetch.id)).all()
    assert {fetch.state for fetch in written} == {DRAFTED}
    numbers = [fetch.version for fetch in written]
    assert len(set(numbers)) == len(numbers) <= len(scene.city.asked)
    (left,) = session.scalars(select(LayerVersion).where(LayerVersion.pulled)).all()
    kept = select(func.count()).where(Feature.version_id == left.id)
    assert (left.number, session.scalar(kept)) == (numbers[-1], left.feature_count)


def check_what_was_left_behind(scene: Scene) -> None:
    """It is gone, rows and files."""
    rows = select(Attachment.uid).where(Attachment.uid.in_(scene.left_behind))
    assert session.scalars(rows).all() == []
    files = {uid_in(key) for key, _, _ in scene.world.store.keys_with_age()}
    assert files & set(scene.left_behind) == set()


def check_repeats(scene: Scene) -> None:
    copies = reckoning.accepted(scene.world)
    repeats = copies.total() - len(copies)
    print(f"{len(copies)} messages, {repeats} of them twice after {len(OF_THE_WORKER)} deaths of the worker")
    assert repeats <= (THREADS + RECORD_AT_ONCE) * len(OF_THE_WORKER)

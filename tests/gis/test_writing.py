"""Large drafts are written, copied and deleted in parts: nobody waits for them, and nobody sees one before it is whole."""

import contextvars
import io
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
import shapely
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from service.db import session, transaction
from service.db.clock import now
from service.errors import NotFound
from service.gis import drafting
from service.gis.drafting import layer_named, write_draft
from service.gis.finding import layer_here, version_shown
from service.gis.importing import ImportedLayer
from service.gis.index import features_of
from service.gis.models import DRAFT, WRITING, Feature, LayerVersion
from service.gis.uploading import IMPORT_LAYER
from service.gis.writing import begin_version, finish, give_up, parts_of, write_features
from service.housekeeping import HANDLERS
from service.jobs.models import Job
from service.jobs.planning import RECURRING, plan
from service.jobs.working import work_one
from service.municipalities.directory import Municipality
from tests.factories.municipalities import imported
from tests.factories.people import make_staff
from tests.factories.reports import send_report
from tests.gis.staff import Keeper

SEVERAL = 5


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part is five features."""
    for module in ("writing", "editing"):
        monkeypatch.setattr(f"service.gis.{module}.AT_ONCE", SEVERAL)


def posts(count: int) -> ImportedLayer:
    shapes = shapely.points([21.71 + n * 1e-5 for n in range(count)], 40.25)
    return imported(*((f"P{n:05}", {"nr": n}, shape) for n, shape in enumerate(shapes)))


def uploaded(keeper: Keeper, count: int) -> Any:
    features = [
        {"type": "Feature", "properties": {"key": key}, "geometry": shapely.geometry.mapping(shape)}
        for key, _, shape in posts(count).features
    ]
    content = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    return keeper.call("POST", "/lamp-posts/uploads", 202, data={"file": (io.BytesIO(content), "posts.geojson")})["id"]


def do_job(kind: str = IMPORT_LAYER) -> None:
    session.rollback()
    assert work_one({kind: HANDLERS[kind]}, "worker-1")
    session.rollback()


def sweep() -> None:
    with transaction():
        plan("sweep_drafts", RECURRING, every_seconds=3600)
        session.execute(update(Job).where(Job.kind == "sweep_drafts").values(run_at=now() - timedelta(hours=1)))
    do_job("sweep_drafts")


def half_written(here: Municipality, count: int = 12) -> int:
    """The id of a version whose writer died before it was whole."""
    with transaction():
        version = begin_version(layer_named(here, "lamp-posts"), WRITING, source="", sha256="", feature_count=20).id
    write_features(version, posts(count))
    return version


def counted() -> tuple[int, int]:
    session.rollback()
    return tuple(session.scalars(select(func.count()).select_from(one)).one() for one in (LayerVersion, Feature))  # type: ignore[return-value]


def content(here: Municipality, number: int) -> set[str]:
    session.rollback()
    row = version_shown(layer_here(here, "lamp-posts"), number)
    return {key for key, _, _ in features_of(row.LayerVersion.id)}


def test_reports_keep_arriving_while_a_large_file_is_read(
    app: Flask, client: FlaskClient, keeper: Keeper, here: Municipality
) -> None:
    sent = uploaded(keeper, 1000)

    def work() -> None:
        with app.app_context():
            do_job()

    worker = threading.Thread(target=contextvars.Context().run, args=(work,))
    worker.start()
    arrived = 0
    while worker.is_alive():
        answer = send_report(client)
        assert answer.status_code == 201, answer.text
        session.rollback()
        arrived += session.scalar(select(LayerVersion.id).where(LayerVersion.state == WRITING)) is not None
    worker.join()
    assert arrived > 2
    found = keeper.get(f"/lamp-posts/uploads/{sent}")
    assert (found["state"], found["version"], found["findings"]["taken"]) == ("drafted", 2, 1000)
    assert content(here, 2) == {key for key, _, _ in posts(1000).features}


def test_what_is_not_whole_is_seen_by_nobody(client: FlaskClient, keeper: Keeper, here: Municipality) -> None:
    half_written(here)
    assert keeper.get("/lamp-posts")["drafts"] == 0
    assert [version["number"] for version in keeper.get("/lamp-posts/versions")["versions"]] == [1]
    for path in ("", "/changes", "/ground"):
        keeper.get(f"/lamp-posts/versions/2{path}", 404)
    keeper.get("/lamp-posts/versions/1/changes?against=2", 404)
    keeper.post("/lamp-posts/versions", {"based_on": 2}, 404)
    keeper.post("/lamp-posts/publications", {"version": 2, "reason": "Why not"}, 404)
    keeper.call("DELETE", "/lamp-posts/versions/2", 404)
    what_if = {"versions": [{"layer": "lamp-posts", "version": 2}]}
    chief = make_staff(here, "chief", [("administrator", None)])
    assert client.post("/api/v1/here/staff/what-if", json=what_if, headers=chief.headers).status_code == 404
    items = client.get("/ogc/here/collections/lamp-posts:draft/items", headers=keeper.person.headers).json
    assert items["numberMatched"] == 10


def test_what_was_never_finished_is_swept_after_a_day(keeper: Keeper, here: Municipality) -> None:
    before = counted()
    version = half_written(here)
    sweep()
    assert counted() == (before[0] + 1, before[1] + 12)
    with transaction():
        session.get(LayerVersion, version).created_at = now() - timedelta(days=2)
    sweep()
    assert counted() == before


def test_an_import_that_died_half_way_begins_again(keeper: Keeper, here: Municipality) -> None:
    before = counted()
    sent = uploaded(keeper, 12)
    half = half_written(here)
    with transaction():
        died = {"progress": {"step": "writing", "features": 12, "draft": half, "written": 12}}
        session.execute(update(Job).where(Job.unique_key == sent).values(died))
    do_job()
    found = keeper.get(f"/lamp-posts/uploads/{sent}")
    assert (found["state"], found["version"]) == ("drafted", 2)
    sweep()
    assert counted() == (before[0] + 1, before[1] + 12)
    assert len(content(here, 2)) == 12


def test_a_large_draft_is_deleted_at_once_and_its_features_later(keeper: Keeper, here: Municipality) -> None:
    before = counted()
    number = write_draft(here, "lamp-posts", posts(23))
    keeper.call("DELETE", f"/lamp-posts/versions/{number}", 204)
    keeper.get(f"/lamp-posts/versions/{number}", 404)
    assert counted() == (before[0] + 1, before[1] + 23 - SEVERAL)
    assert keeper.post("/lamp-posts/versions", {"based_on": 1})["number"] == number
    sweep()
    assert counted() == (before[0] + 1, before[1] + 10)


def test_a_draft_is_begun_from_a_large_version(keeper: Keeper, here: Municipality) -> None:
    number = write_draft(here, "lamp-posts", posts(23))
    begun = keeper.post("/lamp-posts/versions", {"based_on": number})
    assert (begun["state"], begun["based_on"], begun["features"]) == ("draft", number, 23)
    assert content(here, begun["number"]) == content(here, number)


def edit(client: FlaskClient, keeper: Keeper, key: str) -> None:
    body = {
        "type": "Feature",
        "id": key,
        "properties": {},
        "geometry": {"type": "Point", "coordinates": [21.72, 40.25]},
    }
    address = "/ogc/here/collections/lamp-posts:draft/items"
    answer = client.post(address, json=body, headers=keeper.person.headers)
    assert answer.status_code == 201, answer.text


def test_a_draft_that_is_edited_while_it_is_copied_is_not_copied_by_halves(
    client: FlaskClient, keeper: Keeper, here: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = write_draft(here, "lamp-posts", posts(12))
    copy = drafting.copy_features

    def copy_and_be_late(version_id: int, begun_from: int) -> None:
        copy(version_id, begun_from)
        edit(client, keeper, "A0")

    monkeypatch.setattr(drafting, "copy_features", copy_and_be_late)
    assert keeper.post("/lamp-posts/versions", {"based_on": number}, 409)["code"] == "draft_changed"
    monkeypatch.undo()
    assert keeper.get("/lamp-posts")["drafts"] == 1
    assert keeper.post("/lamp-posts/versions", {"based_on": number})["features"] == 13


def test_two_who_begin_to_edit_a_large_layer_edit_one_draft(
    client: FlaskClient, keeper: Keeper, here: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, first = drafting.copy_features, []

    def copy_and_be_overtaken(version_id: int, begun_from: int) -> None:
        copy(version_id, begun_from)
        if not first:
            first.append(version_id)
            edit(client, keeper, "overtook")

    monkeypatch.setattr(drafting, "copy_features", copy_and_be_overtaken)
    edit(client, keeper, "overtaken")
    session.rollback()
    (draft,) = session.scalars(select(LayerVersion).where(LayerVersion.state == DRAFT)).all()
    assert draft.id != first[0]
    assert content(here, draft.number) >= {"overtook", "overtaken", "L0", "L9"}
    assert draft.feature_count == 12


def test_a_part_is_small_in_features_and_in_bytes() -> None:
    line = shapely.LineString([(n, 0) for n in range(20_000)])
    sizes = [len(rows) for rows in parts_of(1, [(str(n), {}, line) for n in range(30)])]
    assert sum(sizes) == 30 and max(sizes) <= SEVERAL
    heavy = shapely.LineString([(n, 0) for n in range(100_000)])
    assert next(len(rows) for rows in parts_of(1, [(str(n), {}, heavy) for n in range(9)])) <= 3


def test_a_writer_who_was_given_up_cannot_finish(here: Municipality) -> None:
    late = half_written(here)
    with transaction():
        give_up(late)
    with pytest.raises(NotFound), transaction():
        finish(late)

"""A layer is fetched from its source into a draft, and into force where little changes; a source breaks no layer."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import shapely
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update
from werkzeug.serving import make_server

from service.db import session, transaction
from service.db.clock import now
from service.gis import sourcing
from service.gis.finding import layer_here, version_shown
from service.gis.index import features_of
from service.gis.limiting import over
from service.gis.models import WRITING, Feature, LayerFetch, LayerSource, LayerVersion
from service.gis.sourcing import FETCH_LAYER
from service.gis.writing import begin_version, forget_some
from service.housekeeping import HANDLERS
from service.jobs.models import Job
from service.jobs.working import work_one
from service.municipalities.directory import Municipality
from tests.factories.people import Person
from tests.fetching.server import Answered, Asked, Served, serving
from tests.gis.city import City, bins, collection
from tests.gis.staff import Keeper

LAYER = "lamp-posts"
SOURCE = f"/{LAYER}/source"
ANYTHING = {"added": {"share": 1}, "removed": {"share": 1}, "changed": {"share": 1}}
FEW = {"added": {"count": 2}, "removed": {"count": 1, "share": 0.1}, "changed": {"share": 0.2}}


@pytest.fixture(autouse=True)
def settings(app: Flask) -> Iterator[None]:
    """Servers on loopback may be asked, and secrets be kept."""
    before = app.config["PLATEIA"]
    app.config["PLATEIA"] = replace(before, fetch_allowed=("127.0.0.0/8",))
    yield
    app.config["PLATEIA"] = before


@pytest.fixture
def city() -> City:
    return City(bins(20), most=100)


@pytest.fixture
def server(city: City) -> Iterator[Served]:
    with serving(city) as served:
        yield served


def put(keeper: Keeper, url: str, expected: int = 200, **about: Any) -> Any:
    return keeper.call("PUT", SOURCE, expected, json={"kind": "file", "url": url} | about)


def do_job() -> bool:
    session.rollback()
    done = work_one({FETCH_LAYER: HANDLERS[FETCH_LAYER]}, "worker-1")
    session.rollback()
    return done


def fetch(keeper: Keeper, **asked: Any) -> Any:
    """Fetch now; what came of it."""
    assert keeper.post(f"{SOURCE}/fetches", asked, 202)["state"] == "waiting"
    assert do_job()
    return keeper.get(SOURCE)["last"]


def set_up(keeper: Keeper, url: str, **about: Any) -> Any:
    """Set the source and fetch it for the first time; what came of it."""
    put(keeper, url, **about)
    assert do_job()
    return keeper.get(SOURCE)["last"]


def publish(keeper: Keeper, version: int, **when: Any) -> None:
    keeper.post(f"/{LAYER}/publications", {"version": version, "reason": "Looked at"} | when, 200)


def published(keeper: Keeper) -> int:
    version: int = keeper.get(f"/{LAYER}")["version"]
    return version


def numbers(keeper: Keeper, **having: Any) -> list[int]:
    """The numbers of the versions that are so."""
    rows = keeper.get(f"/{LAYER}/versions")["versions"]
    return sorted(row["number"] for row in rows if having.items() <= row.items())


# --- into a draft ----------------------------------------------------------------------------------------------------


def test_a_layer_is_fetched_into_a_draft(keeper: Keeper, here: Municipality, server: Served, city: City) -> None:
    said = put(keeper, f"{server.url}/bins.geojson?token=secret", key_attribute="key", every_minutes=60)
    assert (said["state"], said["last"], said["draft"], said["by_name"]) == ("waiting", None, None, "Kim")
    assert (said["kind"], said["every_minutes"], said["publish"], said["credentials"]) == ("file", 60, None, None)
    assert do_job()
    shown = keeper.get(SOURCE)
    last = shown["last"]
    assert (shown["state"], shown["draft"], last["state"], last["version"]) == ("waiting", 2, "drafted", 2)
    assert last["counts"] == dict.fromkeys(("geometry_changed", "attributes_changed", "unchanged", "changed"), 0) | {
        "added": 20,
        "removed": 10,
    }
    assert last["findings"] == {"crs": "EPSG:4326", "read": 20, "taken": 20, "counts": {}}
    assert (last["unpublished"], last["refusal"], last["by_name"]) == ({"reason": "by_hand"}, None, None)
    assert (last["answers"], last["bytes"]) == (1, len(collection(city.rows)))
    version = keeper.get(f"/{LAYER}/versions/2")
    assert (version["pulled"], version["features"], version["findings"]["faults"]) == (True, 20, [])
    assert version["source"] == f"{server.url}/bins.geojson"
    row = version_shown(layer_here(here, LAYER), 2)
    assert {key: shape for key, _, shape in features_of(row.LayerVersion.id)} == {
        key: shape for key, _, shape in city.rows
    }
    assert published(keeper) == 1


def test_it_is_fetched_again_in_its_rhythm(keeper: Keeper, server: Served) -> None:
    set_up(keeper, f"{server.url}/bins.geojson", every_minutes=60)
    assert not do_job()
    job = session.scalars(select(Job).where(Job.kind == FETCH_LAYER)).one()
    assert job.every_seconds == 3600 and job.state == "waiting"
    assert timedelta(minutes=58) < job.run_at - now() < timedelta(minutes=61)
    with transaction():
        session.execute(update(Job).values(run_at=now() - timedelta(seconds=1)))
    assert do_job()
    assert [fetched["state"] for fetched in keeper.get(f"{SOURCE}/fetches")["fetches"]] == ["unchanged", "drafted"]


@pytest.mark.parametrize(
    "kind, path, wanted",
    [
        ("wfs", "/wfs", {"type_name": "city:bins"}),
        ("ogc_features", "/collections/bins", {}),
        ("arcgis", "/FeatureServer/0", {}),
    ],
)
def test_every_kind_of_source_is_fetched_page_by_page_and_not_again_while_it_is_the_same(
    keeper: Keeper, server: Served, city: City, kind: str, path: str, wanted: dict[str, Any]
) -> None:
    city.most = 8
    first = set_up(keeper, server.url + path, kind=kind, **wanted)
    assert (first["state"], first["counts"]["added"]) == ("drafted", 20), first
    assert first["answers"] >= 3
    assert fetch(keeper)["state"] == "unchanged" and numbers(keeper) == [1, 2]
    assert session.scalar(select(Job.progress)) is None


def test_what_plateia_serves_plateia_can_fetch(app: Flask, keeper: Keeper, here: Municipality) -> None:
    """Its own OGC API, which was written for QGIS and GDAL."""
    keeper.call("PATCH", f"/{LAYER}", json={"public": True})
    keeper.post("", {"key": "copies", "name": {"en": "Copies"}, "kind": "asset"})
    one = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=one.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{one.server_port}/ogc/here/collections/{LAYER}"
        keeper.call("PUT", "/copies/source", json={"kind": "ogc_features", "url": url})
        assert do_job()
    finally:
        one.shutdown()
        thread.join()
    last = keeper.get("/copies/source")["last"]
    assert (last["state"], last["counts"]["added"]) == ("drafted", 10), last
    original, copy = (
        {key: shape for key, _, shape in features_of(version_shown(layer_here(here, layer), 1).LayerVersion.id)}
        for layer in (LAYER, "copies")
    )
    assert copy == original


def test_what_has_not_changed_is_not_loaded_again(keeper: Keeper, city: City, server: Served) -> None:
    def etag(asked: Asked, found: Answered) -> Answered:
        if asked.headers.get("If-None-Match") == '"one"':
            return Answered(status=304)
        return Answered(found.body, headers={"ETag": '"one"', "Last-Modified": "Sun, 22 Nov 2026 03:00:00 GMT"})

    city.change = etag
    assert set_up(keeper, f"{server.url}/bins.geojson")["state"] == "drafted"
    second = fetch(keeper)
    assert (second["state"], second["bytes"], second["version"], second["by_name"]) == ("unchanged", 0, None, "Kim")
    assert server.asked[-1].headers["If-Modified-Since"] == "Sun, 22 Nov 2026 03:00:00 GMT"
    assert numbers(keeper) == [1, 2]
    keeper.call("DELETE", f"/{LAYER}/versions/2", 204)
    assert fetch(keeper)["state"] == "unchanged"
    assert fetch(keeper, anew=True)["state"] == "drafted"


def test_the_same_bytes_and_the_same_features_make_no_new_draft(keeper: Keeper, city: City, server: Served) -> None:
    set_up(keeper, f"{server.url}/bins.geojson")
    assert fetch(keeper)["state"] == "unchanged"
    publish(keeper, 2)
    city.change = lambda asked, found: Answered(found.body + b"\n\n")  # noqa: ARG005
    other = fetch(keeper)
    assert (other["state"], other["counts"]["unchanged"], numbers(keeper)) == ("unchanged", 20, [1, 2])


def test_only_the_newest_of_what_was_fetched_is_kept(keeper: Keeper, city: City, server: Served) -> None:
    set_up(keeper, f"{server.url}/bins.geojson")
    keeper.post(f"/{LAYER}/versions", {"based_on": 1})
    city.rows = bins(12)
    assert fetch(keeper)["version"] == 4
    assert numbers(keeper) == [1, 3, 4], "what somebody draws is nobody else's to forget"
    assert session.scalar(select(func.count()).select_from(Feature).join(LayerVersion).where(LayerVersion.pulled)) == 12
    publish(keeper, 4)
    city.rows = bins(13)
    assert fetch(keeper)["version"] == 5
    city.rows = bins(12)
    assert fetch(keeper)["state"] == "unchanged"
    assert numbers(keeper) == [1, 3, 4], "the source is back at what is in force"
    assert keeper.get(SOURCE)["draft"] is None


def test_a_draft_for_which_a_time_is_set_stays(keeper: Keeper, city: City, server: Served) -> None:
    set_up(keeper, f"{server.url}/bins.geojson", publish=ANYTHING)
    publish(keeper, 2)
    city.rows = bins(21)
    put(keeper, f"{server.url}/bins.geojson")
    assert do_job() and keeper.get(SOURCE)["draft"] == 3
    publish(keeper, 3, at=(now() + timedelta(days=1)).isoformat())
    put(keeper, f"{server.url}/bins.geojson", publish=ANYTHING)
    city.rows = bins(22)
    assert do_job()
    last = keeper.get(SOURCE)["last"]
    assert (last["state"], last["unpublished"], numbers(keeper)) == ("drafted", {"reason": "scheduled"}, [1, 2, 3, 4])


def test_nobody_edits_what_was_fetched(client: FlaskClient, keeper: Keeper, here: Municipality, server: Served) -> None:
    """The next fetch would replace it; a draft is begun from it instead."""
    set_up(keeper, f"{server.url}/bins.geojson")
    mine = keeper.post(f"/{LAYER}/versions", {"based_on": 1})["number"]
    assert fetch(keeper, anew=True)["version"] == mine + 1
    url = f"/ogc/{here.slug}/collections/{LAYER}:draft/items/L3"
    answer = client.delete(url, headers=keeper.person.headers | {"If-Match": "*"})
    assert answer.status_code in (200, 204), answer.text
    assert keeper.get(f"/{LAYER}/versions/{mine}")["features"] == 9
    assert keeper.get(f"/{LAYER}/versions/{mine + 1}")["features"] == 20


# --- into force ------------------------------------------------------------------------------------------------------


def test_few_changes_come_into_force_by_themselves(keeper: Keeper, city: City, server: Served) -> None:
    first = set_up(keeper, f"{server.url}/bins.geojson", publish=FEW)
    assert first["unpublished"] == {"reason": "not_over_own"}, "the first is looked at by somebody"
    publish(keeper, 2)
    city.rows = [*bins(22)[1:21], bins(22)[21]]
    second = fetch(keeper)
    assert (second["state"], second["version"], second["unpublished"]) == ("published", 3, None), second
    assert published(keeper) == 3
    line = keeper.get(f"/{LAYER}/publications")["publications"][0]
    assert (line["version"], line["before"], line["by_name"]) == (3, 2, "Kim")
    assert line["reason"] == "Αυτόματη ενημέρωση από την πηγή, προσθήκες: 2, αφαιρέσεις: 1, αλλαγές: 0"


@pytest.mark.parametrize(
    "rows, found",
    [
        (bins(23), [{"change": "added", "measure": "count", "is": 3, "most": 2}]),
        (bins(17), [{"change": "removed", "measure": "count", "is": 3, "most": 1}, {"change": "removed", "measure": "share", "is": 0.15, "most": 0.1}]),
        (bins(15) + bins(20, 21.72)[15:], [{"change": "changed", "measure": "share", "is": 0.25, "most": 0.2}]),
        (bins(1), [{"change": "removed", "measure": "count", "is": 19, "most": 1}, {"change": "removed", "measure": "share", "is": 0.95, "most": 0.1}]),
    ],
)  # fmt: skip
def test_more_is_left_to_a_person(keeper: Keeper, city: City, server: Served, rows: Any, found: Any) -> None:
    set_up(keeper, f"{server.url}/bins.geojson", publish=FEW)
    publish(keeper, 2)
    city.rows = rows
    last = fetch(keeper)
    assert (last["state"], last["unpublished"]) == ("drafted", {"reason": "over_limits", "over": found})
    assert published(keeper) == 2


def test_limits_hold_up_to_themselves() -> None:
    counts = {"added": 2, "removed": 1, "changed": 2, "unchanged": 7}
    exact = {"added": {"count": 2, "share": 0.2}, "removed": {"count": 1, "share": 0.1}, "changed": {"share": 0.2}}
    assert over(exact, counts) == []
    nothing = {kind: {"count": 0, "share": None} for kind in ("added", "removed", "changed")}
    assert [(line["change"], line["is"]) for line in over(nothing, counts)] == [
        ("added", 2),
        ("removed", 1),
        ("changed", 2),
    ]
    assert over(nothing, dict.fromkeys(counts, 0)) == []


def test_what_somebody_took_back_does_not_come_back_by_itself(keeper: Keeper, city: City, server: Served) -> None:
    set_up(keeper, f"{server.url}/bins.geojson", publish=ANYTHING)
    publish(keeper, 2)
    city.rows = bins(21)
    assert fetch(keeper)["state"] == "published"
    publish(keeper, 2)
    city.rows = bins(22)
    assert fetch(keeper)["unpublished"] == {"reason": "not_over_own"}
    assert published(keeper) == 2


def test_what_is_published_while_it_is_fetched_is_not_overwritten(keeper: Keeper, city: City, server: Served) -> None:
    set_up(keeper, f"{server.url}/bins.geojson", publish=ANYTHING)
    publish(keeper, 2)

    def publish_another(asked: Asked, found: Answered) -> None:
        city.change = None
        publish(keeper, 1)

    city.rows, city.change = bins(21), publish_another
    assert fetch(keeper)["unpublished"] == {"reason": "changed_meanwhile"}
    assert published(keeper) == 1


# --- what breaks -----------------------------------------------------------------------------------------------------

NOT_FOUND = Answered(status=404)
INSIDE = Answered(status=302, headers={"Location": "http://10.0.0.1/"})
HTML = Answered(b"<html>Please sign in</html>")
EMPTY = Answered(collection([]))
GREEK = Answered(collection([("B1", {"key": "B1"}, shapely.Point(310_000, 4_460_000))]))
FAR = Answered(collection([("B1", {"key": "B1"}, shapely.Point(2.35, 48.85))]))
HALF = Answered(collection(bins(5))[:-40])
CUT = Answered(headers={"Content-Length": "999"}, write=lambda file: file.write(b"{"))
NOWHERE = Answered(collection([("B1", {"key": None}, shapely.Point(21.71, 40.21))]))


@pytest.mark.parametrize(
    "answer, code, reason",
    [
        pytest.param(NOT_FOUND, "fetch_failed", "status", id="gone"),
        pytest.param(INSIDE, "address_refused", "inside", id="leads inside"),
        pytest.param(HTML, "layer_file_refused", "not_geojson", id="html"),
        pytest.param(Answered(b""), "layer_file_refused", None, id="nothing"),
        pytest.param(EMPTY, "source_empty", None, id="empty"),
        pytest.param(GREEK, "crs_unlikely", None, id="another crs"),
        pytest.param(FAR, "crs_unlikely", None, id="far away"),
        pytest.param(NOWHERE, "layer_nothing_usable", None, id="no keys"),
        pytest.param(HALF, "layer_file_refused", "unreadable", id="half"),
        pytest.param(CUT, "fetch_failed", "broken_off", id="cut off"),
    ],
)
def test_a_source_that_breaks_or_turns_empty_changes_nothing(
    keeper: Keeper, city: City, server: Served, answer: Answered, code: str, reason: str | None
) -> None:
    set_up(keeper, f"{server.url}/bins.geojson", publish=ANYTHING)
    publish(keeper, 2)
    city.change = lambda asked, found: answer  # noqa: ARG005
    last = fetch(keeper)
    assert (last["state"], last["version"], last["refusal"]["code"]) == ("refused", None, code), last
    assert reason is None or last["refusal"]["reason"] == reason
    assert last["refusal"]["title"]
    assert published(keeper) == 2 and numbers(keeper) == [1, 2] and keeper.get(f"/{LAYER}")["features"] == 20
    city.change = None
    assert fetch(keeper)["state"] == "unchanged", "what was read last is still known"


def test_a_source_that_breaks_takes_no_draft_with_it(keeper: Keeper, city: City, server: Served) -> None:
    set_up(keeper, f"{server.url}/bins.geojson")
    city.change = lambda asked, found: EMPTY  # noqa: ARG005
    assert fetch(keeper)["refusal"]["code"] == "source_empty"
    assert keeper.get(SOURCE)["draft"] == 2


def test_the_right_coordinate_system_can_be_said(keeper: Keeper, city: City, server: Served) -> None:
    city.change = lambda asked, found: GREEK  # noqa: ARG005
    assert set_up(keeper, f"{server.url}/bins.geojson")["refusal"]["likely"] == ["EPSG:2100"]
    put(keeper, f"{server.url}/bins.geojson", crs="EPSG:2100", keep_outside=True)
    assert do_job()
    assert keeper.get(SOURCE)["last"]["findings"]["crs"] == "EPSG:2100"


def test_only_the_newest_fetches_are_remembered(
    keeper: Keeper, server: Served, here: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sourcing, "FETCHES_KEPT", 3)
    set_up(keeper, f"{server.url}/bins.geojson")
    for _ in range(4):
        fetch(keeper)
    page = keeper.get(f"{SOURCE}/fetches?limit=2")
    assert len(page["fetches"]) == 2
    assert len(keeper.get(f"{SOURCE}/fetches?after={page['next']}")["fetches"]) == 1


# --- the rhythm ------------------------------------------------------------------------------------------------------


def test_a_paused_source_is_fetched_only_where_somebody_asks(keeper: Keeper, city: City, server: Served) -> None:
    set_up(keeper, f"{server.url}/bins.geojson")
    paused = keeper.post(f"{SOURCE}/activity", {"active": False}, 200)
    assert (paused["state"], paused["active"], paused["next_at"]) == ("paused", False, None)
    assert session.scalar(select(func.count()).select_from(Job)) == 0
    city.rows = bins(3)
    assert fetch(keeper)["state"] == "drafted"
    assert keeper.get(SOURCE)["state"] == "paused" and not do_job()
    assert fetch(keeper)["state"] == "unchanged"
    again = keeper.post(f"{SOURCE}/activity", {"active": True}, 200)
    assert again["state"] == "waiting" and again["next_at"]
    assert keeper.post(f"{SOURCE}/activity", {"active": True}, 200)["next_at"] == again["next_at"]
    assert do_job()


def test_a_source_that_begins_paused_waits(keeper: Keeper, server: Served) -> None:
    assert put(keeper, f"{server.url}/bins.geojson", active=False)["state"] == "paused"
    assert not do_job() and server.asked == []


def test_a_source_that_is_taken_back_is_fetched_no_more(keeper: Keeper, server: Served) -> None:
    set_up(keeper, f"{server.url}/bins.geojson")
    keeper.call("DELETE", SOURCE, 204)
    assert not do_job() and numbers(keeper) == [1, 2]
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/fetches"), ("POST", "/activity")):
        body = {"json": {"active": True}} if path == "/activity" else {"json": {}} if method == "POST" else {}
        assert keeper.call(method, SOURCE + path, 404, **body)["code"] == "not_found"
    assert [line["version"] for line in keeper.get(f"{SOURCE}/fetches")["fetches"]] == [2]


@pytest.mark.parametrize("what", ["pause", "delete", "replace"])
def test_what_is_changed_while_it_is_fetched_leaves_nothing(
    keeper: Keeper, city: City, server: Served, what: str
) -> None:
    def meanwhile(asked: Asked, found: Answered) -> None:
        city.change = None
        assert keeper.get(SOURCE)["state"] == "fetching"
        assert keeper.post(f"{SOURCE}/fetches", {}, 202)["state"] == "fetching"
        if what == "pause":
            keeper.post(f"{SOURCE}/activity", {"active": False}, 200)
        elif what == "delete":
            keeper.call("DELETE", SOURCE, 204)
        else:
            put(keeper, f"{server.url}/other.geojson")

    city.change = meanwhile
    put(keeper, f"{server.url}/bins.geojson")
    assert do_job()
    assert numbers(keeper) == [1] and session.scalar(select(func.count()).select_from(LayerFetch)) == 0
    assert do_job() is (what == "replace")


def test_a_fetch_that_was_written_is_not_written_twice(keeper: Keeper, server: Served) -> None:
    """A worker that dies after it has written leaves the note that it has."""
    put(keeper, f"{server.url}/bins.geojson")
    with transaction():
        session.execute(update(Job).values(progress={"state": "drafted", "version": 7}))
    assert do_job()
    assert server.asked == [] and numbers(keeper) == [1]


def test_a_fault_of_ours_is_tried_again_and_seen(keeper: Keeper, server: Served, app: Flask) -> None:
    put(keeper, f"{server.url}/bins.geojson")
    with transaction():
        session.execute(update(LayerSource).values(kind="unheard-of"))
    assert do_job()
    assert keeper.get(SOURCE)["state"] == "trying_again" and numbers(keeper) == [1]


# --- secrets ---------------------------------------------------------------------------------------------------------

BASIC = {"user": "plateia", "password": "correct horse"}
HEADER = {"header": "X-Api-Key", "value": "correct horse"}


@pytest.mark.parametrize(
    "given, kind, sent",
    [
        (BASIC, "basic", ("Authorization", "Basic cGxhdGVpYTpjb3JyZWN0IGhvcnNl")),
        (HEADER, "header", ("X-Api-Key", "correct horse")),
    ],
)
def test_credentials_go_to_the_source_and_nowhere_else(
    keeper: Keeper, server: Served, given: dict[str, str], kind: str, sent: tuple[str, str], capfd: Any
) -> None:
    assert set_up(keeper, f"{server.url}/bins.geojson", credentials=given)["state"] == "drafted"
    assert server.asked[0].headers[sent[0]] == sent[1]
    assert keeper.get(SOURCE)["credentials"] == kind
    told = json.dumps([keeper.get(SOURCE), keeper.get(f"{SOURCE}/fetches"), keeper.get(f"/{LAYER}/versions/2")])
    for table in ("layer_sources", "layer_fetches", "layer_versions", "jobs"):
        told += str(session.execute(text(f"SELECT * FROM {table}")).all())
    output = capfd.readouterr()
    assert "horse" not in told + output.out + output.err and "cGxhdGVpYTp" not in told


def test_credentials_stay_while_the_server_does(keeper: Keeper, server: Served) -> None:
    put(keeper, f"{server.url}/bins.geojson", credentials=BASIC)
    assert put(keeper, f"{server.url}/other.geojson")["credentials"] == "basic"
    assert put(keeper, f"{server.url}/other.geojson", credentials=None)["credentials"] is None
    put(keeper, f"{server.url}/bins.geojson", credentials=BASIC)
    moved = put(keeper, server.url.replace("127.0.0.1", "127.0.0.2") + "/bins.geojson")
    assert moved["credentials"] is None, "whoever changes the address does not get the password sent there"


def test_what_the_installation_cannot_open_any_more_is_sent_to_nobody(
    app: Flask, keeper: Keeper, server: Served
) -> None:
    put(keeper, f"{server.url}/bins.geojson", credentials=BASIC)
    app.config["SECRET_KEYS"] = ("another key of forty characters, or so,",)
    assert do_job()
    assert keeper.get(SOURCE)["last"]["refusal"]["code"] == "credentials_unreadable"
    assert server.asked == []


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "about, code",
    [
        ({"url": "ftp://gis.example/a"}, "address_refused"),
        ({"url": "http://user:password@gis.example/a"}, "address_refused"),
        ({"url": "http://10.0.0.1/a.geojson"}, "address_refused"),
        ({"url": "http://169.254.169.254/a.geojson"}, "address_refused"),
        ({"kind": "wfs"}, "fields_not_valid"),
        ({"kind": "soap"}, "fields_not_valid"),
        ({"every_minutes": 1}, "fields_not_valid"),
        ({"publish": {"added": {"count": 1}}}, "fields_not_valid"),
        ({"publish": ANYTHING | {"added": {}}}, "fields_not_valid"),
        ({"publish": ANYTHING | {"added": {"share": 1.5}}}, "fields_not_valid"),
        ({"credentials": {"user": "only"}}, "fields_not_valid"),
        ({"credentials": {"header": "Host", "value": "evil"}}, "fields_not_valid"),
        ({"credentials": {"header": "X-Key", "value": "a\r\nHost: evil"}}, "fields_not_valid"),
        ({"credentials": {"header": "X Key", "value": "a"}}, "fields_not_valid"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_at_once(keeper: Keeper, about: dict[str, Any], code: str) -> None:
    refused = put(keeper, **({"url": "http://gis.example/a.geojson"} | about), expected=422)
    assert refused["code"] == code
    keeper.get(SOURCE, 404)
    assert session.scalar(select(func.count()).select_from(Job)) == 0


def test_who_keeps_the_map_next_door_gets_nothing(
    client: FlaskClient, keeper: Keeper, server: Served, charlie: Person, bob: Person
) -> None:
    set_up(keeper, f"{server.url}/bins.geojson")
    for path in ("", "/fetches"):
        there = f"/api/v1/next-door/staff/layers/no-such-layer/source{path}"
        assert client.get(there, headers=charlie.headers).status_code == 404
        assert client.get(keeper.base + SOURCE + path, headers=charlie.headers).status_code == 401
        assert client.get(keeper.base + SOURCE + path, headers=bob.headers).status_code == 403
    own = client.get(f"/api/v1/next-door/staff/layers/{LAYER}/source/fetches", headers=charlie.headers)
    assert own.json == {"fetches": [], "next": None}


def test_a_fetch_that_died_while_it_wrote_begins_again(
    keeper: Keeper, city: City, server: Served, here: Municipality
) -> None:
    set_up(keeper, f"{server.url}/bins.geojson", publish=ANYTHING)
    publish(keeper, 2)
    city.rows = bins(23)
    keeper.post(f"{SOURCE}/fetches", {}, 202)
    with transaction():
        about = {"source": "", "sha256": "", "feature_count": 23, "pulled": True}
        half = begin_version(layer_here(here, LAYER), WRITING, **about).id
        died = {"step": "writing", "draft": half, "written": 7}
        session.execute(update(Job).where(Job.kind == FETCH_LAYER).values(progress=died))
    assert numbers(keeper) == [1, 2], "nobody sees the half"
    assert do_job()
    assert numbers(keeper) == [1, 2, 3] and published(keeper) == 3
    while swept():
        pass
    assert set(session.scalars(select(LayerVersion.state))) == {"published"}


def swept() -> int:
    with transaction():
        return forget_some()

"""The life of a plan over HTTP, on both databases: drafted, frozen, published, amended, reported on, followed."""

import hashlib
import io
from dataclasses import replace
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from service.db import session, transaction
from service.municipalities.directory import Municipality
from service.plans.canonical import to_json, without_uid
from service.plans.document import walk
from service.plans.forgetting import forget_planner
from service.plans.reading_json import from_json
from tests.factories.people import Person, make_resident, make_staff
from tests.factories.reports import photo
from tests.plans.plans import OPEN, SAMPLES, a_plan, action, approve, call, put_in_force, sample, see
from tests.reports.scene import expand_all, inbox_of

AREAS = [
    {"key": f"a{n}", "name": {"el": "Τόπος"}, "geometry": {"type": "Point", "coordinates": [21 + n, 40]}}
    for n in (0, 1)
]
EVERY_CHANGE = (
    "UPDATE plan_versions SET number = 9 WHERE id = {version}",
    "UPDATE plan_versions SET state = 'working' WHERE id = {version}",
    "DELETE FROM plan_versions WHERE id = {version}",
    "UPDATE plan_revisions SET ordinal = 9 WHERE version_id = {version}",
    "DELETE FROM plan_revisions WHERE version_id = {version}",
    "INSERT INTO plan_changes (version_id, element_id, kind, others, at) VALUES ({version}, 1, 'edited', '[]', '2026-01-01')",
    "UPDATE plan_elements SET key = 'other'",
    "UPDATE plan_progress_reports SET key = 'other'",
    "DELETE FROM plan_progress_entries",
)


@pytest.fixture
def ada(here: Municipality) -> Person:
    return make_staff(here, "ada", [("consultation_manager", None)])


def published(client: FlaskClient, who: Person, document: dict[str, Any], label: str | None = None) -> str:
    """The hash of a document that is applied, frozen and put in force."""
    call(client, who, "POST", "", {"plan": document})
    frozen = call(client, who, "POST", f"/{document['key']}/draft/freeze", {"label": label})
    call(client, who, "POST", f"/{document['key']}/versions/{frozen['hash']}/publish")
    return str(frozen["hash"])


def test_a_plan_is_drafted_published_amended_and_compared(client: FlaskClient, here: Municipality, ada: Person) -> None:
    dry = call(client, ada, "POST", "", {"plan": a_plan(), "dry_run": True})
    assert dry["counts"] == {"added": 6} and not dry["applied"]
    assert call(client, ada, "GET", "") == {"plans": []}
    first = published(client, ada, a_plan(), "the first")
    whole = see(client, "/op")
    assert whole["version"]["hash"] == first and whole["about"]["levels"][1]["leaf"]
    frozen = see(client, f"/op/versions/{first}")["plan"]
    assert hashlib.sha256(orjson.dumps(frozen, option=orjson.OPT_SORT_KEYS)).hexdigest() == first
    ids = {node["key"]: node["id"] for node in see(client, "/op/elements?limit=100")["elements"]}

    call(client, ada, "POST", "/op/draft", {"reason": "amendment"}, 201)
    revision = call(client, ada, "GET", "/op")["revision"]
    priority = {
        "element": action("1.1", "Ανάπλαση πλατείας", priority="A"),
        "reason": "asked for",
        "revision": revision,
    }
    call(client, ada, "PUT", "/op/draft/elements/1.1", priority)
    refused = call(client, ada, "PUT", "/op/draft/elements/1.1", priority, 409)
    assert refused["code"] == "plan_changed"
    parts = [action("2.1a", "Κέντρο νεότητας, μελέτη"), action("2.1b", "Κέντρο νεότητας, έργο")]
    steps: tuple[dict[str, Any], ...] = (
        {"kind": "split", "element": "2.1", "parts": parts, "reason": "two contracts"},
        {"kind": "moved", "element": "2.2", "parent": "1", "after": "", "reason": "it is about the square"},
        {"kind": "merged", "element": "1.2", "into": "1.1", "reason": "one work"},
    )
    for step in steps:
        call(client, ada, "POST", "/op/draft/changes", step)
    wrong = {"kind": "moved", "element": "1", "parent": "1.1"}
    assert call(client, ada, "POST", "/op/draft/changes", wrong, 422)["code"] == "not_there"
    call(client, ada, "PUT", "/op/draft/elements/3", {"element": {"level": "axis", "title": {"el": "Νέος"}}})
    lost = {"element": action("9", "x", responsible=["nobody"])}
    assert call(client, ada, "PUT", "/op/draft/elements/9", lost, 422)["code"] == "plan_faulty"
    call(client, ada, "PATCH", "/op/draft", {"heading": {"vision": {"el": "Όραμα"}, "key": "other"}})
    call(client, ada, "POST", "/op/draft/changes", {"kind": "removed", "element": "3"})
    now = call(client, ada, "GET", "/op/draft/changes")
    kinds = {change["key"]: (change["kind"], change["others"], change["reason"]) for change in now["changes"]}
    assert kinds == {
        "1.1": ("edited", [], "asked for"),
        "1.2": ("merged", ["1.1"], "one work"),
        "2.2": ("moved", [], "it is about the square"),
        "2.1": ("removed", [], "two contracts"),
        "2.1a": ("split", ["2.1"], "two contracts"),
        "2.1b": ("split", ["2.1"], "two contracts"),
    }
    assert now["heading"] == [{"path": "vision", "before": None, "after": {"el": "Όραμα"}}]
    (edited,) = (change for change in now["changes"] if change["key"] == "1.1")
    assert {"path": "action.priority", "before": None, "after": "A"} in edited["fields"]

    second = call(client, ada, "POST", "/op/draft/freeze", {})["hash"]
    assert call(client, ada, "POST", "/op/draft/freeze", {}, 409)["code"] == "no_draft"
    call(client, ada, "POST", f"/op/versions/{second}/publish")
    assert call(client, ada, "POST", f"/op/versions/{second}/publish", status=409)["code"] == "not_frozen"
    call(client, ada, "POST", f"/op/versions/{first}/publish")  # back, and forth again
    assert see(client, "/op")["version"]["hash"] == first
    call(client, ada, "POST", f"/op/versions/{second}/publish")
    assert [version["state"] for version in see(client, "/op")["versions"]] == ["superseded", "published"]
    assert see(client, f"/op/versions/{second}/changes")["changes"] == now["changes"]
    then = see(client, f"/op/versions/{first}/elements/{ids['1.2']}")
    assert (
        then["detail"]["title"] == {"el": "Φωτισμός LED"}
        and see(client, "/op/elements/1.2", 410)["became"][0]["key"] == "1.1"
    )
    kept = see(client, f"/op/elements/{ids['1.1']}")
    assert kept["key"] == "1.1" and [one["number"] for one in kept["revisions"]] == [1, 2]
    assert client.get(kept["address"]).json == kept
    was = client.get(kept["revisions"][0]["address"]).json
    assert was["revision"] == kept["revisions"][0]["revision"] and was["version"]["number"] == 1
    for version in see(client, "/op")["versions"]:
        found = client.get(version["address"]).data[len('{"plan":') : -1]
        assert hashlib.sha256(found).hexdigest() == version["hash"]

    call(client, ada, "POST", "/op/draft", {}, 201)
    assert call(client, ada, "POST", "/op/draft/freeze", {}, 409)["code"] == "nothing_new"
    call(client, ada, "DELETE", "/op/draft", status=204)
    assert call(client, ada, "DELETE", "/op/draft", status=409)["code"] == "no_draft"
    again = a_plan(key="op")
    again["elements"][0]["children"][0] = action("new-key", "Ανάπλαση πλατείας") | {"number": "1.1"}
    assert call(client, ada, "POST", "", {"plan": again, "dry_run": True})["counts"].get("added") == 2  # 1.2 and 2.1


def test_residents_browse_search_and_follow_what_is_public(
    client: FlaskClient, here: Municipality, ada: Person, charlie: Person
) -> None:
    anna, eva, olga = (make_resident(here, language="en") for _ in range(3))
    whole = a_plan(territories=AREAS)
    whole["elements"][1]["children"][0]["action"]["territories"] = ["a0", "a1"]
    call(client, ada, "POST", "", {"plan": whole})
    assert see(client, "") == {"plans": []} and see(client, "/op", 404)["code"] == "not_found"
    published(client, ada, whole)
    tree = client.get(f"{OPEN}/op/tree")
    axes = tree.json["elements"]
    assert [node["title"]["el"] for node in axes] == ["Περιβάλλον", "Οικονομία"]
    assert [axes[0][name] for name in ("actions", "reported", "percent")] == [2, 0, None]
    assert axes[1]["actions"] == 1  # what was cancelled counts nowhere
    again = client.get(f"{OPEN}/op/tree", headers={"If-None-Match": tree.headers["ETag"]})
    assert again.status_code == 304
    for words, found in (
        ("ΑΝΑΠΛΑΣΗ", ["1.1"]),
        ("plateies", ["1.1"]),
        ("φωτισμοσ led", ["1.2"]),
        ("1.2", ["1.2", "2.1"]),
    ):
        assert [one["key"] for one in see(client, f"/op/elements?q={words}")["elements"]] == found, words
    assert [one["key"] for one in see(client, "/op/elements?level=action&status=planned")["elements"]] == ["1.1", "1.2"]
    page = see(client, "/op/elements?limit=4")
    assert [one["key"] for one in see(client, f"/op/elements?after={page['next']}")["elements"]] == ["2.1", "2.2"]
    placed, around = see(client, "/op/map")["features"]
    assert placed["geometry"]["coordinates"] == [21.72, 40.25] and placed["properties"]["key"] == "1.1"
    assert [around["properties"][name] for name in ("key", "place")] == ["2.1", "territory"]
    assert around["geometry"] == {"type": "MultiPoint", "coordinates": [[21, 40], [22, 40]]}

    plan, branch, other = see(client, "/op")["id"], axes[0]["id"], axes[1]["id"]
    for who, kind, value in ((anna, "plan", plan), (eva, "plan_element", branch), (olga, "plan_element", other)):
        body = {"kind": kind, "value": value}
        assert client.post("/api/v1/here/follows", json=body, headers=who.headers).status_code == 201
    (followed,) = client.get("/api/v1/here/follows", headers=eva.headers).json["follows"]
    assert (followed["name"], followed["within"]) == ("Περιβάλλον", "Επιχειρησιακό Πρόγραμμα")
    for value in ("small", branch):
        body = {"kind": "plan", "value": value}
        assert client.post("/api/v1/here/follows", json=body, headers=eva.headers).status_code == 422

    sent = client.post("/api/v1/here/photos", data={"photo": (photo_file(), "a.jpg")}, headers=ada.headers).json["id"]
    entries = [
        {
            "element": "1.1",
            "status": "in_progress",
            "physical_percent": "40",
            "photos": [sent],
            "text": {"el": "Άρχισε"},
        },
        {
            "element": "1.2",
            "physical_percent": "80",
            "money": [{"role": "paid", "amount_minor": 100, "currency": "EUR"}],
        },
    ]
    report = {"period": {"start": {"value": "2024"}, "stated": "2024"}, "entries": entries}
    call(client, ada, "PUT", "/op/progress/2024", report | {"entries": entries[:1]}, 204)
    call(client, ada, "PUT", "/op/progress/2024", report, 204)
    assert see(client, "/op/tree")["elements"][0]["percent"] is None  # nobody has approved it
    assert client.get(f"{OPEN}/op/photos/{sent}/small").status_code == 404
    approve(client, ada, "op", "2024", {}, 422)
    assert approve(client, ada, "op", "2024", {"by": "mayor"}, 422)["code"] == "plan_faulty"
    when = {"start": {"value": "2025-03-12"}, "stated": "12/3/2025"}
    approve(client, ada, "op", "2024", {"by": "council", "when": when}, 204)
    assert call(client, ada, "PUT", "/op/progress/2024", report, 409)["code"] == "report_approved"
    assert client.get(f"{OPEN}/op/photos/{sent}/small").data[:2] == b"\xff\xd8"
    nobodys = client.post("/api/v1/here/photos", data={"photo": (photo_file(), "b.jpg")}, headers=ada.headers).json[
        "id"
    ]
    assert client.get(f"{OPEN}/op/photos/{nobodys}/small").status_code == 404
    assert client.get(f"{OPEN}/op/tree", headers={"If-None-Match": tree.headers["ETag"]}).status_code == 200
    progress = see(client, "/op/progress")
    assert progress["sum"]["percent"] == 70.0  # (40 + 3 · 80) / 4: by weight, without what nobody reported on
    assert (progress["sum"]["actions"], progress["sum"]["reported"]) == (3, 2)
    assert [(one["key"], one["reasons"]) for one in progress["late"]] == [("1.1", ["past_its_end"])]
    assert [one["sum"]["percent"] for one in progress["history"]] == [70.0]
    element = see(client, "/op/elements/1.1")
    assert element["status"] == "in_progress" and element["reports"][0]["entry"]["physical_percent"] == "40"
    assert element["names"]["bodies"]["works"]["kind"] == "department"
    assert see(client, "/op/data")["plan"]["progress"][0]["approved_by"] == "council"
    expand_all()
    told = [[(one.title, one.body) for one in inbox_of(who)] for who in (anna, eva, olga)]
    message = ("Plan: Operational programme", "Ανάπλαση πλατείας: under way.")
    assert told == [[message], [message], []]

    with pytest.raises(AssertionError, match="401"):
        call(client, charlie, "GET", "/op")
    version = session.scalar(text("SELECT id FROM plan_versions WHERE state = 'published'"))
    for statement in EVERY_CHANGE:
        with pytest.raises(DBAPIError, match=r"never changed|keeps its names"), transaction():
            session.execute(text(statement.format(version=version)))
    with transaction():
        forget_planner(ada.account_id)  # who it was is no part of what was frozen
    assert session.scalar(text("SELECT count(by_id) FROM plan_versions")) == 0


def photo_file() -> Any:
    return io.BytesIO(photo("red", (64, 48)))


def test_the_plans_of_the_papers_come_out_as_they_went_in(client: FlaskClient, here: Municipality, ada: Person) -> None:
    for path in sorted(SAMPLES.glob("*.json")):
        document = sample(path.stem)
        put_in_force(here, document)
        given_back = see(client, f"/{document['key']}/data")["plan"]
        names = {node.key: node.uid for node, _ in walk(from_json(given_back).elements)}
        assert all(names.values())
        assert without_names(given_back) == without_names(document), path.stem
    document = sample("kozani-operational-2014-2019")
    key, strategic = document["key"], "kozani-strategic-2014-2019"
    record = see(client, f"/{key}/record")
    assert record["stages"] == document["stages"] and len(document["stages"]) == 17
    assert record["decisions"] == document["decisions"]
    assert (record["advice"]["template"], record["advice"]["next"]) == ("gr_operational", "monitoring")

    stage = {"entry": {"kind": "monitoring", "title": {"en": "Report of 2016"}}}
    call(client, ada, "PUT", f"/{key}/record/stages/monitoring-2016", stage, 204)
    before = {"entry": {"kind": "meeting", "title": {"en": "A meeting"}}, "after": document["stages"][0]["key"]}
    call(client, ada, "PUT", f"/{key}/record/stages/meeting", before, 204)
    stages = see(client, f"/{key}/record")["stages"]
    assert stages[1]["key"] == "meeting" and stages[-1]["key"] == "monitoring-2016"
    decision = {"entry": {"kind": "amendment", "stage": "monitoring-2016", "decides_on": [{"decision": "lost"}]}}
    assert call(client, ada, "PUT", f"/{key}/record/decisions/d", decision, 422)["code"] == "plan_faulty"
    decision["entry"]["decides_on"] = [{"decision": document["decisions"][0]["key"]}]
    call(client, ada, "PUT", f"/{key}/record/decisions/d", decision, 204)
    assert call(client, ada, "DELETE", f"/{key}/record/stages/monitoring-2016", status=422)["code"] == "plan_faulty"
    call(client, ada, "DELETE", f"/{key}/record/decisions/d", status=204)
    call(client, ada, "DELETE", f"/{key}/record/stages/monitoring-2016", status=204)
    call(client, ada, "DELETE", f"/{key}/record/stages/monitoring-2016", status=404)
    call(client, ada, "PUT", f"/{key}/record/wishes/x", {"entry": {}}, 404)
    link = {"entry": {"kind": "aligned_with", "plan": strategic, "year": 2015}}
    call(client, ada, "PUT", f"/{key}/record/links/any", link, 204)
    assert (key, "aligned_with", 2015) in {
        (one["key"], one["kind"], one["year"]) for one in see(client, f"/{strategic}")["linked_from"]
    }
    (to_it,) = (one for one in see(client, f"/{key}")["links"] if one["kind"] == "aligned_with" and "year" in one)
    assert client.get(to_it["there"]["address"]).json["key"] == strategic
    call(client, ada, "DELETE", f"/{key}/record/links/{to_it['key']}", status=204)


def without_names(document: dict[str, Any]) -> Any:
    """The document without our names of things."""
    plan = from_json(document)
    return to_json(replace(plan, uid=None, elements=tuple(map(without_uid, plan.elements))))

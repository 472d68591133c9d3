"""What a draft of a layer, or of the rules, would do to past reports; and open reports that are routed anew."""

from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient
from sqlalchemy import select

from service.db import session, transaction
from service.db.generations import forget
from service.gis.drafting import draft_of_file, layer_named, version_numbered
from service.gis.publishing import put_in_force
from service.municipalities.directory import Municipality
from service.reports import replaying
from service.reports.cataloguing import set_rules
from service.reports.models import Report, ReportEntry
from service.reports.replaying import Replay, block_of, months_ago
from service.reports.routers import router_of
from tests.factories.municipalities import imported
from tests.factories.people import Person, make_staff
from tests.factories.reports import make_report
from tests.reports.scene import deliveries, expand_all

STAFF = "/api/v1/here/staff"
EAST = shapely.box(21.75, 40.2, 21.8, 40.3)


@pytest.fixture
def mary(here: Municipality) -> Person:
    return make_staff(here, "mary", [("map_keeper", None)])


@pytest.fixture
def dora(here: Municipality) -> Person:
    return make_staff(here, "dora", [("dispatcher", None)])


def call(client: FlaskClient, who: Person, method: str, path: str, status: int = 200, **options: Any) -> Any:
    answer = client.open(f"{STAFF}{path}", method=method, headers=who.headers, **options)
    assert answer.status_code == status, answer.text
    return answer.json


def draft(here: Municipality, *features: Any, key: str = "lighting") -> int:
    """A draft of the lighting areas with these features."""
    with transaction():
        return draft_of_file(layer_named(here, key), imported(*features)).number


def publish(here: Municipality, number: int) -> None:
    with transaction():
        layer = layer_named(here, "lighting")
        put_in_force(layer, version_numbered(layer, number))


def test_a_draft_of_a_layer_says_who_would_lose_and_who_would_gain(
    client: FlaskClient, here: Municipality, mary: Person
) -> None:
    west, west_again, east = make_report(here), make_report(here), make_report(here, longitude=21.78)
    make_report(here, category="pothole", longitude=21.72)
    number = draft(here, ("east", {"name": "East"}, EAST))
    found = call(client, mary, "POST", "/what-if", json={"versions": [{"layer": "lighting", "version": number}]})
    assert (found["reports"], found["moved"], found["complete"]) == (4, 3, True)
    assert found["by_department"] == [
        {"from": "lighting", "to": "desk", "reports": 2},
        {"from": "desk", "to": "lighting", "reports": 1},
    ]
    before = {"rule": 2, "layer": "lighting", "version": 1, "feature": "west"}
    after = {"rule": 2, "layer": "lighting", "version": number, "feature": "east"}
    assert found["by_feature"] == [
        {"before": before, "after": None, "reports": 2},
        {"before": None, "after": after, "reports": 1},
    ]
    assert [line["id"] for line in found["list"]] == [str(report.uid) for report in (east, west_again, west)]
    assert (found["list"][0]["from"], found["list"][0]["to"], found["list"][0]["after"]) == ("desk", "lighting", after)


def test_draft_rules_are_asked_in_place_of_those_in_force(
    client: FlaskClient, here: Municipality, mary: Person
) -> None:
    make_report(here)
    make_report(here, longitude=21.78)
    rules = [{"relation": "in", "layer": "boundary", "department": "roads"}]
    found = call(client, mary, "POST", "/what-if", json={"rules": rules, "limit": 1})
    assert found["moved"] == 2 and len(found["list"]) == 1
    assert {way["to"] for way in found["by_department"]} == {"roads"}
    assert call(client, mary, "POST", "/what-if", json={})["moved"] == 0
    assert call(client, mary, "POST", "/what-if", json={"reports": 1, "rules": rules})["complete"] is False


def test_both_lists_come_in_pages_and_are_counted_whole(
    client: FlaskClient, here: Municipality, mary: Person, dora: Person
) -> None:
    made = [str(make_report(here, longitude=21.72 + n * 0.001).uid) for n in range(7)]
    rules = [{"relation": "in", "layer": "boundary", "department": "roads"}]
    asked: dict[str, Any] = {"rules": rules, "limit": 3}
    seen, pages = [], 0
    while True:
        found = call(client, mary, "POST", "/what-if", json=asked)
        assert (found["reports"], found["moved"]) == (7, 7)
        seen += [line["id"] for line in found["list"]]
        pages += 1
        if found["next"] is None:
            break
        asked["after"] = found["next"]
    assert (seen, pages) == (made[::-1], 3)
    assert call(client, mary, "POST", "/what-if", 422, json=asked | {"after": "?"})["code"] == "cursor_not_valid"
    with transaction():
        set_rules(here, rules)
    forget()
    first = call(client, dora, "GET", "/rerouting?limit=4")
    rest = call(client, dora, "GET", f"/rerouting?limit=4&after={first['next']}")
    assert [line["id"] for line in first["list"] + rest["list"]] == made[::-1]
    assert (first["due"], rest["due"], rest["next"]) == (7, 7, None)


def test_reports_that_name_an_asset_are_routed_by_it(client: FlaskClient, here: Municipality, mary: Person) -> None:
    about = {"category": "lamp-post", "longitude": 21.72, "latitude": 40.25}
    make_report(here, **about, asset=("lamp-posts", "L3"))
    make_report(here, **about, asset=("lamp-posts", "L4"))
    point = shapely.Point(21.72, 40.25)
    number = draft(here, ("L3", {"crew": "roads"}, point), ("L4", {"crew": "lighting"}, point), key="lamp-posts")
    found = call(client, mary, "POST", "/what-if", json={"versions": [{"layer": "lamp-posts", "version": number}]})
    assert found["by_department"] == [{"from": "lighting", "to": "roads", "reports": 1}]


def test_replayed_in_blocks_every_report_is_routed_as_at_intake(
    here: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "BLOCK", 4)
    for n in range(10):
        make_report(here, longitude=21.745 + n * 0.001)
        make_report(here, category="pothole", latitude=40.2499 + n * 0.00005)
        post = {"category": "lamp-post", "longitude": 21.7185 + n * 0.0005, "asset": ("lamp-posts", f"L{n}")}
        make_report(here, **post)
    replay, seen = Replay(here, router_of(here)), {}
    for block in replaying.past_reports(here, None, 1000):
        assert len(block.id) <= 4
        routed = replay.route(block)
        seen |= dict(zip(block.id.tolist(), (replay.keys[n] for n in routed.department.tolist()), strict=True))
    kept = {row.id: row.routing["department"] for row in session.execute(select(Report.id, Report.routing))}
    assert seen == kept and len(set(kept.values())) == 3
    assert block_of(session.execute(select(*replaying.ASKED).order_by(Report.id).limit(2)).all()).assets == {}


def test_the_place_of_a_hidden_report_is_not_told_to_who_may_not_see_it(
    client: FlaskClient, here: Municipality, mary: Person
) -> None:
    make_report(here, category="private")
    rules = [{"relation": "in", "layer": "boundary", "department": "roads"}]
    (line,) = call(client, mary, "POST", "/what-if", json={"rules": rules})["list"]
    assert line["longitude"] is line["after"] is None
    ada = make_staff(here, "ada", [("administrator", None)])
    (line,) = call(client, ada, "POST", "/what-if", json={"rules": rules})["list"]
    assert line["longitude"] == 21.72 and line["after"]["feature"] == "all"


def test_only_reports_of_the_last_months_and_of_this_municipality(
    client: FlaskClient, here: Municipality, next_door: Municipality, mary: Person, charlie: Person
) -> None:
    old = make_report(here)
    make_report(here)
    make_report(next_door, longitude=21.82)
    with transaction():
        session.get_one(Report, old.id).created_at = months_ago(old.created_at, 3)
    assert call(client, mary, "POST", "/what-if", json={"months": 2})["reports"] == 1
    assert call(client, mary, "POST", "/what-if", json={"months": 4})["reports"] == 2
    call(client, charlie, "POST", "/what-if", 401, json={})
    number = draft(next_door, ("east", {}, EAST))
    versions = [{"layer": "lighting", "version": number}]
    call(client, mary, "POST", "/what-if", 404, json={"versions": versions})


# --- open reports, after a publication --------------------------------------------------------------------------------


def test_open_reports_stay_until_staff_hand_them_over(client: FlaskClient, here: Municipality, dora: Person) -> None:
    report = make_report(here)
    publish(here, draft(here, ("east", {"name": "East"}, EAST)))
    listed = call(client, dora, "GET", "/rerouting")
    assert (listed["reports"], listed["due"]) == (1, 1)
    (line,) = listed["list"]
    assert (line["id"], line["from"], line["to"], line["by_hand"]) == (str(report.uid), "lighting", "desk", False)
    wanted = {name: line[name] for name in ("id", "version", "to")}
    body = {"reports": [wanted, wanted], "internal": "New areas"}
    assert call(client, dora, "POST", "/rerouting", json=body) == {
        "reports": [{"id": line["id"], "outcome": "handed_over"}] * 2
    }
    shown = call(client, dora, "GET", f"/reports/{report.uid}")
    assert (shown["department"], shown["routing"]["department"], shown["version"]) == ("desk", "desk", 2)
    step = shown["timeline"][-1]
    assert (step["kind"], step["internal"], step["by_name"]) == ("handed_over", "New areas", "Dora")
    assert step["facts"]["from"] == "lighting" and step["facts"]["to"] == "desk"
    expand_all()
    assert "desk@here.example" in [mailbox for _, mailbox in deliveries("email")]
    assert call(client, dora, "GET", "/rerouting")["due"] == 0
    assert call(client, dora, "POST", "/rerouting", json=body)["reports"][0]["outcome"] == "changed"


def test_what_changed_or_is_not_due_or_is_anothers_stays(
    client: FlaskClient, here: Municipality, next_door: Municipality, dora: Person, bob: Person
) -> None:
    moved, due, of_roads = make_report(here), make_report(here), make_report(here, category="pothole")
    beyond = make_report(next_door, longitude=21.82)
    body = {"to": "acknowledged"}
    assert client.post(f"{STAFF}/reports/{moved.uid}/moves", json=body, headers=bob.headers).status_code == 200
    publish(here, draft(here, ("east", {"name": "East"}, EAST)))
    wanted = [{"id": str(one.uid), "version": 1, "to": "desk"} for one in (moved, due, of_roads, beyond)]
    outcomes = call(client, bob, "POST", "/rerouting", json={"reports": wanted})["reports"]
    assert [one["outcome"] for one in outcomes] == ["changed", "handed_over", "not_there", "not_there"]
    outcomes = call(client, dora, "POST", "/rerouting", json={"reports": wanted[2:3]})["reports"]
    assert [one["outcome"] for one in outcomes] == ["not_due"]
    assert session.scalars(select(ReportEntry.id).filter_by(kind="handed_over", report_id=due.id)).one()


def test_what_was_handed_over_by_hand_is_listed_as_such_only_where_the_decision_changed(
    client: FlaskClient, here: Municipality, dora: Person
) -> None:
    report = make_report(here)
    body = {"department": "roads"}
    assert client.post(f"{STAFF}/reports/{report.uid}/hand-over", json=body, headers=dora.headers).status_code == 200
    assert call(client, dora, "GET", "/rerouting")["due"] == 0
    publish(here, draft(here, ("east", {"name": "East"}, EAST)))
    (line,) = call(client, dora, "GET", "/rerouting")["list"]
    assert (line["from"], line["to"], line["by_hand"]) == ("roads", "desk", True)


def test_staff_of_the_neighbour_and_who_keeps_only_the_map_hand_nothing_over(
    client: FlaskClient, here: Municipality, mary: Person, charlie: Person, alice: Person
) -> None:
    report = make_report(here)
    body = {"reports": [{"id": str(report.uid), "version": 1, "to": "desk"}]}
    for who, status in ((mary, 403), (alice, 403), (charlie, 401)):
        call(client, who, "GET", "/rerouting", status)
        call(client, who, "POST", "/rerouting", status, json=body)

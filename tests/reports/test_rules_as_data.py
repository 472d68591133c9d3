"""Staff who keep the map change the routing rules; nobody else does, and nobody over what they have not seen."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from service.db import session, transaction
from service.municipalities.directory import Municipality
from service.reports import shadowing
from service.reports.cataloguing import set_rules
from service.reports.models import RoutingRule
from service.reports.ordering import arrange, rules_of
from tests.factories.people import Person, make_staff
from tests.factories.reports import make_report, send_report

RULES = "/api/v1/here/staff/routing-rules"
ANY: dict[str, Any] = {"relation": "in", "layer": "boundary", "department": "roads"}


@pytest.fixture
def mary(here: Municipality) -> Person:
    """Who keeps the map, and sees no reports."""
    return make_staff(here, "mary", [("map_keeper", None)])


def call(client: FlaskClient, who: Person, method: str, path: str = "", status: int = 200, **options: Any) -> Any:
    answer = client.open(f"{RULES}{path}", method=method, headers=who.headers, **options)
    assert answer.status_code == status, answer.text
    return answer.json


def layers(answer: Any) -> list[str]:
    assert [rule["position"] for rule in answer["rules"]] == list(range(1, len(answer["rules"]) + 1))
    return [rule["layer"] for rule in answer["rules"]]


def test_a_rule_is_added_and_all_reports_are_routed_by_it_at_once(client: FlaskClient, mary: Person) -> None:
    seen = call(client, mary, "GET")
    assert layers(seen) == ["lamp-posts", "lighting", "streets"]
    assert send_report(client).json["department"] == "lighting"
    added = call(client, mary, "POST", status=201, json=ANY | {"position": 1, "version": seen["version"]})
    assert layers(added) == ["boundary", "lamp-posts", "lighting", "streets"]
    assert added["version"] == seen["version"] + 1
    assert send_report(client).json["department"] == "roads"


def test_without_a_position_it_is_the_last(client: FlaskClient, mary: Person) -> None:
    version = call(client, mary, "GET")["version"]
    assert layers(call(client, mary, "POST", status=201, json=ANY | {"version": version}))[-1] == "boundary"


@pytest.mark.parametrize(
    ("position", "to", "expected"),
    [
        (1, 3, ["lighting", "streets", "lamp-posts"]),
        (3, 1, ["streets", "lamp-posts", "lighting"]),
        (2, 2, ["lamp-posts", "lighting", "streets"]),
        (1, 400, ["lighting", "streets", "lamp-posts"]),
    ],
)
def test_a_rule_moves_and_those_between_shift(
    client: FlaskClient, mary: Person, position: int, to: int, expected: list[str]
) -> None:
    version = call(client, mary, "GET")["version"]
    assert layers(call(client, mary, "POST", f"/{position}/move", json={"to": to, "version": version})) == expected


def test_a_disabled_rule_routes_nothing_until_it_is_enabled(client: FlaskClient, mary: Person) -> None:
    version = call(client, mary, "GET")["version"]
    call(client, mary, "POST", "/2/activity", json={"active": False, "version": version})
    assert send_report(client).json["department"] == "desk"
    call(client, mary, "POST", "/2/activity", json={"active": True, "version": version + 1})
    assert send_report(client).json["department"] == "lighting"


def test_a_rule_is_replaced_where_it_stands_and_deleted(client: FlaskClient, mary: Person) -> None:
    version = call(client, mary, "GET")["version"]
    replaced = call(client, mary, "PUT", "/2", json=ANY | {"categories": ["dark-lamp"], "version": version})
    assert layers(replaced) == ["lamp-posts", "boundary", "streets"]
    assert send_report(client).json["department"] == "roads"
    assert layers(call(client, mary, "DELETE", f"/2?version={version + 1}")) == ["lamp-posts", "streets"]
    call(client, mary, "DELETE", f"/7?version={version + 2}", status=404)


def test_of_two_who_change_the_table_the_second_is_told(client: FlaskClient, mary: Person) -> None:
    version = call(client, mary, "GET")["version"]
    call(client, mary, "POST", "/1/move", json={"to": 2, "version": version})
    for method, path, body in (
        ("POST", "", ANY),
        ("PUT", "/1", ANY),
        ("POST", "/1/move", {"to": 3}),
        ("POST", "/1/activity", {"active": False}),
    ):
        refused = call(client, mary, method, path, 409, json=body | {"version": version})
        assert (refused["code"], refused["version"]) == ("routing_rules_changed", version + 1)
    assert call(client, mary, "DELETE", f"/1?version={version}", 409)["code"] == "routing_rules_changed"
    assert call(client, mary, "GET")["version"] == version + 1


def test_it_is_kept_who_changed_what_and_when(client: FlaskClient, mary: Person) -> None:
    version = call(client, mary, "GET")["version"]
    call(client, mary, "POST", "/1/activity", json={"active": False, "version": version})
    call(client, mary, "DELETE", f"/1?version={version + 1}")
    page = call(client, mary, "GET", "/changes?limit=2")
    deleted, disabled = page["changes"]
    assert (deleted["kind"], deleted["by_name"], deleted["after"]) == ("deleted", "Mary", None)
    assert deleted["before"]["layer"] == "lamp-posts" and deleted["number"] == version + 2
    assert disabled["before"]["active"] and not disabled["after"]["active"]
    (rest,) = call(client, mary, "GET", f"/changes?after={page['next']}")["changes"]
    assert (rest["kind"], rest["by_name"]) == ("set", None)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"layer": "nowhere"}, "layer"),
        ({"relation": "asset"}, "layer"),
        ({"layer": "streets"}, "layer"),
        ({"metres": 5}, "metres"),
        ({"relation": "within"}, "metres"),
        ({"department": "nobody"}, "department"),
        ({"department": None}, "department"),
        ({"department_attribute": "name"}, "department"),
        ({"department": None, "department_attribute": "crew"}, "department_attribute"),
        ({"department": None, "department_attribute": "name"}, "department_attribute"),
        ({"categories": ["nothing"]}, "categories"),
        ({"categories": []}, "categories"),
        ({"categories": ["pothole"], "group": "street"}, "group"),
        ({"group": "nothing"}, "group"),
        ({"match": {"colour": "red"}}, "match"),
    ],
)
def test_a_rule_that_does_not_hold_together_is_refused_with_the_field(
    client: FlaskClient, mary: Person, changed: dict[str, Any], field: str
) -> None:
    seen = call(client, mary, "GET")
    refused = call(client, mary, "POST", status=422, json=ANY | changed | {"version": seen["version"]})
    assert refused["code"] == "routing_rule_faulty" and next(iter(refused["errors"])) == field, refused
    assert call(client, mary, "GET") == seen


@pytest.mark.parametrize("values", [{"match": {"name": {"a": 1}}}, {"match": {"name": []}}, {"relation": "beside"}])
def test_what_is_no_rule_at_all_is_refused(client: FlaskClient, mary: Person, values: dict[str, Any]) -> None:
    assert call(client, mary, "POST", status=422, json=ANY | values | {"version": 1})["code"] == "fields_not_valid"


def test_staff_of_the_neighbour_and_who_may_not_keep_the_map_get_nothing(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person, charlie: Person
) -> None:
    for who, status in ((charlie, 401), (alice, 403), (bob, 403)):
        call(client, who, "GET", status=status)
        call(client, who, "POST", status=status, json=ANY | {"version": 1})
        call(client, who, "DELETE", "/1?version=1", status=status)
        call(client, who, "POST", "/try", status=status, json={"category": "pothole", "longitude": 21, "latitude": 40})


def test_changes_of_the_neighbour_change_nothing_here(
    client: FlaskClient, next_door: Municipality, mary: Person, charlie: Person
) -> None:
    before = call(client, mary, "GET")
    path = "/api/v1/next-door/staff/routing-rules/1?version=1"
    assert client.delete(path, headers=charlie.headers).status_code == 200
    assert call(client, mary, "GET") == before
    assert len(call(client, mary, "GET", "/changes")["changes"]) == 1


def test_no_two_rules_share_a_position_even_half_way(here: Municipality) -> None:
    with transaction():
        arrange(list(rules_of(here))[::-1])
    assert session.scalars(select(RoutingRule.layer).order_by(RoutingRule.position)).all() == [
        "streets",
        "lighting",
        "lamp-posts",
    ]


# --- trying -----------------------------------------------------------------------------------------------------------


def test_a_point_is_tried_and_every_rule_says_what_became_of_it(client: FlaskClient, mary: Person) -> None:
    version = call(client, mary, "GET")["version"]
    call(client, mary, "POST", status=201, json=ANY | {"version": version})
    point = {"category": "dark-lamp", "longitude": 21.72, "latitude": 40.25}
    tried = call(client, mary, "POST", "/try", json=point)
    assert (tried["department"], tried["inside"], tried["routing"]["rule"]) == ("lighting", True, 2)
    outcomes = [(rule["rule"], rule["outcome"], rule["department"]) for rule in tried["rules"]]
    assert outcomes == [
        (1, "other_category", None),
        (2, "decides", "lighting"),
        (3, "other_category", None),
        (4, "later", "roads"),
    ]
    outside = call(client, mary, "POST", "/try", json=point | {"longitude": 25.0})
    assert (outside["department"], outside["inside"]) == ("desk", False)
    assert [rule["outcome"] for rule in outside["rules"]][1] == "not_here"


def test_what_is_tried_is_what_a_report_gets(client: FlaskClient, here: Municipality, mary: Person) -> None:
    asset = {"layer": "lamp-posts", "feature": "L3"}
    points = [
        {"category": "dark-lamp", "longitude": 21.72, "latitude": 40.25},
        {"category": "pothole", "longitude": 21.76, "latitude": 40.25},
        {"category": "lamp-post", "longitude": 21.72, "latitude": 40.25, "asset": asset},
        {"category": "dark-lamp", "longitude": 21.78, "latitude": 40.25},
        {"category": "lamp-post", "longitude": 21.72, "latitude": 40.25, "asset": asset | {"feature": "L0"}},
    ]
    many = call(client, mary, "POST", "/try-many", json={"points": points})["points"]
    assert [one["department"] for one in many] == ["lighting", "roads", "lighting", "desk", "desk"]
    for point, found in zip(points, many, strict=True):
        named = point.get("asset")
        values = {name: value for name, value in point.items() if name != "asset"}
        made = make_report(here, asset=(named["layer"], named["feature"]) if named else None, **values)
        tried = call(client, mary, "POST", "/try", json=point)
        assert tried["department"] == found["department"] == made.routing["department"]
        assert tried["routing"] == made.routing
        assert found["rule"] == made.routing.get("rule")


def test_other_rules_are_tried_without_being_in_force(client: FlaskClient, mary: Person) -> None:
    point = {"category": "dark-lamp", "longitude": 21.72, "latitude": 40.25}
    assert call(client, mary, "POST", "/try", json=point | {"rules": [ANY]})["department"] == "roads"
    faulty = call(client, mary, "POST", "/try", 422, json=point | {"rules": [ANY, ANY | {"layer": "nowhere"}]})
    assert list(faulty["errors"]) == ["2"] and "layer" in faulty["errors"]["2"]
    assert call(client, mary, "POST", "/try", json=point)["department"] == "lighting"


# --- rules that never decide ------------------------------------------------------------------------------------------


def test_rules_that_never_decide_and_shadowed_ones_are_found(
    client: FlaskClient, here: Municipality, mary: Person
) -> None:
    version = call(client, mary, "GET")["version"]
    dark = {"categories": ["dark-lamp"], "relation": "in", "department": "roads"}
    for n, rule in enumerate(
        (
            dark | {"layer": "lighting"},
            dark | {"layer": "districts"},
            dark | {"layer": "boundary"},
            dark | {"layer": "boundary", "match": {"name": "elsewhere"}},
            dark | {"relation": "asset", "layer": "lamp-posts"},
        )
    ):
        call(client, mary, "POST", status=201, json=rule | {"version": version + n})
    make_report(here)
    make_report(here, longitude=21.78)
    found = call(client, mary, "GET", "/findings")
    assert found["reports"] == 2
    told = {rule["rule"]: rule for rule in found["rules"]}
    assert [told[n]["covered_by"] for n in range(1, 9)] == [None, None, None, 2, 2, None, None, None]
    assert [told[n]["never"] for n in (2, 7, 8)] == [None, "no_feature", "asset_not_named"]
    assert (told[2]["matched"], told[2]["decided"], told[2]["shadowed_by"]) == (1, 1, None)
    assert (told[4]["matched"], told[4]["decided"], told[4]["shadowed_by"]) == (1, 0, 2)
    assert (told[6]["matched"], told[6]["decided"], told[6]["shadowed_by"]) == (2, 1, None)


def test_a_rule_for_no_category_and_one_that_names_nobody_never_decide(
    client: FlaskClient, here: Municipality, mary: Person
) -> None:
    crews = {"categories": ["dark-lamp"], "layer": "lamp-posts", "department_attribute": "crew"}
    with transaction():
        set_rules(
            here,
            [
                ANY | {"group_key": "gone"},
                crews | {"relation": "within", "metres": 5.0, "match": {"crew": "nobody"}},
                crews | {"relation": "in"},
                ANY,
            ],
        )
    told = call(client, mary, "GET", "/findings")["rules"]
    assert [rule["never"] for rule in told] == ["no_category", "no_department", None, None]
    assert [rule["covered_by"] for rule in told] == [None] * 4


def test_areas_of_too_many_corners_are_not_compared(
    client: FlaskClient, here: Municipality, mary: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction():
        set_rules(here, [ANY, ANY | {"layer": "lighting"}])
    assert [rule["covered_by"] for rule in call(client, mary, "GET", "/findings")["rules"]] == [None, 1]
    monkeypatch.setattr(shadowing, "MOST_VERTICES", 8)
    assert [rule["covered_by"] for rule in call(client, mary, "GET", "/findings")["rules"]] == [None, None]

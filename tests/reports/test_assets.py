"""Assets near a place, and what was reported about one of them: the same bin, the ninth time."""

from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient

from service.db import transaction
from service.db.generations import forget
from service.gis.publishing import publish_version
from service.municipalities.directory import Municipality
from service.reports.cataloguing import set_categories, set_rules
from tests.factories.municipalities import CATEGORIES, RULES, category, imported
from tests.factories.people import Person, make_staff
from tests.factories.reports import make_report, send_report
from tests.reports.test_statement_counts import count, nothing_changes_elsewhere

__all__ = ["nothing_changes_elsewhere"]

HERE = "/api/v1/here"
L3 = {"category": "lamp-post", "asset": ("lamp-posts", "L3"), "longitude": 21.72, "latitude": 40.25}
NEAR = f"{HERE}/assets?layer=lamp-posts&near=21.72,40.25"


def publish_posts(where: Municipality, public: bool = True) -> None:
    """The lamp-posts again, with one whose key is a path."""
    posts = [(f"L{n}", {"crew": "lighting"}, shapely.Point(21.7185 + n * 0.0005, 40.25)) for n in range(10)]
    posts.append(("A/7 β", {"crew": "lighting", "name_en": "Seven", "name_el": "Επτά"}, shapely.Point(21.73, 40.25)))
    with transaction():
        publish_version(where, "lamp-posts", imported(*posts), public=public)


@pytest.fixture
def posts(here: Municipality) -> Municipality:
    publish_posts(here)
    return here


def get(client: FlaskClient, path: str, who: Person | None = None, status: int = 200) -> Any:
    answer = client.get(path, headers=who.headers if who else {})
    assert answer.status_code == status, answer.text
    return answer.json


def test_the_nearest_come_first_with_how_many_open_reports_they_have(client: FlaskClient, posts: Municipality) -> None:
    make_report(posts, **L3)
    make_report(posts, **L3)
    found = get(client, f"{NEAR}&limit=3")
    nearest, *others = (asset["feature"] for asset in found["assets"])
    assert nearest == "L3" and set(others) == {"L2", "L4"}
    assert [asset["open_reports"] for asset in found["assets"]] == [2, 0, 0]
    assert [round(asset["metres"]) for asset in found["assets"]] == [0, 42, 42]
    assert found["assets"][0]["attributes"] == {"crew": "lighting"}


def test_only_those_within_the_radius(client: FlaskClient, posts: Municipality) -> None:
    assert {asset["feature"] for asset in get(client, f"{NEAR}&radius=50")["assets"]} == {"L3", "L2", "L4"}
    assert get(client, f"{HERE}/assets?layer=lamp-posts&near=25,40")["assets"] == []


def test_layers_that_are_not_public_are_not_there_and_staff_find_those_of_assets(
    client: FlaskClient, here: Municipality, next_door: Municipality, bob: Person
) -> None:
    get(client, NEAR, status=404)
    get(client, f"{HERE}/assets/lamp-posts/L3", status=404)
    get(client, f"{HERE}/assets/lamp-posts/L3", bob)
    get(client, f"{HERE}/assets?layer=boundary&near=21.72,40.25", status=404)
    get(client, f"{HERE}/assets/boundary/all", bob, status=404)
    publish_posts(next_door)
    get(client, NEAR, status=404)


@pytest.mark.parametrize("query", ["", "layer=x", "layer=x&near=1", "layer=x&near=500,1", "layer=x&near=1,1&limit=0"])
def test_bad_questions_are_refused(client: FlaskClient, here: Municipality, query: str) -> None:
    assert get(client, f"{HERE}/assets?{query}", status=422)["code"] == "fields_not_valid"


def test_the_page_of_an_asset_has_its_open_and_past_reports(
    client: FlaskClient, posts: Municipality, bob: Person
) -> None:
    first = make_report(posts, **L3)
    for _ in range(2):
        make_report(posts, **L3)
    make_report(posts, **L3 | {"asset": ("lamp-posts", "L2")})
    body = {"to": "resolved", "note": "Done"}
    moved = client.post(f"{HERE}/staff/reports/{first.uid}/moves", json=body, headers=bob.headers)
    assert moved.status_code == 200
    page = get(client, f"{HERE}/assets/lamp-posts/L3?limit=2")
    assert (page["times"], page["open"], page["feature"]) == (3, 2, "L3")
    rest = get(client, f"{HERE}/assets/lamp-posts/L3?limit=2&after={page['next']}")
    assert [report["state"] for report in rest["reports"]] == ["resolved"] and rest["next"] is None
    assert page["reports"][0]["description"] is None  # nobody has looked at it


def test_a_report_names_any_feature_of_a_public_layer_and_is_routed_by_it(
    client: FlaskClient, here: Municipality, next_door: Municipality
) -> None:
    garden = {"layer": "gardens", "feature": "G1"}
    sent = {"category": "garden", "longitude": 21.7605, "latitude": 40.2605, "asset": garden}
    make_gardens(here)
    answer = send_report(client, **sent)
    assert (answer.status_code, answer.json["department"], answer.json["asset"]) == (201, "roads", garden)
    assert answer.json["why"]["feature"] == "G1"
    page = get(client, f"{HERE}/assets/gardens/G1")
    assert (page["name"], page["times"], page["reports"][0]["id"]) == ("Κήπος", 1, answer.json["id"])
    near = get(client, f"{HERE}/assets?layer=gardens&near=21.7605,40.2605")["assets"]
    assert [(found["feature"], found["metres"], found["open_reports"]) for found in near] == [("G1", 0, 1)]
    assert send_report(client, **sent | {"longitude": 21.77}).json["code"] == "asset_too_far"
    assert send_report(client, **sent | {"category": "lamp-post"}).json["code"] == "asset_needed"
    get(client, "/api/v1/next-door/assets/gardens/G1", status=404)


def make_gardens(where: Municipality) -> None:
    """A public layer of areas, a category for it, and a rule by which the garden that is named decides."""
    garden = shapely.box(21.76, 40.26, 21.761, 40.261)
    with transaction():
        features = imported(("G1", {"name_el": "Κήπος", "cared_for_by": "roads"}, garden))
        publish_version(where, "gardens", features, {"en": "Gardens"}, "area", public=True)
        set_categories(where, [*CATEGORIES, category("garden", asset_layer="gardens", asset_required=True)])
        by_garden = {"categories": ["garden"], "relation": "asset", "layer": "gardens"}
        set_rules(where, [*RULES, by_garden | {"department_attribute": "cared_for_by"}])


def test_one_that_the_map_no_longer_has_keeps_its_history(
    client: FlaskClient, posts: Municipality, next_door: Municipality, bob: Person
) -> None:
    make_report(posts, **L3)
    hidden = make_report(posts, **L3 | {"asset": ("lamp-posts", "L4")})
    body = {"text": False, "photos": False, "place": False}
    assert client.post(f"{HERE}/staff/reports/{hidden.uid}/look", json=body, headers=bob.headers).status_code == 200
    assert get(client, f"{HERE}/assets/lamp-posts/L3")["gone"] is False
    with transaction():
        publish_version(posts, "lamp-posts", imported(("L0", {}, shapely.Point(21.7185, 40.25))))
    forget()
    page = get(client, f"{HERE}/assets/lamp-posts/L3")
    assert (page["gone"], page["times"], page["attributes"]) == (True, 1, {"crew": "lighting"})
    assert (page["longitude"], page["latitude"]) == (21.72, 40.25)
    get(client, f"{HERE}/assets/lamp-posts/L4", status=404)
    assert get(client, f"{HERE}/assets/lamp-posts/L4", bob)["times"] == 1
    for key in ("L5", "never", "%00"):
        get(client, f"{HERE}/assets/lamp-posts/{key}", bob, 404)
    publish_posts(next_door)
    get(client, "/api/v1/next-door/assets/lamp-posts/gone", status=404)
    with transaction():
        publish_version(posts, "lamp-posts", imported(("L0", {}, shapely.Point(21.7185, 40.25))), public=False)
    forget()
    get(client, f"{HERE}/assets/lamp-posts/L3", status=404)


def test_any_key_can_be_asked_for_and_the_name_is_spoken(client: FlaskClient, posts: Municipality) -> None:
    assert get(client, f"{HERE}/assets/lamp-posts/A/7%20β")["name"] == "Επτά"
    get(client, f"{HERE}/assets/lamp-posts/nothing", status=404)


def test_staff_see_all_reports_of_their_departments_and_no_others(
    client: FlaskClient, posts: Municipality, bob: Person, charlie: Person, next_door: Municipality
) -> None:
    make_report(posts, **L3)
    hidden = make_report(posts, **L3)
    body = {"text": False, "photos": False, "place": False}
    assert client.post(f"{HERE}/staff/reports/{hidden.uid}/look", json=body, headers=bob.headers).status_code == 200
    page = f"{HERE}/assets/lamp-posts/L3"
    assert (get(client, page)["times"], get(client, page, bob)["times"]) == (1, 2)
    assert get(client, page, bob)["reports"][0]["description"] == "It is dark"
    roads = make_staff(posts, "rose", [("department_staff", "roads")])
    keeper = make_staff(posts, "kim", [("map_keeper", None)])
    assert get(client, page, roads)["times"] == get(client, page, keeper)["times"] == 1
    assert get(client, page, make_staff(posts, "ada", [("auditor", None)]))["times"] == 2
    get(client, page, charlie, 401)
    publish_posts(next_door)
    assert get(client, "/api/v1/next-door/assets/lamp-posts/L3")["times"] == 0


def test_they_take_few_statements_and_an_index(client: FlaskClient, posts: Municipality, bob: Person) -> None:
    for _ in range(12):
        make_report(posts, **L3)
    assert count(lambda: client.get(NEAR)) == 1
    assert count(lambda: client.get(f"{HERE}/assets/lamp-posts/L3")) == 2
    assert count(lambda: client.get(f"{HERE}/assets/lamp-posts/L3", headers=bob.headers)) == 3

"""OGC API Features Parts 1 and 2: what there is, pages, boxes, coordinate reference systems, and who may read it."""

from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import shapely
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from pyproj import Transformer

from service.db import session, transaction
from service.db.generations import forget
from service.gis.models import Layer
from service.gis.publishing import publish_version
from service.municipalities.directory import Municipality
from service.ogc.systems import CRS84, SYSTEMS, spoken_in
from tests.factories.municipalities import imported
from tests.factories.people import Person
from tests.factories.reports import make_report
from tests.ogc.scene import EPSG, OGC, get, keys, make_public, point, shape_of, write


def links(document: dict[str, Any]) -> dict[str, str]:
    return {link["rel"]: link["href"] for link in document["links"]}


def follow(client: FlaskClient, address: str, who: Person | None = None) -> Any:
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}", headers=who.headers if who else {})


def test_from_the_landing_page_everything_is_found(client: FlaskClient, here: Municipality, kate: Person) -> None:
    page = get(client, "/", kate)
    assert page.mimetype == "application/json"
    found = links(page.json)
    assert follow(client, found["self"]).status_code == 200
    assert (
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"
        in (follow(client, found["conformance"]).json["conformsTo"])
    )
    for one in follow(client, found["data"], kate).json["collections"]:
        here_too = links(one)
        assert follow(client, here_too["self"], kate).json == one
        items = follow(client, here_too["items"], kate)
        assert (items.status_code, items.mimetype) == (200, "application/geo+json")
        assert CRS84 in items.headers["Content-Crs"]


@pytest.mark.parametrize("signed_in", [True, False])
def test_the_openapi_document_is_valid_and_names_what_the_caller_may_read(
    client: FlaskClient, here: Municipality, kate: Person, signed_in: bool
) -> None:
    answer = get(client, "/api", kate if signed_in else None)
    assert answer.mimetype == "application/vnd.oai.openapi+json"
    validate(answer.json)
    assert ("/collections/lamp-posts:draft/items" in answer.json["paths"]) is signed_in
    assert answer.json["components"]["parameters"]["limit"]["schema"]["maximum"] == 1000


def test_everybody_reads_public_layers_and_reports_and_nothing_else(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    make_public(here, "streets")
    for who in (None, alice, bob):
        listed = [one["id"] for one in get(client, "/collections", who).json["collections"]]
        assert listed == ["streets", "reports"]
        assert keys(get(client, "/collections/streets/items", who)) == ["main"]
        for hidden in ("lighting", "streets:draft", "lighting:draft", "nothing"):
            for rest in ("", "/items", "/items/west", "/queryables"):
                answer = get(client, f"/collections/{hidden}{rest}", who)
                assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_who_keeps_the_map_reads_all_and_the_drafts(client: FlaskClient, here: Municipality, kate: Person) -> None:
    listed = [one["id"] for one in get(client, "/collections", kate).json["collections"]]
    layers = ["boundary", "districts", "lamp-posts", "lighting", "streets"]
    assert listed == [*layers, *(f"{key}:draft" for key in layers), "reports"]


def test_the_token_may_come_as_a_password(client: FlaskClient, here: Municipality, kate: Person) -> None:
    path = f"{OGC}/collections/lighting/items"
    assert client.get(path, auth=("anything", kate.token)).status_code == 200
    for wrong in (("kate", "wrong"), (kate.token, "")):
        answer = client.get(path, auth=wrong)
        assert (answer.status_code, answer.json["code"]) == (401, "sign_in_needed")
        assert {value.split()[0] for value in answer.headers.getlist("WWW-Authenticate")} == {"Bearer", "Basic"}
    assert client.get("/api/v1/here/my/reports", auth=("anything", kate.token)).status_code == 401


def test_staff_of_the_neighbour_get_nothing(
    client: FlaskClient, here: Municipality, next_door: Municipality, charlie: Person
) -> None:
    make_public(here, "streets")
    make_report(here)
    for path in ("/collections", "/collections/streets/items", "/collections/reports/items", "/api"):
        answer = get(client, path, charlie)
        assert (answer.status_code, answer.json["code"]) == (401, "sign_in_needed")
        assert client.get(f"{OGC}{path}", auth=("x", charlie.token)).status_code == 401
    theirs = client.get("/ogc/next-door/collections/reports/items", headers=charlie.headers)
    assert theirs.json["features"] == []


def test_pages_follow_each_other_without_a_gap(client: FlaskClient, here: Municipality, kate: Person) -> None:
    for collection in ("lamp-posts", "lamp-posts:draft"):
        answer = get(client, f"/collections/{collection}/items", kate, limit=4)
        seen = keys(answer)
        assert (answer.json["numberMatched"], answer.json["numberReturned"]) == (10, 4)
        while "next" in links(answer.json):
            answer = follow(client, links(answer.json)["next"], kate)
            seen += keys(answer)
        assert seen == [f"L{n}" for n in range(10)]


def test_reports_come_newest_first_page_by_page(client: FlaskClient, here: Municipality) -> None:
    sent = [str(make_report(here).uid) for _ in range(3)]
    make_report(here, category="hidden")
    make_report(here, category="private")
    first = get(client, "/collections/reports/items", limit=2)
    second = follow(client, links(first.json)["next"])
    assert keys(first) + keys(second) == sent[::-1]
    assert "next" not in links(second.json)


def test_a_report_that_not_everybody_may_see_is_not_there(client: FlaskClient, here: Municipality) -> None:
    shown, hidden = make_report(here).uid, make_report(here, category="hidden").uid
    assert get(client, f"/collections/reports/items/{shown}").json["properties"]["state"] == "received"
    for key in (hidden, "no-uuid", "01a20027-2c8e-7266-ae20-55ab6d37ca6a"):
        assert get(client, f"/collections/reports/items/{key}").status_code == 404
    assert "It is dark" not in get(client, "/collections/reports/items").text


def test_a_time_chooses_reports_and_not_layers(client: FlaskClient, here: Municipality, kate: Person) -> None:
    make_report(here)
    path = "/collections/reports/items"
    for when, number in (("2020-01-01T00:00:00Z/..", 1), ("../2020-01-01T00:00:00Z", 0), ("2020-01-01", 0)):
        assert len(keys(get(client, path, datetime=when))) == number
        assert len(keys(get(client, "/collections/lamp-posts/items", kate, datetime=when))) == 10


def test_attributes_are_parameters(client: FlaskClient, here: Municipality, kate: Person) -> None:
    for collection in ("lamp-posts", "lamp-posts:draft"):
        assert keys(get(client, f"/collections/{collection}/items", kate, crew="nobody")) == ["L0"]
    make_report(here)
    assert len(keys(get(client, "/collections/reports/items", open="true", state="received"))) == 1
    assert keys(get(client, "/collections/reports/items", open="false")) == []


@pytest.mark.parametrize("collection", ["lamp-posts", "lamp-posts:draft"])
def test_a_box_finds_what_lies_in_it(client: FlaskClient, here: Municipality, kate: Person, collection: str) -> None:
    path = f"/collections/{collection}/items"
    assert keys(get(client, path, kate, bbox="21.7184,40.2,21.7191,40.3")) == ["L0", "L1"]
    assert keys(get(client, path, kate, bbox="21.7184,40.2,0,21.7191,40.3,900")) == ["L0", "L1"]
    turned = {"bbox": "40.2,21.7184,40.3,21.7191", "bbox-crs": f"{EPSG}4326"}
    assert keys(get(client, path, kate, **turned)) == ["L0", "L1"]
    assert keys(get(client, path, kate, bbox="179,-80,21.7186,80")) == ["L0"]  # around the back of the earth


def test_a_box_finds_reports(client: FlaskClient, here: Municipality) -> None:
    report = make_report(here)
    path = "/collections/reports/items"
    assert keys(get(client, path, bbox="21.71,40.24,21.73,40.26")) == [str(report.uid)]
    assert keys(get(client, path, bbox="21.73,40.24,21.74,40.26")) == []


POINT = (21.72, 40.25)


@pytest.mark.parametrize("system", list(SYSTEMS))
def test_each_system_has_its_own_order_of_axes_and_leads_back(
    client: FlaskClient, here: Municipality, kate: Person, system: str
) -> None:
    with transaction():
        one = imported(("one", {}, shapely.Point(*POINT)))
        publish_version(here, "points", one, name={"en": "Points"}, kind="asset")
    answer = get(client, "/collections/points:draft/items", kate, crs=system)
    assert answer.headers["Content-Crs"] == f"<{system}>"
    place = shape_of(answer.json["features"][0]).coords[0]
    back = Transformer.from_crs(SYSTEMS[system], "OGC:CRS84").transform(*place)
    assert back == pytest.approx(POINT, abs=1e-7)  # degrees: a centimetre
    code = system.rpartition("/")[2]
    if code in ("3346", "7801"):
        assert 4_000_000 < place[0] < 5_000_000, "northing first"
    if code == "4326":
        assert place == pytest.approx(POINT[::-1])


def test_the_national_grid_of_greece_says_what_was_measured() -> None:
    there = spoken_in(shapely.Point(23.7275, 37.9838), f"{EPSG}2100")
    assert (there.x, there.y) == pytest.approx((475920.265, 4203764.699), abs=0.01)


BAD = [
    ({"limit": "0"}, "limit"),
    ({"limit": "many"}, "limit"),
    ({"bbox": "1,2,3"}, "bbox"),
    ({"bbox": "here"}, "bbox"),
    ({"bbox": "1,2,3,nan"}, "bbox"),
    ({"bbox": "1,5,3,2"}, "bbox"),
    ({"bbox": "1,2,3,4", "bbox-crs": "EPSG:2100"}, "bbox-crs"),
    ({"crs": f"{EPSG}27700"}, "crs"),
    ({"datetime": "yesterday"}, "datetime"),
    ({"datetime": "../.."}, "datetime"),
    ({"colour": "red"}, "colour"),
    ({"crew": ["a", "b"]}, "crew"),
    ({"crew": "a\0b"}, "crew"),
    ({"filter": "crew = 'a'", "filter-lang": "cql2-json"}, "filter-lang"),
    ({"filter": "crew = 'a'", "filter-crs": "here"}, "filter-crs"),
]


@pytest.mark.parametrize(("query", "parameter"), BAD, ids=str)
def test_what_cannot_be_asked_is_refused(
    client: FlaskClient, here: Municipality, kate: Person, query: dict[str, Any], parameter: str
) -> None:
    answer = get(client, "/collections/lamp-posts/items", kate, **query)
    assert (answer.status_code, answer.json["code"]) == (400, "query_not_valid")
    assert answer.json["parameter"] == parameter
    assert answer.mimetype == "application/problem+json"


def test_a_cursor_of_another_collection_is_refused(client: FlaskClient, here: Municipality, kate: Person) -> None:
    for after in ("WzFd", "nonsense"):
        answer = get(client, "/collections/lamp-posts/items", kate, after=after)
        assert answer.json["code"] == "cursor_not_valid"


@pytest.mark.parametrize(
    "path", ["/", "/collections", "/collections/lamp-posts/items?limit=3", "/collections/lamp-posts/items/L1"]
)
def test_what_is_polled_is_sent_once(client: FlaskClient, here: Municipality, kate: Person, path: str) -> None:
    first = client.get(f"{OGC}{path}", headers=kate.headers)
    again = client.get(f"{OGC}{path}", headers=kate.headers | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_new_version_has_a_new_etag(client: FlaskClient, here: Municipality, kate: Person) -> None:
    path = "/collections/lighting/items"
    before = get(client, path, kate).headers["ETag"]
    with transaction():
        publish_version(here, "lighting", imported(("all", {"name": "All"}, shapely.box(21.7, 40.2, 21.8, 40.3))))
    after = get(client, path, kate)
    assert after.headers["ETag"] != before or keys(after) == ["west"]


def test_any_key_can_be_asked_for(client: FlaskClient, here: Municipality, kate: Person) -> None:
    odd = ["a/b", "ά β", "100%", "x?y#z", "it's"]
    features = [(key, {"n": number}, shapely.Point(21.72, 40.25)) for number, key in enumerate(odd)]
    with transaction():
        publish_version(here, "odd", imported(*features), name={"en": "Odd"}, kind="asset")
    for number, key in enumerate(odd):
        path = f"/collections/odd:draft/items/{quote(key, safe='')}"
        answer = get(client, path, kate)
        assert (answer.json["id"], answer.json["properties"]) == (key, {"n": number})
        assert follow(client, links(answer.json)["self"], kate).json == answer.json


def test_attributes_of_all_features_are_queryable(client: FlaskClient, here: Municipality, kate: Person) -> None:
    rows = [{"a": 1, "mixed": "x"}, {"a": 1.5, "mixed": 2}, {"flag": True, "nothing": None}]
    features = [(str(number), row, shapely.Point(21.72, 40.25)) for number, row in enumerate(rows)]
    with transaction():
        publish_version(here, "typed", imported(*features), name={"en": "Typed"}, kind="asset")
    found = get(client, "/collections/typed:draft/queryables", kate)
    assert found.mimetype == "application/schema+json"
    types = {name: about.get("type") for name, about in found.json["properties"].items()}
    assert types == {
        "geometry": None,
        "a": "number",
        "mixed": "string",
        "flag": "boolean",
        "nothing": "string",
    }


def test_a_layer_that_has_no_version_yet_is_an_empty_draft(
    client: FlaskClient, here: Municipality, kate: Person
) -> None:
    with transaction():
        session.add(Layer(municipality_id=here.id, key="new", name={"en": "New"}, kind="asset"))
    path = "/collections/new:draft"
    assert get(client, path, kate).json["title"] == "New (προσχέδιο)"
    assert get(client, f"{path}/items", kate).json["numberMatched"] == 0
    assert get(client, f"{path}/items/one", kate).status_code == 404
    assert get(client, "/collections/new/items", kate).status_code == 404
    assert write(client, "POST", f"{path}/items", kate, point(key="one")).status_code == 201
    assert keys(get(client, f"{path}/items", kate)) == ["one"]


def test_parameters_say_numbers_and_moments_as_people_write_them(
    client: FlaskClient, here: Municipality, kate: Person
) -> None:
    with transaction():
        one = imported(("one", {"n": 7, "open": True}, shapely.Point(*POINT)))
        publish_version(here, "typed", one, name={"en": "Typed"}, kind="asset", attribution="The office")
    forget()
    path = "/collections/typed:draft/items"
    for text, found in (("7", ["one"]), ("7.0", ["one"]), ("8", []), ("seven", [])):
        assert keys(get(client, path, kate, n=text)) == found
    assert keys(get(client, path, kate, n="7", open="true")) == ["one"]
    assert get(client, "/collections/typed", kate).json["attribution"] == "The office"


def test_a_report_is_found_by_its_moment(client: FlaskClient, here: Municipality) -> None:
    report = make_report(here)
    moment = report.created_at.isoformat()
    assert keys(get(client, "/collections/reports/items", created_at=moment)) == [str(report.uid)]
    assert keys(get(client, "/collections/reports/items", created_at="yesterday")) == []
    described = get(client, "/collections/reports/queryables").json["properties"]
    assert described["created_at"] == {"title": "created_at", "type": "string", "format": "date-time"}


# --- how many there are ----------------------------------------------------------------------------------------------


def matched(client: FlaskClient, collection: str, who: Person | None = None, **asked: Any) -> int | None:
    """What the answer says, which must be what its pages have."""
    answer = get(client, f"/collections/{collection}/items", who, limit=2, **asked)
    said, seen = answer.json.get("numberMatched"), keys(answer)
    while "next" in links(answer.json):
        answer = follow(client, links(answer.json)["next"], who)
        assert answer.json.get("numberMatched") == said
        seen += keys(answer)
    assert said in (None, len(seen)) and len(set(seen)) == len(seen)
    return said


def test_reports_are_counted(client: FlaskClient, here: Municipality, monkeypatch: pytest.MonkeyPatch) -> None:
    assert matched(client, "reports") == 0
    for n in range(6):
        make_report(here, longitude=21.72 + n * 0.01, category="pothole" if n % 2 else "dark-lamp")
    make_report(here, category="hidden")
    box = "21.715,40.2,21.745,40.3"
    assert matched(client, "reports") == 6
    assert matched(client, "reports", bbox=box) == 3
    assert matched(client, "reports", filter="category = 'pothole'") == 3
    assert matched(client, "reports", bbox=box, filter="category = 'pothole'") == 1
    assert matched(client, "reports", bbox="179,-80,21.735,80") == 2  # around the back of the earth
    assert matched(client, "reports", open="false") == 0
    monkeypatch.setattr("service.ogc.collections.MOST_COUNTED", 5)
    assert matched(client, "reports") is None and matched(client, "reports", bbox=box) == 3


def test_a_draft_is_counted_with_any_condition(
    client: FlaskClient, here: Municipality, kate: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, box = "lamp-posts:draft", "21.7184,40.2,21.7206,40.3"
    assert matched(client, draft, kate, bbox=box) == 5
    assert matched(client, draft, kate, crew="lighting") == 9
    assert matched(client, draft, kate, bbox=box, filter="crew <> 'nobody'") == 4
    monkeypatch.setattr("service.ogc.asking.most_looked_at", lambda _: 5)
    assert matched(client, draft, kate, bbox=box) == 5
    assert get(client, f"/collections/{draft}/items", kate, crew="lighting").json.get("numberMatched") is None

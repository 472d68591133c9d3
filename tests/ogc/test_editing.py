"""OGC API Features Part 4: features are made, replaced, changed and removed in a draft, never in what is in force."""

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient
from sqlalchemy import select

from service.db import session, transaction
from service.db.clock import now
from service.gis import scheduling
from service.gis.drafting import draft_of_file, draft_of_version, layer_named
from service.gis.index import indexes_of
from service.gis.models import DRAFT, Layer
from service.gis.publishing import put_in_force
from service.municipalities.directory import Municipality
from service.ogc.routes import LARGEST_FEATURE
from tests.factories.municipalities import imported
from tests.factories.people import Person
from tests.ogc.scene import EPSG, OGC, POSTS, drafts, get, kept, keys, point, shape_of, write


def seen_of(client: FlaskClient, who: Person, key: str = "L3") -> str:
    return get(client, f"{POSTS}/{key}", who).headers["ETag"]


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def test_the_first_edit_begins_a_draft_of_what_is_in_force(
    client: FlaskClient, here: Municipality, kate: Person
) -> None:
    before = indexes_of(here)["lamp-posts"]
    assert write(client, "PUT", f"{POSTS}/L3", kate, point(crew="roads"), seen_of(client, kate)).status_code == 204
    (draft,) = drafts()
    assert (draft.number, draft.based_on_id, draft.by_id) == (2, before.version_id, kate.account_id)
    assert draft.feature_count == 10
    assert get(client, f"{POSTS}/L3", kate).json["properties"] == {"crew": "roads"}
    assert get(client, "/collections/lamp-posts/items/L3", kate).json["properties"] == {"crew": "lighting"}
    assert write(client, "DELETE", f"{POSTS}/L4", kate, seen=seen_of(client, kate, "L4")).status_code == 204
    assert [one.id for one in drafts()] == [draft.id]


def test_what_is_sent_comes_back(client: FlaskClient, here: Municipality, kate: Person) -> None:
    shape = shapely.Polygon([(21.71, 40.21), (21.7200000000001, 40.21), (21.72, 40.2299999), (21.71, 40.21)])
    attributes = {"name": "Άνω Πόλη", "area": 12.5, "n": 7, "open": True, "gone": None, "list": [1, "β"]}
    body = {"type": "Feature", "id": "new", "properties": attributes, "geometry": json.loads(shapely.to_geojson(shape))}
    made = write(client, "POST", "/collections/lighting:draft/items", kate, body)
    assert (made.status_code, made.headers["Location"]) == (
        201,
        f"http://localhost{OGC}/collections/lighting:draft/items/new",
    )
    shown = client.get(made.headers["Location"], headers=kate.headers)
    assert shown.headers["ETag"] == made.headers["ETag"]
    assert shown.json["properties"] == attributes
    assert shapely.equals_exact(shape_of(shown.json), shape)
    assert get(client, "/collections/lighting:draft/items", kate).json["numberMatched"] == 2


def test_a_feature_without_an_id_gets_one(client: FlaskClient, here: Municipality, kate: Person) -> None:
    made = write(client, "POST", POSTS, kate, point(crew="roads"))
    assert uuid.UUID(made.headers["Location"].rpartition("/")[2])


def test_the_attribute_that_holds_the_keys_is_kept(client: FlaskClient, here: Municipality, kate: Person) -> None:
    with transaction():
        layer_named(here, "lamp-posts").key_attribute = "number"
    made = write(client, "POST", POSTS, kate, point(number="N7"))
    assert made.headers["Location"].endswith("/N7")
    made = write(client, "POST", POSTS, kate, point())
    key = made.headers["Location"].rpartition("/")[2]
    assert kept(key).attributes == {"number": key}


def test_a_key_is_given_once(client: FlaskClient, here: Municipality, kate: Person) -> None:
    assert code(write(client, "POST", POSTS, kate, point(key="L3"))) == (409, "feature_key_taken")
    assert drafts() == []


def test_a_part_is_changed_and_the_rest_stays(client: FlaskClient, here: Municipality, kate: Person) -> None:
    before = get(client, f"{POSTS}/L3", kate).json
    write(client, "PATCH", f"{POSTS}/L3", kate, {"properties": {"height": 5, "crew": None}}, seen_of(client, kate))
    after = get(client, f"{POSTS}/L3", kate).json
    assert after["properties"] == {"crew": None, "height": 5}
    assert after["geometry"] == before["geometry"]
    moved = {"geometry": point(21.73, 40.26)["geometry"]}
    write(client, "PATCH", f"{POSTS}/L3", kate, moved, seen_of(client, kate))
    after = get(client, f"{POSTS}/L3", kate).json
    assert (after["geometry"]["coordinates"], after["properties"]["height"]) == ([21.73, 40.26], 5)


def test_who_has_not_seen_the_present_state_is_refused(
    client: FlaskClient, here: Municipality, kate: Person, dora: Person
) -> None:
    seen = seen_of(client, dora)
    assert get(client, "/collections/lamp-posts/items/L3", dora).headers["ETag"] == seen
    assert write(client, "PATCH", f"{POSTS}/L3", kate, {"properties": {"crew": "mine"}}, seen).status_code == 204
    for method, body in (("PUT", point()), ("PATCH", {"properties": {"crew": "hers"}}), ("DELETE", None)):
        assert code(write(client, method, f"{POSTS}/L3", dora, body, seen)) == (412, "feature_changed")
    assert kept("L3").attributes == {"crew": "mine"}
    assert write(client, "DELETE", f"{POSTS}/L3", dora, seen=seen_of(client, dora)).status_code == 204
    assert get(client, f"{POSTS}/L3", dora).status_code == 404


def test_where_two_work_on_a_draft_each_says_what_they_have_seen(
    client: FlaskClient, here: Municipality, kate: Person, dora: Person
) -> None:
    assert write(client, "PUT", f"{POSTS}/L3", kate, point(crew="a")).status_code == 204
    assert write(client, "PUT", f"{POSTS}/L3", kate, point(crew="b")).status_code == 204
    for method, body in (("PUT", point()), ("PATCH", {"properties": {}}), ("DELETE", None)):
        assert code(write(client, method, f"{POSTS}/L3", dora, body)) == (428, "seen_state_needed")
    assert write(client, "PUT", f"{POSTS}/L3", dora, point(crew="c"), seen_of(client, dora)).status_code == 204
    assert code(write(client, "PUT", f"{POSTS}/L4", kate, point())) == (428, "seen_state_needed")
    assert kept("L3").attributes == {"crew": "c"}


def test_a_draft_with_a_set_time_is_not_changed(client: FlaskClient, here: Municipality, kate: Person) -> None:
    write(client, "PUT", f"{POSTS}/L3", kate, point(crew="a"))
    with transaction():
        drafts()[0].publish_at = now()
    assert code(write(client, "PUT", f"{POSTS}/L3", kate, point(crew="b"), "*")) == (409, "draft_scheduled")
    assert code(write(client, "POST", POSTS, kate, point())) == (409, "draft_scheduled")


def test_who_called_its_publication_off_did_not_draw_it_alone(
    client: FlaskClient, here: Municipality, kate: Person, dora: Person
) -> None:
    write(client, "PUT", f"{POSTS}/L3", kate, point(crew="kate's"))
    with transaction():
        scheduling.publish(
            layer_named(here, "lamp-posts"), drafts()[0], dora.account_id, "Agreed", now() + timedelta(days=1)
        )
    with transaction():
        scheduling.call_off(drafts()[0])
    for who in (kate, dora):
        assert code(write(client, "PUT", f"{POSTS}/L3", who, point())) == (428, "seen_state_needed")
    assert kept("L3").attributes == {"crew": "kate's"}


def test_a_draft_from_elsewhere_is_edited_too_and_a_published_one_is_not(
    client: FlaskClient, here: Municipality, kate: Person
) -> None:
    with transaction():
        layer = layer_named(here, "lamp-posts")
        draft_of_version(layer, None)
    assert keys(get(client, POSTS, kate)) == []
    assert write(client, "POST", POSTS, kate, point(key="only")).status_code == 201
    with transaction():
        (draft,) = [one for one in drafts() if one.state == DRAFT]
        put_in_force(layer_named(here, "lamp-posts"), draft)
    assert write(client, "POST", POSTS, kate, point(key="second")).status_code == 201
    assert [one.number for one in drafts()] == [3]
    assert keys(get(client, POSTS, kate)) == ["only", "second"]


def test_a_geometry_that_crosses_itself_is_repaired(client: FlaskClient, here: Municipality, kate: Person) -> None:
    ring = [[21.71, 40.21], [21.73, 40.23], [21.73, 40.21], [21.71, 40.23], [21.71, 40.21]]
    body = {"type": "Feature", "id": "bow", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {}}
    assert write(client, "POST", "/collections/lighting:draft/items", kate, body).status_code == 201
    shown = shape_of(get(client, "/collections/lighting:draft/items/bow", kate).json)
    assert shapely.is_valid(shown) and shown.area > 0


def test_heights_are_left_out(client: FlaskClient, here: Municipality, kate: Person) -> None:
    body = point(key="high") | {"geometry": {"type": "Point", "coordinates": [21.72, 40.25, 700]}}
    write(client, "POST", POSTS, kate, body)
    assert get(client, f"{POSTS}/high", kate).json["geometry"]["coordinates"] == [21.72, 40.25]


def test_a_moved_feature_is_found_where_it_is(client: FlaskClient, here: Municipality, kate: Person) -> None:
    there, before = "21.77,40.27,21.79,40.29", "21.7199,40.2,21.7201,40.3"
    assert keys(get(client, POSTS, kate, bbox=before)) == ["L3"]
    write(client, "PATCH", f"{POSTS}/L3", kate, {"geometry": point(21.78, 40.28)["geometry"]}, "*")
    assert keys(get(client, POSTS, kate, bbox=there)) == ["L3"]
    assert keys(get(client, POSTS, kate, bbox=before)) == []
    write(client, "DELETE", f"{POSTS}/L3", kate, seen="*")
    assert keys(get(client, POSTS, kate, bbox=there)) == []


def test_a_coast_has_many_corners_and_no_end_of_them(client: FlaskClient, here: Municipality, kate: Person) -> None:
    coast = shapely.Point(21.75, 40.25).buffer(0.01, quad_segs=8000)
    body = {"type": "Feature", "id": "coast", "properties": {}, "geometry": shapely.geometry.mapping(coast)}
    assert len(json.dumps(body)) > 1_000_000
    assert write(client, "POST", "/collections/lighting:draft/items", kate, body).status_code == 201
    body["properties"] = {"long": "x" * LARGEST_FEATURE}
    answer = write(client, "POST", "/collections/lighting:draft/items", kate, body)
    assert code(answer) == (413, "body_too_large")


BAD: list[tuple[Any, str]] = [
    ([], "no_feature"),
    ({"type": "FeatureCollection", "features": []}, "no_feature"),
    ({"properties": {}}, "no_feature"),
    (point() | {"properties": [1]}, "properties"),
    (point() | {"geometry": None}, "no_geometry"),
    (point() | {"geometry": "POINT(1 2)"}, "geometry"),
    (point() | {"geometry": {"type": "Point", "coordinates": ["a", "b"]}}, "geometry"),
    (point() | {"geometry": {"type": "Point", "coordinates": []}}, "no_geometry"),
    (point() | {"geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}}, "geometry"),
    (point() | {"geometry": {"type": "Circle", "coordinates": [0, 0]}}, "geometry"),
    (point(305932.0, 4457712.5), "coordinates"),
    (point(key="k" * 256), "key"),
    (point(key="/etc"), "key"),
]


@pytest.mark.parametrize(("body", "reason"), BAD, ids=lambda value: str(value)[:60])
def test_what_is_no_feature_is_refused_and_nothing_is_left_behind(
    client: FlaskClient, here: Municipality, kate: Person, body: Any, reason: str
) -> None:
    answer = write(client, "POST", POSTS, kate, body)
    assert (*code(answer), answer.json["reason"]) == (422, "feature_not_valid", reason)
    assert drafts() == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_what_is_no_json_is_refused(client: FlaskClient, here: Municipality, kate: Person, method: str) -> None:
    path = f"{OGC}{POSTS}" + ("" if method == "POST" else "/L3")
    for data, status in ((b"", 400), (b"{", 400), (b'{"properties": {"a": NaN}}', 400), (b'{"a": "\\u0000"}', 422)):
        sent = client.open(path, method=method, data=data, content_type="application/geo+json", headers=kate.headers)
        assert sent.status_code == status
    assert drafts() == []


def test_what_is_not_there_cannot_be_changed(client: FlaskClient, here: Municipality, kate: Person) -> None:
    for method, path in (("PUT", f"{POSTS}/L99"), ("PATCH", f"{POSTS}/L99"), ("DELETE", f"{POSTS}/L99")):
        assert write(client, method, path, kate, point(), "*").status_code == 404
    assert write(client, "POST", "/collections/nothing:draft/items", kate, point()).status_code == 404
    assert drafts() == []


def test_only_who_keeps_the_map_may_write_and_only_into_drafts(
    client: FlaskClient, here: Municipality, next_door: Municipality, bob: Person, alice: Person, charlie: Person
) -> None:
    for who, status in ((None, 401), (alice, 403), (bob, 403), (charlie, 401)):
        for method, path in (("POST", POSTS), *((one, f"{POSTS}/L3") for one in ("PUT", "PATCH", "DELETE"))):
            assert write(client, method, path, who, point(), "*").status_code == status
    for method, path in (("POST", ""), ("PUT", "/L3"), ("PATCH", "/L3"), ("DELETE", "/L3")):
        for collection in ("lamp-posts", "reports"):
            address = f"/collections/{collection}/items{path}"
            assert write(client, method, address, bob, point(), "*").status_code == 405
    theirs = client.put(f"/ogc/next-door{POSTS}/L99", json=point(), headers=charlie.headers)
    assert theirs.status_code == 404
    assert [one.number for one in session.scalars(select(Layer)) if one.published_version_id is None] == []
    assert drafts() == []


def test_what_is_drawn_outside_the_municipality_is_refused(
    client: FlaskClient, here: Municipality, kate: Person
) -> None:
    away = point(25.0, 35.0, key="away")
    refused = write(client, "POST", POSTS, kate, away)
    assert code(refused) == (422, "feature_not_valid") and refused.json["reason"] == "outside"
    seen = seen_of(client, kate)
    for method, body in (("PUT", away), ("PATCH", {"geometry": away["geometry"]})):
        assert write(client, method, f"{POSTS}/L3", kate, body, seen).json["reason"] == "outside"
    assert drafts() == []
    half = shapely.geometry.mapping(shapely.box(21.79, 40.2, 21.9, 40.3))
    body = {"type": "Feature", "id": "half", "properties": {}, "geometry": half}
    assert write(client, "POST", "/collections/lighting:draft/items", kate, body).status_code == 201
    beyond = shapely.geometry.mapping(shapely.box(21.85, 40.2, 21.9, 40.3))
    assert (
        write(client, "POST", "/collections/boundary:draft/items", kate, body | {"geometry": beyond}).status_code == 201
    )


def test_what_lies_outside_already_may_be_described(client: FlaskClient, here: Municipality, kate: Person) -> None:
    with transaction():
        draft_of_file(
            layer_named(here, "lamp-posts"), imported(("away", {}, shapely.Point(25.0, 35.0))), kate.account_id
        )
    assert write(client, "PATCH", f"{POSTS}/away", kate, {"properties": {"crew": "roads"}}).status_code == 204


# --- as QGIS 3.40 sends it --------------------------------------------------------------------------------------------
# Which requests and headers: its OAPIF provider (src/providers/wfs/oapif). It sends no If-Match.


def test_qgis_learns_by_options_what_it_may_edit(client: FlaskClient, here: Municipality) -> None:
    def allowed(path: str) -> set[str]:
        return set(client.options(f"{OGC}{path}").headers["Allow"].split(", "))

    assert "POST" in allowed(POSTS)
    assert {"PUT", "PATCH", "DELETE"} <= allowed(f"{POSTS}/L3") & allowed(f"{POSTS}/unknown_id")
    for collection in ("lamp-posts", "reports"):
        assert allowed(f"/collections/{collection}/items") == {"GET", "HEAD", "OPTIONS"}


def as_qgis(client: FlaskClient, method: str, path: str, who: Person, kind: str, body: Any, crs: str = "") -> Any:
    headers = {"Content-Type": kind, "User-Agent": "Mozilla/5.0 QGIS/34000/Debian GNU/Linux 12"}
    headers |= {"Content-Crs": crs} if crs else {}
    return client.open(f"{OGC}{path}", method=method, data=json.dumps(body), headers=headers, auth=("qgis", who.token))


def test_a_session_of_qgis(client: FlaskClient, here: Municipality, kate: Person) -> None:
    geo, merge = "application/geo+json", "application/merge-patch+json"
    assert keys(client.get(f"{OGC}{POSTS}?limit=10", auth=("qgis", kate.token))) == [f"L{n}" for n in range(10)]
    made = as_qgis(client, "POST", POSTS, kate, geo, point(21.72, 40.25, crew="roads"))
    assert made.status_code == 201 and "/items/" in made.headers["Location"]
    key = made.headers["Location"].rpartition("/items/")[2]
    assert client.get(f"{OGC}{POSTS}/{key}", auth=("qgis", kate.token)).json["properties"] == {"crew": "roads"}
    geometry = {"geometry": {"type": "Point", "coordinates": [21.73, 40.26]}}
    assert as_qgis(client, "PATCH", f"{POSTS}/{key}", kate, merge, geometry).status_code == 204
    attributes = {"properties": {"crew": "lighting"}}
    assert as_qgis(client, "PATCH", f"{POSTS}/{key}", kate, merge, attributes).status_code == 204
    whole = point(21.74, 40.27, key=key, crew="nobody")
    assert as_qgis(client, "PUT", f"{POSTS}/{key}", kate, geo, whole).status_code == 204
    shown = get(client, f"{POSTS}/{key}", kate).json
    assert (shown["properties"], shown["geometry"]["coordinates"]) == ({"crew": "nobody"}, [21.74, 40.27])
    assert client.delete(f"{OGC}{POSTS}/{key}", auth=("qgis", kate.token)).status_code == 204
    assert get(client, f"{POSTS}/{key}", kate).status_code == 404


def test_qgis_in_the_national_grid(client: FlaskClient, here: Municipality, kate: Person) -> None:
    geo, grid = "application/geo+json", f"{EPSG}2100"
    body = point(305932.06387207506, 4457712.4923386155)
    made = as_qgis(client, "POST", POSTS, kate, geo, body, grid)
    assert made.status_code == 201
    place = made.headers["Location"].removeprefix(f"http://localhost{OGC}")
    assert get(client, place, kate).json["geometry"]["coordinates"] == pytest.approx([21.72, 40.25], abs=1e-7)
    turned = as_qgis(client, "POST", POSTS, kate, geo, point(40.25, 21.72), f"{EPSG}4326")
    shown = client.get(turned.headers["Location"], headers=kate.headers).json
    assert shown["geometry"]["coordinates"] == [21.72, 40.25]
    answer = as_qgis(client, "POST", POSTS, kate, geo, point(), "EPSG:2100")
    assert code(answer) == (400, "query_not_valid")


def test_an_empty_change_is_no_fault(client: FlaskClient, here: Municipality, kate: Person) -> None:
    assert write(client, "PATCH", f"{POSTS}/L3", kate, {}, "*").status_code == 204
    assert get(client, f"{POSTS}/L3", kate).json["properties"] == {"crew": "lighting"}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_foreign_page_cannot_edit_with_the_password_that_a_browser_keeps(
    client: FlaskClient, here: Municipality, kate: Person, kind: str
) -> None:
    sent = client.post(
        f"{OGC}{POSTS}",
        data=json.dumps(point(key="planted")),
        content_type=kind,
        auth=("kate", kate.token),
    )
    assert sent.status_code == 415
    assert drafts() == []

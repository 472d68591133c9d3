"""The layers that the app may show: the list, pages of features, tiles; what is not public is not there."""

from functools import partial
from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient

from service.db import transaction
from service.gis import public_routes
from service.gis.publishing import publish_version
from service.gis.tiles import DEEPEST
from service.http import cursor
from service.municipalities.directory import Municipality
from service.reports.cataloguing import set_categories
from tests.factories.municipalities import CATEGORIES, category, imported
from tests.factories.people import Person
from tests.factories.reports import send_report
from tests.gis.test_opening import at
from tests.gis.test_tiles import tile_at
from tests.reports.scene import all_pages

URL = "/api/v1/here/layers"
CHARGERS = (
    ("EV1", {"sockets": 2, "opening_hours": "Mo-Fr 08:00-15:00; PH off"}, shapely.Point(21.72, 40.25)),
    ("EV2", {"sockets": 4, "opening_hours": "24/7"}, shapely.Point(21.721, 40.251)),
    ("EV/3", {"sockets": 1}, shapely.Point(21.73, 40.26)),
)


def publish(where: Municipality, *features: Any, key: str = "chargers", kind: str = "asset", **about: Any) -> None:
    said = {"public": True, "attribution": "Us", "licence": "CC0", "approximate": True, "style": {"icon": "charger"}}
    with transaction():
        publish_version(
            where, key, imported(*features), name={"en": "Chargers", "el": "Φόρτιση"}, kind=kind, **(said | about)
        )


@pytest.fixture
def chargers(here: Municipality) -> Municipality:
    publish(here, *CHARGERS)
    return here


@pytest.fixture
def monday(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Monday morning, the 23rd of November 2026."""
    monkeypatch.setattr(public_routes, "now", lambda: at("2026-11-23T10:00"))


def test_the_list_has_the_public_layers_with_what_must_be_said(client: FlaskClient, chargers: Municipality) -> None:
    [layer] = client.get(URL).json["layers"]
    assert layer == {
        "key": "chargers",
        "name": {"en": "Chargers", "el": "Φόρτιση"},
        "kind": "asset",
        "style": {"icon": "charger"},
        "attribution": "Us",
        "licence": "CC0",
        "approximate": True,
        "version": 1,
        "count": 3,
        "box": [21.72, 40.25, 21.73, 40.26],
    }


def test_features_are_geojson_and_say_whether_they_are_open(
    client: FlaskClient, chargers: Municipality, monday: None
) -> None:
    found = client.get(f"{URL}/chargers/features").json
    assert found["type"] == "FeatureCollection" and found["next"] is None
    assert [one["id"] for one in found["features"]] == ["EV/3", "EV1", "EV2"]
    assert [one["opening"] for one in found["features"]] == [
        None,
        {"open": True, "next_change": "2026-11-23T13:00:00Z"},
        {"open": True, "next_change": None},
    ]
    first = found["features"][1]
    assert first["geometry"] == {"type": "Point", "coordinates": [21.72, 40.25]}
    assert first["properties"] == CHARGERS[0][1]


def test_one_feature_whatever_its_key(client: FlaskClient, chargers: Municipality) -> None:
    assert client.get(f"{URL}/chargers/features/EV1").json["properties"]["sockets"] == 2
    assert client.get(f"{URL}/chargers/features/EV/3").json["id"] == "EV/3"
    assert client.get(f"{URL}/chargers/features/EV9").json["code"] == "not_found"


def test_a_box_has_what_touches_it(client: FlaskClient, here: Municipality) -> None:
    triangle = shapely.Polygon([(21.70, 40.20), (21.74, 40.20), (21.70, 40.24)])
    publish(here, ("a", {}, triangle), ("b", {}, shapely.Point(21.72, 40.25)), key="areas", kind="area")

    def within(box: str) -> list[str]:
        found = client.get(f"{URL}/areas/features", query_string={"box": box})
        return [one["id"] for one in found.json["features"]]

    assert within("21.7,40.2,21.8,40.3") == ["a", "b"]
    assert within("21.72,40.25,21.73,40.26") == ["b"]
    assert within("21.735,40.235,21.74,40.24") == []
    assert client.get(f"{URL}/areas/features?box=1,2,3").json["code"] == "fields_not_valid"
    assert client.get(f"{URL}/areas/features?box=2,1,1,2").json["code"] == "fields_not_valid"


def test_pages_have_no_miss_and_no_repeat_while_the_layer_is_published_anew(
    client: FlaskClient, here: Municipality
) -> None:
    many = [(f"{n:03}", {}, shapely.Point(21.71 + n / 1e4, 40.25)) for n in range(25)]
    publish(here, *many, key="many")

    def page(**query: Any) -> Any:
        return client.get(f"{URL}/many/features", query_string=query)

    def one_less() -> None:
        publish(here, *(many[:9] + many[10:]), key="many")

    assert all_pages(partial(page, limit=4), "features") == [key for key, *_ in many]
    assert all_pages(partial(page, limit=10, box="21.7,40.2,21.8,40.3"), "features", one_less) == [k for k, *_ in many]
    assert page(after=cursor(7)).json["code"] == page(after="7").json["code"] == "cursor_not_valid"


@pytest.mark.parametrize("path", ["", "/chargers/features", "/chargers/features/EV1", "/chargers/tiles/{}/{}/{}.mvt"])
def test_nothing_changed_is_304_until_the_layer_is_published_anew(
    client: FlaskClient, chargers: Municipality, monday: None, path: str
) -> None:
    url = URL + path.format(*tile_at(15, 21.72, 40.25))
    first = client.get(url)
    headers = {"If-None-Match": first.headers["ETag"]}
    again = client.get(url, headers=headers)
    assert (again.status_code, again.data) == (304, b"")
    publish(chargers, ("EV1", {"sockets": 3}, shapely.Point(21.72, 40.25)))
    changed = client.get(url, headers=headers)
    assert changed.status_code == 200 and changed.data != first.data


def test_what_opens_meanwhile_is_no_longer_unchanged(
    client: FlaskClient, chargers: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{URL}/chargers/features"
    monkeypatch.setattr(public_routes, "now", lambda: at("2026-11-23T05:59"))
    etag = client.get(url).headers["ETag"]
    monkeypatch.setattr(public_routes, "now", lambda: at("2026-11-23T06:00"))
    opened = client.get(url, headers={"If-None-Match": etag})
    assert opened.status_code == 200 and opened.json["features"][1]["opening"]["open"] is True


def test_a_tile_is_a_vector_tile_and_there_are_no_others(client: FlaskClient, chargers: Municipality) -> None:
    z, x, y = tile_at(15, 21.72, 40.25)
    tile = client.get(f"{URL}/chargers/tiles/{z}/{x}/{y}.mvt")
    assert tile.status_code == 200 and tile.content_type == "application/vnd.mapbox-vector-tile"
    assert b"EV1" in tile.data and b"sockets" in tile.data
    assert client.get(f"{URL}/chargers/tiles/15/0/0.mvt").data == b""
    for path in (f"{DEEPEST + 1}/0/0", "1/2/0", "1/0/2", f"{10**30}/0/0"):
        assert client.get(f"{URL}/chargers/tiles/{path}.mvt").status_code == 404
    assert client.get(f"{URL}/chargers/tiles/-1/0/0.mvt").status_code == 404


@pytest.mark.parametrize("path", ["/features", "/features/L1", "/tiles/0/0/0.mvt"])
@pytest.mark.parametrize("layer", ["lamp-posts", "theirs", "nothing"])
def test_what_is_not_public_or_not_ours_is_not_there(
    client: FlaskClient, chargers: Municipality, next_door: Municipality, layer: str, path: str
) -> None:
    publish(next_door, ("L1", {}, shapely.Point(21.85, 40.25)), key="theirs")
    assert client.get(f"{URL}/{layer}{path}").status_code == 404
    assert [one["key"] for one in client.get(URL).json["layers"]] == ["chargers"]


def test_a_layer_that_is_no_longer_public_is_gone(client: FlaskClient, chargers: Municipality) -> None:
    publish(chargers, *CHARGERS, public=False)
    assert client.get(URL).json == {"layers": []}
    assert client.get(f"{URL}/chargers/tiles/0/0/0.mvt").status_code == 404


def test_a_charger_can_be_reported(client: FlaskClient, chargers: Municipality, alice: Person) -> None:
    with transaction():
        set_categories(chargers, [*CATEGORIES, category("broken-charger", asset_layer="chargers", asset_required=True)])
    asset = {"layer": "chargers", "feature": "EV1"}
    sent = send_report(client, who=alice, category="broken-charger", asset=asset)
    assert sent.status_code == 201, sent.json
    assert sent.json["asset"]["feature"] == "EV1"

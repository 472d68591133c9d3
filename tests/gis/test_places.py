"""Search for places as somebody types, and the name of a point."""

import csv
from pathlib import Path
from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient

from service.db import transaction
from service.gis.gazetteer import find_places, places_near
from service.gis.publishing import publish_version
from service.gis.romanising import in_latin, loosely
from service.municipalities.directory import Municipality
from tests.factories.municipalities import imported

PLACES = (
    ("kozani", {"name_el": "Κοζάνη", "name_en": "Kozani", "kind": "settlement"}, shapely.Point(21.7885, 40.3007)),
    ("kozanis", {"name_el": "Οδός Κοζάνης", "kind": "street"}, shapely.LineString([(21.72, 40.25), (21.73, 40.25)])),
    ("agia", {"name_el": "Αγία Κυριακή", "kind": "settlement"}, shapely.Point(21.7757, 40.2936)),
    ("efkarpia", {"name_el": "Ευκαρπία"}, shapely.Point(21.75, 40.26)),
    ("sopot", {"name_bg": "Сопот"}, shapely.Point(21.74, 40.27)),
    ("ezerelis", {"name_lt": "Ežerėlis"}, shapely.box(21.71, 40.21, 21.715, 40.215)),
)


def publish(where: Municipality, *features: Any, public: bool = True, key: str = "places") -> None:
    with transaction():
        publish_version(
            where, key, imported(*features), name={"en": "Places", "el": "Τοπωνύμια"}, kind="gazetteer", public=public
        )


@pytest.fixture
def places(here: Municipality) -> Municipality:
    publish(here, *PLACES)
    return here


def keys(client: FlaskClient, **query: Any) -> list[str]:
    answer = client.get("/api/v1/here/places", query_string=query)
    assert answer.status_code == 200, answer.json
    return [place["feature"] for place in answer.json["places"]]


@pytest.mark.parametrize(("typed", "found"), [
    ("Κοζ", ["kozani", "kozanis"]), ("κοζανη", ["kozani", "kozanis"]), ("KOZANI", ["kozani", "kozanis"]),
    ("Kozani", ["kozani", "kozanis"]), ("kuriaki", []), ("kyriak", ["agia"]), ("kiriaki", ["agia"]),
    ("αγια κυρ", ["agia"]), ("agia k", ["agia"]), ("efk", ["efkarpia"]), ("ευκαρπια", ["efkarpia"]),
    ("sopot", ["sopot"]), ("Сопот", ["sopot"]), ("СОП", ["sopot"]), ("ezer", ["ezerelis"]), ("Ežerėl", ["ezerelis"]),
    ("'", []), ("%", []), ("ozani", []),
])  # fmt: skip
def test_neither_accents_nor_the_script_matter(
    client: FlaskClient, places: Municipality, typed: str, found: list[str]
) -> None:
    assert keys(client, q=typed)[: len(found) or 1] == found


def test_nearer_places_come_first_among_equals_and_no_more_than_the_limit(
    client: FlaskClient, here: Municipality
) -> None:
    publish(here, *[(f"{n}", {"name": "Νέα"}, shapely.Point(21.71 + n / 100, 40.25)) for n in range(8)])
    assert keys(client, q="nea", near="21.751,40.25", limit=3) == ["4", "5", "3"]
    assert len(keys(client, q="nea", limit=5)) == 5


def test_a_place_says_where_it_is_and_what_it_is_called(client: FlaskClient, places: Municipality) -> None:
    [place] = client.get("/api/v1/here/places?q=ezerelis").json["places"]
    assert place["name"] == {"lt": "Ežerėlis"} and (place["layer"], place["kind"]) == ("places", None)
    assert 21.71 < place["longitude"] < 21.715 and 40.21 < place["latitude"] < 40.215 and place["metres"] is None


def test_a_point_is_named_by_the_nearest_place(client: FlaskClient, places: Municipality) -> None:
    def near(language: str = "el", **query: Any) -> Any:
        headers = {"Accept-Language": language}
        return client.get("/api/v1/here/places/near", query_string=query, headers=headers).json

    named = near(longitude=21.789, latitude=40.301)
    assert named["text"] == "κοντά: Κοζάνη"
    assert [(p["feature"], round(p["metres"])) for p in named["places"]] == [("kozani", 54)]
    assert near("en", longitude=21.789, latitude=40.301)["text"] == "near Kozani"
    assert near(longitude=21.712, latitude=40.212)["places"][0]["metres"] == 0
    two = near(longitude=21.7757, latitude=40.2936, limit=2)["places"]
    assert [place["feature"] for place in two] == ["agia", "kozani"]
    assert near(longitude=25.0, latitude=38.0) == {"text": None, "places": []}


@pytest.mark.parametrize("query", ["", "?q=", f"?q={'a' * 101}", "?q=a&limit=21", "?q=a&near=1", "?q=a&near=200,0"])
def test_a_search_that_is_none_is_refused(client: FlaskClient, here: Municipality, query: str) -> None:
    assert client.get(f"/api/v1/here/places{query}").json["code"] == "fields_not_valid"


def test_nothing_changed_is_304_until_the_places_change(client: FlaskClient, places: Municipality) -> None:
    for path in ("/api/v1/here/places?q=koz", "/api/v1/here/places/near?longitude=21.789&latitude=40.301"):
        etag = client.get(path).headers["ETag"]
        assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    publish(places, *PLACES[2:])
    assert client.get("/api/v1/here/places?q=koz", headers={"If-None-Match": etag}).json == {"places": []}


def test_nothing_of_layers_that_are_not_public_and_nothing_of_the_neighbour(
    client: FlaskClient, here: Municipality, next_door: Municipality
) -> None:
    publish(here, *PLACES, public=False)
    publish(next_door, ("theirs", {"name": "Theirs"}, shapely.Point(21.85, 40.25)))
    assert keys(client, q="koz") == keys(client, q="theirs") == []
    assert client.get("/api/v1/here/places/near?longitude=21.79&latitude=40.3").json["places"] == []


def test_every_settlement_of_two_municipalities_is_found_by_its_greek_and_its_latin_name(
    here: Municipality, shared_data: Path
) -> None:
    with (shared_data / "boundaries/greece/settlements_kozani_heraklion_labelled.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["lat"]]
    assert len(rows) == 132
    publish(here, *[
        (row["elstat_code"], {"name": row["location"]}, shapely.Point(float(row["lon"]), float(row["lat"])))
        for row in rows
    ])  # fmt: skip
    for row in rows:
        for typed in (
            row["location"],
            row["location"].upper(),
            in_latin(row["location"]),
            loosely(in_latin(row["location"])),
        ):
            found = find_places(here, typed, 10)
            assert row["elstat_code"] in {place.index.keys[place.position] for place in found}, typed


def test_among_thirteen_thousand_settlements_whole_names_come_first(here: Municipality, shared_data: Path) -> None:
    with (shared_data / "boundaries/greece/settlements_all_greece_labelled.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    publish(here, *[
        (f"{n}", {"name": row["location"]}, shapely.Point(float(row["lon"]), float(row["lat"])))
        for n, row in enumerate(rows)
    ])  # fmt: skip
    found = [place.index.name_of(place.position) for place in find_places(here, "kozani", 10)]
    assert found[0] == "Κοζάνη"
    assert len(find_places(here, "a", 20)) == 20
    [nearest] = places_near(here, 21.79, 40.30, 1)
    assert nearest.index.name_of(nearest.position) == "Κοζάνη"

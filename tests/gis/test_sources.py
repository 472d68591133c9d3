"""All features of a source are read, whichever way it gives them, or none: what may be a part is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely

from service.errors import Problem
from service.fetching.fetching import Fetcher
from service.gis.content import Content
from service.gis.sources import visiting
from service.gis.sources.arcgis import read_arcgis
from service.gis.sources.files import read_file
from service.gis.sources.joining import digest_of
from service.gis.sources.ogc_features import read_ogc_features
from service.gis.sources.visiting import Place, Visit, with_query
from service.gis.sources.wfs import read_wfs
from tests.fetching.server import Answered, Asked, Served, serving
from tests.gis.city import City, answered, bins, collection, gml, report
from tests.gis.files import geojson, write, zipped_shapefile

Reader = Callable[[Visit, Place], Content]

FIVE = bins(5)
WFS_WANTED = {"type_name": "city:bins"}
WAYS: dict[str, tuple[Reader, str, dict[str, Any]]] = {
    "wfs": (read_wfs, "/wfs?map=city.map", WFS_WANTED),
    "old wfs": (read_wfs, "/wfs", WFS_WANTED | {"wfs_version": "1.1.0"}),
    "ogc": (read_ogc_features, "/collections/bins", {}),
    "arcgis": (read_arcgis, "/arcgis/rest/services/City/FeatureServer/0", {}),
}


def visit(folder: Path) -> Visit:
    return Visit(Fetcher(["127.0.0.0/8"]), folder)


def read(folder: Path, city: City, way: str, **wanted: Any) -> tuple[Content, Served]:
    reader, path, usual = WAYS[way]
    with serving(city) as server:
        return reader(visit(folder), Place(server.url + path, usual | wanted, wanted.get("key_attribute"))), server


def refused(folder: Path, city: City, way: str, **wanted: Any) -> dict[str, Any]:
    """The code of the refusal with its details."""
    with pytest.raises(Problem) as refusal:
        read(folder, city, way, **wanted)
    return {"code": refusal.value.code} | refusal.value.details


def keys(content: Content) -> list[str]:
    return [record["key"] for record in content.records]


def instead(said: str, answer: Answered) -> Callable[[Asked, Answered], Answered | None]:
    """This answer to requests in whose address or form stands what is said."""

    def change(asked: Asked, _: Answered) -> Answered | None:
        return answer if said in json.dumps([asked.path, dict(asked.query)]) else None

    return change


# --- all of them -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("most", [2, 5, 100])
def test_all_features_come_whatever_the_pages(tmp_path: Path, way: str, most: int) -> None:
    content, _ = read(tmp_path, City(FIVE, most), way)
    assert keys(content) == [key for key, *_ in FIVE]
    assert [record["size"] for record in content.records] == [about["size"] for _, about, _ in FIVE]
    assert shapely.equals_exact(content.geometries, [shape for *_, shape in FIVE], 1e-9).all()
    assert content.crs == "EPSG:4326"


@pytest.mark.parametrize("way", WAYS)
def test_the_same_content_has_the_same_digest_and_another_one_another(tmp_path: Path, way: str) -> None:
    one, other, moved = (read(tmp_path, City(rows), way)[0] for rows in (FIVE, FIVE, bins(5, 21.72)))
    assert digest_of(one) == digest_of(other) != digest_of(moved)


@pytest.mark.parametrize("way", ["wfs", "old wfs"])
def test_a_wfs_without_json_is_read_as_gml(tmp_path: Path, way: str) -> None:
    gml_only = ("application/gml+xml; version=3.2", "text/javascript; jsonp")
    content, server = read(tmp_path, City(FIVE, offers=gml_only), way)
    assert keys(content) == [key for key, *_ in FIVE] and content.names == ["key", "size"]
    assert shapely.equals_exact(content.geometries, [shape for *_, shape in FIVE], 1e-9).all()
    assert not any("outputFormat" in asked.query for asked in server.asked)


@pytest.mark.parametrize("way", ["wfs", "ogc", "arcgis"])
def test_a_mark_at_the_beginning_of_json_is_nothing(tmp_path: Path, way: str) -> None:
    def marked(asked: Asked, found: Answered) -> Answered | None:
        return Answered(b"\xef\xbb\xbf" + found.body) if found.body.startswith(b"{") else None

    assert len(read(tmp_path, City(FIVE, change=marked), way)[0].records) == 5


def test_the_id_of_a_feature_is_an_attribute_only_where_it_is_the_key(tmp_path: Path) -> None:
    nameless = [(key, {"size": about["size"]}, shape) for key, about, shape in FIVE]
    content, _ = read(tmp_path, City(nameless), "ogc")
    assert [record["id"] for record in content.records] == [key for key, *_ in FIVE]
    assert "id" not in read(tmp_path, City(nameless), "ogc", key_attribute="size")[0].names
    asked = read(tmp_path, City(FIVE, offers=()), "wfs", key_attribute="gml_id")[0]
    assert [record["gml_id"] for record in asked.records] == [f"bins.{key}" for key, *_ in FIVE]


def test_a_wfs_is_asked_as_its_version_and_its_keeper_want(tmp_path: Path) -> None:
    _, server = read(tmp_path, City(FIVE), "wfs", sort_by="key")
    features = [asked.query for asked in server.asked if "outputFormat" in asked.query]
    assert [query.get("startIndex") for query in features] == [None, "2", "4"]
    assert all(query["map"] == "city.map" and query["sortBy"] == "key" for query in features)
    _, server = read(tmp_path, City(FIVE), "old wfs")
    assert {asked.query["version"] for asked in server.asked} == {"1.1.0"}
    assert server.asked[-2].query["maxFeatures"] == "500"


def test_a_server_that_does_not_know_how_many_is_asked_until_there_are_no_more(tmp_path: Path) -> None:
    for offers in (("application/json",), ()):
        content, _ = read(tmp_path, City(FIVE, counts=False, offers=offers), "wfs")
        assert keys(content) == [key for key, *_ in FIVE]
    assert len(read(tmp_path, City(FIVE, counts=False), "ogc")[0].records) == 5


# --- a part is none --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_an_empty_source_is_named_as_such(tmp_path: Path, way: str) -> None:
    assert refused(tmp_path, City([]), way) == {"code": "source_empty"}


@pytest.mark.parametrize("way", WAYS)
def test_a_page_of_html_is_no_answer(tmp_path: Path, way: str) -> None:
    html = Answered(b"<!DOCTYPE html><html><body>Please sign in</body></html>", headers={"Content-Type": "text/html"})
    found = refused(tmp_path, City(FIVE, change=lambda asked, _: html), way)  # noqa: ARG005
    assert found["code"] == "source_broken" and found["reason"] in ("not_json", "document_type")


@pytest.mark.parametrize("way", WAYS)
def test_half_an_answer_is_no_answer(tmp_path: Path, way: str) -> None:
    def half(_: Asked, found: Answered) -> Answered:
        return Answered(found.body[: len(found.body) // 2], headers=found.headers)

    found = refused(tmp_path, City(FIVE, change=half), way)
    assert found["code"] == "source_broken" and found["reason"] in ("not_json", "not_xml")


@pytest.mark.parametrize("way", WAYS)
def test_something_else_in_json_or_xml_is_no_answer(tmp_path: Path, way: str) -> None:
    for other in (b"[1, 2]", b'{"hello": "world"}', b"<hello/>"):
        change = instead("", Answered(other))
        assert refused(tmp_path, City(FIVE, change=change), way)["code"] in ("source_broken", "source_empty")


def test_something_else_in_the_middle_is_no_answer(tmp_path: Path) -> None:
    for said in ("hits", "count"):
        city = City(FIVE, offers=(), change=instead(said, Answered(b"<hello/>")))
        assert refused(tmp_path, city, "wfs")["reason"] == "no_features_answer"
    for features in ([7], "none", None):
        other = instead("items", answered({"type": "FeatureCollection", "features": features}))
        assert refused(tmp_path, City(FIVE, change=other), "ogc")["reason"] == "no_features_answer"


@pytest.mark.parametrize("way", ["wfs", "old wfs", "ogc"])
def test_a_server_that_does_not_turn_its_pages_is_noticed(tmp_path: Path, way: str) -> None:
    found = refused(tmp_path, City(FIVE, turns=False), way)
    assert found["code"] == "source_broken" and found["reason"] in ("repeated", "truncated")


def test_pages_that_overlap_are_noticed(tmp_path: Path) -> None:
    def back(asked: Asked, found: Answered) -> Answered | None:
        return Answered(collection(FIVE[1:3])) if asked.query.get("startIndex") == "2" else None

    assert refused(tmp_path, City(FIVE, change=back), "wfs")["reason"] == "repeated"


def test_a_wfs_that_stops_too_early_is_noticed(tmp_path: Path) -> None:
    def nothing(asked: Asked, found: Answered) -> Answered | None:
        return Answered(collection([])) if asked.query.get("startIndex") == "4" else None

    found = refused(tmp_path, City(FIVE, change=nothing), "wfs")
    assert found == {"code": "source_broken", "reason": "truncated", "expected": 5, "got": 4}


def test_what_changes_between_two_pages_is_left_for_another_time(tmp_path: Path) -> None:
    city = City(list(FIVE))

    def grow(asked: Asked, found: Answered) -> Answered | None:
        if asked.query.get("startIndex") == "4" or asked.query.get("offset") == "2":
            city.rows.append(bins(6)[5])
        return None

    city.change = grow
    assert refused(tmp_path, city, "wfs")["reason"] == "changed_meanwhile"
    city.rows.pop()
    assert refused(tmp_path, city, "ogc")["reason"] == "changed_meanwhile"


def test_a_wfs_tells_what_is_wrong(tmp_path: Path) -> None:
    found = refused(tmp_path, City(FIVE), "wfs", type_name="city:none")
    assert found == {"code": "source_broken", "reason": "error_answer", "said": "No such type"}
    broken = City(FIVE, change=instead("outputFormat", Answered(report("No natural order\n without a key"))))
    assert refused(tmp_path, broken, "wfs")["said"] == "No natural order without a key"


def test_entities_are_never_unfolded(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><wfs:FeatureCollection>&b;</wfs:FeatureCollection>'
    for said in ("GetCapabilities", "hits", "count"):
        found = refused(tmp_path, City(FIVE, offers=(), change=instead(said, Answered(bomb))), "wfs")
        assert found == {"code": "source_broken", "reason": "document_type"}


def test_a_page_that_does_not_have_what_it_says_is_noticed(tmp_path: Path) -> None:
    short = instead("items", answered({"type": "FeatureCollection", "features": [], "numberReturned": 5}))
    assert refused(tmp_path, City(FIVE, change=short), "ogc")["reason"] == "truncated"
    fewer = instead("items", answered(json.loads(collection(FIVE[:2])) | {"numberMatched": 5}))
    assert refused(tmp_path, City(FIVE, change=fewer), "ogc") == {
        "code": "source_broken",
        "reason": "truncated",
        "expected": 5,
        "got": 2,
    }


def test_links_that_lead_in_a_circle_end(tmp_path: Path) -> None:
    links = {"links": [{"rel": "next", "href": "items?limit=500"}, 7]}
    round_and_round = instead("items", answered(json.loads(collection(FIVE)) | links))
    assert refused(tmp_path, City(FIVE, change=round_and_round), "ogc")["reason"] == "repeated"


def test_a_link_that_is_no_address_is_refused(tmp_path: Path) -> None:
    links = {"links": [{"rel": "next", "href": "http://[::1"}]}
    nowhere = instead("items", answered(json.loads(collection(FIVE)) | links))
    assert refused(tmp_path, City(FIVE, change=nowhere), "ogc")["reason"] == "error_answer"


def test_arcgis_leaves_nothing_out(tmp_path: Path) -> None:
    content, server = read(tmp_path, City(FIVE), "arcgis")
    asked = [one.query["objectIds"] for one in server.asked if "objectIds" in one.query]
    assert asked == ["1,2", "3,4", "5"] and content.records[0]["OBJECTID"] == 1
    lying = City(FIVE, about={"maxRecordCount": 4})
    assert refused(tmp_path, lying, "arcgis") == {
        "code": "source_broken",
        "reason": "truncated",
        "expected": 4,
        "got": 2,
    }
    one_less = instead('"objectIds"', answered(json.loads(collection(FIVE[:1]))))
    assert refused(tmp_path, City(FIVE, change=one_less), "arcgis")["reason"] == "truncated"


def test_faults_of_arcgis_come_with_200(tmp_path: Path) -> None:
    error = {"error": {"code": 499, "message": "Token Required"}}
    for said in ("", "returnIdsOnly", "outSR"):
        found = refused(tmp_path, City(FIVE, change=instead(said, answered(error))), "arcgis")
        assert found == {"code": "source_broken", "reason": "error_answer", "said": "Token Required"}
    assert refused(tmp_path, City(FIVE, about={"supportedQueryFormats": "JSON"}), "arcgis")["reason"] == "no_geojson"
    for ids in ([1, 1], ["one"], 5):
        change = instead("returnIdsOnly", answered({"objectIds": ids}))
        assert refused(tmp_path, City(FIVE, change=change), "arcgis")["reason"] == "no_features_answer"


def test_pages_in_different_coordinate_systems_are_not_joined(tmp_path: Path) -> None:
    crs = {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2100"}}}

    def other(asked: Asked, found: Answered) -> Answered | None:
        return answered(json.loads(found.body) | crs) if asked.query.get("startIndex") == "2" else None

    assert refused(tmp_path, City(FIVE, change=other), "wfs")["reason"] == "crs_differs"


# --- bounds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bound, value, reason",
    [
        ("MOST_ANSWERS", 3, "too_many_answers"),
        ("LONGEST_VISIT", -1.0, "too_slow"),
        ("LARGEST_VISIT", 700, "too_large"),
        ("LARGEST_ANSWER", 100, "too_large"),
    ],
)
def test_a_visit_has_its_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, value: float, reason: str
) -> None:
    monkeypatch.setattr(visiting, bound, value)

    def ask_again_and_again() -> None:
        one = visit(tmp_path)
        for _ in range(9):
            one.get(f"{server.url}/bins.geojson", most=visiting.LARGEST_ANSWER)

    with serving(City(FIVE)) as server, pytest.raises(Problem) as refusal:
        ask_again_and_again()
    assert refusal.value.details["reason"] == reason


def test_there_are_bounds_to_how_many_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("joining", "arcgis"):
        monkeypatch.setattr(f"service.gis.sources.{module}.MOST_FEATURES", 4)
    for way in WAYS:
        assert refused(tmp_path, City(FIVE), way) == {"code": "source_broken", "reason": "too_many_features", "most": 4}


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_of_any_kind_is_read_as_an_upload_of_it_would_be(tmp_path: Path) -> None:
    files = {
        "squares.gpkg": write(tmp_path / "s.gpkg", ["x", "y"]),
        "squares.zip": zipped_shapefile(tmp_path, ["x", "y"]),
        "squares.geojson": geojson(tmp_path / "s.geojson", *(({"key": key}, shape) for key, _, shape in FIVE)),
    }
    content = {f"/{name}": path.read_bytes() for name, path in files.items()}
    content |= {"/squares.csv": b"key,lon,lat\nA1,21.71,40.21\n", "/squares.gml": gml(FIVE, "a", "5")}
    with serving(lambda asked: Answered(content[asked.path])) as server:
        for path in content:
            found = read_file(visit(tmp_path), Place(server.url + path, {}))
            assert found.content is not None and found.content.names[0] in ("key", "gml_id"), path


def test_the_kind_of_a_file_is_what_is_said_of_it(tmp_path: Path) -> None:
    def answering(asked: Asked) -> Answered:
        if asked.path == "/moved":
            return Answered(status=302, headers={"Location": "/there.geojson"})
        kind = {"/typed": "application/geo+json; charset=utf-8"}.get(asked.path, "application/octet-stream")
        return Answered(collection(FIVE), headers={"Content-Type": kind})

    with serving(answering) as server:
        for path, wanted in (("/typed", {}), ("/moved", {}), ("/download?id=1", {"file_kind": ".geojson"})):
            found = read_file(visit(tmp_path), Place(server.url + path, wanted)).content
            assert found is not None and len(found.records) == 5, path
        with pytest.raises(Problem) as refusal:
            read_file(visit(tmp_path), Place(f"{server.url}/download", {}))
    assert (refusal.value.code, refusal.value.details["reason"]) == ("layer_file_refused", "kind")


@pytest.mark.parametrize("sent", ["e" * 501, "é", "a\tb"])
def test_what_cannot_be_sent_back_is_not_remembered(tmp_path: Path, sent: str) -> None:
    with serving(Answered(collection(FIVE), headers={"ETag": sent})) as server:
        found = read_file(visit(tmp_path), Place(f"{server.url}/a.geojson", {}))
    assert found.etag is None and found.content is not None


def test_gdal_asks_nobody_for_the_schema_of_a_gml_file(tmp_path: Path) -> None:
    """Left to itself it does, whatever address the file names."""
    with serving(Answered(status=404)) as inside:
        asking = f"{inside.url}/?SERVICE=WFS&amp;VERSION=2.0.0&amp;REQUEST=DescribeFeatureType&amp;TYPENAME=c:bins"
        for place in (asking, f"/vsicurl/{inside.url}/bins.xsd"):
            for name in ("xsi:schemaLocation", "xsi:noNamespaceSchemaLocation"):
                schema = f'{name}="{place if "no" in name else "http://c " + place}"'
                with serving(Answered(gml(FIVE, "a", "5", schema))) as server:
                    found = read_file(visit(tmp_path), Place(f"{server.url}/bins.gml", {})).content
                    assert found is not None and len(found.records) == 5
        assert inside.asked == []


def test_a_gml_file_that_hides_what_it_says_is_refused(tmp_path: Path) -> None:
    hidden = gml(FIVE, "a", "5").decode().replace("UTF-8", "UTF-16").encode("utf-16")
    for content in (hidden, b"<kml/>", b"<a", b"<!DOCTYPE a><a/>"):
        with serving(Answered(content)) as server, pytest.raises(Problem) as refusal:
            read_file(visit(tmp_path), Place(f"{server.url}/bins.gml", {}))
        assert refusal.value.code == "layer_file_refused"


def test_addresses_keep_their_own_parameters() -> None:
    assert with_query("http://a/b?map=c&SERVICE=d#e", service="WFS", count=2, sortBy=None) == (
        "http://a/b?map=c&service=WFS&count=2"
    )

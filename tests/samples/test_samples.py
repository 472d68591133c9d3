"""The sample municipalities hold together: as data, as maps, and as texts."""

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from shapely import STRtree
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

from service.reports.answering import DATATYPES
from service.samples.checking import check

SAMPLES = Path(__file__).parents[2] / "service" / "samples"
SLUGS = ("kozani", "heraklion", "sopot", "kaunas-district")
LETTERS = {"el": "[α-ωά-ώ]", "bg": "[а-я]", "lt": "[a-ząčęėįšųūž]", "en": "[a-z]"}
FOREIGN = {"el": "[а-я]", "bg": "[α-ωά-ώ]", "lt": "[α-ωά-ώа-я]", "en": "[α-ωά-ώа-я]"}
UNIT_NAMES = {
    "kozani": "Δημοτική Ενότητα Κοζάνης",
    "aiani": "Δημοτική Ενότητα Αιανής",
    "elimeia": "Δημοτική Ενότητα Ελίμειας",
    "ellispontos": "Δημοτική Ενότητα Ελλησπόντου",
    "dimitrios-ypsilantis": "Δημοτική Ενότητα Δημητρίου Υψηλάντη",
}

Feature = tuple[dict[str, Any], BaseGeometry]


@cache
def read(slug: str) -> dict[str, Any]:
    sample = yaml.safe_load((SAMPLES / f"{slug}.yaml").read_text(encoding="utf-8"))
    assert isinstance(sample, dict)
    return sample


def layer_of(sample: dict[str, Any], key: str) -> dict[str, Any]:
    return next(layer for layer in sample["layers"] if layer["key"] == key)


def features(sample: dict[str, Any], key: str) -> list[Feature]:
    collection = json.loads((SAMPLES / layer_of(sample, key)["file"]).read_text(encoding="utf-8"))
    return [(feature["properties"], shape(feature["geometry"])) for feature in collection["features"]]


def boundary(sample: dict[str, Any]) -> BaseGeometry:
    [(_, geometry)] = features(sample, "boundary")
    return geometry


def texts(thing: Any) -> Iterator[dict[str, str]]:
    """Every `{language: text}` anywhere in a sample."""
    if isinstance(thing, dict):
        if "en" in thing:
            yield thing
        for part in thing.values():
            yield from texts(part)
    elif isinstance(thing, list):
        for part in thing:
            yield from texts(part)


@pytest.fixture(params=SLUGS)
def sample(request: pytest.FixtureRequest) -> dict[str, Any]:
    return read(request.param)


@pytest.fixture(scope="module")
def kozani() -> dict[str, Any]:
    return read("kozani")


# Every sample


def test_a_sample_has_no_fault(sample):
    assert check(sample) == []


def test_every_file_belongs_to_a_municipality_and_prefixes_differ():
    assert {path.stem for path in SAMPLES.glob("*.yaml")} == set(SLUGS)
    assert len({read(slug)["prefix"] for slug in SLUGS}) == len(SLUGS)
    named = {layer["file"] for slug in SLUGS for layer in read(slug)["layers"]}
    assert named == {f"layers/{path.name}" for path in (SAMPLES / "layers").iterdir()}


def test_every_text_is_written_in_its_language(sample):
    for text in texts(sample):
        for language, said in text.items():
            plain = re.sub(r"ΔΕΥΑΚ, ΟΤΕ, ΔΕΗ", "", said).lower()
            assert re.search(LETTERS[language], plain), said
            assert not re.search(FOREIGN[language], plain), said


def test_translations_are_not_the_english_text(sample):
    copied = {text["en"] for text in texts(sample) for language, said in text.items() if language != "en"} & {
        said for text in texts(sample) for language, said in text.items() if language != "en"
    }
    assert not copied


def test_greek_questions_end_with_the_greek_question_mark():
    for slug in ("kozani", "heraklion"):
        for category in read(slug)["categories"]:
            for question in category.get("questions", []):
                assert question["question"]["el"].endswith(";")
                assert question["question"]["en"].endswith("?")


def test_geometries_are_valid_and_in_degrees(sample):
    for layer in sample["layers"]:
        for _, geometry in features(sample, layer["key"]):
            assert geometry.is_valid and not geometry.is_empty, layer["key"]
            west, south, east, north = geometry.bounds
            assert 19 < west <= east < 29 and 34 < south <= north < 57, layer["key"]


def test_geometries_are_of_the_kind_of_their_layer(sample):
    kinds = {
        "boundary": {"Polygon", "MultiPolygon"},
        "district": {"Polygon", "MultiPolygon"},
        "area": {"Polygon", "MultiPolygon"},
        "line": {"LineString", "MultiLineString"},
        "asset": {"Point"},
        "gazetteer": {"Point"},
    }
    for layer in sample["layers"]:
        assert {geometry.geom_type for _, geometry in features(sample, layer["key"])} <= kinds[layer["kind"]]


def test_keys_of_features_are_given_once(sample):
    for layer in sample["layers"]:
        keys = [attributes[layer["key_attribute"]] for attributes, _ in features(sample, layer["key"])]
        assert all(isinstance(key, str) and key for key in keys)
        assert len(set(keys)) == len(keys), layer["key"]


def test_assets_districts_and_lines_lie_within_the_municipality(sample):
    inside = boundary(sample).buffer(1e-6)
    for layer in sample["layers"]:
        if layer["kind"] in ("asset", "district", "line", "gazetteer"):
            assert all(inside.covers(geometry) for _, geometry in features(sample, layer["key"])), layer["key"]


def test_areas_touch_the_municipality(sample):
    for layer in sample["layers"]:
        if layer["kind"] == "area":
            assert all(boundary(sample).intersects(geometry) for _, geometry in features(sample, layer["key"]))


def test_the_centre_lies_within_the_municipality(sample):
    assert boundary(sample).covers(Point(sample["settings"]["centre"]))


def test_a_rule_asks_for_attributes_that_the_layer_has(sample):
    for rule in sample["rules"]:
        here = [attributes for attributes, _ in features(sample, rule["layer"])]
        for attribute, wanted in rule.get("match", {}).items():
            values = wanted if isinstance(wanted, list) else [wanted]
            assert set(values) <= {attributes[attribute] for attributes in here}, rule


def test_a_department_taken_from_an_attribute_exists(sample):
    departments = {department["key"] for department in sample["departments"]}
    for rule in sample["rules"]:
        if "department_attribute" in rule:
            here = {attributes[rule["department_attribute"]] for attributes, _ in features(sample, rule["layer"])}
            assert here <= departments, rule


def test_municipalities_do_not_overlap():
    outlines = [boundary(read(slug)) for slug in SLUGS]
    assert len(STRtree(outlines).query(outlines, "intersects")[0]) == len(SLUGS)


def test_the_folder_stays_small():
    sizes = [path.stat().st_size for path in SAMPLES.rglob("*") if path.suffix in (".yaml", ".geojson", ".md")]
    assert sum(sizes) < 1_500_000


def test_every_file_has_its_attribution():
    page = (SAMPLES / "ATTRIBUTION.md").read_text(encoding="utf-8")
    for path in [*SAMPLES.glob("*.yaml"), *(SAMPLES / "layers").iterdir()]:
        assert f"`{path.relative_to(SAMPLES).as_posix()}`" in page


def test_the_licence_of_a_layer_is_the_one_on_the_page(sample):
    rows = (SAMPLES / "ATTRIBUTION.md").read_text(encoding="utf-8").splitlines()
    for layer in sample["layers"]:
        [row] = [row for row in rows if row.startswith(f"| `{layer['file']}` |")]
        assert layer["licence"] in row
        assert ("approximate" in row) == layer["approximate"]


# Kozani


def test_kozani_is_a_realistic_town(kozani):
    assert len(kozani["departments"]) >= 10
    assert len(kozani["categories"]) == 34
    assert {q["datatype"] for c in kozani["categories"] for q in c.get("questions", [])} == set(DATATYPES)
    assert [d["key"] for d in kozani["departments"] if d["outside_body"]] == ["deyak", "region-roads"]
    assert [c["key"] for c in kozani["categories"] if "danger_phone" in c] == ["fallen-cable"]
    assert [c["key"] for c in kozani["categories"] if c.get("private")] == ["person-in-need"]
    assert not all(c["allows_anonymous"] for c in kozani["categories"])
    assert len(features(kozani, "lamp-posts")) > 200 and len(features(kozani, "bins")) > 100


def test_the_five_units_cover_kozani_without_overlap(kozani):
    units = features(kozani, "municipal-units")
    assert {attributes["unit"]: attributes["name_el"] for attributes, _ in units} == UNIT_NAMES
    whole = boundary(kozani)
    covered = sum(geometry.area for _, geometry in units)
    assert covered == pytest.approx(whole.area, rel=1e-8)
    for number, (_, one) in enumerate(units):
        assert all(one.intersection(other).area < 1e-12 for _, other in units[number + 1 :])


def test_the_central_square_is_lit_by_the_lighting_crew(kozani):
    square = Point(21.7883, 40.3005)
    [area] = [attributes for attributes, geometry in features(kozani, "lighting-areas") if geometry.covers(square)]
    assert area["crew"] == "lighting"
    nearest = min(features(kozani, "lamp-posts"), key=lambda post: post[1].distance(square))
    assert nearest[0]["crew"] == "lighting"
    assert nearest[1].distance(square) < 0.0006


def test_lamp_posts_stand_in_an_area_of_their_own_crew(kozani):
    areas = features(kozani, "lighting-areas")
    for post, point in features(kozani, "lamp-posts"):
        assert [area["crew"] for area, geometry in areas if geometry.covers(point)] == [post["crew"]]


def test_both_municipal_and_regional_roads_are_drawn(kozani):
    authorities = {road["authority"] for road, _ in features(kozani, "main-roads")}
    assert authorities == {"region", "municipality"}


def test_the_drawn_boundary_of_sopot_holds_the_town_and_anevo_and_not_karlovo():
    outline = boundary(read("sopot"))
    assert outline.covers(Point(24.756, 42.654)) and outline.covers(Point(24.728, 42.6545))
    assert not outline.covers(Point(24.806, 42.641))


# Faults are found


def changed(sample: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of the sample with one value put in another's place."""
    if not path:
        return value
    part = copy.copy(sample)
    part[path[0]] = changed(part[path[0]], path[1:], value) if path[1:] else value
    return part


def places(thing: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inside = thing.items() if isinstance(thing, dict) else enumerate(thing) if isinstance(thing, list) else ()
    for key, part in inside:
        yield from places(part, (*path, key))


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (("colour",), "blue", "colour"),
        (("slug",), "Sopot!", "slug"),
        (("prefix",), "sop", "prefix"),
        (("time_zone",), "Europe/Sopot", "time zone"),
        (("country",), "XX", "public holidays"),
        (("languages",), [], "languages"),
        (("languages",), ["bg", "tr"], "no text in tr"),
        (("working_hours",), {}, "without working hours"),
        (("fallback",), "nobody", "no department nobody"),
        (("fallback",), None, "fallback: not a text"),
        (("local_holidays",), [{"month": 2, "day": 30, "name": {"bg": "а", "en": "a"}}], "not a day"),
        (("name",), {"bg": "Сопот"}, "no text in en"),
        (("name", "el"), "Σοπότ", "el is not spoken"),
        (("name", "bg"), " ", "empty"),
        (("settings", "photos_per_report"), 0, "photos_per_report"),
        (("settings", "centre"), [24.7], "centre"),
        (("settings", "oldest_app"), "1", "oldest_app"),
        (("settings", "surprise"), 1, "surprise"),
        (("departments", 0, "email"), "clerk@sopot.bg", "email"),
        (("departments", 0, "digest"), "weekly", "weekly"),
        (("departments", 1, "key"), "citizens-desk", "citizens-desk is there twice"),
        (("departments", 0, "working_hours"), {"mon": [["9", "10"]]}, "mon"),
        (("layers", 0, "kind"), "map", "map"),
        (("layers", 0, "kind"), "area", "one boundary"),
        (("layers", 0, "file"), "../secret.geojson", "file"),
        (("categories", 0, "group"), "sky", "no group sky"),
        (("categories", 0, "asset_layer"), "moon", "neither public nor a layer of assets"),
        (("categories", 0, "show_text"), "sometimes", "sometimes"),
        (("categories", 0, "target_hours"), -1, "target_hours"),
        (("categories", 0, "danger_phone"), "112", "a number to call and a text"),
        (("categories", 0, "allows_anonymous"), "no", "neither true nor false"),
        (("categories", 2, "questions", 0, "datatype"), "colour", "colour"),
        (("categories", 2, "questions", 0, "values"), [], "values to choose from"),
        (("categories", 2, "questions", 0, "datatype"), "text", "values to choose from"),
        (("categories", 2, "questions", 0, "values", 0, "key"), "flickers", "there twice"),
        (("rules", 0, "categories"), ["flood"], "no category flood"),
        (("rules", 0, "categories"), [], "one or more"),
        (("rules", 0, "group"), "water", "one of categories, group, any"),
        (("rules", 1, "group"), "sky", "no group sky"),
        (("rules", 0, "layer"), "moon", "no layer moon"),
        (("rules", 0, "relation"), "near", "near"),
        (("rules", 1, "relation"), "within", "metres"),
        (("rules", 0, "metres"), 0, "metres"),
        (("rules", 0, "department"), "army", "no department army"),
        (("rules", 0, "department_attribute"), "crew", "one of department"),
        (("rules", 0, "match"), {}, "match"),
        (("rules", 0, "any"), False, "any"),
        (("staff", 0, "email"), "works@staff.sopot.bg", "not written as it should be"),
        (("staff", 0, "roles"), [], "at least one role"),
        (("staff", 0, "roles", 0, "role"), "king", "king"),
        (("staff", 0, "roles", 0, "department"), "army", "no department army"),
        (("staff", 2, "roles", 0, "department"), "works", "and only they"),
    ],
)
def test_a_fault_is_named(path, value, fault):
    faults = check(changed(read("sopot"), path, value))
    assert any(fault in said for said in faults), faults


def test_a_missing_key_is_named():
    for key in read("sopot"):
        sample = dict(read("sopot"))
        del sample[key]
        assert check(sample) == [f"sample: {key} is missing."]


def test_a_report_names_only_what_everybody_sees_and_assets():
    sample = changed(read("sopot"), ("rules", 1, "relation"), "asset")
    assert check(sample) == []
    assert check(changed(sample, ("layers", 0, "public"), False)) == [
        "rules[2]: boundary is neither public nor a layer of assets."
    ]


@pytest.mark.parametrize("junk", [None, 7, [[]], [{}]], ids=repr)
def test_nonsense_anywhere_is_a_fault_and_never_a_crash(junk):
    whole = read("sopot")
    for path in places(whole):
        faults = check(changed(whole, path, junk))
        assert all(isinstance(fault, str) for fault in faults), path
        if junk in (None, [[]], [{}]):
            assert faults, path

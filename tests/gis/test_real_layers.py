"""Every boundary file that municipalities and agencies publish, uploaded as it is: what must come of each."""

import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient

from service.db import transaction
from service.db.generations import forget
from service.gis.importing import read_features
from service.gis.publishing import publish_version
from service.municipalities.directory import Municipality, municipality
from service.municipalities.establishing import establish
from tests.factories.municipalities import ALWAYS, description
from tests.factories.people import make_staff
from tests.gis.staff import Keeper
from tests.gis.test_uploading import drafted, read, upload

GREECE, BULGARIA, LITHUANIA, DERIVED = "greece", "bulgaria", "lithuania", "derived_not_official"
HOMES = {
    "kozani": ("GR", "greece/kozani_municipality_4326.geojson", "KWD_YPES"),
    "sopot": ("BG", "bulgaria/sopot_municipality_4326_repaired.geojson", "nuts4"),
    "heraklion": ("GR", "greece/heraklion_municipality_4326.geojson", "KWD_YPES"),
    "kaunas": ("LT", "lithuania/kaunas_district_municipality_4326.geojson", "name"),
}
"""Municipality → country, file of its boundary, attribute of the key."""


@dataclass(frozen=True)
class Case:
    """A file, what is said of it, and what comes of it: features taken of those read and faults, or a refusal."""

    file: str
    home: str
    key: str | None
    taken: int = 0
    read: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    kind: str = "district"
    asked: dict[str, str] = field(default_factory=dict)
    refusal: dict[str, Any] | None = None


LATIN_7 = {"encoding": "ISO-8859-7"}
AWAY = {"code": "crs_unlikely", "crs": "EPSG:4326", "likely": []}
UNNAMED = {"code": "encoding_unknown"}
TOPOJSON = {"code": "layer_file_refused", "reason": "kind"}
TWINS = f"{GREECE}/kozani_heraklion_2100_reprojected"
CASES = [
    Case(f"{GREECE}/kozani_municipality_4326.geojson", "kozani", "KWD_YPES", 1, 1),
    Case(f"{GREECE}/kozani_and_neighbours_4326.geojson", "kozani", "KWD_YPES", 7, 7),
    Case(f"{GREECE}/heraklion_municipality_4326.geojson", "kozani", "KWD_YPES", refusal=AWAY),
    Case(f"{GREECE}/heraklion_and_neighbours_4326.geojson", "kozani", "KWD_YPES", refusal=AWAY),
    Case(f"{GREECE}/heraklion_municipality_4326.geojson", "heraklion", "KWD_YPES", 1, 1),
    Case(f"{GREECE}/heraklion_and_neighbours_4326.geojson", "heraklion", "KWD_YPES", 5, 5),
    Case(
        f"{GREECE}/all_municipalities_simplified_4326.geojson", "kozani", "code", 7, 325, {"invalid": 1, "outside": 318}
    ),
    Case(f"{TWINS}.gpkg", "kozani", "KWD_YPES", 7, 9, {"outside": 2}),
    Case(f"{TWINS}.shp", "kozani", "KWD_YPES", refusal=UNNAMED),
    Case(f"{TWINS}.shp", "kozani", "KWD_YPES", 7, 9, {"outside": 2}, asked=LATIN_7),
    Case(f"{TWINS}.shp", "kozani", "KWD_YPES", 9, 9, {"outside": 2}, asked=LATIN_7 | {"keep_outside": "true"}),
    Case(
        f"{GREECE}/official_dbf_prj_only/oria_dhmwn_kallikraths.dbf",
        "kozani",
        None,
        refusal={"code": "layer_file_refused", "reason": "no_layer"},
    ),
    Case(
        f"{GREECE}/settlements_all_greece_labelled.csv", "kozani", "elstat_code", 78, 13187, {"outside": 13109}, "asset"
    ),
    Case(
        f"{GREECE}/settlements_kozani_heraklion_labelled.csv",
        "kozani",
        "elstat_code",
        78,
        136,
        {"null": 4, "outside": 54},
        "asset",
    ),
    Case(
        f"{GREECE}/settlements_kozani_heraklion_labelled.csv", "kozani", None, refusal={"code": "key_attribute_missing"}
    ),
    Case(f"{DERIVED}/kozani_communities_VORONOI_4326.geojson", "kozani", "koinot", 52, 52),
    Case(f"{DERIVED}/kozani_municipal_units_VORONOI_4326.geojson", "kozani", "dimenot", 5, 5),
    Case(f"{BULGARIA}/settlement_points_sopot_karlovo_troyan.csv", "sopot", "ekatte", 2, 51, {"outside": 49}, "asset"),
    Case(
        f"{BULGARIA}/sopot_and_neighbour_municipalities_4326_as_published.geojson",
        "sopot",
        "nuts4",
        3,
        3,
        {"self_intersection": 3},
    ),
    Case(
        f"{BULGARIA}/sopot_and_neighbours_settlement_grounds_4326.geojson",
        "sopot",
        "ekatte",
        8,
        51,
        {"self_intersection": 8, "outside": 43},
    ),
    Case(
        f"{BULGARIA}/sopot_municipality_4326_INVALID_AS_PUBLISHED.geojson",
        "sopot",
        "nuts4",
        1,
        1,
        {"self_intersection": 1},
        "boundary",
    ),
    Case(f"{BULGARIA}/sopot_municipality_4326_repaired.geojson", "sopot", "nuts4", 1, 1),
    Case(f"{BULGARIA}/sopot_settlement_grounds_4326.geojson", "sopot", "ekatte", 2, 2, {"self_intersection": 1}),
    Case(f"{LITHUANIA}/kaunas_district_and_neighbours_3346_reprojected.gpkg", "kaunas", "name", 10, 10),
    Case(f"{LITHUANIA}/kaunas_district_and_neighbours_4326.geojson", "kaunas", "name", 10, 10),
    Case(f"{LITHUANIA}/kaunas_district_municipality_4326.geojson", "kaunas", "name", 1, 1),
    Case(f"{LITHUANIA}/wof_kaunas_city_and_district_4326.geojson", "kaunas", "wof:id", 2, 2),
    Case(f"{LITHUANIA}/wof_eldership_points_in_kaunas_district.csv", "kaunas", "wof_id", 8, 8, kind="asset"),
    Case(f"{LITHUANIA}/wof_localities_in_kaunas_district.csv", "kaunas", "wof_id", 356, 356, kind="asset"),
    Case(f"{LITHUANIA}/lt_municipalities_all.topojson", "kaunas", None, refusal=TOPOJSON),
]
PARTS = (".shp", ".shx", ".dbf", ".prj")


def zipped(path: Path, folder: Path) -> Path:
    """The parts of a Shapefile that there are, in a zip; any other file itself."""
    if path.suffix not in (".shp", ".dbf"):
        return path
    archive = folder / f"{path.stem}.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for part in sorted(path.parent.glob(f"{path.stem}.*")):
            if part.suffix in PARTS:
                made.write(part, part.name)
    return archive


def make_home(shared: Path, slug: str) -> Municipality:
    country, file, key = HOMES[slug]
    boundary = read_features(shared / "boundaries" / file, key_attribute=key)
    west, south, _, _ = boundary.features[0][2].bounds
    with transaction():
        establish(slug, description(slug, west, south, ALWAYS) | {"country": country}, ())
    made = municipality(slug)
    with transaction():
        publish_version(made, "boundary", boundary, name={"en": "Boundary"}, kind="boundary")
    forget()
    return municipality(slug)


def keeper_of(client: FlaskClient, home: Municipality, kind: str) -> Keeper:
    keeper = Keeper(client, home, make_staff(home, "kim", [("map_keeper", None)]))
    keeper.post("", {"key": "real", "name": {"en": "Real"}, "kind": kind})
    return keeper


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{Path(case.file).name}-{case.home}")
def test_what_comes_of_a_real_file(client: FlaskClient, shared_data: Path, tmp_path: Path, case: Case) -> None:
    home = make_home(shared_data, case.home)
    keeper = keeper_of(client, home, case.kind)
    path = zipped(shared_data / "boundaries" / case.file, tmp_path)
    asked = case.asked | ({"key_attribute": case.key} if case.key else {})
    if case.refusal == TOPOJSON:
        found = upload(keeper, path, "real", expected=422, **asked)
        assert {name: found[name] for name in TOPOJSON} == TOPOJSON
        return
    found = read(keeper, path, "real", **asked)
    if case.refusal is not None:
        assert found["state"] == "refused"
        assert {name: found["refusal"].get(name) for name in case.refusal} == case.refusal
        assert keeper.get("/real")["drafts"] == 0
        return
    findings = found["findings"]
    assert (findings["taken"], findings["read"], findings["counts"]) == (case.taken, case.read, case.counts)
    features = drafted(home, "real", found["version"])
    assert len(features) == case.taken and all(shapely.is_valid([shape for _, shape in features.values()]))


def test_the_greek_names_come_out_right(client: FlaskClient, shared_data: Path, tmp_path: Path) -> None:
    home = make_home(shared_data, "kozani")
    keeper = keeper_of(client, home, "district")
    path = zipped(shared_data / "boundaries" / f"{TWINS}.shp", tmp_path)
    asked = LATIN_7 | {"key_attribute": "KWD_YPES", "keep_outside": "true", "attributes": '{"name": "NAME"}'}
    features = drafted(home, "real", read(keeper, path, "real", **asked)["version"])
    assert features["9268"][0] == {"name": "Άνδρου"}
    assert features["9305"][0] == {"name": "Ηρακλείου"}


def test_every_boundary_file_that_there_is_has_its_outcome(shared_data: Path) -> None:
    there = {path.relative_to(shared_data / "boundaries") for path in (shared_data / "boundaries").rglob("*.*")}
    of_a_shapefile = {path for path in there if path.suffix in (".shx", ".prj") or path.with_suffix(".shp") in there}
    assert {str(path) for path in there - of_a_shapefile} <= {case.file for case in CASES}

"""A really running service: GDAL's OAPIF driver reads it, two editors race, everything as from another machine."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import requests
import shapely
from pyproj import Transformer

from service.municipalities.directory import Municipality
from tests.conftest import missing
from tests.factories.people import Person
from tests.factories.reports import make_report
from tests.ogc.scene import kept, make_public, point
from tests.races.at_once import at_once, outcomes

pytestmark = pytest.mark.slow

LAYERS = ["boundary", "districts", "lamp-posts", "lighting", "streets"]


def program(name: str) -> str:
    """Where the program is; skips, or fails, without."""
    found = shutil.which(name)
    if found is None:
        missing(f"{name} is not installed")
    return str(found)


def gdal(name: str, *arguments: str, who: Person | None = None) -> str:
    """What a program of GDAL says, with the token as a password."""
    signed_in = ["--config", "GDAL_HTTP_USERPWD", f"qgis:{who.token}"] if who else []
    command = [program(name), *signed_in, *arguments]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 0 and "ERROR" not in told.stderr, told.stdout + told.stderr
    return told.stdout


def count(url: str, collection: str, *options: str, who: Person | None = None) -> int:
    told = gdal("ogrinfo", "-ro", "-so", *options, f"OAPIF:{url}", collection, who=who)
    found = re.search(r"Feature Count: (\d+)", told)
    assert found, told
    return int(found[1])


def read(url: str, collection: str, where: Path, *options: str, who: Person | None = None) -> list[dict[str, Any]]:
    """The features as ogr2ogr writes them, all digits kept."""
    file = where / "read.geojson"
    file.unlink(missing_ok=True)
    gdal(
        "ogr2ogr", "-f", "GeoJSON", "-lco", "COORDINATE_PRECISION=15", *options, str(file), f"OAPIF:{url}", collection,
        who=who,
    )  # fmt: skip
    found: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))["features"]
    return found


def test_gdal_lists_what_the_caller_may_read(url: str, here: Municipality, kate: Person) -> None:
    make_public(here, "streets")
    listed = gdal("ogrinfo", "-ro", f"OAPIF:{url}", who=kate)
    assert re.findall(r"^\d+: (\S+)", listed, re.M) == [*LAYERS, *(f"{key}:draft" for key in LAYERS), "reports"]
    assert re.findall(r"^\d+: (\S+)", gdal("ogrinfo", "-ro", f"OAPIF:{url}"), re.M)[-1] == "reports"


def test_gdal_counts_and_reads_with_a_box_and_with_conditions(
    url: str, here: Municipality, kate: Person, tmp_path: Path
) -> None:
    for _ in range(3):
        make_report(here)
    for collection in ("lamp-posts", "lamp-posts:draft"):
        assert count(url, collection, who=kate) == 10
        assert count(url, collection, "-spat", "21.7184", "40.2", "21.7191", "40.3", who=kate) == 2
        assert count(url, collection, "-where", "crew = 'lighting'", who=kate) == 9
        assert count(url, collection, "-where", "crew <> 'lighting' OR crew IS NULL", who=kate) == 1
    assert count(url, "reports") == 3
    assert count(url, "reports", "-where", "state = 'closed'") == 0
    found = read(url, "lamp-posts", tmp_path, "-where", "crew = 'nobody'", who=kate)
    assert [one["properties"]["crew"] for one in found] == ["nobody"]


def test_gdal_reads_many_pages(url: str, here: Municipality, kate: Person, tmp_path: Path) -> None:
    assert len(read(url, "lamp-posts:draft", tmp_path, "-oo", "PAGE_SIZE=3", who=kate)) == 10
    assert len(read(url, "lamp-posts", tmp_path, "-oo", "PAGE_SIZE=3", who=kate)) == 10


def test_the_same_geometry_comes_back(url: str, here: Municipality, kate: Person, tmp_path: Path) -> None:
    hole = shapely.Polygon(
        [(21.7, 40.2), (21.7999999999, 40.2), (21.8, 40.3), (21.7, 40.2)],
        [[(21.75, 40.22), (21.76, 40.22), (21.76, 40.23), (21.75, 40.22)]],
    )
    shapes = {
        "hole": hole,
        "many": shapely.MultiPolygon([hole, shapely.box(21.1, 40.123456789012, 21.2, 40.3)]),
        "line": shapely.LineString([(21.700000000000003, 40.2), (21.8, 40.3)]),
    }
    headers = kate.headers
    for key, shape in shapes.items():
        body = {"type": "Feature", "id": key, "properties": {"name": key}, "geometry": shapely.geometry.mapping(shape)}
        sent = requests.post(f"{url}/collections/lighting:draft/items", json=body, headers=headers, timeout=10)
        assert sent.status_code == 201, sent.text
    found = read(url, "lighting:draft", tmp_path, who=kate)
    back = {one["properties"]["name"]: shapely.geometry.shape(one["geometry"]) for one in found}
    for key, shape in shapes.items():
        assert shapely.equals_exact(back[key], shape, tolerance=1e-14), key


def test_a_newer_gdal_reads_in_the_national_grids(url: str, here: Municipality, kate: Person) -> None:
    """The one that pyogrio brings asks for the system by its address and turns the axes to east and north."""
    before = {"GDAL_HTTP_PROXY": pyogrio.get_gdal_config_option("GDAL_HTTP_PROXY"), "GDAL_HTTP_USERPWD": None}
    pyogrio.set_gdal_config_options({"GDAL_HTTP_USERPWD": f"qgis:{kate.token}", "GDAL_HTTP_PROXY": None})
    try:
        for grid in (2100, 3346, 7801, 3857):
            where, name = "crew <> 'lighting'", "lamp-posts:draft"
            meta, _, wkb, _ = pyogrio.raw.read(f"OAPIF:{url}", layer=name, where=where, CRS=f"EPSG:{grid}")
            assert meta["crs"] == f"EPSG:{grid}"
            there = Transformer.from_crs("OGC:CRS84", f"EPSG:{grid}", always_xy=True).transform(21.7185, 40.25)
            assert [found.coords[0] for found in shapely.from_wkb(wkb)] == [pytest.approx(there, abs=0.01)]
    finally:
        pyogrio.set_gdal_config_options(before)


def race(calls: list[Callable[[], requests.Response]]) -> list[tuple[int, str | None]]:
    return outcomes(at_once(calls))


def test_of_two_editors_at_once_one_is_told_to_load_it_again(
    url: str, here: Municipality, kate: Person, dora: Person
) -> None:
    address = f"{url}/collections/lamp-posts:draft/items/L3"
    for round_ in range(5):
        seen = requests.get(address, headers=kate.headers, timeout=10).headers["ETag"]

        def send(who: Person, seen: str = seen, round_: int = round_) -> requests.Response:
            body, headers = point(crew=f"{who.account_id}-{round_}"), who.headers | {"If-Match": seen}
            return requests.put(address, json=body, headers=headers, timeout=30)

        found = race([lambda send=send: send(kate), lambda send=send: send(dora)])  # type: ignore[misc]
        assert found == [(204, None), (412, "feature_changed")]
    assert kept("L3").attributes["crew"].endswith("-4")


def test_two_first_edits_at_once_begin_one_draft(url: str, here: Municipality, kate: Person, dora: Person) -> None:
    address = f"{url}/collections/lamp-posts:draft/items"

    def send(who: Person, key: str) -> requests.Response:
        return requests.post(address, json=point(key=key), headers=who.headers, timeout=30)

    assert race([lambda: send(kate, "A"), lambda: send(dora, "B")]) == [(201, None), (201, None)]
    assert kept("A").version_id == kept("B").version_id

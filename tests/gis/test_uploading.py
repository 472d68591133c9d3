"""A file is uploaded, read by a worker into a draft with findings, or refused; nothing is left behind or half done."""

import io
import json
import tracemalloc
import uuid
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from service.db import session, transaction
from service.db.clock import now
from service.gis import uploading
from service.gis.finding import layer_here, version_shown
from service.gis.index import features_of
from service.gis.models import Feature, LayerVersion
from service.gis.uploading import FOLDER, IMPORT_LAYER, LARGEST_UPLOAD, sweep_uploads
from service.housekeeping import HANDLERS
from service.jobs.models import Job
from service.jobs.working import work_one
from service.municipalities.directory import Municipality
from service.personal_data.erasing import erase_person
from service.storage.keeping import Store, StoreUnavailable
from tests.factories.people import Person, make_staff
from tests.gis.files import SQUARES, geojson, to_greek_grid, write, zipped_shapefile
from tests.gis.staff import Keeper

A1, A2 = SQUARES.values()
NAMES = ["Άνδρου", "Ηρακλείου"]
BOW_TIE = shapely.Polygon([(21.71, 40.21), (21.72, 40.22), (21.72, 40.21), (21.71, 40.22)])
FLAT = {"type": "Polygon", "coordinates": [[[21.71, 40.21], [21.71, 40.21], [21.71, 40.21], [21.71, 40.21]]]}
FEET = 0.3048


def do_job() -> None:
    session.rollback()
    assert work_one({IMPORT_LAYER: HANDLERS[IMPORT_LAYER]}, "worker-1")
    session.rollback()


def upload(keeper: Keeper, path: Path, layer: str = "lighting", expected: int = 202, **asked: Any) -> Any:
    with path.open("rb") as file:
        return keeper.call("POST", f"/{layer}/uploads", expected, data={"file": (file, path.name)} | asked)


def read(keeper: Keeper, path: Path, layer: str = "lighting", **asked: Any) -> Any:
    """Upload the file and let a worker read it; what became of it."""
    sent = upload(keeper, path, layer, **asked)
    assert sent["state"] == "waiting"
    do_job()
    return keeper.get(f"/{layer}/uploads/{sent['id']}")


def drafted(here: Municipality, layer: str, number: int) -> dict[str, Any]:
    """Key → (attributes, geometry) of a version."""
    row = version_shown(layer_here(here, layer), number)
    return {key: (attributes, shape) for key, attributes, shape in features_of(row.LayerVersion.id)}


def kept(app: Flask) -> list[str]:
    return [key for key, _, _ in app.config["STORE"].keys_with_age(FOLDER)]


def counted() -> tuple[int, int]:
    session.rollback()
    return (
        session.scalars(select(func.count()).select_from(LayerVersion)).one(),
        session.scalars(select(func.count()).select_from(Feature)).one(),
    )


def refused(app: Flask, keeper: Keeper, path: Path, **asked: Any) -> Any:
    """Why the file was refused; it left nothing behind."""
    before = counted()
    found = read(keeper, path, **asked)
    assert (found["state"], found["version"], found["findings"]) == ("refused", None, None)
    assert counted() == before and kept(app) == []
    assert found["refusal"].pop("title")
    return found["refusal"]


# --- who sent it -----------------------------------------------------------------------------------------------------


def test_an_erased_keepers_file_is_read_without_their_name(
    client: FlaskClient, keeper: Keeper, here: Municipality, tmp_path: Path
) -> None:
    path = write(tmp_path / "squares.gpkg", NAMES)
    other = Keeper(client, here, make_staff(here, "leo", [("map_keeper", None)]))
    upload(keeper, path)
    upload(other, path)
    with transaction():
        erase_person(here, keeper.person.account, False, "operator")
    jobs = select(Job).where(Job.kind == IMPORT_LAYER).order_by(Job.id)
    assert [job.payload["by"] for job in session.scalars(jobs)] == [None, other.person.account_id]
    do_job()
    do_job()
    shown = [other.get(f"/lighting/versions/{number}") for number in (2, 3)]
    assert [(one["state"], one["by_name"]) for one in shown] == [("draft", None), ("draft", "Leo")]


# --- what is read ----------------------------------------------------------------------------------------------------


def test_a_file_becomes_a_draft(app: Flask, keeper: Keeper, here: Municipality, tmp_path: Path) -> None:
    path = write(tmp_path / "squares.gpkg", NAMES)
    sent = upload(keeper, path)
    assert sent["name"] == "squares.gpkg" and len(kept(app)) == 1
    do_job()
    found = keeper.get(f"/lighting/uploads/{sent['id']}")
    assert (found["state"], found["version"], found["refusal"]) == ("drafted", 2, None)
    assert found["findings"] == {"crs": "EPSG:2100", "read": 2, "taken": 2, "counts": {}, "faults": []}
    assert kept(app) == []
    shown = keeper.get("/lighting/versions/2")
    assert (shown["state"], shown["source"], shown["features"], shown["by_name"]) == ("draft", "squares.gpkg", 2, "Kim")
    assert shown["findings"] == found["findings"] and len(shown["sha256"]) == 64
    features = drafted(here, "lighting", 2)
    assert {key: attributes["name"] for key, (attributes, _) in features.items()} == {"A1": NAMES[0], "A2": NAMES[1]}
    assert keeper.get("/lighting")["version"] == 1


def test_every_kind_of_file_gives_the_same(keeper: Keeper, here: Municipality, tmp_path: Path) -> None:
    rows = [({"key": key, "name": name}, shape.centroid) for (key, shape), name in zip(SQUARES.items(), NAMES)]
    placemarks = "".join(
        f"<Placemark><name>{about['name']}</name><ExtendedData><Data name='key'><value>{about['key']}</value></Data>"
        f"</ExtendedData><Point><coordinates>{shape.x},{shape.y}</coordinates></Point></Placemark>"
        for about, shape in rows
    )
    kml = tmp_path / "p.kml"
    kml.write_text(f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{placemarks}</Document></kml>', "utf-8")
    table = tmp_path / "p.csv"
    lines = [f"{about['key']},{about['name']},{shape.x},{shape.y}" for about, shape in rows]
    table.write_text("\n".join(["key,name,lon,lat", *lines]), "utf-8")
    for path, names in ((geojson(tmp_path / "p.geojson", *rows), "name"), (kml, "Name"), (table, "name")):
        found = read(keeper, path, "lamp-posts", attributes=json.dumps({"title": names}))
        features = drafted(here, "lamp-posts", found["version"])
        assert {key: attributes for key, (attributes, _) in features.items()} == {
            "A1": {"title": NAMES[0]},
            "A2": {"title": NAMES[1]},
        }
        for (_, expected), (_, got) in zip(rows, (features["A1"], features["A2"])):
            assert shapely.equals_exact(got, expected, 1e-9)


def test_what_a_shapefile_does_not_say_can_be_said(app: Flask, keeper: Keeper, tmp_path: Path) -> None:
    path = zipped_shapefile(tmp_path, NAMES, encoding="ISO-8859-7", leave_out=(".cpg", ".prj"))
    assert refused(app, keeper, path) == {"code": "encoding_unknown"}
    unknown = refused(app, keeper, path, encoding="ISO-8859-7")
    assert unknown == {"code": "crs_unknown", "likely": ["EPSG:2100"]}
    misspelt = refused(app, keeper, path, encoding="ISO-8859-7", crs="Greece")
    assert misspelt == {"code": "crs_unknown", "crs": "Greece", "likely": ["EPSG:2100"]}
    assert refused(app, keeper, path, encoding="greek77") == {"code": "encoding_unknown", "encoding": "greek77"}
    assert read(keeper, path, encoding="ISO-8859-7", crs="EPSG:2100")["state"] == "drafted"


def test_the_layer_the_key_and_the_attributes_can_be_chosen(
    app: Flask, keeper: Keeper, here: Municipality, tmp_path: Path
) -> None:
    path = write(tmp_path / "two.gpkg", ["x", "y"], layer="first")
    write(path, ["v", "w"], layer="second")
    assert refused(app, keeper, path) == {"code": "layer_name_needed", "layers": ["first", "second"]}
    assert refused(app, keeper, path, layer_in_file="first", key_attribute="none") == {
        "code": "key_attribute_missing",
        "attributes": ["key", "name"],
    }
    chosen = {"layer_in_file": "second", "key_attribute": "name"}
    assert refused(app, keeper, path, **chosen, attributes='{"a": "b", "c": "key"}') == {
        "code": "layer_attribute_missing",
        "missing": ["b"],
        "attributes": ["key", "name"],
    }
    found = read(keeper, path, **chosen, attributes='{"code": "key"}')
    features = drafted(here, "lighting", found["version"])
    assert {key: attributes for key, (attributes, _) in features.items()} == {"v": {"code": "A1"}, "w": {"code": "A2"}}


def test_the_key_of_the_layer_is_used_where_the_file_has_it(keeper: Keeper, here: Municipality, tmp_path: Path) -> None:
    keeper.call("PATCH", "/lighting", json={"key_attribute": "name"})
    found = read(keeper, write(tmp_path / "squares.gpkg", ["x", "y"]))
    assert set(drafted(here, "lighting", found["version"])) == {"x", "y"}


# --- what is wrong with features -------------------------------------------------------------------------------------


def test_every_fault_is_named_with_its_feature(keeper: Keeper, here: Municipality, tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "faults.geojson",
        ({"key": "good"}, A1),
        ({"key": "tie"}, BOW_TIE),
        ({"key": "empty"}, shapely.Polygon()),
        ({"key": "null"}, None),
        ({"key": "good"}, A2),
        ({"key": None}, A2),
        ({"key": "x" * 300}, A2),
        ({"key": "away"}, shapely.box(25.0, 35.0, 25.1, 35.1)),
        ({"key": "point"}, A1.centroid),
        ({"key": "moon"}, shapely.box(500.0, 40.0, 501.0, 41.0)),
        ({"key": "flat"}, FLAT),
    )
    findings = read(keeper, path)["findings"]
    assert (findings["read"], findings["taken"]) == (11, 2)
    lines = {line["feature"]: (line["key"], line["fault"], line["done"]) for line in findings["faults"]}
    assert lines == {
        2: ("tie", "self_intersection", "repaired"),
        3: ("empty", "empty", "left_out"),
        4: ("null", "null", "left_out"),
        5: ("good", "key_twice", "left_out"),
        6: (None, "key_missing", "left_out"),
        7: ("x" * 255, "key_too_long", "left_out"),
        8: ("away", "outside", "left_out"),
        9: ("point", "type", "left_out"),
        10: ("moon", "coordinates", "left_out"),
        11: ("flat", "collapsed", "left_out"),
    }
    assert findings["counts"] == {fault: 1 for _, fault, _ in lines.values()}
    assert "21.715" in next(line["detail"] for line in findings["faults"] if line["key"] == "tie")
    features = drafted(here, "lighting", 2)
    assert set(features) == {"good", "tie"}
    assert features["tie"][1].is_valid and features["good"][1].equals(A1)


def test_features_outside_can_be_kept_and_mixed_types_are_named(keeper: Keeper, tmp_path: Path) -> None:
    away = shapely.Point(25.0, 35.0)
    path = geojson(
        tmp_path / "a.geojson", ({"key": "a"}, A1.centroid), ({"key": "b"}, away), ({"key": "c"}, A1.boundary)
    )
    findings = read(keeper, path, "lamp-posts", keep_outside="true")["findings"]
    assert findings["taken"] == 3
    assert findings["counts"] == {"outside": 1, "mixed_types": 1}
    assert {line["done"] for line in findings["faults"]} == {"kept"}


def test_a_new_boundary_may_lie_outside_the_old_one(keeper: Keeper, tmp_path: Path) -> None:
    path = geojson(tmp_path / "b.geojson", ({"key": "a"}, A1), ({"key": "b"}, shapely.box(21.81, 40.2, 21.85, 40.25)))
    assert read(keeper, path, "boundary")["findings"]["taken"] == 2


def test_a_file_of_which_nothing_is_usable_is_refused_with_its_findings(
    app: Flask, keeper: Keeper, tmp_path: Path
) -> None:
    found = refused(app, keeper, geojson(tmp_path / "n.geojson", ({"key": "a"}, None), ({"key": "b"}, A1.centroid)))
    assert found["code"] == "layer_nothing_usable"
    assert found["findings"]["counts"] == {"null": 1, "type": 1}


def test_only_the_first_thousand_faults_are_listed_and_all_counted(keeper: Keeper, tmp_path: Path) -> None:
    rows = [({"key": f"{n}"}, None) for n in range(1500)]
    findings = read(keeper, geojson(tmp_path / "m.geojson", ({"key": "good"}, A1), *rows))["findings"]
    assert len(findings["faults"]) == 1000 and findings["counts"] == {"null": 1500}


# --- where the coordinates fall --------------------------------------------------------------------------------------


def in_feet(shape: Any) -> Any:
    return shapely.transform(to_greek_grid(shape), lambda xy: xy / FEET)


def named_crs(name: str) -> dict[str, Any]:
    return {"crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{name}"}}}


@pytest.mark.parametrize("crs", [{}, named_crs("2100"), named_crs("3857"), named_crs("32634")])
def test_a_layer_in_feet_is_refused_whatever_it_says_of_itself(
    app: Flask, keeper: Keeper, tmp_path: Path, crs: dict[str, Any]
) -> None:
    found = refused(app, keeper, geojson(tmp_path / "feet.geojson", ({"key": "a"}, in_feet(A1)), **crs))
    assert (found["code"], found["likely"]) == ("crs_unlikely", [])


def test_a_wrong_crs_is_refused_with_the_one_that_fits(app: Flask, keeper: Keeper, tmp_path: Path) -> None:
    path = geojson(tmp_path / "grid.geojson", ({"key": "a"}, to_greek_grid(A1)), **named_crs("32634"))
    assert refused(app, keeper, path) == {"code": "crs_unlikely", "crs": "EPSG:32634", "likely": ["EPSG:2100"]}
    assert read(keeper, path, crs="EPSG:2100")["state"] == "drafted"


def test_latitude_before_longitude_is_refused(app: Flask, keeper: Keeper, tmp_path: Path) -> None:
    swapped = shapely.transform(A1, np.fliplr)
    assert refused(app, keeper, geojson(tmp_path / "s.geojson", ({"key": "a"}, swapped)))["code"] == "crs_unlikely"


def test_a_csv_in_a_grid_must_say_in_which(app: Flask, keeper: Keeper, tmp_path: Path) -> None:
    x, y = shapely.get_coordinates(to_greek_grid(A1.centroid))[0]
    path = tmp_path / "p.csv"
    path.write_text(f"id;east;north\n1;{x};{y}\n")
    assert refused(app, keeper, path) == {
        "code": "coordinate_columns_missing",
        "attributes": ["id", "east", "north"],
    }
    columns = {"longitude": "east", "latitude": "north"}
    assert refused(app, keeper, path, **columns) == {"code": "crs_unknown", "likely": ["EPSG:2100"]}
    assert read(keeper, path, "lamp-posts", **columns, crs="EPSG:2100")["findings"]["taken"] == 1


def test_a_grid_of_another_country_is_refused_though_its_coordinates_fall_near(
    app: Flask, keeper: Keeper, tmp_path: Path
) -> None:
    path = zipped_shapefile(tmp_path, NAMES, encoding="ISO-8859-7", leave_out=(".prj",))
    lithuanian = refused(app, keeper, path, crs="EPSG:3346")
    assert lithuanian == {"code": "crs_unlikely", "crs": "EPSG:3346", "likely": ["EPSG:2100"]}


def test_the_key_is_found_under_the_new_name_of_its_attribute(
    keeper: Keeper, here: Municipality, tmp_path: Path
) -> None:
    path = tmp_path / "p.csv"
    path.write_text(f"KOD;lon;lat\n7;{A1.centroid.x};{A1.centroid.y}\n")
    attributes = json.dumps({"nr": "KOD"})
    said = read(keeper, path, "lamp-posts", attributes=attributes, key_attribute="nr")
    keeper.call("PATCH", "/lamp-posts", json={"key_attribute": "nr"})
    usual = read(keeper, path, "lamp-posts", attributes=attributes)
    for found in (said, usual):
        ((key, (named, _)),) = drafted(here, "lamp-posts", found["version"]).items()
        assert (key, named) == ("7", {"nr": "7"})


# --- files that mean no good -----------------------------------------------------------------------------------------


def test_bombs_and_paths_are_refused_and_leave_nothing(app: Flask, keeper: Keeper, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as zipped,
        zipped.open("x.shp", "w", force_zip64=True) as file,
    ):
        for _ in range(1100):
            file.write(bytes(1_000_000))
    assert bomb.stat().st_size < 2_000_000
    path = tmp_path / "path.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("../../x.shp", b"")
    entities = tmp_path / "entities.kml"
    entities.write_text('<!DOCTYPE kml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><kml>&b;</kml>')
    for file, reason in ((bomb, "too_large"), (path, "path"), (entities, "document_type")):
        assert refused(app, keeper, file) == {"code": "layer_file_refused", "reason": reason}


def test_a_bomb_that_lies_about_its_size_is_refused(
    app: Flask, keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lies.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("x.shp", bytes(1_000_000))
    content = path.read_bytes().replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(content)
    monkeypatch.setattr("service.gis.unpacking.LARGEST_UNZIPPED", 500)
    assert refused(app, keeper, path)["code"] == "layer_file_refused"


def test_a_kind_of_file_that_is_not_taken_is_refused_at_once(app: Flask, keeper: Keeper, tmp_path: Path) -> None:
    for name in ("x.vrt", "x.exe", "x", "x.tar.gz"):
        (tmp_path / name).write_text("x")
        found = upload(keeper, tmp_path / name, expected=422)
        assert (found["code"], found["reason"]) == ("layer_file_refused", "kind")
    assert kept(app) == []
    assert keeper.call("POST", "/lighting/uploads", 422, data={"file": "x"})["code"] == "fields_not_valid"
    assert keeper.call("POST", "/lighting/uploads", 422, data={})["code"] == "fields_not_valid"
    path = geojson(tmp_path / "a.geojson", ({"key": "a"}, A1))
    for attributes in ("[]", "{", '{"a": 1}', '{"": "a"}'):
        assert upload(keeper, path, expected=422, attributes=attributes)["code"] == "fields_not_valid"
    assert kept(app) == []


def test_more_than_the_limit_is_refused_before_it_is_read(keeper: Keeper) -> None:
    options = {"content_type": "multipart/form-data; boundary=x", "input_stream": io.BytesIO(b"--x")}
    headers = {"Content-Length": str(LARGEST_UPLOAD + 1)}
    environment = {"CONTENT_LENGTH": headers["Content-Length"]}
    found = keeper.call("POST", "/lighting/uploads", 413, environ_overrides=environment, **options)
    assert (found["code"], found["most"]) == ("body_too_large", LARGEST_UPLOAD)


@pytest.mark.slow
def test_a_hundred_megabytes_are_never_in_memory(app: Flask, keeper: Keeper, tmp_path: Path) -> None:
    path = tmp_path / "large.gpkg"
    with path.open("wb") as file:
        for _ in range(100):
            file.write(bytes(1024 * 1024))
    tracemalloc.start()
    try:
        upload(keeper, path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 * 1024 * 1024
    do_job()
    assert kept(app) == []


def test_a_crs_in_which_most_lies_elsewhere_is_asked_about(app: Flask, keeper: Keeper, tmp_path: Path) -> None:
    """A few features were drawn in degrees, the others are in the Greek grid though the file says nothing of it."""
    there = [({"key": f"g{n}"}, to_greek_grid(A1)) for n in range(3)]
    path = geojson(tmp_path / "mixed.geojson", ({"key": "a"}, A1), ({"key": "b"}, A2), *there)
    assert refused(app, keeper, path) == {
        "code": "crs_unlikely",
        "crs": "EPSG:4326",
        "likely": ["EPSG:2100"],
    }
    assert read(keeper, path, crs="EPSG:4326")["findings"]["taken"] == 2
    country = [({"key": f"c{n}"}, shapely.Point(23 + n, 38)) for n in range(3)]
    path = geojson(tmp_path / "country.geojson", ({"key": "a"}, A1.centroid), ({"key": "b"}, A2.centroid), *country)
    assert read(keeper, path, "lamp-posts", keep_outside="true")["findings"]["taken"] == 5
    assert read(keeper, path, "lamp-posts")["findings"]["counts"] == {"outside": 3}


# --- crashes, neighbours, leftovers ----------------------------------------------------------------------------------


def test_a_job_that_is_done_twice_makes_one_draft(app: Flask, keeper: Keeper, tmp_path: Path) -> None:
    found = read(keeper, geojson(tmp_path / "a.geojson", ({"key": "a"}, A1)))
    before = counted()
    with transaction():  # as after a crash between the draft and the end of the job
        session.execute(update(Job).where(Job.kind == IMPORT_LAYER).values(state="waiting", result=None))
    do_job()
    assert counted() == before
    assert keeper.get(f"/lighting/uploads/{found['id']}") == found


def test_a_store_that_is_away_is_waited_for(
    app: Flask, keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = upload(keeper, geojson(tmp_path / "a.geojson", ({"key": "a"}, A1)))

    def away(*_: Any) -> None:
        raise StoreUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(Store, "read_to", away)
        do_job()
    assert keeper.get(f"/lighting/uploads/{sent['id']}")["state"] == "waiting"
    with transaction():
        session.execute(update(Job).where(Job.kind == IMPORT_LAYER).values(run_at=now()))
    do_job()
    assert keeper.get(f"/lighting/uploads/{sent['id']}")["state"] == "drafted"


def test_files_that_nobody_will_read_are_swept(
    app: Flask, keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = app.config["STORE"]
    upload(keeper, geojson(tmp_path / "a.geojson", ({"key": "a"}, A1)))
    awaited = kept(app)
    store.keep(f"{FOLDER}/{uuid.uuid4()}.gpkg", b"left by a crash")
    assert sweep_uploads(store) == 0
    monkeypatch.setattr(uploading, "FORGOTTEN_AFTER", uploading.FORGOTTEN_AFTER * 0)
    assert sweep_uploads(store) == 1
    assert kept(app) == awaited
    do_job()
    assert kept(app) == []


def test_nobody_else_uploads_or_sees_an_upload(
    app: Flask,
    client: FlaskClient,
    keeper: Keeper,
    next_door: Municipality,
    bob: Person,
    charlie: Person,
    tmp_path: Path,
) -> None:
    path = geojson(tmp_path / "a.geojson", ({"key": "a"}, A1))
    found = read(keeper, path)
    charlotte = Keeper(client, next_door, make_staff(next_door, "charlotte", [("map_keeper", None)]))
    charlotte.get(f"/lighting/uploads/{found['id']}", 404)
    keeper.get(f"/boundary/uploads/{found['id']}", 404)
    keeper.get(f"/lighting/uploads/{uuid.uuid4()}", 404)
    for person, expected in ((bob, 403), (charlie, 401)):
        with path.open("rb") as file:
            data = {"file": (file, "a.geojson")}
            answer = client.post(f"{keeper.base}/lighting/uploads", data=data, headers=person.headers)
        assert answer.status_code == expected
        assert (
            client.get(f"{keeper.base}/lighting/uploads/{found['id']}", headers=person.headers).status_code == expected
        )
    upload(keeper, path, "no-such-layer", 404)
    assert kept(app) == []

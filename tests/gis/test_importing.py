import hashlib
import json
import math
import shutil
import socket
import sqlite3
import zipfile
from contextlib import closing

import numpy as np
import pytest
import shapely

from service.gis import unpacking
from service.gis.content import ColumnsMissing, EncodingUnknown, FeatureRefused, FileRefused, SeveralLayers
from service.gis.importing import CrsUnknown, KeyMissing, read_features
from service.gis.measuring import Edges
from tests.gis.files import SQUARES, geojson, to_greek_grid, write, zipped_shapefile

ANDROS = ["Άνδρου", "Ηρακλείου"]
POINT = shapely.Point(21.7, 40.2)


def names_in(imported):
    return [attributes["name"] for _, attributes, _ in imported.features]


def metres_apart(one, other):
    """How far the vertices of each (of large ones every seventh) lie from the edges of the other, at the most."""
    return max(_metres_off(one, other), _metres_off(other, one))


def _metres_off(one, other):
    corners = shapely.get_coordinates(one)
    corners = corners[:: 7 if len(corners) > 100 else 1]
    edges = Edges.of(np.array([other], dtype=object))
    return edges.metres(corners[:, 0], corners[:, 1], np.zeros(len(corners), dtype=np.intp)).max()


# --- what is read ----------------------------------------------------------------------------------------------------


def test_a_geojson_file_gives_keys_attributes_and_geometries(tmp_path):
    path = geojson(tmp_path / "two.geojson", ({"key": "b", "class": 3}, POINT), ({"key": "a", "class": None}, POINT))
    imported = read_features(path)
    assert imported.features == [("b", {"key": "b", "class": 3}, POINT), ("a", {"key": "a", "class": None}, POINT)]
    assert imported.source == "two.geojson"
    assert imported.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert imported.repaired == []


def test_attributes_are_plain_json_values(tmp_path):
    properties = {
        "key": 7,
        "lit": True,
        "names": {"el": "Ά"},
        "many": [1, 2],
        "texts": ["a"],
        "day": "2026-01-02",
        "moment": "2026-01-02T10:00:00Z",
        "ratio": 1.5,
    }
    imported = read_features(geojson(tmp_path / "kinds.json", (properties, POINT), ({"key": 8}, POINT)))
    first, second = imported.features
    assert first[0] == "7"
    assert first[1] == properties
    assert second[1] == dict.fromkeys(properties) | {"key": 8}


def test_the_crs_that_a_geojson_file_names_is_heeded(tmp_path):
    named = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2100"}}
    path = geojson(tmp_path / "grid.geojson", ({"key": "A1"}, to_greek_grid(SQUARES["A1"])), crs=named)
    imported = read_features(path)
    assert imported.crs == "EPSG:2100"
    assert metres_apart(imported.features[0][2], SQUARES["A1"]) < 0.01


@pytest.mark.parametrize("inside", ["", "data/layers/"])
def test_a_geopackage_and_a_zipped_shapefile_give_the_same(tmp_path, inside):
    package = read_features(write(tmp_path / "squares.gpkg", ANDROS))
    shape = read_features(zipped_shapefile(tmp_path, ANDROS, inside=inside, leave_out=()))
    for imported in (package, shape):
        assert names_in(imported) == ANDROS
        for key, _, geometry in imported.features:
            assert metres_apart(geometry, SQUARES[key]) < 0.01


def test_heights_are_left_out(tmp_path):
    imported = read_features(geojson(tmp_path / "z.geojson", ({"key": "a"}, shapely.Point(21.7, 40.2, 5))))
    assert not imported.features[0][2].has_z


def test_one_of_several_layers_is_picked_by_its_name(tmp_path):
    path = write(tmp_path / "two.gpkg", ["x", "y"], layer="first")
    write(path, ["v", "w"], layer="second")
    with pytest.raises(SeveralLayers) as refusal:
        read_features(path)
    assert refusal.value.details == {"layers": ["first", "second"]}
    assert names_in(read_features(path, layer_name="second")) == ["v", "w"]
    with pytest.raises(SeveralLayers):
        read_features(path, layer_name="third")


def test_one_of_several_shapefiles_is_picked_by_its_name(tmp_path):
    archive = zipped_shapefile(tmp_path, ["x", "y"])
    with zipfile.ZipFile(archive, "a") as zipped:
        zipped.write(tmp_path / "squares.shp", "other/lines.shp")
        zipped.writestr("__MACOSX/._squares.shp", b"")
    with pytest.raises(SeveralLayers):
        read_features(archive)
    assert names_in(read_features(archive, layer_name="squares")) == ["x", "y"]


# --- what a file does not say of itself ------------------------------------------------------------------------------


def test_without_a_prj_the_crs_must_be_given(tmp_path):
    archive = zipped_shapefile(tmp_path, ["x", "y"], leave_out=(".prj",))
    with pytest.raises(CrsUnknown):
        read_features(archive)
    imported = read_features(archive, crs="EPSG:2100")
    assert metres_apart(imported.features[0][2], SQUARES["A1"]) < 0.01


@pytest.mark.parametrize("crs", ["EPSG:999999", "nonsense", 'LOCAL_CS["here",UNIT["metre",1]]'])
def test_a_crs_that_there_is_not_is_refused(tmp_path, crs):
    with pytest.raises(CrsUnknown):
        read_features(zipped_shapefile(tmp_path, ["x", "y"]), crs=crs)


def test_greek_without_any_hint_is_refused_and_right_with_the_encoding_given(tmp_path):
    archive = zipped_shapefile(tmp_path, ANDROS, encoding="ISO-8859-7")
    with pytest.raises(EncodingUnknown):
        read_features(archive)
    assert names_in(read_features(archive, encoding="ISO-8859-7")) == ANDROS
    with pytest.raises(EncodingUnknown):
        read_features(archive, encoding="no-such-encoding")
    with pytest.raises(EncodingUnknown):
        read_features(archive, encoding="UTF-8")


@pytest.mark.parametrize(("encoding", "byte"), [("cp1253", 0xCB), ("cp737", 0x6A)])
def test_the_language_byte_of_the_table_is_heeded(tmp_path, encoding, byte):
    assert names_in(read_features(zipped_shapefile(tmp_path, ANDROS, encoding, byte))) == ANDROS


def test_the_cpg_goes_before_the_language_byte(tmp_path):
    archive = zipped_shapefile(tmp_path, ANDROS, "cp1253", 0x03, leave_out=(".cpg",))
    with zipfile.ZipFile(archive, "a") as zipped:
        zipped.writestr("squares.cpg", "1253")
    assert names_in(read_features(archive)) == ANDROS


@pytest.mark.parametrize("names", [["Kozani", "Andros"], ANDROS])
def test_ascii_and_utf_8_need_no_hint(tmp_path, names):
    assert names_in(read_features(zipped_shapefile(tmp_path, names))) == names


# --- what is mended and what is refused ------------------------------------------------------------------------------


def test_an_invalid_polygon_is_repaired_and_counted(tmp_path):
    bow_tie = shapely.Polygon([(21.7, 40.2), (21.8, 40.3), (21.8, 40.2), (21.7, 40.3)])
    path = geojson(tmp_path / "bow.geojson", ({"key": "tie"}, bow_tie), ({"key": "ok"}, POINT))
    imported = read_features(path)
    assert imported.repaired == ["tie"]
    assert imported.features[0][2].is_valid
    assert imported.features[0][2].geom_type == "MultiPolygon"


@pytest.mark.parametrize(
    ("features", "details"),
    [
        ([({"key": "a"}, None)], {"feature": 1, "key": "a", "reason": "no_geometry"}),
        ([({"key": "a"}, shapely.Polygon())], {"feature": 1, "key": "a", "reason": "no_geometry"}),
        (
            [({"key": "a"}, {"type": "Polygon", "coordinates": [[[1, 1], [1, 1], [1, 1], [1, 1]]]})],
            {"feature": 1, "key": "a", "reason": "no_geometry"},
        ),
        ([({"key": "a"}, POINT), ({"key": None}, POINT)], {"feature": 2, "key": None, "reason": "key_missing"}),
        ([({"key": "  "}, POINT)], {"feature": 1, "key": None, "reason": "key_missing"}),
        ([({"key": [1]}, POINT)], {"feature": 1, "key": None, "reason": "key_missing"}),
        ([({"key": 5}, POINT), ({"key": 5}, POINT)], {"feature": 1, "key": "5", "reason": "key_twice"}),
        ([({"key": "x" * 256}, POINT)], {"feature": 1, "key": "x" * 255, "reason": "key_too_long"}),
        ([({"key": "a"}, shapely.Point(21.7, 91))], {"feature": 1, "key": "a", "reason": "coordinates"}),
        ([({"key": "a"}, shapely.Point(-181, 40))], {"feature": 1, "key": "a", "reason": "coordinates"}),
    ],
)
def test_a_feature_that_cannot_be_used_is_refused_by_name(tmp_path, features, details):
    with pytest.raises(FeatureRefused) as refusal:
        read_features(geojson(tmp_path / "bad.geojson", *features))
    assert refusal.value.details == details


def test_a_crs_that_is_not_of_this_earth_is_refused(tmp_path):
    moon = 'GEOGCRS["Moon",DATUM["Moon",ELLIPSOID["Moon",1737400,0]],CS[ellipsoidal,2],AXIS["lat",north],AXIS["lon",east],UNIT["degree",0.0174532925199433]]'
    with pytest.raises(CrsUnknown):
        read_features(geojson(tmp_path / "moon.geojson", ({"key": "a"}, POINT)), crs=moon)


def test_coordinates_that_the_crs_does_not_know_are_refused(tmp_path):
    named = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2100"}}
    path = geojson(tmp_path / "far.geojson", ({"key": "a"}, shapely.Point(1e30, 1e30)), crs=named)
    with pytest.raises(FeatureRefused):
        read_features(path)


def test_the_key_can_be_any_attribute_and_must_be_one(tmp_path):
    path = geojson(tmp_path / "k.geojson", ({"code": "00480", "n": 1.0}, POINT))
    assert read_features(path, key_attribute="code").features[0][0] == "00480"
    assert read_features(path, key_attribute="n").features[0][0] == "1"
    for attribute in (None, "absent"):
        with pytest.raises(KeyMissing) as refusal:
            read_features(path, key_attribute=attribute)
        assert refusal.value.details == {"attributes": ["code", "n"]}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("x.gml", b"<gml/>", "not_gml"),
        ("x.vrt", b"<OGRVRTDataSource/>", "kind"),
        ("x.gpkg", b"<OGRVRTDataSource></OGRVRTDataSource>", "not_a_geopackage"),
        ("x.gpkg", b"SQLite format 3\0 and no more", "unreadable"),
        ("x.geojson", b"<OGRVRTDataSource/>", "not_geojson"),
        ("x.geojson", b"[" * 100_000, "not_geojson"),
        ("x.geojson", b"[]", "not_geojson"),
        ("x.geojson", b'{"type": "Topology"}', "not_geojson"),
        ("x.geojson", b'{"type": "FeatureCollection", "features": []}', "no_features"),
        ("x.csv", b"id,id,lon,lat\n1,2,21.8,40.3\n", "columns"),
        ("x.csv", b"id\0,lon,lat\n1,21.8,40.3\n", "columns"),
        ("x.zip", b"PK no zip", "not_a_zip"),
        ("x.zip", b"", "not_a_zip"),
    ],
)
def test_what_is_no_map_file_is_refused(tmp_path, name, content, reason):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileRefused) as refusal:
        read_features(path)
    assert refusal.value.details["reason"] == reason


FEATURES = '"features": [{"type": "Feature", "properties": {"key": "a", "crs": "crs"}, "geometry": null}]'
NAMED = '{"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}'


@pytest.mark.parametrize("key", ['"crs"', '"\\u0063rs"', "'crs'", '"crs"/**/', '"CRS"', '"\\u0043rs"'])
@pytest.mark.parametrize("kind", ["link", "url", "URL"])
def test_the_address_of_a_coordinate_system_is_not_asked(tmp_path, key, kind):
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.settimeout(0.1)
        address = f"http://127.0.0.1:{inside.getsockname()[1]}/"
        crs = f'{{"type": "{kind}", "properties": {{"href": "{address}", "url": "{address}", "type": "proj4"}}}}'
        path = tmp_path / "x.geojson"
        path.write_text(f'{{"type": "FeatureCollection", {key}: {crs}, {FEATURES}}}')
        with pytest.raises(FileRefused) as refusal:
            read_features(path)
        assert refusal.value.details["reason"] == "crs_without_name"
        with pytest.raises(TimeoutError):
            inside.accept()


@pytest.mark.parametrize(
    "crs",
    [
        '{"type": "name", "properties": {"x": "}}", "href": "ADDRESS", "type": "proj4"}, "type": "link"}',
        '{"type": "name", "properties": {}, "href": "ADDRESS"}',
        '\x0b{"type": "link", "properties": {"href": "ADDRESS"}}',
        '{"type": "name", "properties": {"href": "ADDRESS"}',
    ],
)
def test_nor_where_it_is_hidden(tmp_path, crs):
    path = tmp_path / "x.geojson"
    path.write_text(
        f'{{"type": "FeatureCollection", "crs": {crs.replace("ADDRESS", "http://127.0.0.1:9/")}, {FEATURES}}}'
    )
    with pytest.raises(FileRefused) as refusal:
        read_features(path)
    assert refusal.value.details["reason"] == "crs_without_name"


def test_a_coordinate_system_that_gives_its_name_is_taken(tmp_path):
    path = tmp_path / "x.geojson"
    point = '{"type": "Point", "coordinates": [21.8, 40.3]}'
    path.write_text(f'{{"type": "FeatureCollection", "crs": {NAMED}, {FEATURES.replace("null", point)}}}')
    assert [feature[0] for feature in read_features(path).features] == ["a"]


def test_an_attribute_that_is_a_number_here_and_a_text_there_is_read(tmp_path):
    path = tmp_path / "x.geojson"
    features = [
        {
            "type": "Feature",
            "properties": {"key": str(n), "nr": nr},
            "geometry": {"type": "Point", "coordinates": [21, 40]},
        }
        for n, nr in enumerate([7, "A12", "NaN", "1e999"])
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert [attributes["nr"] for _, attributes, _ in read_features(path).features] == [7, "A12", "NaN", "1e999"]


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FileRefused):
        read_features(tmp_path / "absent.geojson")


def test_a_zip_without_a_shapefile_or_with_half_of_one_is_refused(tmp_path):
    archive = tmp_path / "x.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("readme.txt", "nothing")
    with pytest.raises(FileRefused):
        read_features(archive)
    with pytest.raises((FileRefused, KeyMissing)):
        read_features(zipped_shapefile(tmp_path, ["x", "y"], leave_out=(".dbf",)))
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("x.shp", b"nothing")
    with pytest.raises(FileRefused):
        read_features(archive)


def test_a_zip_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "LARGEST_UNZIPPED", 100)
    with pytest.raises(FileRefused) as refusal:
        read_features(zipped_shapefile(tmp_path, ["x", "y"]))
    assert refusal.value.details["reason"] == "too_large"


@pytest.mark.parametrize("name", ["../../x.txt", "/etc/x.txt", "C:/x.txt", "a\\..\\..\\x.txt"])
def test_a_path_out_of_a_zip_is_refused(tmp_path, name):
    archive = zipped_shapefile(tmp_path, ["x", "y"])
    with zipfile.ZipFile(archive, "a") as zipped:
        zipped.writestr(name, "out")
    with pytest.raises(FileRefused) as refusal:
        read_features(archive)
    assert refusal.value.details["reason"] == "path"


# --- KML and CSV -----------------------------------------------------------------------------------------------------

PLACEMARK = "<Placemark id='p{n}'><name>Place {n}</name><ExtendedData><Data name='code'><value>0{n}</value></Data></ExtendedData><Point><coordinates>21.7,40.2,5</coordinates></Point></Placemark>"
KML = '<?xml version="1.0" encoding="UTF-8"?>{doctype}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{content}</Document></kml>'


def kml(path, content, doctype=""):
    path.write_text(KML.format(content=content, doctype=doctype), "utf-8")
    return path


def test_a_kml_file_gives_places_with_their_names_and_data(tmp_path):
    path = kml(tmp_path / "p.kml", PLACEMARK.format(n=1) + PLACEMARK.format(n=2))
    imported = read_features(path, key_attribute="code")
    assert [(key, attributes["Name"], shape) for key, attributes, shape in imported.features] == [
        ("01", "Place 1", POINT),
        ("02", "Place 2", POINT),
    ]
    assert set(imported.features[0][1]) == {"id", "Name", "description", "code"}


def test_one_of_several_folders_of_a_kml_file_is_picked(tmp_path):
    folders = "".join(f"<Folder><name>{name}</name>{PLACEMARK.format(n=name)}</Folder>" for name in "ab")
    path = kml(tmp_path / "f.kml", folders)
    with pytest.raises(SeveralLayers) as refusal:
        read_features(path, key_attribute="code")
    assert refusal.value.details == {"layers": ["a", "b"]}
    assert [key for key, _, _ in read_features(path, layer_name="b", key_attribute="code").features] == ["0b"]


LAUGHS = '<!DOCTYPE kml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
FILE = '<!DOCTYPE kml [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("doctype", [LAUGHS, FILE, "<!DOCTYPE kml>"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_kml_file_with_a_document_type_is_refused(tmp_path, doctype, encoding):
    content = KML.format(content="&c;", doctype=doctype).replace("UTF-8", encoding)
    (tmp_path / "bomb.kml").write_bytes(content.encode(encoding))
    with pytest.raises(FileRefused) as refusal:
        read_features(tmp_path / "bomb.kml")
    assert refusal.value.details == {"reason": "document_type"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not_xml"),
        (b"<kml>", "not_xml"),
        (b"<gpx/>", "not_kml"),
        (b"<?xml version='1.0' encoding='utf-7'?><kml/>", "not_xml"),
    ],
)
def test_what_is_no_kml_is_refused(tmp_path, content, reason):
    (tmp_path / "x.kml").write_bytes(content)
    with pytest.raises(FileRefused) as refusal:
        read_features(tmp_path / "x.kml")
    assert refusal.value.details == {"reason": reason}


def test_bytes_of_a_geopackage_become_hexadecimal_digits(tmp_path):
    path = write(tmp_path / "squares.gpkg", ["A", "B"])
    with closing(sqlite3.connect(path)) as file:
        (table,) = file.execute("SELECT table_name FROM gpkg_contents").fetchone()
        file.execute(f"ALTER TABLE \"{table}\" ADD COLUMN stamp BLOB DEFAULT x'00ff'")
        file.commit()
    assert [record["stamp"] for record in unpacking.read_content(path).records] == ["00ff"] * 2


def test_a_csv_with_coordinates_gives_points_and_keeps_its_texts(tmp_path):
    (tmp_path / "p.csv").write_text("code;Name;Lon;Lat\r\n00480;Анево;21,7;40.2\r\n68080;;21.8;40.3\r\n", "utf-8-sig")
    imported = read_features(tmp_path / "p.csv", key_attribute="code")
    assert imported.crs == "EPSG:4326"
    assert [key for key, _, _ in imported.features] == ["00480", "68080"]
    assert imported.features[0][1:] == ({"code": "00480", "Name": "Анево", "Lon": "21,7", "Lat": "40.2"}, POINT)
    assert imported.features[1][1]["Name"] is None


def test_a_place_of_a_csv_may_be_missing_and_one_that_is_no_place_is_found_later(tmp_path):
    (tmp_path / "p.csv").write_text("id,lon,lat\n1, ,40.2\n2,west,40.2\n3,21.7,40.2\n")
    none, nowhere, there = unpacking.read_content(tmp_path / "p.csv").geometries
    assert none is None and math.isinf(nowhere.x) and (there.x, there.y) == (21.7, 40.2)


def test_a_csv_that_cannot_be_read_says_why(tmp_path):
    for content, reason in (("", "no_features"), (f"{'x' * 200_000},21.7,40.2\n", "unreadable")):
        (tmp_path / "p.csv").write_text(f"id,lon,lat\n{content}")
        with pytest.raises(FileRefused) as refusal:
            unpacking.read_content(tmp_path / "p.csv")
        assert refusal.value.details["reason"] == reason
    with pytest.raises(EncodingUnknown):
        unpacking.read_content(tmp_path / "p.csv", encoding="no such")


def test_a_csv_in_a_grid_and_in_another_encoding_is_read_as_it_is_told(tmp_path):
    x, y = shapely.get_coordinates(to_greek_grid(POINT))[0]
    (tmp_path / "p.csv").write_text(f"id,name,east,north\n1,Άνδρου,{x},{y}\n", "iso-8859-7")
    with pytest.raises(EncodingUnknown):
        read_features(tmp_path / "p.csv")
    with pytest.raises(ColumnsMissing) as refusal:
        read_features(tmp_path / "p.csv", encoding="iso-8859-7")
    assert refusal.value.details == {"attributes": ["id", "name", "east", "north"]}
    content = unpacking.read_content(tmp_path / "p.csv", encoding="iso-8859-7", columns=("east", "north"))
    assert (content.crs, content.records[0]["name"]) == (None, "Άνδρου")


@pytest.mark.parametrize("text", ["id,lon,lat\n1,2\n", "id,lon,lat\n1,2,3,4\n", "id,lon,lat\n1,2,\0\n"])
def test_a_csv_with_a_row_of_another_length_is_refused(tmp_path, text):
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(FeatureRefused):
        read_features(tmp_path / "p.csv")


# --- real files ------------------------------------------------------------------------------------------------------


def greek_twins(shared_data, tmp_path):
    """The sample in EPSG:2100 as it was reprojected: GeoPackage, and Shapefile without a .cpg."""
    folder = shared_data / "boundaries/greece"
    archive = tmp_path / "kozani_heraklion_2100.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for suffix in (".shp", ".shx", ".dbf", ".prj"):
            zipped.write(folder / f"kozani_heraklion_2100_reprojected{suffix}", f"greece/municipalities{suffix}")
    package = shutil.copy(folder / "kozani_heraklion_2100_reprojected.gpkg", tmp_path)
    return (
        read_features(archive, encoding="ISO-8859-7", key_attribute="KWD_YPES"),
        read_features(package, key_attribute="KWD_YPES"),
    )


def test_the_sample_in_the_greek_grid_lands_within_a_centimetre_of_its_twin(shared_data, tmp_path):
    folder = shared_data / "boundaries/greece"
    expected = {
        key: geometry
        for file in ("kozani_and_neighbours", "heraklion_municipality")
        for key, _, geometry in read_features(folder / f"{file}_4326.geojson", key_attribute="KWD_YPES").features
    }
    for imported in greek_twins(shared_data, tmp_path):
        compared = [metres_apart(geometry, expected[key]) for key, _, geometry in imported.features if key in expected]
        assert len(compared) == 8
        assert max(compared) < 0.01


def test_the_greek_names_of_the_sample_are_right(shared_data, tmp_path):
    for imported in greek_twins(shared_data, tmp_path):
        names = {key: attributes["NAME"] for key, attributes, _ in imported.features}
        assert names["9268"] == "Άνδρου"
        assert names["9305"] == "Ηρακλείου"


def test_a_boundary_published_invalid_is_repaired(shared_data):
    folder = shared_data / "boundaries/bulgaria"
    as_published = read_features(folder / "sopot_municipality_4326_INVALID_AS_PUBLISHED.geojson", key_attribute="nuts4")
    (repaired,) = read_features(folder / "sopot_municipality_4326_repaired.geojson", key_attribute="nuts4").features
    assert len(as_published.repaired) == 1
    assert as_published.features[0][2].symmetric_difference(repaired[2]).area < 1e-9


def test_the_sample_in_lks_94_lands_within_a_centimetre_of_its_twin(shared_data):
    folder = shared_data / "boundaries/lithuania"
    grid, degrees = (
        {key: geometry for key, _, geometry in read_features(folder / file, key_attribute="name").features}
        for file in (
            "kaunas_district_and_neighbours_3346_reprojected.gpkg",
            "kaunas_district_and_neighbours_4326.geojson",
        )
    )
    assert grid.keys() == degrees.keys()
    assert max(metres_apart(grid[key], degrees[key]) for key in grid) < 0.01

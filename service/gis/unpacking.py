"""Open the file of a layer (GeoJSON, GeoPackage, zipped Shapefile, KML, GML, CSV) and read what it says, as it says it.

The kind of file is decided by its name and checked against its first bytes, and only a copy in a folder of its own is
opened, so that a file cannot make GDAL follow an address or open its neighbours.
"""

import csv
import json
import math
import mmap
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import (
    DataLayerError,
    DataSourceError,
    FieldError,
    GeometryError,
)

from service.errors import Problem
from service.gis.measuring import Geometries
from service.gis.reading_xml import NotXml, root_of
from service.text import N_

KINDS_OF_FILE = (".geojson", ".json", ".gpkg", ".zip", ".kml", ".gml", ".csv")
HEAD = 1 << 20
"""Bytes of a GML file within which GDAL looks for its schema."""
LARGEST_UNZIPPED = 1_000_000_000  # bytes
MOST_IN_A_ZIP = 1000
GEOJSON = re.compile(rb'"type"\s*:\s*"Feature(Collection)?"')
CRS_MEMBER = re.compile(
    rb"""["'](?:c|\\u00[46]3)(?:r|\\u00[57]2)(?:s|\\u00[57]3)["']\s*(.?)""", re.IGNORECASE | re.DOTALL
)
"""A coordinate system in GeoJSON, however its name is spelt, and what follows: a colon, unless it is a value itself."""
LONGEST_CRS = 1 << 16
NAMED = ("name", "EPSG")
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")

# The "language driver" byte of a DBF file, where it names one encoding (from ESRI's and dBASE's lists). 0x57 is not
# among them: it says "the code page of the machine that wrote this".
LANGUAGE_BYTES = {
    0x01: "cp437",
    0x02: "cp850",
    0x03: "cp1252",
    0x04: "mac_roman",
    0x64: "cp852",
    0x65: "cp866",
    0x6A: "cp737",
    0x86: "cp737",
    0x98: "mac_greek",
    0xC8: "cp1250",
    0xC9: "cp1251",
    0xCA: "cp1254",
    0xCB: "cp1253",
    0xCC: "cp1257",
}


COORDINATES = (("lon", "lng", "long", "longitude", "x"), ("lat", "latitude", "y"))
"""What the columns of a CSV with coordinates are usually called."""
OF_KML = (
    "timestamp",
    "begin",
    "end",
    "altitudeMode",
    "tessellate",
    "extrude",
    "visibility",
    "drawOrder",
    "icon",
    "snippet",
)
"""What GDAL says of every placemark, mostly nothing."""


pyogrio.set_gdal_config_options({"GDAL_HTTP_PROXY": "http://127.0.0.1:1"})  # where nobody is: GDAL asks nobody


class FileRefused(Problem):
    """The file is no layer that we can read; `reason` says why."""

    status, code, message = 422, "layer_file_refused", N_("This file cannot be read as a map layer.")


class EncodingUnknown(Problem):
    """The texts of a file are not as they are said to be written (`encoding`), or nothing says how."""

    status, code = 422, "encoding_unknown"
    message = N_("It is not known how the texts of the file are written. Name the encoding, for example ISO-8859-7.")


class SeveralLayers(Problem):
    """The file holds more than one layer (`layers`), and none or an unknown one was named."""

    status, code, message = 422, "layer_name_needed", N_("The file holds several layers. Name one of them.")


class FeatureRefused(Problem):
    """One feature cannot be taken: `feature` counts from 1, `key` is what it calls itself, `reason` says why."""

    status, code, message = 422, "feature_refused", N_("A feature of the file cannot be used.")


class ColumnsMissing(Problem):
    """A CSV file has no such columns of coordinates; `attributes` lists those that it has."""

    status, code, message = 422, "coordinate_columns_missing", N_("Say which columns hold the coordinates.")


@dataclass(frozen=True)
class Content:
    """What a file says: the attributes and the geometry (None where there is none) of each feature, and its CRS."""

    names: list[str]
    records: list[dict[str, Any]]
    geometries: Geometries
    crs: str | None


def read_content(
    path: Path,
    layer_name: str | None = None,
    encoding: str | None = None,
    columns: tuple[str | None, str | None] = (None, None),
) -> Content:
    """What a .geojson, .json, .gpkg, .zip (Shapefile), .kml, .gml or .csv file says.

    `columns` are those of a CSV that hold longitude (or easting) and latitude (or northing).
    Raises FileRefused, EncodingUnknown, SeveralLayers, ColumnsMissing, FeatureRefused.
    """
    if path.is_file() and path.suffix.lower() == ".csv":
        return _read_csv(path, encoding, columns)
    with TemporaryDirectory() as folder:
        copy = _copy(path, Path(folder), layer_name)
        encoding = encoding or (_encoding(copy) if copy.suffix == ".shp" else None)
        return _read(copy, layer_name, encoding)


def _copy(path: Path, folder: Path, layer_name: str | None) -> Path:
    """A copy of the file, or of the Shapefile inside it, under a name of ours."""
    kind = path.suffix.lower()
    if not path.is_file():
        raise FileRefused(reason="not_a_file")
    if kind in (".geojson", ".json"):
        _check_geojson(path)
        return Path(shutil.copyfile(path, folder / "layer.geojson"))
    if kind == ".gpkg":
        with path.open("rb") as file:
            if file.read(16) != b"SQLite format 3\0":
                raise FileRefused(reason="not_a_geopackage")
        return Path(shutil.copyfile(path, folder / "layer.gpkg"))
    if kind == ".zip":
        return _unzip(path, folder, layer_name)
    if kind == ".kml":
        _check_xml(path, "kml")
        return Path(shutil.copyfile(path, folder / "layer.kml"))
    if kind == ".gml":
        _check_xml(path, "FeatureCollection")
        return _without_schema(path, folder / "layer.gml")
    raise FileRefused(reason="kind", kinds=list(KINDS_OF_FILE))


def _check_geojson(path: Path) -> None:
    """Only by its looks: what is wrong inside GDAL will find, and the file may be too large for more."""
    with path.open("rb") as file:
        begins = file.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if begins != b"{":
            raise FileRefused(reason="not_geojson")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if not GEOJSON.search(content):
                raise FileRefused(reason="not_geojson")
            for member in CRS_MEMBER.finditer(content):
                _check_crs(member[1], content[member.end() : member.end() + LONGEST_CRS])


def _check_crs(sign: bytes, value: bytes) -> None:
    """GDAL would ask the address that a coordinate system may give instead of its name. Raises FileRefused."""
    if sign in b",}]":
        return
    try:
        if sign != b":":
            raise ValueError("this is no JSON")
        found, _ = ONE_EACH.raw_decode(value.decode(errors="replace").lstrip())
    except ValueError:
        raise FileRefused(reason="crs_without_name") from None
    is_named = isinstance(found, dict) and found.get("type") in NAMED and found.keys() == {"type", "properties"}
    if isinstance(found, dict) and not is_named:
        raise FileRefused(reason="crs_without_name")


def _each_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose members have different names; raises ValueError for any other."""
    if len({name for name, _ in members}) < len(members):
        raise ValueError("a member is there twice")
    return dict(members)


ONE_EACH = json.JSONDecoder(object_pairs_hook=_each_once)


def _check_xml(path: Path, root: str) -> None:
    """Well-formed XML with this root and no document type: only that can name entities, which grow without end."""
    try:
        name, _ = root_of(path)
    except NotXml as fault:
        raise FileRefused(reason=str(fault)) from None
    if name != root:
        raise FileRefused(reason=f"not_{path.suffix.lower()[1:]}")


def _without_schema(path: Path, target: Path) -> Path:
    """A copy in which GDAL finds no schema: it would ask any address that the file names for one."""
    with path.open("rb") as file, target.open("wb") as copy:
        head = file.read(HEAD)
        if b"\0" in head:
            raise FileRefused(reason="unreadable")
        copy.write(head.replace(b"schemaLocation", b"schemaNotAsked").replace(b"SchemaLocation", b"SchemaNotAsked"))
        shutil.copyfileobj(file, copy)
    return target


def _unzip(path: Path, folder: Path, layer_name: str | None) -> Path:
    """The parts of one Shapefile, wherever they lie in the archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_names(archive)
            names = [name for name in archive.namelist() if not Path(name).name.startswith("._")]
            shape = _pick_layer({Path(n).stem: n for n in names if n.lower().endswith(".shp")}, layer_name)
            for name in names:
                if Path(name).suffix.lower() in SHAPEFILE_PARTS and name[:-4].lower() == shape[:-4].lower():
                    _extract(archive, name, folder / f"layer{Path(name).suffix.lower()}")
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as fault:
        raise FileRefused(reason="not_a_zip") from fault
    return folder / "layer.shp"


def _check_names(archive: zipfile.ZipFile) -> None:
    """Names that lead out of a folder, and more than fits, are no honest archive."""
    files = archive.infolist()
    for name in (file.filename.replace("\\", "/") for file in files):
        if ".." in PurePosixPath(name).parts or name.startswith("/") or name[1:2] == ":":
            raise FileRefused(reason="path")
    if len(files) > MOST_IN_A_ZIP or sum(file.file_size for file in files) > LARGEST_UNZIPPED:
        raise FileRefused(reason="too_large")


def _pick_layer(layers: dict[str, str], wanted: str | None) -> str:
    if not layers:
        raise FileRefused(reason="no_layer")
    if wanted is None and len(layers) == 1:
        return next(iter(layers.values()))
    if wanted is None or wanted not in layers:
        raise SeveralLayers(layers=sorted(layers))
    return layers[wanted]


def _extract(archive: zipfile.ZipFile, name: str, target: Path) -> None:
    """Written piece by piece, because an archive may lie about the size of what it holds."""
    left = LARGEST_UNZIPPED
    with archive.open(name) as packed, target.open("wb") as file:
        while piece := packed.read(1 << 20):
            left -= len(piece)
            if left < 0:
                raise FileRefused(reason="too_large")
            file.write(piece)


def _encoding(shape: Path) -> str:
    """The encoding of a Shapefile's texts: its .cpg, else its language byte, else what its bytes can only be."""
    code_page = shape.with_suffix(".cpg")
    if code_page.exists() and (named := code_page.read_text("ascii", "replace").strip()):
        return f"cp{named}" if named.isdigit() else named
    table = shape.with_suffix(".dbf")
    content = table.read_bytes() if table.exists() else b""
    if len(content) < 32:
        return "UTF-8"
    if content[29] in LANGUAGE_BYTES:
        return LANGUAGE_BYTES[content[29]]
    try:
        content[32:].decode("utf-8")
    except UnicodeDecodeError:
        raise EncodingUnknown from None
    return "UTF-8"


def _read(path: Path, layer_name: str | None, encoding: str | None) -> Content:
    """What GDAL reads of the file."""
    try:
        layer = None
        if path.suffix in (".gpkg", ".kml", ".gml"):
            names = [name for name, geometry in pyogrio.list_layers(path) if geometry is not None]
            layer = _pick_layer({name: name for name in names}, layer_name)
        meta, _, wkb, columns = pyogrio.raw.read(path, layer=layer, encoding=encoding, datetime_as_string=True)
        if wkb is None or not len(wkb):
            raise FileRefused(reason="no_features")
        geometries = shapely.from_wkb(wkb)
    except (LookupError, UnicodeDecodeError):
        raise EncodingUnknown(**({"encoding": encoding} if encoding else {})) from None
    except (DataSourceError, DataLayerError, FieldError, GeometryError, shapely.GEOSException) as fault:
        raise FileRefused(reason="unreadable", message=str(fault).replace(str(path), path.name)) from fault
    names = [str(name) for name in meta["fields"] if path.suffix != ".kml" or name not in OF_KML]
    return Content(names, _records(meta, list(columns), names), geometries, meta["crs"])


def _read_csv(path: Path, encoding: str | None, columns: tuple[str | None, str | None]) -> Content:
    """Every value stays the text that it is: codes begin with zeros."""
    try:
        with path.open(encoding=encoding or "utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=max(",;\t|", key=header.count))
            names = list(reader.fieldnames or ())
            lon, lat = (_column(names, *named) for named in zip(columns, COORDINATES, strict=True))
            rows = list(reader)
    except (LookupError, UnicodeDecodeError):
        raise EncodingUnknown(**({"encoding": encoding} if encoding else {})) from None
    except csv.Error as fault:
        raise FileRefused(reason="unreadable", message=str(fault)) from fault
    if not rows:
        raise FileRefused(reason="no_features")
    if len(set(names)) < len(names) or any("\0" in name for name in names):
        raise FileRefused(reason="columns")
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values() or any("\0" in value for value in row.values()):
            raise FeatureRefused(feature=number, key=None, reason="columns")
    geometries = np.array([None, *(_place(row[lon], row[lat]) for row in rows)], dtype=object)[1:]
    records = [{name: row[name] or None for name in names} for row in rows]
    degrees = lon.lower() in COORDINATES[0] and lon.lower() != "x"
    return Content(names, records, geometries, "EPSG:4326" if degrees else None)


def _column(names: list[str], asked: str | None, usual: tuple[str, ...]) -> str:
    found = asked if asked in names else next((name for name in names if not asked and name.lower() in usual), None)
    if found is None:
        raise ColumnsMissing(attributes=names)
    return found


def _place(lon: str, lat: str) -> Any:
    """The point; None where it is not said, and a point nowhere where it cannot be read."""
    if not lon.strip() or not lat.strip():
        return None
    try:
        return shapely.Point(float(lon.replace(",", ".")), float(lat.replace(",", ".")))
    except ValueError:
        return shapely.Point(math.inf, math.inf)


def _records(meta: dict[str, Any], columns: list[Any], wanted: list[str]) -> list[dict[str, Any]]:
    """One dictionary of plain JSON values a feature."""
    names = [str(name) for name in meta["fields"]]
    kinds = zip(meta["ogr_types"], meta["ogr_subtypes"], strict=True)
    values = {
        name: _plain(column, *kind) for name, column, kind in zip(names, columns, kinds, strict=True) if name in wanted
    }
    if not values:
        return [{} for _ in range(len(columns[0]) if columns else 0)]
    return [dict(zip(values, record, strict=True)) for record in zip(*values.values(), strict=True)]


def _json(text: str) -> Any:
    """What GDAL calls JSON; a text, where features differ in what they hold, is a text still."""
    try:
        return json.loads(text, parse_constant=_finite, parse_float=_finite)
    except ValueError:
        return text


def _finite(text: str) -> float:
    """The number, which JSON can say; raises ValueError for others."""
    if not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


def _plain(column: Any, kind: str, subtype: str) -> Iterator[Any]:
    """What a column holds, in JSON's own types; whole numbers stay whole where some are missing."""
    for number, value in enumerate(column.tolist(), 1):
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            yield None
        elif subtype == "OFSTJSON":
            if "\\u0000" in value:  # which no database keeps in JSON
                raise FeatureRefused(feature=number, key=None, reason="null_character")
            yield _json(value)
        elif subtype == "OFSTBoolean":
            yield bool(value)
        elif kind in ("OFTInteger", "OFTInteger64"):
            yield int(value)
        elif isinstance(value, np.ndarray):
            yield value.tolist()
        elif isinstance(value, bytes):
            yield value.hex()
        else:
            yield value

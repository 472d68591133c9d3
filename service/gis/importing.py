"""Read the features of a file (GeoJSON, GeoPackage, zipped Shapefile, in any CRS) as they will be published.

The kind of file is decided by its name and checked against its first bytes, and only a copy in a folder of its own is
opened, so that a file cannot make GDAL follow an address or open its neighbours. Geometries are brought to longitude
and latitude (WGS84); an edge that was straight in the file's own CRS is straight in longitude and latitude afterwards.
"""

import hashlib
import json
import math
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
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
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from service.errors import Problem
from service.gis.measuring import Geometries
from service.text import N_

KEY_ATTRIBUTES = ("key", "id")
LONGEST_KEY = 255
LARGEST_UNZIPPED = 1_000_000_000  # bytes
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


class FileRefused(Problem):
    """The file is no layer that we can read; `reason` says why."""

    status, code, message = 422, "layer_file_refused", N_("This file cannot be read as a map layer.")


class CrsUnknown(Problem):
    """The file does not say in which coordinate reference system it is (no .prj)."""

    status, code = 422, "crs_unknown"
    message = N_("The file does not say in which coordinate system it is. Name one, for example EPSG:2100.")


class EncodingUnknown(Problem):
    """The texts of a Shapefile are not ASCII, and nothing says how they are written."""

    status, code = 422, "encoding_unknown"
    message = N_("The file does not say how its texts are written. Name the encoding, for example ISO-8859-7.")


class SeveralLayers(Problem):
    """The file holds more than one layer (`layers`), and none or an unknown one was named."""

    status, code, message = 422, "layer_name_needed", N_("The file holds several layers. Name one of them.")


class KeyMissing(Problem):
    """No such attribute to take the features' keys from; `attributes` lists those that the file has."""

    status, code, message = 422, "key_attribute_missing", N_("Say which attribute holds the key of each feature.")


class FeatureRefused(Problem):
    """One feature cannot be taken: `feature` counts from 1, `key` is what it calls itself, `reason` says why."""

    status, code, message = 422, "feature_refused", N_("A feature of the file cannot be used.")


@dataclass(frozen=True)
class ImportedLayer:
    """What a file holds: (key, attributes, geometry in longitude and latitude), in the order of the file.

    `source` is the file's name, `sha256` the hex digest of its bytes, `crs` what its coordinates were in, `repaired`
    the keys of the features whose geometry had to be made valid.
    """

    features: Sequence[tuple[str, dict[str, Any], Any]]
    source: str
    sha256: str
    crs: str
    repaired: Sequence[str] = ()


def read_features(
    path: str | Path,
    layer_name: str | None = None,
    crs: str | None = None,
    encoding: str | None = None,
    key_attribute: str | None = None,
) -> ImportedLayer:
    """The features of a .geojson, .json, .gpkg or .zip (Shapefile) file.

    `layer_name` picks one of several layers; `crs` and `encoding` are used instead of what the file says of itself;
    `key_attribute` names the attribute that holds each feature's key (without it: "key" or "id").
    Raises FileRefused, CrsUnknown, EncodingUnknown, SeveralLayers, KeyMissing, FeatureRefused.
    """
    path = Path(path)
    with TemporaryDirectory() as folder:
        copy = _copy(path, Path(folder), layer_name)
        encoding = encoding or (_encoding(copy) if copy.suffix == ".shp" else None)
        meta, geometries, columns = _read(copy, layer_name, encoding)
    crs_used = _crs(crs or meta["crs"])
    records = _records(meta, columns)
    keys = _keys(records, key_attribute)
    geometries, repaired = _usable(geometries, keys, crs_used)
    return ImportedLayer(
        features=list(zip(keys, records, geometries, strict=True)),
        source=path.name,
        sha256=_sha256(path),
        crs=crs_used.to_string(),
        repaired=repaired,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- the file --------------------------------------------------------------------------------------------------------


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
    raise FileRefused(reason="kind", kinds=[".geojson", ".json", ".gpkg", ".zip"])


def _check_geojson(path: Path) -> None:
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise FileRefused(reason="not_json") from None
    if not isinstance(content, dict) or content.get("type") not in ("FeatureCollection", "Feature"):
        raise FileRefused(reason="not_geojson")


def _unzip(path: Path, folder: Path, layer_name: str | None) -> Path:
    """The parts of one Shapefile, wherever they lie in the archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not Path(name).name.startswith("._")]
            shape = _pick_layer({Path(n).stem: n for n in names if n.lower().endswith(".shp")}, layer_name)
            for name in names:
                if Path(name).suffix.lower() in SHAPEFILE_PARTS and name[:-4].lower() == shape[:-4].lower():
                    _extract(archive, name, folder / f"layer{Path(name).suffix.lower()}")
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as fault:
        raise FileRefused(reason="not_a_zip") from fault
    return folder / "layer.shp"


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


def _read(path: Path, layer_name: str | None, encoding: str | None) -> tuple[dict[str, Any], Geometries, list[Any]]:
    """GDAL's description of the layer, its geometries and its columns."""
    try:
        layer = None
        if path.suffix == ".gpkg":
            names = [name for name, geometry in pyogrio.list_layers(path) if geometry is not None]
            layer = _pick_layer({name: name for name in names}, layer_name)
        meta, _, wkb, columns = pyogrio.raw.read(path, layer=layer, encoding=encoding, datetime_as_string=True)
        if wkb is None or not len(wkb):
            raise FileRefused(reason="no_features")
        return meta, shapely.from_wkb(wkb), list(columns)
    except (LookupError, UnicodeDecodeError):
        raise EncodingUnknown from None
    except (DataSourceError, DataLayerError, FieldError, GeometryError, shapely.GEOSException) as fault:
        raise FileRefused(reason="unreadable", message=str(fault)) from fault


# --- what is in it ---------------------------------------------------------------------------------------------------


def _crs(named: str | None) -> CRS:
    try:
        crs = CRS.from_user_input(named) if named else None
    except CRSError:
        crs = None
    if crs is None or crs.name.startswith(("Undefined", "unknown")) or crs.is_engineering:
        raise CrsUnknown
    return crs


def _records(meta: dict[str, Any], columns: list[Any]) -> list[dict[str, Any]]:
    """One dictionary of plain JSON values a feature."""
    names = [str(name) for name in meta["fields"]]
    kinds = zip(meta["ogr_types"], meta["ogr_subtypes"], strict=True)
    values = [_plain(column, *kind) for column, kind in zip(columns, kinds, strict=True)]
    return [dict(zip(names, record, strict=True)) for record in zip(*values, strict=True)]


def _plain(column: Any, kind: str, subtype: str) -> Iterator[Any]:
    """What a column holds, in JSON's own types; whole numbers stay whole where some are missing."""
    for number, value in enumerate(column.tolist(), 1):
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            yield None
        elif subtype == "OFSTJSON":
            if "\\u0000" in value:  # which no database keeps in JSON
                raise FeatureRefused(feature=number, key=None, reason="null_character")
            yield json.loads(value)
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


def _keys(records: list[dict[str, Any]], attribute: str | None) -> list[str]:
    """The key of each feature; a whole number is written without its point."""
    names = list(records[0]) if records else []
    attribute = attribute or next((name for name in KEY_ATTRIBUTES if name in names), None)
    if attribute not in names:
        raise KeyMissing(attributes=names)
    keys = [_key(record[attribute], number) for number, record in enumerate(records, 1)]
    seen = Counter(keys)
    for number, key in enumerate(keys, 1):
        if seen[key] > 1:
            raise FeatureRefused(feature=number, key=key, reason="key_twice")
    return keys


def _key(value: Any, number: int) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    key = "" if value is None or isinstance(value, bool | list | dict) else str(value).strip()
    if not key or "\0" in key:
        raise FeatureRefused(feature=number, key=None, reason="key_missing")
    if len(key) > LONGEST_KEY:
        raise FeatureRefused(feature=number, key=key[:LONGEST_KEY], reason="key_too_long")
    return key


def _usable(geometries: Geometries, keys: list[str], crs: CRS) -> tuple[Geometries, list[str]]:
    """The geometries in longitude and latitude, valid, without height; and the keys of those that were repaired."""
    _refuse(shapely.is_missing(geometries) | shapely.is_empty(geometries), keys, "no_geometry")
    geometries = _to_degrees(shapely.force_2d(geometries), crs)
    _refuse(_outside(geometries), keys, "coordinates")
    broken = np.flatnonzero(~shapely.is_valid(geometries))
    geometries[broken] = shapely.make_valid(geometries[broken], method="structure", keep_collapsed=False)
    _refuse(shapely.is_empty(geometries), keys, "no_geometry")
    return geometries, [keys[i] for i in broken]


def _to_degrees(geometries: Geometries, crs: CRS) -> Geometries:
    try:
        transformer = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
        moved: Geometries = shapely.transform(geometries, lambda xy: np.column_stack(transformer.transform(*xy.T)))
    except ProjError:
        raise CrsUnknown from None
    return moved


def _outside(geometries: Geometries) -> Any:
    """Which of them have a coordinate that is no number, or none on earth."""
    coordinates, owner = shapely.get_coordinates(geometries, return_index=True)
    inside = (np.abs(coordinates) <= (180.0, 90.0)).all(axis=1)
    return np.bincount(owner[~inside], minlength=len(geometries)) > 0


def _refuse(refused: Iterable[Any], keys: list[str], reason: str) -> None:
    for number, is_refused in enumerate(refused, 1):
        if is_refused:
            raise FeatureRefused(feature=number, key=keys[number - 1], reason=reason)

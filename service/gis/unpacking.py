"""Open the file of a layer (GeoJSON, GeoPackage, zipped Shapefile, KML, GML, CSV) and read what it says, as it says it.

The kind of file is decided by its name and checked against its first bytes, and only a copy in a folder of its own is
opened, so that a file cannot make GDAL follow an address or open its neighbours.
"""

import json
import mmap
import re
import shutil
import zipfile
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from service.gis.content import Content, EncodingUnknown, FileRefused, pick_layer
from service.gis.reading_csv import read_csv
from service.gis.reading_gdal import read
from service.gis.reading_xml import NotXml, root_of

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
        return read_csv(path, encoding, columns)
    with TemporaryDirectory() as folder:
        copy = _copy(path, Path(folder), layer_name)
        encoding = encoding or (_encoding(copy) if copy.suffix == ".shp" else None)
        return read(copy, layer_name, encoding)


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
            shape = pick_layer({Path(n).stem: n for n in names if n.lower().endswith(".shp")}, layer_name)
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

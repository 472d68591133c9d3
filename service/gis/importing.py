"""Read the features of a file, in any CRS, as they will be published.

Geometries are brought to longitude and latitude (WGS84); an edge that was straight in the file's own CRS is straight
in longitude and latitude afterwards.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from service.errors import Problem
from service.gis.content import FeatureRefused
from service.gis.measuring import Geometries
from service.gis.unpacking import read_content
from service.text import N_

KEY_ATTRIBUTES = ("key", "id")
LONGEST_KEY = 255


class CrsUnknown(Problem):
    """The file does not say in which coordinate reference system it is (no .prj), or nobody knows the one named."""

    status, code = 422, "crs_unknown"
    message = N_("It is not known in which coordinate system the file is. Name one, for example EPSG:2100.")


class KeyMissing(Problem):
    """No such attribute to take the features' keys from; `attributes` lists those that the file has."""

    status, code, message = 422, "key_attribute_missing", N_("Say which attribute holds the key of each feature.")


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
    """The features of a file of a kind that `read_content` knows.

    `layer_name` picks one of several layers; `crs` and `encoding` are used instead of what the file says of itself;
    `key_attribute` names the attribute that holds each feature's key (without it: "key" or "id").
    Raises FileRefused, CrsUnknown, EncodingUnknown, SeveralLayers, KeyMissing, FeatureRefused.
    """
    path = Path(path)
    content = read_content(path, layer_name, encoding)
    crs_used = known_crs(crs or content.crs)
    keys = _keys(content.records, key_in(content.names, key_attribute))
    geometries, repaired = _usable(content.geometries, keys, crs_used)
    return ImportedLayer(
        features=list(zip(keys, content.records, geometries, strict=True)),
        source=path.name,
        sha256=sha256_of(path),
        crs=crs_used.to_string(),
        repaired=repaired,
    )


def sha256_of(path: Path) -> str:
    """The hex digest of the file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def known_crs(named: str | None) -> CRS:
    """The coordinate reference system of this name. Raises CrsUnknown."""
    try:
        crs = CRS.from_user_input(named) if named else None
    except CRSError:
        crs = None
    if crs is None or crs.name.startswith(("Undefined", "unknown")) or crs.is_engineering:
        raise CrsUnknown
    return crs


def key_in(names: list[str], attribute: str | None) -> str:
    """The attribute that holds the keys: the one that was named, or the usual one. Raises KeyMissing."""
    found = attribute or next((name for name in KEY_ATTRIBUTES if name in names), None)
    if found not in names:
        raise KeyMissing(attributes=names)
    return found


def _keys(records: list[dict[str, Any]], attribute: str) -> list[str]:
    """The key of each feature."""
    keys = [key_of(record[attribute]) for record in records]
    seen = Counter(keys)
    for number, key in enumerate(keys, 1):
        if fault := fault_of_key(key) or ("key_twice" if seen[key] > 1 else None):
            raise FeatureRefused(feature=number, key=key[:LONGEST_KEY] or None, reason=fault)
    return keys


def key_of(value: Any) -> str:
    """The key that an attribute's value is, empty where it is none; a whole number is written without its point."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    key = "" if value is None or isinstance(value, bool | list | dict) else str(value).strip()
    return "" if "\0" in key else key


def fault_of_key(key: str) -> str | None:
    """What is wrong with a key by itself."""
    if not key:
        return "key_missing"
    return "key_too_long" if len(key) > LONGEST_KEY else None


def _usable(geometries: Geometries, keys: list[str], crs: CRS) -> tuple[Geometries, list[str]]:
    """The geometries in longitude and latitude, valid, without height; and the keys of those that were repaired."""
    _refuse(shapely.is_missing(geometries) | shapely.is_empty(geometries), keys, "no_geometry")
    geometries = to_degrees(shapely.force_2d(geometries), crs)
    _refuse(not_on_earth(geometries), keys, "coordinates")
    broken = np.flatnonzero(~shapely.is_valid(geometries))
    geometries[broken] = mended(geometries[broken])
    _refuse(shapely.is_empty(geometries), keys, "no_geometry")
    return geometries, [keys[i] for i in broken]


def mended(geometries: Geometries) -> Geometries:
    """Valid geometries in place of broken ones; what collapses to nothing becomes empty."""
    valid: Geometries = shapely.make_valid(geometries, method="structure", keep_collapsed=False)
    return valid


def to_degrees(geometries: Geometries, crs: CRS) -> Geometries:
    """The geometries in longitude and latitude. Raises CrsUnknown."""
    try:
        transformer = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
        moved: Geometries = shapely.transform(geometries, lambda xy: np.column_stack(transformer.transform(*xy.T)))
    except ProjError:
        raise CrsUnknown from None
    return moved


def not_on_earth(geometries: Geometries) -> Any:
    """Which of them have a coordinate that is no number, or none on earth."""
    coordinates, owner = shapely.get_coordinates(geometries, return_index=True)
    inside = (np.abs(coordinates) <= (180.0, 90.0)).all(axis=1)
    return np.bincount(owner[~inside], minlength=len(geometries)) > 0


def _refuse(refused: Iterable[Any], keys: list[str], reason: str) -> None:
    for number, is_refused in enumerate(refused, 1):
        if is_refused:
            raise FeatureRefused(feature=number, key=keys[number - 1], reason=reason)

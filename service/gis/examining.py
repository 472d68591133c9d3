"""Look at every feature of an uploaded file: what is wrong with it, what was repaired, what is left out.

The file as a whole is refused only where nothing of it could be right.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info

from service.errors import Problem
from service.gis.content import Content
from service.gis.importing import (
    CrsUnknown,
    ImportedLayer,
    fault_of_key,
    key_in,
    key_of,
    known_crs,
    mended,
    not_on_earth,
    sha256_of,
    to_degrees,
)
from service.gis.locating import BOUNDARY, boundary_of
from service.gis.measuring import Geometries
from service.gis.unpacking import read_content
from service.municipalities.directory import Municipality
from service.text import N_

MOST_LISTED = 1000
AROUND = 0.1  # degrees around the municipality in which a map of it may lie
AROUND_CENTRE = 1.0  # the same where only its centre is known
BEYOND_USE = 6.0  # degrees: a UTM zone is used in its neighbour too
SAMPLE = 200
GRIDS = {"GR": ("EPSG:2100",), "BG": ("EPSG:7801",), "LT": ("EPSG:3346",)}
"""The grids of the countries, which offices forget to name."""
DIMENSIONS = {"boundary": 2, "district": 2, "area": 2, "line": 1}
REPAIRED, LEFT_OUT, KEPT = "repaired", "left_out", "kept"


class CrsUnlikely(Problem):
    """Read as `crs`, all coordinates are far from the municipality, or `crs` is for another part of the world; or most
    are far, while more fall near it in another one and nobody has said that `crs` is right. `likely` lists those that
    fit, or fit better, the best first.
    """

    status, code = 422, "crs_unlikely"
    message = N_("The coordinates do not fall into the municipality. Name the right coordinate system.")


class AttributeMissing(Problem):
    """The file has none of the attribute `missing`; `attributes` lists those that it has."""

    status, code, message = 422, "layer_attribute_missing", N_("The file has no such attribute.")


class NothingUsable(Problem):
    """Every feature had to be left out; `findings` says why."""

    status, code, message = 422, "layer_nothing_usable", N_("None of the features of the file can be used.")


@dataclass(frozen=True)
class Asked:
    """What who uploads a file says of it. `attributes` names new attribute → old one; empty: all as they are.

    `longitude` and `latitude` are columns of a CSV. `keep_outside`: also features that lie wholly outside.
    """

    layer_name: str | None = None
    crs: str | None = None
    encoding: str | None = None
    key_attribute: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    longitude: str | None = None
    latitude: str | None = None
    keep_outside: bool = False


class Findings:
    """What was found, feature by feature; numbers count from 1."""

    def __init__(self, keys: list[str]) -> None:
        self.keys = keys
        self.taken = np.ones(len(keys), dtype=bool)
        self.counts: Counter[str] = Counter()
        self.listed: list[dict[str, Any]] = []

    def add(self, positions: Iterable[Any], fault: str, done: str, details: Mapping[int, str] | None = None) -> None:
        """Note the fault of those features that are still in."""
        for position in (int(position) for position in positions):
            if not self.taken[position]:
                continue
            self.taken[position] = done != LEFT_OUT
            self.counts[fault] += 1
            if len(self.listed) < MOST_LISTED:
                line = {"feature": position + 1, "key": self.keys[position][:255] or None, "fault": fault, "done": done}
                self.listed.append(line | ({"detail": details[position]} if details else {}))

    def shown(self, crs: str) -> dict[str, Any]:
        """As JSON: how many were read and taken, how many of each fault, and the first thousand one by one."""
        return {
            "crs": crs,
            "read": len(self.keys),
            "taken": int(self.taken.sum()),
            "counts": dict(self.counts),
            "faults": sorted(self.listed, key=lambda line: line["feature"]),
        }


def examine(
    municipality: Municipality, kind: str, path: Path, asked: Asked, key_attribute: str | None = None
) -> tuple[ImportedLayer, dict[str, Any]]:
    """The features of the file that a layer of this kind can take, and the findings.

    Raises what `read_content` raises, KeyMissing, CrsUnknown, CrsUnlikely, AttributeMissing, NothingUsable.
    """
    content = read_content(path, asked.layer_name, asked.encoding, (asked.longitude, asked.latitude))
    return examine_content(municipality, kind, content, asked, path.name, sha256_of(path), key_attribute)


def examine_content(
    municipality: Municipality,
    kind: str,
    content: Content,
    asked: Asked,
    source: str,
    sha256: str,
    key_attribute: str | None = None,
) -> tuple[ImportedLayer, dict[str, Any]]:
    """The same of what was read already; `source` and `sha256` say where it was read.

    Raises KeyMissing, CrsUnknown, CrsUnlikely, AttributeMissing, NothingUsable.
    """
    attribute = key_in(content.names, key_asked(content, asked) or usable_key(content, asked.attributes, key_attribute))
    crs = crs_of(municipality, content, asked.crs)
    records = renamed(content, asked.attributes)
    findings = Findings([key_of(record[attribute]) for record in content.records])
    examine_keys(findings)
    sure = asked.crs is not None or asked.keep_outside
    geometries = examine_geometries(municipality, content.geometries, crs, findings, sure)
    examine_types(kind, geometries, findings)
    if kind != BOUNDARY:
        examine_places(municipality, geometries, findings, KEPT if asked.keep_outside else LEFT_OUT)
    shown = findings.shown(crs.to_string())
    if not shown["taken"]:
        raise NothingUsable(findings=shown)
    taken = np.flatnonzero(findings.taken)
    features = [(findings.keys[position], records[position], geometries[position]) for position in taken]
    return ImportedLayer(features, source, sha256, crs.to_string()), shown


def key_asked(content: Content, asked: Asked) -> str | None:
    """The key attribute that was named, as the file calls it or as the layer will."""
    named = asked.key_attribute
    return named if named is None or named in content.names else asked.attributes.get(named, named)


def usable_key(content: Content, attributes: Mapping[str, str], key_attribute: str | None) -> str | None:
    """The layer's usual key attribute, where this file has it, under the name that it has there."""
    in_file = attributes.get(key_attribute, key_attribute) if key_attribute else None
    return in_file if in_file in content.names else None


def renamed(content: Content, attributes: Mapping[str, str]) -> list[dict[str, Any]]:
    """The records with the attributes that were asked for. Raises AttributeMissing."""
    if missing := [old for old in attributes.values() if old not in content.names]:
        raise AttributeMissing(missing=missing, attributes=content.names)
    if not attributes:
        return content.records
    return [{new: record[old] for new, old in attributes.items()} for record in content.records]


def examine_keys(findings: Findings) -> None:
    """Features without a key, and all but the first of those that share one, are left out."""
    seen: set[str] = set()
    for position, key in enumerate(findings.keys):
        if fault := fault_of_key(key) or ("key_twice" if key in seen else None):
            findings.add([position], fault, LEFT_OUT)
        seen.add(key)


def examine_geometries(
    municipality: Municipality, geometries: Geometries, crs: CRS, findings: Findings, sure: bool
) -> Geometries:
    """The geometries in longitude and latitude, made valid.

    Raises CrsUnlikely; where somebody is `sure` of the CRS only if none of them comes near.
    """
    missing = shapely.is_missing(geometries)
    findings.add(np.flatnonzero(missing), "null", LEFT_OUT)
    findings.add(np.flatnonzero(~missing & shapely.is_empty(geometries)), "empty", LEFT_OUT)
    geometries = shapely.force_2d(geometries)
    geometries[missing] = shapely.Point()
    there = np.flatnonzero(~shapely.is_empty(geometries))
    found = geometries.copy()
    found[there] = to_degrees(geometries[there], crs)
    astray = not_on_earth(found)
    here = there[~astray[there]]
    nearby = np.count_nonzero(near(municipality, found[here]))
    if len(there) and nearby == 0:
        raise CrsUnlikely(crs=crs.to_string(), likely=likely(municipality, geometries[there]))
    if nearby < len(there) / 2 and not sure:
        ensure_none_fits_better(municipality, geometries[there], crs)
    findings.add(np.flatnonzero(astray), "coordinates", LEFT_OUT)
    repair(found, here[~shapely.is_valid(found[here])], findings)
    return found


def repair(geometries: Geometries, broken: Any, findings: Findings) -> None:
    """Make these valid in their place; what collapses to nothing is left out."""
    reasons = dict(zip(broken.tolist(), shapely.is_valid_reason(geometries[broken]), strict=True))
    geometries[broken] = mended(geometries[broken])
    gone = broken[shapely.is_empty(geometries[broken])]
    findings.add(gone, "collapsed", LEFT_OUT, reasons)
    crossing = np.array(["elf-intersection" in reasons[int(position)] for position in broken], dtype=bool)
    findings.add(broken[crossing], "self_intersection", REPAIRED, reasons)
    findings.add(broken[~crossing], "invalid", REPAIRED, reasons)


def examine_types(kind: str, geometries: Geometries, findings: Findings) -> None:
    """A layer of areas takes areas only, one of lines lines; where anything goes, what is rarer is named."""
    dimensions = shapely.get_dimensions(geometries)
    expected = DIMENSIONS.get(kind)
    if expected is not None:
        findings.add(np.flatnonzero(dimensions != expected), "type", LEFT_OUT)
    elif findings.taken.any():
        usual = Counter(dimensions[findings.taken].tolist()).most_common(1)[0][0]
        findings.add(np.flatnonzero(dimensions != usual), "mixed_types", KEPT)


def examine_places(municipality: Municipality, geometries: Geometries, findings: Findings, done: str) -> None:
    """Features that lie wholly outside the municipality."""
    if boundary := boundary_of(municipality):
        shapely.prepare(boundary)
        findings.add(np.flatnonzero(shapely.disjoint(boundary, geometries)), "outside", done)


# --- the coordinate system -------------------------------------------------------------------------------------------


def crs_of(municipality: Municipality, content: Content, named: str | None) -> CRS:
    """The CRS that was named, or that the file declares. Raises CrsUnknown, CrsUnlikely with those that are likely."""
    there = content.geometries[~(shapely.is_missing(content.geometries) | shapely.is_empty(content.geometries))]
    try:
        crs = known_crs(named or content.crs)
    except CrsUnknown:
        said = {"crs": named} if named else {}
        raise CrsUnknown(**said, likely=likely(municipality, there)) from None
    if not is_for(crs, municipality):
        raise CrsUnlikely(crs=crs.to_string(), likely=likely(municipality, there))
    return crs


def is_for(crs: CRS, municipality: Municipality) -> bool:
    """Whether the CRS is used in this part of the world; two grids may differ by a few hundred metres only."""
    used = crs.area_of_use
    if used is None or used.west > used.east:
        return True
    lon, lat = municipality.settings["centre"]
    return bool(
        used.west - BEYOND_USE <= lon <= used.east + BEYOND_USE
        and used.south - BEYOND_USE <= lat <= used.north + BEYOND_USE
    )


def near(municipality: Municipality, geometries: Geometries) -> Any:
    """Which of the geometries, in longitude and latitude, come near the municipality."""
    west, south, east, north = surroundings(municipality)
    bounds = shapely.bounds(geometries)
    return (bounds[:, 0] <= east) & (bounds[:, 2] >= west) & (bounds[:, 1] <= north) & (bounds[:, 3] >= south)


def surroundings(municipality: Municipality) -> tuple[float, float, float, float]:
    """The box in which something of the municipality's map must lie."""
    if boundary := boundary_of(municipality):
        west, south, east, north = boundary.bounds
        return west - AROUND, south - AROUND, east + AROUND, north + AROUND
    lon, lat = municipality.settings["centre"]
    return lon - AROUND_CENTRE, lat - AROUND_CENTRE, lon + AROUND_CENTRE, lat + AROUND_CENTRE


def ensure_none_fits_better(municipality: Municipality, geometries: Geometries, crs: CRS) -> None:
    """Refuse a CRS where more would lie near the municipality in another one. Raises CrsUnlikely."""
    if better := likely(municipality, geometries, fitting(municipality, geometries, crs)):
        raise CrsUnlikely(crs=crs.to_string(), likely=better)


def likely(municipality: Municipality, geometries: Geometries, more_than: int = 0) -> list[str]:
    """Those of the usual coordinate systems in which more of a sample lies near the municipality, most first."""
    names = ("EPSG:4326", *GRIDS.get(municipality.country, ()), *zones(municipality), "EPSG:3857")
    fits = {name: fitting(municipality, geometries, CRS.from_user_input(name)) for name in names}
    return sorted((name for name in names if fits[name] > more_than), key=lambda name: -fits[name])


def fitting(municipality: Municipality, geometries: Geometries, crs: CRS) -> int:
    """How many of a sample of the geometries would lie near the municipality."""
    moved = to_degrees(shapely.force_2d(geometries[:: max(1, len(geometries) // SAMPLE)]), crs)
    return int(np.count_nonzero(near(municipality, moved[~not_on_earth(moved)])))


def zones(municipality: Municipality) -> list[str]:
    """The UTM zones (WGS 84) of the municipality."""
    west, south, east, north = surroundings(municipality)
    found = query_utm_crs_info("WGS 84", AreaOfInterest(west, south, east, north), contains=False)
    return sorted(f"EPSG:{info.code}" for info in found if info.code.startswith("32"))

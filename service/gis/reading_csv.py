"""Read a CSV file whose columns hold coordinates."""

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from service.gis.content import ColumnsMissing, Content, EncodingUnknown, FeatureRefused, FileRefused

COORDINATES = (("lon", "lng", "long", "longitude", "x"), ("lat", "latitude", "y"))
"""What the columns of a CSV with coordinates are usually called."""


def read_csv(path: Path, encoding: str | None, columns: tuple[str | None, str | None]) -> Content:
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

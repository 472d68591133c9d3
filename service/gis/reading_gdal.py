"""Read what GDAL finds in the copy of a file, in JSON's own types."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
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

from service.gis.content import Content, EncodingUnknown, FeatureRefused, FileRefused, pick_layer

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


def read(path: Path, layer_name: str | None, encoding: str | None) -> Content:
    """What GDAL reads of the file."""
    try:
        layer = None
        if path.suffix in (".gpkg", ".kml", ".gml"):
            names = [name for name, geometry in pyogrio.list_layers(path) if geometry is not None]
            layer = pick_layer({name: name for name in names}, layer_name)
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

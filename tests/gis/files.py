"""Map files as offices send them, written for one test."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyproj import Transformer

SQUARES = {
    "A1": shapely.box(21.70, 40.20, 21.75, 40.25),
    "A2": shapely.box(21.75, 40.20, 21.80, 40.25),
}
LANGUAGE_BYTE = 29


def geojson(path: Path, *features: tuple[dict[str, Any] | None, Any], **more: Any) -> Path:
    """A feature collection of (properties, geometry); a geometry may be a dictionary or null."""
    described = [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": shape if shape is None or isinstance(shape, dict) else shapely.geometry.mapping(shape),
        }
        for properties, shape in features
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": described} | more), "utf-8")
    return path


def to_greek_grid(shape: Any) -> Any:
    """The shape in EPSG:2100."""
    forth = Transformer.from_crs(4326, 2100, always_xy=True)
    return shapely.transform(shape, lambda xy: np.column_stack(forth.transform(*xy.T)))


def write(
    path: Path, names: list[str], crs: str | None = "EPSG:2100", layer: str | None = None, **options: Any
) -> Path:
    """The two squares with their keys and these names, as GDAL writes them."""
    shapes = [to_greek_grid(shape) if crs == "EPSG:2100" else shape for shape in SQUARES.values()]
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array(shapes)),
        [np.array(list(SQUARES), dtype=object), np.array(names, dtype=object)],
        ["key", "name"],
        geometry_type="Polygon",
        crs=crs,
        layer=layer or path.stem,
        append=path.exists(),
        **options,
    )
    return path


def zipped_shapefile(
    folder: Path,
    names: list[str],
    encoding: str = "UTF-8",
    language_byte: int = 0x57,
    inside: str = "",
    leave_out: tuple[str, ...] = (".cpg",),
    **options: Any,
) -> Path:
    """A Shapefile in a zip, in a sub-folder where `inside` names one, without the parts to leave out."""
    shape = write(folder / "squares.shp", names, encoding=encoding, **options)
    table = shape.with_suffix(".dbf")
    content = bytearray(table.read_bytes())
    content[LANGUAGE_BYTE] = language_byte
    table.write_bytes(content)
    archive = folder / "squares.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for part in sorted(folder.glob("squares.*")):
            if part.suffix not in (*leave_out, ".zip"):
                zipped.write(part, f"{inside}{part.name}")
    return archive

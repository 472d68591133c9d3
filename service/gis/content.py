"""What a file of a layer says, and why one is refused."""

from dataclasses import dataclass
from typing import Any

from service.errors import Problem
from service.gis.measuring import Geometries
from service.text import N_


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


def pick_layer(layers: dict[str, str], wanted: str | None) -> str:
    """The layer that is wanted, or the only one. Raises FileRefused, SeveralLayers."""
    if not layers:
        raise FileRefused(reason="no_layer")
    if wanted is None and len(layers) == 1:
        return next(iter(layers.values()))
    if wanted is None or wanted not in layers:
        raise SeveralLayers(layers=sorted(layers))
    return layers[wanted]

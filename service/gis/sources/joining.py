"""Several answers with features as one content. Half of a source is none."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapely

from service.gis.content import Content
from service.gis.sources.visiting import MOST_FEATURES, SourceBroken, SourceEmpty
from service.gis.unpacking import read_content

OWN_ID = "id"


class Pages:
    """The pages that have come, and how many features they have together."""

    def __init__(self) -> None:
        self.contents: list[Content] = []
        self.digests: set[str] = set()
        self.count = 0

    def add(self, content: Content) -> None:
        """Raises SourceBroken, also where the source does not turn its pages."""
        digest = digest_of(content)
        if digest in self.digests:
            raise SourceBroken(reason="repeated")
        self.digests.add(digest)
        self.contents.append(content)
        self.count += len(content.records)
        if self.count > MOST_FEATURES:
            raise SourceBroken(reason="too_many_features", most=MOST_FEATURES)

    def all(self, expected: int | None) -> Content:
        """All of them, which must be so many where that is known. Raises SourceBroken, SourceEmpty."""
        if expected is not None and self.count != expected:
            raise SourceBroken(reason="truncated", expected=expected, got=self.count)
        if not self.contents:
            raise SourceEmpty
        content = joined(self.contents)
        if len(self.contents) > 1 and repeats(content):
            raise SourceBroken(reason="repeated")
        return content


def joined(contents: Sequence[Content]) -> Content:
    """One content of several. Raises SourceBroken."""
    if len({content.crs for content in contents}) > 1:
        raise SourceBroken(reason="crs_differs")
    names = list(dict.fromkeys(name for content in contents for name in content.names))
    empty = dict.fromkeys(names)
    records = [empty | record for content in contents for record in content.records]
    return Content(names, records, np.concatenate([content.geometries for content in contents]), contents[0].crs)


def marks(content: Content) -> list[bytes]:
    """What each feature says, as bytes."""
    shapes = shapely.to_wkb(content.geometries)
    written = (orjson.dumps(record, option=orjson.OPT_SORT_KEYS) for record in content.records)
    return [record + (shape or b"") for record, shape in zip(written, shapes, strict=True)]


def repeats(content: Content) -> bool:
    """Whether a feature came twice: then pages overlap, and something else may be on none."""
    found = marks(content)
    return len(set(found)) < len(found)


def digest_of(content: Content) -> str:
    """The hex digest of what the source says, however it says it."""
    digest = hashlib.sha256(orjson.dumps([content.names, content.crs]))
    for mark in marks(content):
        digest.update(mark)
    return digest.hexdigest()


def features_in(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The features of a collection in GeoJSON. Raises SourceBroken."""
    features = found.get("features")
    if found.get("type") != "FeatureCollection" or not isinstance(features, list):
        raise SourceBroken(reason="no_features_answer")
    if not all(isinstance(feature, dict) for feature in features):
        raise SourceBroken(reason="no_features_answer")
    return features


def read_collection(found: dict[str, Any], path: Path, key: str | None) -> Content:
    """What the features of a collection say, as an uploaded file of them would be read.

    The `id` of a feature is an attribute only where it is the key: some servers make it up anew for each answer.
    """
    for feature in features_in(found):
        own, attributes = feature.pop(OWN_ID, None), attributes_of(feature)
        if own is not None and wants_own_id(key, attributes):
            feature["properties"] = attributes | {OWN_ID: own}
    page = path.with_suffix(".geojson")
    page.write_bytes(orjson.dumps(found))
    return read_content(page)


def attributes_of(feature: dict[str, Any]) -> dict[str, Any]:
    properties = feature.get("properties")
    return properties if isinstance(properties, dict) else {}


def wants_own_id(key: str | None, attributes: dict[str, Any]) -> bool:
    """Whether a feature's own id is its key."""
    return OWN_ID not in attributes and (key == OWN_ID or (key is None and "key" not in attributes))

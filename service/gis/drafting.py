"""Drafts: versions of a layer that are not in force yet, from a file or from another version."""

from itertools import islice
from typing import Any

import shapely
from sqlalchemy import LargeBinary, bindparam, delete, func, insert, select

from service.db import session
from service.db.clock import now
from service.errors import NotFound
from service.gis.finding import called
from service.gis.importing import ImportedLayer
from service.gis.models import DRAFT, Feature, Layer, LayerVersion
from service.municipalities.directory import Municipality

AT_ONCE = 1000

features: Any = Feature.__table__


def layer_named(municipality: Municipality, key: str) -> Layer:
    """A layer of this municipality, locked until the transaction ends: nobody else drafts or publishes it meanwhile.

    Raises NotFound.
    """
    found = session.scalar(select(Layer).where(called(municipality, key)).with_for_update())
    if found is None:
        raise NotFound
    return found


def version_numbered(layer: Layer, number: int) -> LayerVersion:
    """A version of the layer by its number. Raises NotFound."""
    found = session.scalar(select(LayerVersion).where(LayerVersion.layer_id == layer.id, LayerVersion.number == number))
    if found is None:
        raise NotFound
    return found


def draft_of_file(layer: Layer, imported: ImportedLayer, by_id: int | None = None) -> LayerVersion:
    """A draft of what was read from a file. Inside `transaction()`, with the layer locked."""
    version = _next_version(
        layer, source=imported.source, sha256=imported.sha256, by_id=by_id, feature_count=len(imported.features)
    )
    _insert_features(version, imported)
    return version


def draft_of_version(layer: Layer, begun_from: LayerVersion | None, by_id: int | None = None) -> LayerVersion:
    """A draft with the features of another version of the layer, or with none. Inside `transaction()`, locked."""
    count = 0 if begun_from is None else begun_from.feature_count
    based_on = None if begun_from is None else begun_from.id
    version = _next_version(layer, source="", sha256="", by_id=by_id, feature_count=count, based_on_id=based_on)
    if begun_from is not None:
        columns = (features.c.key, features.c.attributes, features.c.geometry)
        copied = select(bindparam("version", version.id, type_=features.c.version_id.type), *columns)
        session.execute(
            insert(features).from_select(
                ["version_id", "key", "attributes", "geometry"], copied.where(features.c.version_id == begun_from.id)
            )
        )
    return version


def forget_draft(version: LayerVersion) -> None:
    """Delete a draft with its features. Inside `transaction()`."""
    session.execute(delete(features).where(features.c.version_id == version.id))
    session.delete(version)
    session.flush()


def _next_version(layer: Layer, **about: Any) -> LayerVersion:
    newest = session.scalar(select(func.max(LayerVersion.number)).where(LayerVersion.layer_id == layer.id))
    version = LayerVersion(layer_id=layer.id, number=(newest or 0) + 1, state=DRAFT, created_at=now(), **about)
    session.add(version)
    session.flush()
    return version


def _insert_features(version: LayerVersion, imported: ImportedLayer) -> None:
    """As WKB, because GeoAlchemy2 would send text to SQLite, which has a digit less and cannot say a collection."""
    geometry = func.ST_GeomFromWKB(bindparam("wkb", type_=LargeBinary), 4326)
    statement = insert(features).values(geometry=geometry)
    rows = (
        {"version_id": version.id, "key": key, "attributes": attributes, "wkb": shapely.to_wkb(shape)}
        for key, attributes, shape in imported.features
    )
    while some := list(islice(rows, AT_ONCE)):
        session.execute(statement, some)

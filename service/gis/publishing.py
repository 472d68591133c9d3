"""Publish what a file holds as the next version of a layer."""

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

import shapely
from sqlalchemy import LargeBinary, bindparam, func, insert, select

from service.db import session
from service.db.clock import now
from service.db.generations import grow
from service.db.upserts import insert_if_absent
from service.errors import Problem
from service.gis.importing import ImportedLayer
from service.gis.index import SUBJECT
from service.gis.models import KINDS, PUBLISHED, Feature, Layer, LayerVersion
from service.municipalities.directory import Municipality
from service.text import N_

AT_ONCE = 1000
KEY = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")
LONGEST_KEY = 64


class LayerIncomplete(Problem):
    """A layer that is not there yet needs a name and a kind; `kinds` lists the kinds."""

    status, code, message = 422, "layer_incomplete", N_("A new layer needs a name and a kind.")


class LayerKeyRefused(Problem):
    """The key of a layer is not small Latin letters and digits, with single `-` or `_` between, or over `most` long."""

    status, code, message = 422, "layer_key_refused", N_("A layer cannot have this key.")


class LayerTextRefused(Problem):
    """What a layer is to say (`about`) is no text, or is one with a null character."""

    status, code, message = 422, "layer_text_refused", N_("A layer cannot say this.")


def publish_version(
    municipality: Municipality,
    layer_key: str,
    imported: ImportedLayer,
    name: Mapping[str, str] | None = None,
    kind: str | None = None,
    **about: Any,
) -> LayerVersion:
    """Make the features the layer's version in force; the layer is made at its first version. Inside `transaction()`.

    `name`, `kind` and `about` (public, attribution, licence, approximate) describe the layer anew where given; the
    first version needs name and kind. Older versions stay as they were.
    Raises LayerKeyRefused, LayerTextRefused, LayerIncomplete.
    """
    _check_what_is_said(layer_key, name, about)
    layer = _locked_layer(municipality, layer_key, name, kind)
    for column, value in about.items():
        if column not in ("public", "attribution", "licence", "approximate"):
            raise TypeError(f"a layer has no {column}")
        setattr(layer, column, value)
    version = _next_version(layer, imported)
    _insert_features(version, imported)
    layer.published_version_id = version.id
    session.flush()
    grow(SUBJECT)
    return version


def _check_what_is_said(key: str, name: Mapping[str, str] | None, about: Mapping[str, Any]) -> None:
    """PostgreSQL cuts nothing off and keeps no null characters; SQLite would take anything."""
    if not KEY.fullmatch(key) or len(key) > LONGEST_KEY:
        raise LayerKeyRefused(most=LONGEST_KEY)
    if name is not None and not (isinstance(name, Mapping) and all(map(_is_text, (*name, *name.values())))):
        raise LayerTextRefused(about="name")
    for what in ("attribution", "licence"):
        if not _is_text(about.get(what) or ""):
            raise LayerTextRefused(about=what)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _locked_layer(municipality: Municipality, key: str, name: Mapping[str, str] | None, kind: str | None) -> Layer:
    """The layer, made if need be, with whom nobody else can publish until the transaction ends."""
    of_this_key = select(Layer).where(Layer.municipality_id == municipality.id, Layer.key == key)
    layer = session.scalar(of_this_key.with_for_update())
    if kind is not None and kind not in KINDS:
        raise LayerIncomplete(kinds=list(KINDS))
    if layer is None:
        if not name or kind is None:
            raise LayerIncomplete(kinds=list(KINDS))
        row = {"municipality_id": municipality.id, "key": key, "name": dict(name), "kind": kind}
        insert_if_absent(Layer, [row | {"public": False, "approximate": False}], returning=Layer.id)
        layer = session.scalars(of_this_key.with_for_update()).one()
    layer.name = dict(name) if name else layer.name
    layer.kind = kind or layer.kind
    return layer


def _next_version(layer: Layer, imported: ImportedLayer) -> LayerVersion:
    newest = session.scalar(select(func.max(LayerVersion.number)).where(LayerVersion.layer_id == layer.id))
    moment = now()
    version = LayerVersion(
        layer_id=layer.id,
        number=(newest or 0) + 1,
        state=PUBLISHED,
        source=imported.source,
        sha256=imported.sha256,
        feature_count=len(imported.features),
        created_at=moment,
        published_at=moment,
    )
    session.add(version)
    session.flush()
    return version


def _insert_features(version: LayerVersion, imported: ImportedLayer) -> None:
    """As WKB, because GeoAlchemy2 would send text to SQLite, which has a digit less and cannot say a collection."""
    geometry = func.ST_GeomFromWKB(bindparam("wkb", type_=LargeBinary), 4326)
    statement = insert(Feature.__table__).values(geometry=geometry)  # type: ignore[arg-type]
    rows = (
        {"version_id": version.id, "key": key, "attributes": attributes, "wkb": shapely.to_wkb(shape)}
        for key, attributes, shape in imported.features
    )
    while some := list(islice(rows, AT_ONCE)):
        session.execute(statement, some)

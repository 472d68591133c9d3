"""Put a version of a layer in force: what a file holds, a draft, or a version that was in force before."""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from service.db import session, transaction
from service.db.clock import now
from service.db.generations import grow
from service.db.upserts import insert_if_absent
from service.errors import Problem
from service.gis.drafting import draft_of_file, layer_named, version_numbered, write_draft
from service.gis.importing import ImportedLayer
from service.gis.index import SUBJECT
from service.gis.models import DRAFT, KINDS, PUBLISHED, Layer, LayerPublication, LayerVersion
from service.municipalities import models
from service.municipalities.directory import Municipality
from service.outbox.posting import owe
from service.text import N_

KEY = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")
LONGEST_KEY = 64
RESERVED = ("reports",)
"""Keys that no layer has: the map for other programs shows something else under them."""
LAYER_PUBLISHED = "layer_published"
DESCRIBED = ("public", "attribution", "licence", "approximate", "style", "key_attribute")


class LayerIncomplete(Problem):
    """A layer that is not there yet needs a name and a kind; `kinds` lists the kinds."""

    status, code, message = 422, "layer_incomplete", N_("A new layer needs a name and a kind.")


class LayerKeyRefused(Problem):
    """The key of a layer is not small Latin letters and digits, with single `-` or `_` between, is over `most`
    long, or is kept for something else.
    """

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
    """Make a few features the layer's version in force, made at its first version. Inside `transaction()`.

    `name`, `kind` and `about` (columns of DESCRIBED) describe the layer anew where given; the first version needs name
    and kind. Older versions stay as they were.
    Raises LayerKeyRefused, LayerTextRefused, LayerIncomplete.
    """
    layer = _described_layer(municipality, layer_key, name, kind, about)
    version = draft_of_file(layer, imported)
    put_in_force(layer, version)
    return version


def publish_file(
    municipality: Municipality,
    layer_key: str,
    imported: ImportedLayer,
    name: Mapping[str, str] | None = None,
    kind: str | None = None,
    **about: Any,
) -> int:
    """The same with as many features as there are; the version's number. It opens transactions of its own.

    Raises LayerKeyRefused, LayerTextRefused, LayerIncomplete.
    """
    with transaction():
        _described_layer(municipality, layer_key, name, kind, about)
    number = write_draft(municipality, layer_key, imported)
    with transaction():
        layer = layer_named(municipality, layer_key)
        put_in_force(layer, version_numbered(layer, number))
    return number


def put_in_force(layer: Layer, version: LayerVersion, by_id: int | None = None, reason: str | None = None) -> None:
    """Let a draft, or a version that was in force before, be the layer's. Inside `transaction()`, the layer locked.

    From now on the version is never changed. Who follows a public layer is owed what differs.
    """
    moment, before_id = now(), layer.published_version_id
    session.add(
        LayerPublication(
            layer_id=layer.id,
            version_id=version.id,
            before_id=before_id,
            at=moment,
            by_id=by_id,
            reason=reason,
        )
    )
    if version.state == DRAFT:
        version.state, version.published_at, version.publish_at = PUBLISHED, moment, None
    layer.published_version_id = version.id
    session.flush()
    if layer.public and before_id is not None:
        owe_changes(layer, before_id, version.id)
    grow(SUBJECT)


def _described_layer(
    municipality: Municipality,
    key: str,
    name: Mapping[str, str] | None,
    kind: str | None,
    about: Mapping[str, Any],
) -> Layer:
    """The layer, locked, made if need be, as it is described. Raises what `publish_version` raises."""
    _check_what_is_said(key, name, about)
    layer = _locked_layer(municipality, key, name, kind)
    for column, value in about.items():
        if column not in DESCRIBED:
            raise TypeError(f"a layer has no {column}")
        setattr(layer, column, value)
    return layer


def owe_changes(layer: Layer, before_id: int, after_id: int) -> None:
    """One event, whoever follows; the worker compares the two versions and finds whom it concerns."""
    times = select(func.count()).select_from(LayerPublication).where(LayerPublication.layer_id == layer.id)
    here = models.Municipality
    of_layer = select(here.slug, times.scalar_subquery()).where(here.id == layer.municipality_id)
    slug, number = session.execute(of_layer).one()
    payload = {
        "layer_id": layer.id,
        "layer": layer.key,
        "name": dict(layer.name),
        "before": before_id,
        "after": after_id,
    }
    owe(layer.municipality_id, LAYER_PUBLISHED, f"layer:{slug}/{layer.key}", number, payload)


def _check_what_is_said(key: str, name: Mapping[str, str] | None, about: Mapping[str, Any]) -> None:
    """PostgreSQL cuts nothing off and keeps no null characters; SQLite would take anything."""
    if not KEY.fullmatch(key) or len(key) > LONGEST_KEY or key in RESERVED:
        raise LayerKeyRefused(most=LONGEST_KEY)
    if name is not None and not (isinstance(name, Mapping) and all(map(_is_text, (*name, *name.values())))):
        raise LayerTextRefused(about="name")
    for what in ("attribution", "licence", "key_attribute"):
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

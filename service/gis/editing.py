"""Edit the features of a layer's draft one by one. A draft of the version in force is begun with the first edit.

The newest draft is the one that is edited; what a layer's source brought is not, because the next fetch would replace
it: begin a draft from it. Who changes or removes a feature says which state of it they have seen, by
its mark; only who has edited the draft alone may leave that out, because nobody else's work can be lost.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import shapely
from sqlalchemy import LargeBinary, delete, func, insert, literal, select, update

from service.db import session
from service.db.keys import new_uid
from service.errors import NotFound, Problem
from service.gis.drafting import begin_draft, draft_of_version, layer_named
from service.gis.finding import layer_here
from service.gis.locating import BOUNDARY, boundary_of
from service.gis.models import DRAFT, Feature, Layer, LayerVersion
from service.gis.writing import AT_ONCE
from service.municipalities.directory import Municipality
from service.text import N_

LONGEST_KEY = 255

features: Any = Feature.__table__

Seen = Callable[[str], bool] | None
"""Whether this mark is that of the state that the editor has seen; None where they do not say."""


class FeatureChanged(Problem):
    """The feature is not as the editor has seen it."""

    status, code = 412, "feature_changed"
    message = N_("Somebody has changed this feature meanwhile. Load it again.")


class SeenStateNeeded(Problem):
    """Somebody else works on this draft, and the editor does not say which state of the feature they have seen."""

    status, code = 428, "seen_state_needed"
    message = N_("Somebody else works on this draft too. Say which state of the feature you have seen.")


class FeatureKeyTaken(Problem):
    """There is a feature with this key in the draft."""

    status, code, message = 409, "feature_key_taken", N_("There is already a feature with this key.")


class DraftScheduled(Problem):
    """A time is set for the publication of the draft, and what was agreed on is not changed until then."""

    status, code = 409, "draft_scheduled"
    message = N_("This draft is about to be published at a set time. Take that back before you change it.")


class FeatureNotValid(Problem):
    """What was sent is no feature that a layer can hold; `reason` says why."""

    status, code, message = 422, "feature_not_valid", N_("This feature cannot be used.")


@dataclass(frozen=True)
class Edited:
    """A feature as it is kept, and its mark."""

    key: str
    attributes: Mapping[str, Any]
    geometry: Any

    @property
    def mark(self) -> str:
        """A short name of just this state."""
        said = orjson.dumps([self.key, self.attributes], option=orjson.OPT_SORT_KEYS)
        return hashlib.blake2b(said + shapely.to_wkb(self.geometry), digest_size=12).hexdigest()


def version_shown(layer: Layer) -> LayerVersion | None:
    """What the next edit of the layer would change: the newest draft that somebody made, else the version in force."""
    found = session.scalar(
        select(LayerVersion)
        .where(LayerVersion.layer_id == layer.id, LayerVersion.state == DRAFT, LayerVersion.pulled.is_(False))
        .order_by(LayerVersion.number.desc())
        .limit(1)
    )
    if found is None and layer.published_version_id is not None:
        found = session.get(LayerVersion, layer.published_version_id)
    return found


def prepare_draft(municipality: Municipality, layer_key: str, by_id: int) -> None:
    """Begin the draft of a large version before the first edit of it, because that takes more than one transaction.

    Outside any transaction. Raises NotFound.
    """
    version = version_shown(layer_here(municipality, layer_key))
    if version is not None and version.state != DRAFT and version.feature_count > AT_ONCE:
        begin_draft(municipality, layer_key, version.number, by_id, only_one=True)


def draft_to_edit(municipality: Municipality, layer_key: str, by_id: int) -> tuple[Layer, LayerVersion]:
    """The layer, locked, and its newest draft, begun if need be. Inside `transaction()`.

    Raises NotFound, DraftScheduled.
    """
    layer = layer_named(municipality, layer_key)
    version = version_shown(layer)
    if version is None or version.state != DRAFT:
        version = draft_of_version(layer, version, by_id)
    if version.publish_at is not None:
        raise DraftScheduled
    return layer, version


def feature_of_version(version: LayerVersion, key: str) -> Edited:
    """One feature. Raises NotFound."""
    row = session.execute(
        select(features.c.key, features.c.attributes, features.c.geometry).where(
            features.c.version_id == version.id, features.c.key == key
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    return Edited(row.key, row.attributes, geometry_in(row.geometry))


def geometry_in(element: Any) -> Any:
    """The geometry of a column's value."""
    return shapely.from_wkb(element.data if isinstance(element.data, str) else bytes(element.data))


def as_column(geometry: Any) -> Any:
    """The geometry as a column takes it: as WKB, with every digit."""
    return func.ST_GeomFromWKB(literal(shapely.to_wkb(geometry), LargeBinary), 4326)


def create_feature(
    municipality: Municipality,
    layer_key: str,
    by_id: int,
    key: str | None,
    attributes: Mapping[str, Any],
    geometry: Any,
) -> Edited:
    """Put a feature into the draft; without a key it gets one. Inside `transaction()`.

    Raises NotFound, DraftScheduled, FeatureKeyTaken, FeatureNotValid.
    """
    layer, version = draft_to_edit(municipality, layer_key, by_id)
    named = str(attributes.get(layer.key_attribute) or "") if layer.key_attribute else ""
    key = key_of(key or named or str(new_uid()))
    if layer.key_attribute:
        attributes = {**attributes, layer.key_attribute: attributes.get(layer.key_attribute) or key}
    taken = select(features.c.id).where(features.c.version_id == version.id, features.c.key == key)
    if session.scalar(taken) is not None:
        raise FeatureKeyTaken
    ensure_near_us(municipality, layer, geometry)
    row = {"version_id": version.id, "key": key, "attributes": dict(attributes), "geometry": as_column(geometry)}
    session.execute(insert(features).values(row))
    version.feature_count += 1
    note_editor(version, by_id)
    return feature_of_version(version, key)


def key_of(text: str) -> str:
    """The key of a new feature. Raises FeatureNotValid."""
    key = text.strip()
    if not key or len(key) > LONGEST_KEY or key.startswith("/"):
        raise FeatureNotValid(reason="key")
    return key


def change_feature(
    municipality: Municipality,
    layer_key: str,
    by_id: int,
    key: str,
    seen: Seen,
    changed: Callable[[Edited], tuple[Mapping[str, Any], Any]],
) -> Edited:
    """Give a feature of the draft the attributes and the geometry that `changed` makes of it. Inside `transaction()`.

    Raises NotFound, DraftScheduled, FeatureChanged, SeenStateNeeded, FeatureNotValid.
    """
    layer, version = draft_to_edit(municipality, layer_key, by_id)
    before = feature_of_version(version, key)
    must_be_as_seen(version, before, seen, by_id)
    attributes, geometry = changed(before)
    if not shapely.equals_identical(geometry, before.geometry):
        ensure_near_us(municipality, layer, geometry)
    session.execute(
        update(features)
        .where(features.c.version_id == version.id, features.c.key == key)
        .values(attributes=dict(attributes), geometry=as_column(geometry))
    )
    note_editor(version, by_id)
    return feature_of_version(version, key)


def remove_feature(municipality: Municipality, layer_key: str, by_id: int, key: str, seen: Seen) -> None:
    """Take a feature out of the draft. Inside `transaction()`.

    Raises NotFound, DraftScheduled, FeatureChanged, SeenStateNeeded.
    """
    _, version = draft_to_edit(municipality, layer_key, by_id)
    must_be_as_seen(version, feature_of_version(version, key), seen, by_id)
    session.execute(delete(features).where(features.c.version_id == version.id, features.c.key == key))
    version.feature_count -= 1
    note_editor(version, by_id)


def must_be_as_seen(version: LayerVersion, feature: Edited, seen: Seen, by_id: int) -> None:
    """Refuse who would overwrite what they have not seen. Raises FeatureChanged, SeenStateNeeded."""
    if seen is None and version.by_id != by_id:
        raise SeenStateNeeded
    if seen is not None and not seen(feature.mark):
        raise FeatureChanged


def note_editor(version: LayerVersion, by_id: int) -> None:
    """A draft on which a second person works is nobody's own any more."""
    version.revision += 1
    if version.by_id != by_id:
        version.by_id = None
    session.flush()


def ensure_near_us(municipality: Municipality, layer: Layer, geometry: Any) -> None:
    """Refuse what is drawn wholly outside the municipality, but in a boundary layer. Raises FeatureNotValid."""
    boundary = None if layer.kind == BOUNDARY else boundary_of(municipality)
    if boundary is not None and shapely.disjoint(boundary, geometry):
        raise FeatureNotValid(reason="outside")


def usable_geometry(geometry: Any) -> Any:
    """The geometry as a layer can hold it: somewhere on earth, without height, repaired where it crosses itself.

    Raises FeatureNotValid.
    """
    if geometry is None or shapely.is_empty(geometry):
        raise FeatureNotValid(reason="no_geometry")
    geometry = shapely.force_2d(geometry)
    if not (np.abs(shapely.get_coordinates(geometry)) <= (180.0, 90.0)).all():
        raise FeatureNotValid(reason="coordinates")
    if not shapely.is_valid(geometry):
        geometry = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    if shapely.is_empty(geometry):
        raise FeatureNotValid(reason="no_geometry")
    return geometry

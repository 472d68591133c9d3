"""Write the features of a version in parts, and delete them in parts, each part in a short transaction of its own.

SQLite has one writer, and tens of thousands of features in one transaction would keep it for seconds. A version that
is being written is nobody's draft yet: it is seen by no question, and becomes a draft in one step when it is whole.
What was begun and never finished is forgotten a day later, and what is forgotten is deleted part by part.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import shapely
from sqlalchemy import LargeBinary, bindparam, delete, func, insert, select, update

from service.crash_points import crash_here
from service.db import session
from service.db.clock import now
from service.db.turns import turn
from service.errors import NotFound, Problem
from service.gis.importing import ImportedLayer
from service.gis.measuring import parts
from service.gis.models import DRAFT, FORGOTTEN, WRITING, Feature, Layer, LayerVersion
from service.text import N_

AT_ONCE = 2000  # features of a part
BYTES_AT_ONCE = 4_000_000  # of their geometries; a part has one feature at least
GIVEN_UP_AFTER = timedelta(days=1)

features: Any = Feature.__table__

Note = Callable[[dict[str, Any]], None]


class DraftChanged(Problem):
    """Somebody edited the draft while it was being copied."""

    status, code = 409, "draft_changed"
    message = N_("Somebody has changed this draft meanwhile. Try again.")


def noted_nowhere(progress: dict[str, Any]) -> None:
    """Who is not a job has nobody to tell how far it is."""


def begin_version(layer: Layer, state: str, **about: Any) -> LayerVersion:
    """The next version of the layer, without features. Inside `transaction()`, with the layer locked."""
    newest = session.scalar(select(func.max(LayerVersion.number)).where(LayerVersion.layer_id == layer.id))
    number = max(newest or 0, 0) + 1
    version = LayerVersion(layer_id=layer.id, number=number, state=state, created_at=now(), **about)
    session.add(version)
    session.flush()
    return version


def write_features(version_id: int, imported: ImportedLayer, note: Note = noted_nowhere) -> None:
    """Write them in parts; `note` is called within each with `{"draft", "written"}`. Outside any transaction."""
    written = 0
    for rows in parts_of(version_id, imported.features):
        written += len(rows)
        with turn():
            note({"draft": version_id, "written": written})
            insert_rows(rows)
        crash_here("after_layer_part")


def parts_of(version_id: int, imported: Sequence[tuple[str, dict[str, Any], Any]]) -> Iterator[list[dict[str, Any]]]:
    """The rows of these features, so many at once as a short transaction can write."""
    for begin in range(0, len(imported), AT_ONCE):
        some = imported[begin : begin + AT_ONCE]
        shapes = shapely.to_wkb([shape for _, _, shape in some]).tolist()
        rows = [
            {"version_id": version_id, "key": key, "attributes": attributes, "wkb": wkb}
            for (key, attributes, _), wkb in zip(some, shapes, strict=True)
        ]
        yield from (rows[part] for part in parts([len(wkb) for wkb in shapes], BYTES_AT_ONCE))


def insert_rows(rows: Sequence[dict[str, Any]]) -> None:
    """As WKB, because GeoAlchemy2 would send text to SQLite, which has a digit less and cannot say a collection."""
    geometry = func.ST_GeomFromWKB(bindparam("wkb", type_=LargeBinary), 4326)
    session.execute(insert(features).values(geometry=geometry), rows)


def copy_features(version_id: int, begun_from: int) -> None:
    """Copy those of another version in parts. Outside any transaction."""
    after: str | None = None
    while (last := last_of_part(begun_from, after)) is not None:
        with turn():
            copy_part(version_id, begun_from, after, last)
        crash_here("after_layer_part")
        after = last


def last_of_part(version_id: int, after: str | None) -> str | None:
    """The last key of the next part of a version; None when there is none left."""
    keys = select(features.c.key).where(features.c.version_id == version_id).order_by(features.c.key)
    if after is not None:
        keys = keys.where(features.c.key > after)
    found: Sequence[str] = session.scalars(keys.limit(AT_ONCE)).all()
    return found[-1] if found else None


def copy_part(version_id: int, begun_from: int, after: str | None = None, last: str | None = None) -> None:
    """Copy the features with keys after one and up to another, or all. Inside `transaction()`."""
    columns = (features.c.key, features.c.attributes, features.c.geometry)
    copied = select(bindparam("version", version_id, type_=features.c.version_id.type), *columns)
    copied = copied.where(features.c.version_id == begun_from)
    if after is not None:
        copied = copied.where(features.c.key > after)
    if last is not None:
        copied = copied.where(features.c.key <= last)
    names = ["version_id", *(column.name for column in columns)]
    session.execute(insert(features).from_select(names, copied))


def finish(version_id: int) -> LayerVersion:
    """Let a version that is whole be a draft. Inside `transaction()`. Raises NotFound where it was given up."""
    whole = update(LayerVersion).where(LayerVersion.id == version_id, LayerVersion.state == WRITING)
    if not session.scalars(whole.values(state=DRAFT).returning(LayerVersion.id)).all():
        raise NotFound
    return session.scalars(
        select(LayerVersion).where(LayerVersion.id == version_id).execution_options(populate_existing=True)
    ).one()


def forget(version: LayerVersion) -> None:
    """Let nobody see the version any more; its number is free. Its features are deleted later, the first of them now.

    Inside `transaction()`.
    """
    version.state, version.number, version.publish_at = FORGOTTEN, -version.id, None
    session.flush()
    forget_part(version)


def give_up(version_id: int) -> None:
    """Forget a version that is still being written, if it is. Inside `transaction()`."""
    version = session.get(LayerVersion, version_id)
    if version is not None and version.state == WRITING:
        forget(version)


def forget_part(version: LayerVersion) -> int:
    """Delete some features of a forgotten version, and itself with the last; how many. Inside `transaction()`."""
    some = select(features.c.id).where(features.c.version_id == version.id).limit(AT_ONCE)
    gone = session.scalars(delete(features).where(features.c.id.in_(some)).returning(features.c.id)).all()
    if len(gone) < AT_ONCE:
        session.delete(version)
        session.flush()
    return max(len(gone), 1)


def forget_some() -> int:
    """One step of what the sweep does until it gives 0. Inside `transaction()`."""
    long_ago = (LayerVersion.state == WRITING) & (LayerVersion.created_at < now() - GIVEN_UP_AFTER)
    found = session.scalars(
        select(LayerVersion).where((LayerVersion.state == FORGOTTEN) | long_ago).order_by(LayerVersion.id).limit(1)
    ).one_or_none()
    if found is None:
        return 0
    found.state, found.number = FORGOTTEN, -found.id
    session.flush()
    return forget_part(found)

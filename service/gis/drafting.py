"""Drafts: versions of a layer that are not in force yet, from a file or from another version."""

from typing import Any

from sqlalchemy import select

from service.db import session, transaction
from service.errors import NotFound
from service.gis.finding import called, is_shown
from service.gis.importing import ImportedLayer
from service.gis.models import DRAFT, WHOLE, WRITING, Layer, LayerVersion
from service.gis.writing import (
    DraftChanged,
    Note,
    begin_version,
    copy_features,
    copy_part,
    finish,
    give_up,
    insert_rows,
    noted_nowhere,
    parts_of,
    write_features,
)
from service.municipalities.directory import Municipality


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
    found = session.scalar(select(LayerVersion).where(is_shown(layer), LayerVersion.number == number))
    if found is None:
        raise NotFound
    return found


def draft_of_file(layer: Layer, imported: ImportedLayer, by_id: int | None = None) -> LayerVersion:
    """A draft of a small file, in one piece. Inside `transaction()`, with the layer locked."""
    version = begin_version(layer, DRAFT, **said_of(imported), by_id=by_id)
    for rows in parts_of(version.id, imported.features):
        insert_rows(rows)
    return version


def draft_of_version(layer: Layer, begun_from: LayerVersion | None, by_id: int | None = None) -> LayerVersion:
    """A draft with the features of a small version, in one piece, or with none. Inside `transaction()`, locked."""
    version = begin_version(layer, DRAFT, **said_of_copy(begun_from), by_id=by_id)
    if begun_from is not None:
        copy_part(version.id, begun_from.id)
    return version


def write_draft(
    municipality: Municipality,
    layer_key: str,
    imported: ImportedLayer,
    by_id: int | None = None,
    note: Note = noted_nowhere,
    **about: Any,
) -> int:
    """The number of a draft of what was read from a file, of any size. It opens transactions of its own.

    `about` are other columns of the version. `note` is called inside each transaction: with `{"draft", "written"}`
    (the version's id, so many features) while it is written, with `{"version"}` when it is a draft. Raises NotFound.
    """
    with transaction():
        layer = layer_named(municipality, layer_key)
        version_id = begin_version(layer, WRITING, **(said_of(imported) | about), by_id=by_id).id
        note({"draft": version_id, "written": 0})
    write_features(version_id, imported, note)
    with transaction():
        layer_named(municipality, layer_key)
        number = finish(version_id).number
        note({"version": number})
    return number


def begin_draft(
    municipality: Municipality,
    layer_key: str,
    based_on: int | None,
    by_id: int | None = None,
    only_one: bool = False,
) -> int:
    """The number of a draft with the features of a version of any size, or with none. It opens its own transactions.

    `only_one`: it is given up where the layer has a draft when it is whole, as after two edits at once.
    Raises NotFound, DraftChanged.
    """
    with transaction():
        layer = layer_named(municipality, layer_key)
        begun_from = version_numbered(layer, based_on) if based_on else None
        source = (begun_from.id, begun_from.revision) if begun_from else None
        draft = begin_version(layer, WRITING, **said_of_copy(begun_from), by_id=by_id)
        version_id, number = draft.id, draft.number
    if source is not None:
        copy_features(version_id, source[0])
    with transaction():
        layer = layer_named(municipality, layer_key)
        same = source is None or is_as_it_was(*source)
        if same and not (only_one and has_draft(layer)):
            finish(version_id)
        else:
            give_up(version_id)
    if not same:
        raise DraftChanged
    return number


def said_of(imported: ImportedLayer) -> dict[str, Any]:
    """What a version says of the file that it was read from."""
    return {"source": imported.source, "sha256": imported.sha256, "feature_count": len(imported.features)}


def said_of_copy(begun_from: LayerVersion | None) -> dict[str, Any]:
    """What a version says that was begun from another one, or from nothing."""
    about = {"source": "", "sha256": ""}
    if begun_from is None:
        return about | {"feature_count": 0}
    return about | {"feature_count": begun_from.feature_count, "based_on_id": begun_from.id}


def is_as_it_was(version_id: int, revision: int) -> bool:
    """Whether a version is there still and nobody has edited it since."""
    found = session.get(LayerVersion, version_id)
    return found is not None and found.state in WHOLE and found.revision == revision


def has_draft(layer: Layer) -> bool:
    drafts = select(LayerVersion.id).where(LayerVersion.layer_id == layer.id, LayerVersion.state == DRAFT)
    return session.scalar(drafts.limit(1)) is not None

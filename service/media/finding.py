"""Which photos and documents there are, and what is in them. Only a committed row leads to a file."""

import uuid
from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import bindparam, select

from service.db import session
from service.db.prepared import Prepared
from service.db.types import AnyRow
from service.media.attaching import DocumentNotFound, PhotoNotFound
from service.media.models import Attachment
from service.media.renditions import PHOTO, Rendition, document_key, key_of
from service.municipalities.directory import Municipality
from service.storage.keeping import Store

attachments = Attachment.__table__

OF_OWNERS = Prepared(
    select(attachments)
    .where(
        attachments.c.municipality_id == bindparam("municipality"),
        attachments.c.owner.in_(bindparam("owners", expanding=True)),
    )
    .order_by(attachments.c.attached_at, attachments.c.position, attachments.c.id)
)

NAMED = Prepared(
    select(attachments).where(
        attachments.c.media_type == PHOTO,
        attachments.c.municipality_id == bindparam("municipality"),
        attachments.c.uid.in_(bindparam("uids", expanding=True)),
    )
)


def photos_of(municipality: Municipality, owners: Collection[str]) -> dict[str, list[AnyRow]]:
    """The photos of every one of these owners, in the order in which they were attached; one statement."""
    photos: dict[str, list[AnyRow]] = {owner: [] for owner in owners}
    if photos:
        for photo in OF_OWNERS.rows({"municipality": municipality.id, "owners": list(photos)}):
            photos[photo.owner].append(photo)
    return photos


def attached_to(municipality: Municipality, owner: str) -> Sequence[AnyRow]:
    """The photos and documents of one owner, in the order in which they were attached."""
    return OF_OWNERS.rows({"municipality": municipality.id, "owners": [owner]})


def photos_named(municipality: Municipality, uids: Collection[uuid.UUID]) -> dict[uuid.UUID, AnyRow]:
    """Each of these photos, whoever has it; those that are not here are left out."""
    if not uids:
        return {}
    return {row.uid: row for row in NAMED.rows({"municipality": municipality.id, "uids": list(uids)})}


def files_named(municipality: Municipality, uids: Collection[uuid.UUID]) -> dict[uuid.UUID, AnyRow]:
    """What is known of each of these photos and documents, whoever has it; those that are not here are left out."""
    query = select(attachments).where(attachments.c.municipality_id == municipality.id, attachments.c.uid.in_(uids))
    return {row.uid: row for row in session.execute(query)} if uids else {}


def find_photo(municipality: Municipality, uid: uuid.UUID) -> Attachment:
    """The row of one photo of this municipality; whether the caller may see it is the owner's matter.

    Raises PhotoNotFound.
    """
    photo = session.scalar(
        select(Attachment).where(
            Attachment.municipality_id == municipality.id, Attachment.uid == uid, Attachment.media_type == PHOTO
        )
    )
    if photo is None:
        raise PhotoNotFound()
    return photo


def documents_of(municipality: Municipality, owner: str, uids: Collection[uuid.UUID]) -> dict[uuid.UUID, AnyRow]:
    """Those of these documents that this owner has."""
    query = select(attachments).where(
        attachments.c.municipality_id == municipality.id,
        attachments.c.owner == owner,
        attachments.c.uid.in_(uids),
        attachments.c.media_type != PHOTO,
    )
    return {row.uid: row for row in session.execute(query)} if uids else {}


def document_of(municipality: Municipality, owner: str, uid: uuid.UUID) -> AnyRow:
    """One document of this owner. Raises DocumentNotFound."""
    try:
        return documents_of(municipality, owner, [uid])[uid]
    except KeyError:
        raise DocumentNotFound from None


def open_document(
    municipality: Municipality, uid: uuid.UUID, media_type: str, store: Store
) -> tuple[int, Iterator[bytes]]:
    """Length and bytes of a document, piece by piece. Raises FileNotKept, StoreUnavailable."""
    return store.open(document_key(municipality.slug, uid, media_type))


def read_rendition(municipality: Municipality, photo: uuid.UUID, rendition: Rendition, store: Store) -> bytes:
    """A rendition of a photo as a whole JPEG file. Raises FileNotKept when the store has lost it."""
    return store.read(key_of(municipality.slug, photo, rendition))

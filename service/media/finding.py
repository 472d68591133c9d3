"""Which photos there are, and what is in them. Only a committed row leads to a file."""

import uuid
from collections.abc import Collection

from sqlalchemy import select

from service.db import session
from service.media.attaching import PhotoNotFound
from service.media.models import Attachment
from service.media.renditions import Rendition, key_of
from service.municipalities.directory import Municipality
from service.storage.keeping import KeptFile, Store


def photos_of(municipality: Municipality, owners: Collection[str]) -> dict[str, list[Attachment]]:
    """The photos of every one of these owners, in the order in which they were attached; one statement."""
    photos: dict[str, list[Attachment]] = {owner: [] for owner in owners}
    if not photos:
        return photos
    found = session.scalars(
        select(Attachment)
        .where(Attachment.municipality_id == municipality.id, Attachment.owner.in_(photos))
        .order_by(Attachment.attached_at, Attachment.position, Attachment.id)
    )
    for photo in found:
        photos[str(photo.owner)].append(photo)
    return photos


def digests_of(municipality: Municipality, uids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The SHA-256 (hex) of each of these photos as it was uploaded; those that are not here are left out."""
    if not uids:
        return {}
    rows = session.execute(
        select(Attachment.uid, Attachment.sha256).where(
            Attachment.municipality_id == municipality.id, Attachment.uid.in_(uids)
        )
    )
    return dict(rows.all())


def find_photo(municipality: Municipality, uid: uuid.UUID) -> Attachment:
    """The row of one photo of this municipality; whether the caller may see it is the owner's matter.

    Raises PhotoNotFound.
    """
    photo = session.scalar(
        select(Attachment).where(Attachment.municipality_id == municipality.id, Attachment.uid == uid)
    )
    if photo is None:
        raise PhotoNotFound()
    return photo


def read_rendition(municipality: Municipality, photo: Attachment, rendition: Rendition, store: Store) -> bytes:
    """A rendition as a whole JPEG file. Raises FileNotKept when the store has lost it."""
    return store.read(key_of(municipality.slug, photo.uid, rendition))


def stream_rendition(municipality: Municipality, photo: Attachment, rendition: Rendition, store: Store) -> KeptFile:
    """A rendition in pieces, with its size. Raises FileNotKept when the store has lost it."""
    return store.stream(key_of(municipality.slug, photo.uid, rendition))

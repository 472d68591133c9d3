"""Keep the files of a photo or document first, write its row second, attach it to its owner third."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import ColumnElement, case, insert, update

from service.crash_points import crash_here
from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.errors import Problem
from service.media.limits import USUAL, PhotoLimits
from service.media.models import Attachment
from service.media.preparing import prepare
from service.media.renditions import PHOTO, Rendition, key_of
from service.municipalities.directory import Municipality
from service.storage.keeping import Store
from service.text import N_


class PhotoNotFound(Problem):
    """No such photo here; or it is somebody else's, or already part of something. All look the same from outside."""

    status, code, message = 404, "photo_not_found", N_("This photo cannot be found. Please send it again.")


class DocumentNotFound(Problem):
    """No such document here; or it is somebody else's, or already part of something. All look the same from outside."""

    status, code, message = 404, "document_not_found", N_("This document cannot be found. Please send it again.")


@dataclass(frozen=True)
class PhotoKept:
    """The values of the row about a photo whose files are in the store; fields as in Attachment."""

    uid: uuid.UUID
    municipality_id: int
    uploaded_by: str
    purpose: str
    sha256: str
    sha1: str
    width: int
    height: int
    bytes: int
    alt: str | None


@dataclass(frozen=True)
class DocumentKept:
    """The same about a document."""

    uid: uuid.UUID
    municipality_id: int
    uploaded_by: str
    purpose: str
    sha256: str
    sha1: str
    bytes: int
    media_type: str


def store_photo(
    municipality: Municipality,
    uploaded_by: str,
    data: bytes,
    store: Store,
    alt: str | None = None,
    purpose: str = "report",
    limits: PhotoLimits = USUAL,
) -> PhotoKept:
    """Prepare a photo and keep its renditions; slow, so before any transaction. `record` the result, or it is swept.

    Raises the Problems of `prepare`, and StoreUnavailable.
    """
    photo = prepare(data, limits)
    uid = new_uid()
    for rendition, file in photo.renditions.items():
        store.keep(key_of(municipality.slug, uid, rendition), file)
        crash_here("between_files")
    crash_here("after_files_kept")
    large = photo.renditions[Rendition.LARGE]
    about = (photo.sha256, sha1_of(large), photo.width, photo.height, len(large), alt)
    return PhotoKept(uid, municipality.id, uploaded_by, purpose, *about)


def sha1_of(file: bytes) -> str:
    """By what a warning names a file, in hex: CAP 1.2 (3.2.3, digest) asks for SHA-1. It protects nothing here."""
    return hashlib.sha1(file, usedforsecurity=False).hexdigest()


def record(kept: PhotoKept | DocumentKept) -> Attachment:
    """Add the row about a file that is kept, inside the caller's transaction."""
    attachment = Attachment(**asdict(kept), owner=None, position=None, created_at=now(), attached_at=None)
    session.add(attachment)
    session.flush()
    return attachment


def record_attached(kept: Sequence[PhotoKept | DocumentKept], owner: str) -> None:
    """Add the rows about photos, or all of them documents, that come together with their owner; one statement."""
    moment = now()
    rows = [
        asdict(one) | {"owner": owner, "position": position, "created_at": moment, "attached_at": moment}
        for position, one in enumerate(kept)
    ]
    session.execute(insert(Attachment).values(rows))


def attach(municipality: Municipality, uids: Sequence[uuid.UUID], owner: str, uploaded_by: str) -> list[Attachment]:
    """Give recorded photos to their owner, in this order, in one statement inside the caller's transaction.

    A photo is attached once, and only by who sent it. Raises PhotoNotFound when any of them cannot be.
    """
    attached = attach_some(municipality, uids, owner, uploaded_by, Attachment.media_type == PHOTO)
    if missing := missing_among(uids, attached):
        raise PhotoNotFound(missing=missing)
    return attached


def attach_documents(
    municipality: Municipality, uids: Sequence[uuid.UUID], owner: str, uploaded_by: str
) -> list[Attachment]:
    """The same with documents. Raises DocumentNotFound."""
    attached = attach_some(municipality, uids, owner, uploaded_by, Attachment.media_type != PHOTO)
    if missing := missing_among(uids, attached):
        raise DocumentNotFound(missing=missing)
    return attached


def attach_some(
    municipality: Municipality, uids: Sequence[uuid.UUID], owner: str, uploaded_by: str, kind: ColumnElement[bool]
) -> list[Attachment]:
    """Attach those of this kind that this person may attach."""
    if not uids:
        return []
    places = {uid: place for place, uid in enumerate(dict.fromkeys(uids))}
    attached = session.scalars(
        update(Attachment)
        .where(
            Attachment.municipality_id == municipality.id,
            Attachment.uid.in_(places),
            Attachment.owner.is_(None),
            Attachment.uploaded_by == uploaded_by,
            kind,
        )
        .values(owner=owner, attached_at=now(), position=case(places, value=Attachment.uid))
        .returning(Attachment),
        execution_options={"synchronize_session": False, "populate_existing": True},
    ).all()
    return sorted(attached, key=lambda attachment: places[attachment.uid])


def missing_among(uids: Sequence[uuid.UUID], attached: Sequence[Attachment]) -> list[str]:
    there = {attachment.uid for attachment in attached}
    return [str(uid) for uid in dict.fromkeys(uids) if uid not in there]

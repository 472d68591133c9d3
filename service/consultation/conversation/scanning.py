"""Scans of what came from outside, kept beside a contribution: only who may enter and answer contributions sees them.

They are PDFs and pictures of the media pipeline under an owner of their own, so that nothing that shows the photos of a
contribution meets them.
"""

import uuid
from collections.abc import Sequence

from service.consultation.conversation.contributing import KIND, ensure_entered
from service.consultation.conversation.supporting import contribution_locked
from service.db.types import AnyRow
from service.errors import Problem
from service.media.attaching import DocumentKept, DocumentNotFound, PhotoKept, record_attached, store_photo
from service.media.decoding import PhotoFormatUnknown
from service.media.documents import store_document
from service.media.finding import attached_to
from service.media.removing import remove_one
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import Caller
from service.storage.keeping import Store
from service.text import N_

PURPOSE = "scan"
MOST_SCANS = 20
"""Of one contribution: a long letter is one PDF, or so many pictures of its pages."""
BEGINS_PDF = b"%PDF-"


class ScanFormatUnknown(Problem):
    """By its content this is neither a PDF nor a picture, whatever its name says."""

    status, code = 415, "scan_format_unknown"
    message = N_("This is no scan that we take. Please send a PDF or a picture.")


class TooManyScans(Problem):
    """A contribution has `most` scans already."""

    status, code, message = 409, "too_many_scans", N_("This contribution has as many scans as it can have.")


def owner_of_scans(uid: uuid.UUID) -> str:
    """Under what the scans of a contribution are kept."""
    return f"{KIND}_scan:{uid}"


def scans_of(municipality: Municipality, uid: uuid.UUID) -> Sequence[AnyRow]:
    """The scans of a contribution, in the order in which they came."""
    return attached_to(municipality, owner_of_scans(uid))


def scan_of(municipality: Municipality, uid: uuid.UUID, scan: uuid.UUID) -> AnyRow:
    """One of them. Raises DocumentNotFound."""
    found = next((one for one in scans_of(municipality, uid) if one.uid == scan), None)
    if found is None:
        raise DocumentNotFound
    return found


def store_scan(municipality: Municipality, uid: uuid.UUID, data: bytes, store: Store) -> PhotoKept | DocumentKept:
    """Keep the file, before any transaction. Raises ScanFormatUnknown, and what a photo or document is refused for."""
    owner = owner_of_scans(uid)
    if data.startswith(BEGINS_PDF):
        return store_document(municipality, owner, data, store, PURPOSE)
    try:
        return store_photo(municipality, owner, data, store, purpose=PURPOSE)
    except PhotoFormatUnknown:
        raise ScanFormatUnknown from None


def keep_scan(municipality: Municipality, actor: Caller, uid: uuid.UUID, kept: PhotoKept | DocumentKept) -> uuid.UUID:
    """Attach it; the same file is attached once. Its id; inside `transaction()`, with the actor held.

    Raises NotFound, ContributionTakenBack, NotEntered, TooManyScans.
    """
    found = contribution_locked(municipality, uid)
    ensure_entered(found.channel)
    there = scans_of(municipality, uid)
    known: Sequence[uuid.UUID] = [one.uid for one in there if one.sha256 == kept.sha256]
    if known:
        return known[0]
    if len(there) >= MOST_SCANS:
        raise TooManyScans(most=MOST_SCANS)
    record_attached([kept], owner_of_scans(uid))
    record(municipality.id, actor, "scan_kept", KIND, str(uid), {"scan": str(kept.uid)})
    return kept.uid


def drop_scan(municipality: Municipality, actor: Caller, uid: uuid.UUID, scan: uuid.UUID) -> None:
    """Take one away again; the next sweep takes its file. Inside `transaction()`, with the actor held.

    Raises NotFound, ContributionTakenBack, DocumentNotFound.
    """
    contribution_locked(municipality, uid)
    if not remove_one(municipality, owner_of_scans(uid), scan):
        raise DocumentNotFound
    record(municipality.id, actor, "scan_removed", KIND, str(uid), {"scan": str(scan)})

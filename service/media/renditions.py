"""The three sizes in which a photo is kept, the kinds of documents, and the key of each file in the store."""

import re
import uuid
from collections.abc import Mapping
from enum import StrEnum


class Rendition(StrEnum):
    """A size by name; `side` is the most pixels that its longer side has."""

    LARGE = "large"
    MEDIUM = "medium"
    SMALL = "small"

    @property
    def side(self) -> int:
        return SIDES[self]


SIDES = {Rendition.LARGE: 2048, Rendition.MEDIUM: 1024, Rendition.SMALL: 320}
PHOTO = "image/jpeg"
PDF = "application/pdf"
ENDINGS: Mapping[str, str] = {
    PDF: "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
}
"""Media type of a document → the ending of its file."""
NAMES = rf"(?:large|medium|small)\.jpg|document\.(?:{'|'.join(ENDINGS.values())})"
KEY = re.compile(rf"[a-z0-9-]+/([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})/(?:{NAMES})")


def key_of(slug: str, uid: uuid.UUID, rendition: Rendition) -> str:
    """Where the store keeps this rendition: `{municipality}/{uid}/{rendition}.jpg`."""
    return f"{slug}/{uid}/{rendition}.jpg"


def document_key(slug: str, uid: uuid.UUID, media_type: str) -> str:
    """Where the store keeps this document: `{municipality}/{uid}/document.pdf`."""
    return f"{slug}/{uid}/document.{ENDINGS[media_type]}"


def keys_of(slug: str, uid: uuid.UUID, media_type: str) -> list[str]:
    """Every file of a photo or of a document."""
    if media_type != PHOTO:
        return [document_key(slug, uid, media_type)]
    return [key_of(slug, uid, size) for size in Rendition]


def uid_in(key: str) -> uuid.UUID | None:
    """The photo or document that a key belongs to; None for a file that is none of ours."""
    found = KEY.fullmatch(key)
    return uuid.UUID(found[1]) if found else None

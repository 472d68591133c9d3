"""The three sizes in which a photo is kept, and the key of each in the store."""

import re
import uuid
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
KEY = re.compile(r"[a-z0-9-]+/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(?:large|medium|small)\.jpg")


def key_of(slug: str, uid: uuid.UUID, rendition: Rendition) -> str:
    """Where the store keeps this rendition: `{municipality}/{uid}/{rendition}.jpg`."""
    return f"{slug}/{uid}/{rendition}.jpg"


def uid_in(key: str) -> uuid.UUID | None:
    """The photo that a key belongs to; None for a file that is no photo of ours."""
    found = KEY.fullmatch(key)
    return uuid.UUID(found[1]) if found else None

"""Names of things: UUIDv7, made by us or by the phone. Keys that must not tell their time are made elsewhere."""

import uuid

from uuid_utils.compat import uuid7


def new_uid() -> uuid.UUID:
    """A fresh UUIDv7."""
    return uuid7()

"""What the tests of kept photos are about: a photo that Alice sent, and what it belongs to."""

import uuid

from service.db import transaction
from service.media.attaching import PhotoKept, record, store_photo
from service.media.models import Attachment
from service.municipalities.directory import Municipality
from service.storage.keeping import Store
from tests.media.photos import encoded, scene

ALICE, BOB = "account:alice", "account:bob"
PHOTO = encoded(scene(1600, 1200))


def a_report() -> str:
    """An owner."""
    return f"report:{uuid.uuid4()}"


def a_photo(here: Municipality, store: Store, uploaded_by: str = ALICE) -> Attachment:
    """A photo that Alice sent and that belongs to nothing yet."""
    kept = store_photo(here, uploaded_by, PHOTO, store)
    with transaction():
        return record(kept)


def a_row(here: Municipality, uploaded_by: str = ALICE) -> uuid.UUID:
    """A photo of which only the row matters."""
    uid = uuid.uuid4()
    with transaction():
        record(PhotoKept(uid, here.id, uploaded_by, "report", "00", "00", 1, 1, 1, None))
    return uid

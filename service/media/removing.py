"""Photos go with what they belong to."""

from collections.abc import Collection

from sqlalchemy import delete

from service.db import session
from service.media.models import Attachment
from service.municipalities.directory import Municipality


def remove_photos(municipality: Municipality, owners: Collection[str]) -> None:
    """Delete the rows about all photos of these owners: nobody is shown them any more, and a sweep takes the files."""
    session.execute(
        delete(Attachment).where(Attachment.municipality_id == municipality.id, Attachment.owner.in_(owners))
    )

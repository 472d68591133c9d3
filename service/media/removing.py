"""Photos go with what they belong to."""

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import delete, update

from service.db import session
from service.db.clock import now
from service.media.models import Attachment
from service.media.sweeping import USUAL_AGE
from service.municipalities.directory import Municipality

NOBODY = "erased"
"""Who sent a photo whose sender was erased."""


def remove_photos(municipality: Municipality, owners: Collection[str]) -> Sequence[uuid.UUID]:
    """Delete the rows about all photos of these owners: nobody is shown them any more, and a sweep takes the files.
    Which photos they were.
    """
    gone = delete(Attachment).where(Attachment.municipality_id == municipality.id, Attachment.owner.in_(owners))
    return session.scalars(gone.returning(Attachment.uid), execution_options={"synchronize_session": False}).all()


def remove_others(municipality: Municipality, owner: str, kept: Collection[uuid.UUID]) -> None:
    """Delete the rows about the photos of this owner, but for these; a sweep takes the files."""
    mine = delete(Attachment).where(Attachment.municipality_id == municipality.id, Attachment.owner == owner)
    session.execute(mine.where(Attachment.uid.not_in(kept)).execution_options(synchronize_session=False))


def remove_one(municipality: Municipality, owner: str, uid: uuid.UUID) -> bool:
    """Delete the row about one photo or document of this owner; whether it was there. A sweep takes the file."""
    own = Attachment.municipality_id == municipality.id, Attachment.owner == owner, Attachment.uid == uid
    gone = delete(Attachment).where(*own).returning(Attachment.uid)
    return bool(session.scalars(gone, execution_options={"synchronize_session": False}).all())


def remove_unattached(municipality: Municipality, uploaded_by: str) -> Sequence[uuid.UUID]:
    """Delete the rows about photos that somebody sent and that belong to nothing: they are not older than a sweep
    lets them grow. Which photos they were.
    """
    gone = delete(Attachment).where(
        Attachment.municipality_id == municipality.id,
        Attachment.uploaded_by == uploaded_by,
        Attachment.owner.is_(None),
        Attachment.created_at > now() - 3 * USUAL_AGE,
    )
    return session.scalars(gone.returning(Attachment.uid), execution_options={"synchronize_session": False}).all()


def make_ownerless(municipality: Municipality, owners: Collection[str]) -> None:
    """Forget who sent the photos of these owners."""
    session.execute(
        update(Attachment)
        .where(Attachment.municipality_id == municipality.id, Attachment.owner.in_(owners))
        .values(uploaded_by=NOBODY)
    )


def hand_over_photos(municipality: Municipality, before: str, after: str) -> None:
    """Photos that one account sent and attached to nothing yet are another's, which is the same person's."""
    session.execute(
        update(Attachment)
        .where(
            Attachment.municipality_id == municipality.id,
            Attachment.uploaded_by == before,
            Attachment.owner.is_(None),
        )
        .values(uploaded_by=after)
    )

"""A contribution as moderators look at it."""

import uuid
from collections.abc import Collection, Mapping

from sqlalchemy import select

from service.consultation.conversation.contributing import owner_of
from service.consultation.conversation.models import Contribution
from service.db import session
from service.media.finding import photos_of
from service.moderation.looking import Shown
from service.municipalities.directory import Municipality


def look_at_contributions(municipality: Municipality, uids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Shown]:
    """Those of these contributions that are here and were not withdrawn."""
    one = Contribution
    there = select(one.uid, one.author_id, one.entered_by_id, one.text, one.language).where(
        one.municipality_id == municipality.id, one.uid.in_(uids), one.withdrawn_at.is_(None)
    )
    rows = session.execute(there).all()
    photos = photos_of(municipality, [owner_of(row.uid) for row in rows])
    return {
        row.uid: Shown(
            row.author_id,
            row.text,
            row.language,
            [photo.uid for photo in photos[owner_of(row.uid)]],
            f"/api/v1/{municipality.slug}/contributions/{row.uid}",
            row.entered_by_id,
        )
        for row in rows
    }

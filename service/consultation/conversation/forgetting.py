"""What conversations hold about somebody: given out, erased, handed over. A vote stays, and nobody knows whose."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import aliased

from service.consultation.conversation.contributing import KIND, empty, owner_of
from service.consultation.conversation.models import Answer, Contribution, Support, TakenBack
from service.consultation.conversation.supporting import QUIETLY, contribution_with, recount
from service.db import session
from service.db.clock import now
from service.media.removing import make_ownerless
from service.moderation.finding import hidden_among
from service.municipalities.directory import Municipality
from service.notices.inbox import remove_messages_about


def forget_contributor(municipality: Municipality, account_id: int, keep_public: bool) -> list[uuid.UUID]:
    """Unlink all that this person contributed and supported; words and photos go, unless everybody may go on to see
    them. The photos that went.
    """
    mine = select(Contribution).where(Contribution.author_id == account_id).order_by(Contribution.id)
    found = session.scalars(mine.with_for_update().execution_options(populate_existing=True)).all()
    hidden = hidden_among(municipality, KIND, [one.uid for one in found])
    gone: list[uuid.UUID] = []
    for one in found:
        one.author_id = None
        remove_messages_about(municipality, KIND, str(one.uid))
        make_ownerless(municipality, [owner_of(one.uid)])
        if not keep_public or one.uid in hidden:
            one.withdrawn_at = one.withdrawn_at or now()
            gone += empty(municipality, one)
    session.flush()
    for column in (Support.account_id, Contribution.entered_by_id, Answer.by_id, TakenBack.by_id):
        theirs = update(column.class_).where(column == account_id).values({column: None})
        session.execute(theirs, execution_options=QUIETLY)
    return gone


def contributions_of(account_id: int) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """What this person contributed, and what they think of what others did."""
    one = Contribution
    columns = (one.uid, one.text, one.language, one.stance, one.quote, one.longitude, one.latitude, one.created_at)
    written = session.execute(select(*columns).where(one.author_id == account_id).order_by(one.id))
    voted = (
        select(one.uid, Support.vote)
        .join(Support, Support.contribution_id == one.id)
        .where(Support.account_id == account_id)
        .order_by(Support.id)
    )
    found = {
        "written": [row._asdict() for row in written],
        "votes": [row._asdict() for row in session.execute(voted)],
    }
    return found if any(found.values()) else {}


def hand_over_contributions(municipality: Municipality, from_id: int, to_id: int) -> None:
    """What one account said is another's, which is the same person's: where both voted, the other's vote counts."""
    session.execute(
        update(Contribution).where(Contribution.author_id == from_id).values(author_id=to_id),
        execution_options=QUIETLY,
    )
    theirs, before = aliased(Support), Support.account_id == from_id
    twice = select(theirs.contribution_id).where(theirs.account_id == to_id)
    both = select(Support).where(before, Support.contribution_id.in_(twice)).order_by(Support.contribution_id)
    for vote in session.scalars(both).all():
        contribution_with(vote.contribution_id)
        session.delete(vote)
        session.flush()
        recount(vote.contribution_id)
    session.execute(update(Support).where(before).values(account_id=to_id), execution_options=QUIETLY)

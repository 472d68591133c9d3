"""How many took part in a conversation, and how: what the result of a consultation says of it."""

from typing import Any

from sqlalchemy import func, select

from service.consultation.conversation.models import Contribution, Support
from service.db import session


def totals_of(consultation_id: int) -> dict[str, Any]:
    """Contributions by channel, without the municipality's own and what was withdrawn; who wrote in the app; votes on
    contributions, and how many people gave them.
    """
    counts = Contribution.consultation_id == consultation_id, Contribution.official.is_(False)
    standing = (*counts, Contribution.withdrawn_at.is_(None))
    channels = select(Contribution.channel, func.count()).where(*standing).group_by(Contribution.channel)
    votes = (
        select(func.count(), func.count(Support.participant.distinct()))
        .join(Contribution, Contribution.id == Support.contribution_id)
        .where(Contribution.consultation_id == consultation_id)
    )
    given, supporters = session.execute(votes).one()
    return {
        "contributions": {row[0]: row[1] for row in session.execute(channels.order_by(Contribution.channel))},
        "authors": session.scalar(select(func.count(Contribution.author_id.distinct())).where(*standing)) or 0,
        "votes": given,
        "voters": supporters,
        "unanswered": session.scalar(select(func.count()).where(*standing, Contribution.answer_id.is_(None))) or 0,
    }

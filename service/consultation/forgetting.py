"""Somebody is erased: their name goes from votes that were open. That they took part stays, under its pseudonym, or
they could vote again with another account.
"""

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from service.consultation.models import Consultation, OpenVote, PaperBatch
from service.db import session
from service.db.types import AnyRow


def forget_votes(account_id: int) -> None:
    """Take the name from open votes and from the papers that this officer entered."""
    session.execute(
        delete(OpenVote).where(OpenVote.account_id == account_id).execution_options(synchronize_session=False)
    )
    for column in (PaperBatch.first_id, PaperBatch.second_id):
        theirs = update(PaperBatch).where(column == account_id).values({column: None})
        session.execute(theirs.execution_options(synchronize_session=False))


def open_votes_of(account_id: int) -> Sequence[AnyRow]:
    """In which open votes this person took part. Of other votes nobody knows."""
    query = (
        select(Consultation.uid.label("consultation"), Consultation.title)
        .join(OpenVote, OpenVote.consultation_id == Consultation.id)
        .where(OpenVote.account_id == account_id)
    )
    return session.execute(query.order_by(OpenVote.id)).all()


def hand_over_votes(before: int, after: int) -> None:
    """Open votes of the one account are the other's."""
    theirs = update(OpenVote).where(OpenVote.account_id == before).values(account_id=after)
    session.execute(theirs.execution_options(synchronize_session=False))

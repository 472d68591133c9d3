"""Questions about conversations, read only. A page costs the same however long the thread is: it is cut by key."""

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import and_, func, select, tuple_

from service.consultation.conversation.models import Answer, Contribution, Support
from service.consultation.models import Consultation
from service.db import session
from service.db.types import AnyRow, AnySelect
from service.errors import NotFound
from service.municipalities.directory import Municipality

NEWEST, SUPPORTED, DIVIDED, UNANSWERED = "newest", "most_supported", "most_divisive", "unanswered"
SORTS = (NEWEST, SUPPORTED, DIVIDED, UNANSWERED)
BY = {SUPPORTED: Contribution.supports, DIVIDED: Contribution.divided}
DUE = and_(Contribution.answer_id.is_(None), Contribution.official.is_(False), Contribution.withdrawn_at.is_(None))

ANSWERED = (
    Answer.uid.label("answer_uid"),
    Answer.disposition,
    Answer.reason,
    Answer.body,
    Answer.changed_text,
    Answer.created_at.label("answered_at"),
)
ROWS: AnySelect = select(Contribution.__table__, *ANSWERED).outerjoin(Answer, Answer.id == Contribution.answer_id)


def top_of(thread_id: int, sort: str, after: Sequence[int] | None, limit: int) -> Sequence[AnyRow]:
    """Contributions that reply to none; `after` is the last row's place: (number, key), the number 0 by key alone."""
    query = ROWS.where(Contribution.thread_id == thread_id, Contribution.parent_id.is_(None))
    if sort == UNANSWERED:
        query = query.where(DUE)
    if sort in BY:
        place = tuple_(BY[sort], Contribution.id)
        query = query.order_by(BY[sort].desc(), Contribution.id.desc())
        query = query.where(place < tuple_(*after)) if after else query
    elif sort == NEWEST:
        query = query.order_by(Contribution.id.desc())
        query = query.where(Contribution.id < after[1]) if after else query
    else:
        query = query.order_by(Contribution.id)
        query = query.where(Contribution.id > after[1]) if after else query
    return session.execute(query.limit(limit)).all()


def place_in(sort: str, row: AnyRow) -> tuple[int, int]:
    """The place of a row in this order."""
    return (getattr(row, BY[sort].key) if sort in BY else 0, row.id)


def replies_to(parent_id: int, after: int | None, limit: int) -> Sequence[AnyRow]:
    """The replies to one contribution, the oldest first."""
    return following(ROWS.where(Contribution.parent_id == parent_id), after, limit)


def all_of(consultation_id: int, after: int | None, limit: int) -> Sequence[AnyRow]:
    """Everything that was ever contributed to a consultation, the oldest first."""
    return following(ROWS.where(Contribution.consultation_id == consultation_id), after, limit)


def due_of(consultation_id: int, after: int | None, limit: int) -> Sequence[AnyRow]:
    """What has no answer yet, the oldest first."""
    return following(ROWS.where(Contribution.consultation_id == consultation_id, DUE), after, limit)


def following(query: AnySelect, after: int | None, limit: int) -> Sequence[AnyRow]:
    if after is not None:
        query = query.where(Contribution.id > after)
    return session.execute(query.order_by(Contribution.id).limit(limit)).all()


def one_of(municipality: Municipality, uid: uuid.UUID) -> AnyRow:
    """One contribution with its answer. Raises NotFound."""
    query = ROWS.where(Contribution.municipality_id == municipality.id, Contribution.uid == uid)
    found = session.execute(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def votes_of(account_id: int, ids: Collection[int]) -> dict[int, int]:
    """What this person thinks of each of these, by key."""
    mine = select(Support.contribution_id, Support.vote).where(Support.account_id == account_id)
    return {row[0]: row[1] for row in session.execute(mine.where(Support.contribution_id.in_(ids)))}


def uids_of(ids: Collection[int]) -> dict[int, uuid.UUID]:
    """The ids of these contributions by key."""
    rows = session.execute(select(Contribution.id, Contribution.uid).where(Contribution.id.in_(ids)))
    return {row.id: row.uid for row in rows}


def counts_of(consultation: Consultation) -> dict[str, Any]:
    """How many contributions there are and what came of them."""
    mine = Contribution.consultation_id == consultation.id, Contribution.official.is_(False)
    row = session.execute(
        select(
            func.count().label("contributions"),
            func.count().filter(DUE).label("unanswered"),
            func.count().filter(Contribution.withdrawn_at.is_not(None)).label("withdrawn"),
        ).where(*mine)
    ).one()
    dispositions = (
        select(Answer.disposition, func.count())
        .join(Contribution, Contribution.answer_id == Answer.id)
        .where(*mine)
        .group_by(Answer.disposition)
    )
    return {**row._asdict(), "dispositions": {found[0]: found[1] for found in session.execute(dispositions)}}

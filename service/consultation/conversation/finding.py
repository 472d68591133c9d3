"""Questions about conversations, read only. A page costs the same however long the thread is: it is cut by key."""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import Any

from sqlalchemy import Integer, and_, bindparam, false, func, literal_column, or_, select, tuple_, union_all

from service.consultation.conversation.models import (
    MANY_NEWCOMERS,
    Answer,
    AnswerPromise,
    Contribution,
    Duty,
    Support,
    TakenBack,
    Thread,
)
from service.consultation.models import Consultation
from service.db import session
from service.db.clock import seconds_from_now
from service.db.prepared import Prepared
from service.db.types import AnyRow, AnySelect
from service.errors import NotFound, Problem
from service.municipalities.directory import Municipality
from service.text import N_

NEWEST, SUPPORTED, DIVIDED, UNANSWERED = "newest", "most_supported", "most_divisive", "unanswered"
SORTS = (NEWEST, SUPPORTED, DIVIDED, UNANSWERED)
COUNTED_FOR = 10
"""So many seconds a consultation's numbers are shown before they are counted again."""
AT_ONCE = 500
DAY = 86_400
BY = {SUPPORTED: "supports", DIVIDED: "divided"}

contributions, answers = Contribution.__table__, Answer.__table__
ANSWERED = (
    answers.c.uid.label("answer_uid"),
    answers.c.disposition,
    answers.c.reason,
    answers.c.body,
    answers.c.changed_text,
    answers.c.created_at.label("answered_at"),
)
ROWS: AnySelect = select(*contributions.c, *ANSWERED).outerjoin_from(
    contributions, answers, answers.c.id == contributions.c.answer_id
)
duties = Duty.__table__
DUTIES: AnySelect = ROWS.add_columns(duties.c.department_id).outerjoin(
    duties, duties.c.contribution_id == contributions.c.id
)
KEY = contributions.c.id
DUE = and_(
    contributions.c.answer_id.is_(None), contributions.c.official.is_(False), contributions.c.withdrawn_at.is_(None)
)


class ContributionTakenBack(Problem):
    """Staff had entered it by mistake and took it back."""

    status, code = 410, "contribution_taken_back"
    message = N_("The municipality had entered this by mistake and has taken it back.")


def ordered(sort: str, later: bool) -> AnySelect:
    """The statement of a page of a thread; `later`: one after the first."""
    query = ROWS.where(contributions.c.thread_id == bindparam("thread"), contributions.c.parent_id.is_(None))
    if sort in BY:
        number = contributions.c[BY[sort]]
        query = query.order_by(number.desc(), KEY.desc())
        behind = tuple_(number, KEY) < tuple_(bindparam("number"), bindparam("after"))
    elif sort == NEWEST:
        query, behind = query.order_by(KEY.desc()), bindparam("after") > KEY
    else:
        query, behind = query.where(DUE).order_by(KEY), bindparam("after") < KEY
    return (query.where(behind) if later else query).limit(bindparam("limit", type_=Integer()))


PAGES = {(sort, later): Prepared(ordered(sort, later)) for sort in SORTS for later in (False, True)}


threads = Thread.__table__
THREAD = Prepared(
    select(threads.c.id).where(
        threads.c.consultation_id == bindparam("consultation"),
        threads.c.kind == bindparam("kind"),
        threads.c.target == bindparam("target"),
    )
)


def thread_key(consultation_id: int, kind: str, target: str) -> int | None:
    """The key of the thread about this; None while nobody has spoken of it."""
    found: int | None = THREAD.value({"consultation": consultation_id, "kind": kind, "target": target})
    return found


def top_of(thread_id: int, sort: str, after: Sequence[int] | None, limit: int) -> Sequence[AnyRow]:
    """Contributions that reply to none; `after` is the last row's place: (number, key), the number 0 by key alone."""
    place = {} if after is None else {"after": after[1]}
    if after is not None and sort in BY:
        place["number"] = after[0]
    return PAGES[sort, after is not None].rows({"thread": thread_id, "limit": limit, **place})


def place_in(sort: str, row: AnyRow) -> tuple[int, int]:
    """The place of a row in this order."""
    return (getattr(row, BY[sort]) if sort in BY else 0, row.id)


def replies_to(parent_id: int, after: int | None, limit: int) -> Sequence[AnyRow]:
    """The replies to one contribution, the oldest first."""
    return following(ROWS.where(contributions.c.parent_id == parent_id), after, limit)


def all_of(consultation_id: int, after: int | None, limit: int) -> Sequence[AnyRow]:
    """Everything that was ever contributed to a consultation, the oldest first."""
    return following(ROWS.where(contributions.c.consultation_id == consultation_id), after, limit)


def changing_of(consultation_id: int) -> Iterator[Sequence[AnyRow]]:
    """What can change of everything that was contributed: id, votes, answer, withdrawal; some at once, oldest first."""
    one = contributions.c
    changing: AnySelect = select(
        one.id, one.uid, one.supports, one.opposes, one.passes, one.answer_id, one.withdrawn_at
    )
    after = None
    while rows := following(changing.where(one.consultation_id == consultation_id), after, AT_ONCE):
        yield rows
        after = rows[-1].id


@dataclass(frozen=True)
class Wanted:
    """Which of the duties: of one thread, of one department or of none, written longer ago than `late` seconds.

    What departments have that are `ended`, by key, is nobody's.
    """

    thread_id: int | None = None
    department_id: int | None = None
    nobodys: bool = False
    late: float | None = None
    ended: Collection[int] = ()


def due_of(consultation_id: int, wanted: Wanted, after: int | None, limit: int) -> Sequence[AnyRow]:
    """What has no answer yet, the oldest first, with the department whose duty it is."""
    query = DUTIES.where(contributions.c.consultation_id == consultation_id, DUE)
    if wanted.thread_id is not None:
        query = query.where(contributions.c.thread_id == wanted.thread_id)
    if wanted.nobodys:
        query = query.where(or_(duties.c.department_id.is_(None), duties.c.department_id.in_(wanted.ended)))
    elif wanted.department_id is not None:
        query = query.where(duties.c.department_id == wanted.department_id)
    if wanted.late is not None:
        query = query.where(contributions.c.created_at < seconds_from_now(-wanted.late))
    return following(query, after, limit)


def bursts_of(consultation_id: int, after: int | None, limit: int) -> Sequence[AnyRow]:
    """What MANY_NEWCOMERS or more new accounts voted on, the oldest first."""
    mine = contributions.c.consultation_id == consultation_id
    return following(DUTIES.where(mine, contributions.c.newcomers >= literal_column(str(MANY_NEWCOMERS))), after, limit)


def promised_days(consultation_id: int) -> int | None:
    """Within how many days each contribution is answered; None where nothing was promised."""
    return session.scalar(select(AnswerPromise.days).filter_by(consultation_id=consultation_id))


def following(query: AnySelect, after: int | None, limit: int) -> Sequence[AnyRow]:
    if after is not None:
        query = query.where(after < KEY)
    return session.execute(query.order_by(KEY).limit(limit)).all()


def one_of(municipality: Municipality, uid: uuid.UUID, place: bool = False) -> AnyRow:
    """One contribution with its answer; with `place` also what only holds the place above its replies.

    Raises NotFound, ContributionTakenBack.
    """
    query = ROWS.where(contributions.c.municipality_id == municipality.id, contributions.c.uid == uid)
    found = session.execute(query).one_or_none()
    if found is None or (found.taken_back and not place):
        raise missing(municipality, uid)
    return found


def missing(municipality: Municipality, uid: uuid.UUID) -> Problem:
    """What to say of a contribution that is not there: that it was taken back, or that there is none."""
    return ContributionTakenBack() if was_taken_back(municipality, uid) else NotFound()


def was_taken_back(municipality: Municipality, uid: uuid.UUID) -> bool:
    one = select(TakenBack.id).filter_by(municipality_id=municipality.id, uid=uid)
    return session.scalar(one) is not None


def those_ever(uids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these were ever written, those too that were taken back; one statement, so that none is missed that
    becomes the other meanwhile.
    """
    kinds = (Contribution.uid, TakenBack.uid)
    return set(session.scalars(union_all(*(select(uid).where(uid.in_(uids)) for uid in kinds))))


def taken_back_of(consultation_id: int, after: int | None, limit: int) -> Sequence[TakenBack]:
    """What was taken back, the first one first."""
    query = select(TakenBack).where(TakenBack.consultation_id == consultation_id)
    if after is not None:
        query = query.where(TakenBack.id > after)
    return session.scalars(query.order_by(TakenBack.id).limit(limit)).all()


def votes_of(account_id: int, ids: Collection[int]) -> dict[int, int]:
    """What this person thinks of each of these, by key."""
    mine = select(Support.contribution_id, Support.vote).where(Support.account_id == account_id)
    return {row[0]: row[1] for row in session.execute(mine.where(Support.contribution_id.in_(ids)))}


def uids_of(ids: Collection[int]) -> dict[int, uuid.UUID]:
    """The ids of these contributions by key."""
    rows = session.execute(select(Contribution.id, Contribution.uid).where(Contribution.id.in_(ids)))
    return {row.id: row.uid for row in rows}


def counts_of(consultation: Consultation) -> Mapping[str, Any]:
    """How many contributions there are and what came of them, COUNTED_FOR seconds ago at most."""
    return counted(consultation.id, consultation.uid, int(monotonic() // COUNTED_FOR))


@lru_cache(maxsize=256)
def counted(consultation_id: int, uid: uuid.UUID, period: int) -> Mapping[str, Any]:
    """The same, counted once in a period for each consultation."""
    return counts_now(consultation_id)


def counts_now(consultation_id: int) -> Mapping[str, Any]:
    """The same as it is now: all of it is read."""
    of_it = Contribution.consultation_id == consultation_id
    mine = of_it, Contribution.official.is_(False), Contribution.taken_back.is_(False)
    days = promised_days(consultation_id)
    late = false() if days is None else Contribution.created_at < seconds_from_now(-days * DAY)
    row = session.execute(
        select(
            func.count().label("contributions"),
            func.count().filter(DUE).label("unanswered"),
            func.count().filter(DUE, late).label("overdue"),
            func.count().filter(Contribution.withdrawn_at.is_not(None)).label("withdrawn"),
        ).where(*mine)
    ).one()
    dispositions = (
        select(Answer.disposition, func.count())
        .join(Contribution, Contribution.answer_id == Answer.id)
        .where(*mine)
        .group_by(Answer.disposition)
    )
    given = {found[0]: found[1] for found in session.execute(dispositions)}
    back = select(func.count()).select_from(TakenBack).where(TakenBack.consultation_id == consultation_id)
    counts = {**row._asdict(), "taken_back": session.scalar(back)}
    return counts | {"dispositions": given, "answer_within_days": days}

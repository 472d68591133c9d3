"""Questions about cases, read only."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, func, select

from service.db import session
from service.db.prepared import Prepared
from service.errors import NotFound
from service.moderation.models import HIDDEN, SHOWN, Complaint, Decider, ModerationCase
from service.municipalities.directory import Municipality

cases = ModerationCase.__table__
MOST_NOTES = 20

AMONG = Prepared(
    select(cases.c.target, cases.c.rule).where(
        cases.c.municipality_id == bindparam("municipality"),
        cases.c.kind == bindparam("kind"),
        cases.c.target.in_(bindparam("targets", expanding=True)),
        cases.c.state == HIDDEN,
    )
)


def hidden_among(municipality: Municipality, kind: str, targets: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Which of these things are hidden, with the rule by which each is; one statement."""
    if not targets:
        return {}
    rows = AMONG.rows({"municipality": municipality.id, "kind": kind, "targets": list(targets)})
    return {row.target: row.rule for row in rows}


def queue_of(municipality: Municipality, after: int | None, limit: int) -> Sequence[ModerationCase]:
    """What waits for a moderator, the oldest case first, whatever the number of complaints."""
    waiting = select(ModerationCase).where(
        ModerationCase.municipality_id == municipality.id, ModerationCase.waiting_since.is_not(None)
    )
    if after is not None:
        waiting = waiting.where(ModerationCase.id > after)
    return session.scalars(waiting.order_by(ModerationCase.id).limit(limit)).all()


def complaints_of(found: Sequence[ModerationCase]) -> Mapping[int, Mapping[str, int]]:
    """How many complaints named which rule, by case."""
    rows = session.execute(
        select(Complaint.case_id, Complaint.rule, func.count())
        .where(Complaint.case_id.in_([case.id for case in found]))
        .group_by(Complaint.case_id, Complaint.rule)
        .order_by(Complaint.rule)
    )
    counts: dict[int, dict[str, int]] = {case.id: {} for case in found}
    for case_id, rule, count in rows:
        counts[case_id][rule] = count
    return counts


def decided_by(account_id: int, found: Sequence[ModerationCase]) -> set[int]:
    """Which of these cases this moderator has ever decided, by key: the appeals of those are not theirs."""
    mine = select(Decider.case_id).where(Decider.account_id == account_id)
    return set(session.scalars(mine.where(Decider.case_id.in_([case.id for case in found]))))


def notes_of(found: Sequence[ModerationCase]) -> Mapping[int, Sequence[str]]:
    """What people wrote to their complaints, by case: the first MOST_NOTES of each, and not who wrote them."""
    place = func.row_number().over(partition_by=Complaint.case_id, order_by=Complaint.id).label("place")
    mine = Complaint.case_id.in_([case.id for case in found]), Complaint.note.is_not(None)
    noted = select(Complaint.case_id, Complaint.note, place).where(*mine).subquery()
    rows = session.execute(select(noted).where(noted.c.place <= MOST_NOTES).order_by(noted.c.case_id, noted.c.place))
    notes: dict[int, list[str]] = {case.id: [] for case in found}
    for case_id, note, _ in rows:
        notes[case_id].append(note)
    return notes


def decided_about(
    municipality: Municipality, author_id: int, before: int | None, limit: int
) -> Sequence[ModerationCase]:
    """What moderators decided about what this person wrote, newest first."""
    mine = select(ModerationCase).where(
        ModerationCase.municipality_id == municipality.id,
        ModerationCase.author_id == author_id,
        ModerationCase.rule.is_not(None),
    )
    if before is not None:
        mine = mine.where(ModerationCase.id < before)
    return session.scalars(mine.order_by(ModerationCase.id.desc()).limit(limit)).all()


def case_to_change(
    municipality: Municipality, kind: str, target: uuid.UUID, author_id: int | None = None
) -> ModerationCase:
    """The case of this thing, locked; with an author, only if it is about what they wrote. Raises NotFound."""
    thing = select(ModerationCase).filter_by(municipality_id=municipality.id, kind=kind, target=target)
    if author_id is not None:
        thing = thing.filter_by(author_id=author_id)
    found = session.scalars(thing.with_for_update().execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound
    return found


def counts_of(municipality: Municipality) -> dict[str, Any]:
    """What moderation has done here so far, in numbers that say nothing of anybody."""
    row = session.execute(
        select(
            func.coalesce(func.sum(ModerationCase.complaints), 0).label("complaints"),
            func.count().filter(ModerationCase.waiting_since.is_not(None)).label("waiting"),
            func.count().filter(ModerationCase.state == HIDDEN).label("hidden"),
            func.count().filter(ModerationCase.state == SHOWN).label("shown"),
            func.count().filter(ModerationCase.appealed_at.is_not(None)).label("appeals"),
            func.count().filter(ModerationCase.appeal_upheld.is_(False)).label("overturned"),
        ).where(ModerationCase.municipality_id == municipality.id)
    ).one()
    by_rule = session.execute(
        select(ModerationCase.rule, func.count())
        .where(ModerationCase.municipality_id == municipality.id, ModerationCase.state == HIDDEN)
        .group_by(ModerationCase.rule)
        .order_by(ModerationCase.rule)
    )
    return {**row._asdict(), "by_rule": [{"rule": rule, "hidden": count} for rule, count in by_rule]}

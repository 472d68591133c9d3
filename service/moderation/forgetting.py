"""What moderation holds about somebody: given out, erased, handed over."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import aliased

from service.db import session
from service.moderation.deciding import subject_of
from service.moderation.models import Complaint, Decider, ModerationCase
from service.municipalities.directory import Municipality
from service.outbox.retaining import forget_subject

QUIETLY = {"synchronize_session": False}


def forget_moderated(municipality: Municipality, account_id: int) -> None:
    """Unlink what this person complained of, was told and decided; the words of their appeals and complaints go."""
    mine = select(ModerationCase).filter_by(municipality_id=municipality.id, author_id=account_id)
    for case in session.scalars(mine.order_by(ModerationCase.id).with_for_update()).all():
        forget_subject(subject_of(case))
    statements: list[Any] = [
        update(ModerationCase).where(ModerationCase.author_id == account_id).values(author_id=None, appeal=None),
        update(Complaint).where(Complaint.account_id == account_id).values(account_id=None, note=None),
    ]
    for column in (ModerationCase.decided_by_id, ModerationCase.appeal_by_id):
        statements.append(update(ModerationCase).where(column == account_id).values({column: None}))
    statements.append(delete(Decider).where(Decider.account_id == account_id))
    for statement in statements:
        session.execute(statement, execution_options=QUIETLY)


def moderated_of(municipality: Municipality, account_id: int) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """What was decided about what this person wrote, and of what they complained; not that others did."""
    case, complaint = ModerationCase, Complaint
    columns = (case.kind, case.target, case.state, case.rule, case.reason, case.decided_at)
    own = (*columns, case.appeal, case.appealed_at, case.appeal_upheld, case.appeal_reason, case.appeal_decided_at)
    decided = session.execute(
        select(*own).where(case.author_id == account_id, case.decided_at.is_not(None)).order_by(case.id)
    )
    complained = session.execute(
        select(case.kind, case.target, complaint.rule, complaint.note, complaint.created_at)
        .join(case, case.id == complaint.case_id)
        .where(complaint.account_id == account_id)
        .order_by(complaint.id)
    )
    found = {"decided": [row._asdict() for row in decided], "complaints": [row._asdict() for row in complained]}
    return found if any(found.values()) else {}


def hand_over_moderated(municipality: Municipality, from_id: int, to_id: int) -> None:
    """What one account wrote and complained of is another's, which is the same person's: who did both did so once."""
    theirs = aliased(Complaint)
    twice = select(theirs.case_id).where(theirs.account_id == to_id)
    for statement in (
        update(ModerationCase).where(ModerationCase.author_id == from_id).values(author_id=to_id),
        delete(Complaint).where(Complaint.account_id == from_id, Complaint.case_id.in_(twice)),
        update(Complaint).where(Complaint.account_id == from_id).values(account_id=to_id),
    ):
        session.execute(statement, execution_options=QUIETLY)

"""Whose duty an answer is, and until when the municipality has promised it."""

import uuid
from collections.abc import Sequence

from sqlalchemy import delete, insert

from service.consultation.conversation.answering import ids_locked
from service.consultation.conversation.models import AnswerPromise, Duty
from service.consultation.finding import locked
from service.consultation.models import Consultation
from service.db import session
from service.db.clock import now
from service.municipalities.directory import Municipality, department_at_work
from service.people.auditing import record
from service.people.callers import Caller


def promise(municipality: Municipality, actor: Caller, about: Consultation, days: int | None) -> None:
    """Everybody sees from now on within how many days the municipality answers; inside `transaction()`.

    Of two who promise at once one waits. Raises NotFound.
    """
    locked(municipality, about.uid)
    session.execute(delete(AnswerPromise).where(AnswerPromise.consultation_id == about.id))
    if days is not None:
        session.execute(insert(AnswerPromise).values(consultation_id=about.id, days=days))
    record(municipality.id, actor, "answers_promised", "consultation", str(about.uid), {"days": days})


def hand_to(
    municipality: Municipality, actor: Caller, about: Consultation, uids: Sequence[uuid.UUID], department: str | None
) -> None:
    """This department prepares the answers to these from now on; None: nobody in particular.

    Inside `transaction()`. Raises NoSuchDepartment, ContributionsNotFound.
    """
    chosen = department_at_work(municipality, department, now()) if department else None
    ids = ids_locked(about, uids)
    session.execute(delete(Duty).where(Duty.contribution_id.in_(ids)))
    if chosen is not None:
        rows = [{"contribution_id": one, "department_id": chosen.id} for one in ids]
        session.execute(insert(Duty), rows)
    facts = {"department": department, "contributions": len(ids)}
    record(municipality.id, actor, "contributions_handed", "consultation", str(about.uid), facts)

"""Every contribution gets its answer: what was done with it, why, who decided it, and the changed text."""

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import select, update

from service.consultation.conversation.models import Answer, AnswerGiven, Contribution
from service.consultation.models import Consultation
from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.db.upserts import insert_if_absent
from service.errors import Problem
from service.municipalities.directory import Municipality
from service.outbox.posting import owe
from service.people.auditing import record
from service.people.callers import Caller
from service.text import N_

DISPOSITIONS = {
    "accepted": N_("accepted"),
    "accepted_in_part": N_("accepted in part"),
    "already_planned": N_("already planned"),
    "rejected": N_("rejected"),
    "out_of_scope": N_("out of scope"),
    "deferred": N_("deferred"),
    "referred": N_("referred to somebody else"),
}
CONTRIBUTIONS_ANSWERED = "contributions_answered"
MOST_TOGETHER = 500


class ContributionsNotFound(Problem):
    """Some of the named contributions are not in this consultation, or are the municipality's own; `missing`."""

    status, code, message = 404, "contributions_not_found", N_("Some of these contributions are not there.")


class AlreadyAnswered(Problem):
    """Some of the named contributions have an answer, perhaps since a moment ago; `answered` are their ids."""

    status, code = 409, "already_answered"
    message = N_("Some of these contributions have an answer already. Look at it before you replace it.")


def answer_together(
    municipality: Municipality,
    actor: Caller,
    about: Consultation,
    uids: Sequence[uuid.UUID],
    disposition: str,
    reason: Mapping[str, str],
    body: str,
    changed_text: Mapping[str, str] | None,
    replace: bool = False,
) -> Answer:
    """One answer to these contributions; with `replace` in place of any that they had. Inside `transaction()`.

    Their authors, those who replied and who follow the consultation are told.
    Raises ContributionsNotFound, AlreadyAnswered.
    """
    ids = ids_locked(about, uids)
    if not replace:
        ensure_unanswered(ids)
    answer = Answer(
        uid=new_uid(),
        municipality_id=municipality.id,
        consultation_id=about.id,
        disposition=disposition,
        reason=dict(reason),
        body=body,
        changed_text=dict(changed_text) if changed_text else None,
        by_id=actor.account_id,
        created_at=now(),
    )
    session.add(answer)
    session.flush()
    given = [{"answer_id": answer.id, "contribution_id": one} for one in ids]
    insert_if_absent(AnswerGiven, given, returning=AnswerGiven.contribution_id)
    answered = update(Contribution).where(Contribution.id.in_(ids)).values(answer_id=answer.id)
    session.execute(answered, execution_options={"synchronize_session": False})
    facts = {"disposition": disposition, "contributions": len(ids)}
    record(municipality.id, actor, "contributions_answered", "consultation", str(about.uid), facts)
    owe(municipality.id, CONTRIBUTIONS_ANSWERED, f"answer:{answer.uid}", 1, {"answer_id": answer.id})
    return answer


def ids_locked(about: Consultation, uids: Sequence[uuid.UUID]) -> list[int]:
    """The keys of these contributions, locked in their order. Raises ContributionsNotFound."""
    wanted = set(uids)
    query = select(Contribution.id, Contribution.uid).where(
        Contribution.consultation_id == about.id,
        Contribution.uid.in_(wanted),
        Contribution.official.is_(False),
        Contribution.taken_back.is_(False),
    )
    rows = session.execute(query.order_by(Contribution.id).with_for_update()).all()
    missing = wanted - {row.uid for row in rows}
    if missing:
        raise ContributionsNotFound(missing=sorted(map(str, missing)))
    return [row.id for row in rows]


def ensure_unanswered(ids: Sequence[int]) -> None:
    """Refuse what has an answer; the contributions are locked. Raises AlreadyAnswered."""
    query = select(Contribution.uid).where(Contribution.id.in_(ids), Contribution.answer_id.is_not(None))
    if answered := session.scalars(query.order_by(Contribution.id)).all():
        raise AlreadyAnswered(answered=[str(uid) for uid in answered])

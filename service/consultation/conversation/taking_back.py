"""What staff entered by mistake is taken back: it leaves everything that is shown and counted, and its history stays.

Only what was entered for somebody outside: what a resident said in the app nobody takes back but they themselves.
"""

import uuid
from typing import Any

from sqlalchemy import delete, select

from service.consultation.conversation.contributing import KIND, empty, ensure_entered, owner_of, thread_with
from service.consultation.conversation.finding import missing, one_of
from service.consultation.conversation.models import Contribution, Duty, Support, TakenBack
from service.consultation.conversation.opening import ConversationClosed, ensure_running
from service.consultation.conversation.resembling import forget_marks
from service.consultation.conversation.scanning import owner_of_scans
from service.consultation.finding import locked
from service.consultation.models import Consultation
from service.db import session
from service.db.clock import now
from service.db.types import AnyRow
from service.errors import Problem
from service.media.removing import remove_photos
from service.moderation.awaiting import wait_no_more
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import Caller
from service.text import N_

ZERO = ("supports", "opposes", "passes", "divided", "newcomers")
NOTHING = ("role", "received_on", "stance")
KEPT = ("uid", "municipality_id", "consultation_id", "thread_id", "channel", "role", "received_on", "language")


class AnswerPublished(Problem):
    """It has an answer that everybody may have read; that can be corrected, not unsaid."""

    status, code = 409, "answer_published"
    message = N_("This contribution has an answer. Correct the answer instead.")


def take_back_entered(
    municipality: Municipality, actor: Caller, uid: uuid.UUID, reason: str, forget: bool = False
) -> None:
    """Let it be as if it had not been entered, but for its history; inside `transaction()`, with the actor held.

    With `forget` its words are not kept there either. Where others replied to it, theirs stay below a line without any.
    Raises NotFound, ContributionTakenBack, NotEntered, AnswerPublished, ConversationClosed.
    """
    seen = one_of(municipality, uid)
    about = locked(municipality, session.get_one(Consultation, seen.consultation_id).uid)
    thread = thread_with(seen.thread_id)
    found = locked_with_those_above(municipality, seen)
    ensure_entered(found.channel)
    ensure_not_over(about, found)
    history = {name: getattr(found, name) for name in KEPT} | {"entered_at": found.created_at, "reason": reason}
    words = None if forget else found.text
    session.add(TakenBack(**history, text=words, by_id=actor.account_id, taken_back_at=now()))
    thread.contributions -= 1
    take_away(municipality, found)
    facts = {"channel": found.channel, "consultation": str(about.uid), "forgotten": forget}
    record(municipality.id, actor, "contribution_taken_back", KIND, str(uid), facts, text=reason)


def locked_with_those_above(municipality: Municipality, seen: AnyRow) -> Contribution:
    """The contribution as it is now, locked with those that it replies to, from the top down; its thread is locked.

    Raises ContributionTakenBack.
    """
    above = session.scalar(select(Contribution.parent_id).where(Contribution.id == seen.parent_id))
    wanted = select(Contribution).where(Contribution.id.in_([seen.id, seen.parent_id, above]))
    rows = wanted.order_by(Contribution.id).with_for_update().execution_options(populate_existing=True)
    found = {row.id: row for row in session.scalars(rows)}
    if seen.id not in found or found[seen.id].taken_back:
        raise missing(municipality, seen.uid)
    return found[seen.id]


def ensure_not_over(about: Consultation, found: Contribution) -> None:
    """Refuse what has an answer, what came when nothing is entered any more, and what a published result counts.

    The consultation is locked. Raises AnswerPublished, ConversationClosed.
    """
    if found.answer_id is not None:
        raise AnswerPublished
    ensure_running(about)
    if about.closed_at is not None and found.created_at <= about.closed_at:
        raise ConversationClosed(opens_at=None)


def take_away(municipality: Municipality, found: Contribution) -> None:
    """Delete what hangs on it, and itself where nobody replied to it."""
    for table in (Support, Duty):
        gone: Any = delete(table).where(table.contribution_id == found.id)
        session.execute(gone.execution_options(synchronize_session=False))
    wait_no_more(municipality, KIND, [found.uid])
    if found.replies:
        empty(municipality, found)
        found.taken_back, found.withdrawn_at = True, now()
        for name in ZERO:
            setattr(found, name, 0)
        for name in NOTHING:
            setattr(found, name, None)
    else:
        forget_marks(found.id)
        remove_photos(municipality, [owner_of(found.uid)])
        remove(found)
    remove_photos(municipality, [owner_of_scans(found.uid)])


def remove(found: Contribution) -> None:
    """Delete it, and those above it that were taken back and held the place for it alone; all are locked."""
    above = session.get(Contribution, found.parent_id) if found.parent_id else None
    session.delete(found)
    session.flush()
    if above is None:
        return
    above.replies -= 1
    if above.taken_back and not above.replies:
        remove(above)

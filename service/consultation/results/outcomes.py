"""What became of a result: what the municipality says of it on a day, with links to where it can be seen.

Nothing of it is changed: who was wrong says it anew, in the place of what was said. What must not be read any more, as
a name that slipped in, can be taken out of what was said before; that it was said stays.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from service.consultation.finding import locked
from service.consultation.models import Consultation, Outcome
from service.consultation.publishing import ensure_closed
from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.errors import NotFound, Problem
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import Caller
from service.text import N_


class CorrectedBefore(Problem):
    """Something else stands in its place already: correct that one; `by` is its id."""

    status, code, message = 409, "outcome_corrected", N_("This has already been corrected.")


@dataclass(frozen=True)
class Said:
    """What staff say became of a result; `corrects` names what it stands in place of, `blanks` takes the words and
    links out of that, and out of all that it corrected.
    """

    said_on: date
    title: Mapping[str, str]
    text: Mapping[str, str]
    links: Sequence[Mapping[str, str]]
    corrects: uuid.UUID | None
    blanks: bool = False


def say_outcome(municipality: Municipality, actor: Caller, uid: uuid.UUID, said: Said) -> Outcome:
    """Publish it; in a transaction, after its links were looked at. Raises NotFound, ResultsNotYet, CorrectedBefore."""
    found = ensure_closed(locked(municipality, uid))
    if said.corrects is not None:
        ensure_last(found, said.corrects)
    words = {name: value for name, value in vars(said).items() if name != "blanks"}
    made = Outcome(uid=new_uid(), consultation_id=found.id, created_at=now(), **words)
    session.add(made)
    session.flush()
    blanked = blank(found, said.corrects) if said.blanks else []
    facts = {"outcome": str(made.uid), "corrects": said.corrects and str(said.corrects), "blanked": blanked}
    record(municipality.id, actor, "consultation_outcome_said", "consultation", str(uid), facts)
    return made


def ensure_last(found: Consultation, uid: uuid.UUID) -> None:
    """That nothing stands in its place; the consultation is locked. Raises NotFound, CorrectedBefore."""
    theirs = select(Outcome.uid).where(Outcome.consultation_id == found.id)
    if session.scalar(theirs.where(Outcome.uid == uid)) is None:
        raise NotFound
    by = session.scalar(theirs.where(Outcome.corrects == uid))
    if by is not None:
        raise CorrectedBefore(by=str(by))


def blank(found: Consultation, uid: uuid.UUID | None) -> list[str]:
    """Take words and links out of this one, and of what it stands in place of; which."""
    blanked = []
    while uid is not None:
        one = session.scalars(select(Outcome).filter_by(consultation_id=found.id, uid=uid)).one()
        one.title, one.text, one.links = {}, {}, []
        blanked.append(str(uid))
        uid = one.corrects
    return blanked


def outcomes_after(found: Consultation, after: int | None, limit: int) -> Sequence[Outcome]:
    """What was said, the newest first, `limit` at most."""
    query = select(Outcome).where(Outcome.consultation_id == found.id).order_by(Outcome.id.desc()).limit(limit)
    return session.scalars(query if after is None else query.where(Outcome.id < after)).all()


def correctors(outcomes: Sequence[Outcome]) -> Mapping[uuid.UUID, uuid.UUID]:
    """Of those of them that were corrected, by which."""
    query = select(Outcome.corrects, Outcome.uid).where(Outcome.corrects.in_([each.uid for each in outcomes]))
    return {corrects: uid for corrects, uid in session.execute(query) if corrects}

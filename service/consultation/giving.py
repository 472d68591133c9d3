"""What consultations give to other slices: entries of digests, and consultations as something that people follow."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from service.consultation.finding import phases_of
from service.consultation.messages import BEGUN as PHASES_BEGUN
from service.consultation.models import CLOSED, DRAFT, VOTE, Consultation, ConsultationPhase
from service.consultation.phases import WRITING
from service.consultation.telling import CONSULTATION, topics_of
from service.db import session
from service.municipalities.directory import Municipality
from service.notices.digests import Entry
from service.notices.following import Followed
from service.text import LANGUAGES, N_, say

BEGUN, OVER = N_("It has begun. You can take part in the app."), N_("It is over, and the result is out.")
TO_READ = PHASES_BEGUN["inform"]
TAKING_PART = {*WRITING, VOTE}


def entries(municipality: Municipality, since: datetime, until: datetime) -> Sequence[Entry]:
    """Consultations that have begun, and those whose result came out, after the one moment and up to the other."""
    opens_at = func.min(ConsultationPhase.opens_at).label("opens_at")
    begun = (
        select(Consultation, opens_at)
        .join(ConsultationPhase, ConsultationPhase.consultation_id == Consultation.id)
        .where(Consultation.municipality_id == municipality.id, Consultation.state != DRAFT)
        .group_by(Consultation.id)
        .having(opens_at.expression > since, opens_at.expression <= until)
    )
    over = select(Consultation, Consultation.closed_at).where(
        Consultation.municipality_id == municipality.id,
        Consultation.state == CLOSED,
        Consultation.closed_at > since,
        Consultation.closed_at <= until,
    )
    found: list[tuple[Any, ...]] = [(*row, begun_words(row[0].id)) for row in session.execute(begun)]
    found += [(*row, OVER) for row in session.execute(over)]
    return [entry_of(*each) for each in sorted(found, key=lambda each: (each[1], each[0].id))]


def begun_words(consultation_id: int) -> str:
    """What is said of one that has begun: whether one can take part yet, or only read."""
    phases = phases_of(consultation_id)
    first = {phase.kind for phase in phases if phase.opens_at == phases[0].opens_at}
    return BEGUN if first & TAKING_PART else TO_READ


def entry_of(found: Consultation, moment: datetime, words: str) -> Entry:
    return Entry(
        kind=CONSULTATION,
        key=str(found.uid),
        title=found.title,
        summary={language: say(language, words) for language in LANGUAGES},
        path="",
        published_at=moment,
        topics=topics_of(found),
    )


def as_consultation(municipality: Municipality, name: str, part: str) -> Followed | None:
    """A consultation that everybody may know of."""
    try:
        uid = uuid.UUID(name)
    except ValueError:
        return None
    if str(uid) != name:
        return None
    query = select(Consultation.title).where(
        Consultation.municipality_id == municipality.id, Consultation.uid == uid, Consultation.state != DRAFT
    )
    title = session.scalar(query)
    return None if title is None or part else Followed(title)


FOLLOWED: Mapping[str, Callable[[Municipality, str, str], Followed | None]] = {CONSULTATION: as_consultation}
"""Kind of thing → what one of them is called."""

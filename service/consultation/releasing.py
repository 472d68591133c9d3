"""Answers that were cast reach the log in batches, in an order that says nothing of when they came."""

import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update

from service.consultation.appending import append
from service.consultation.finding import participations
from service.consultation.leaves import ballot_line, handle
from service.consultation.models import FIXED, BallotAnswer, Consultation
from service.db import session, transaction
from service.db.types import AnyRow
from service.municipalities.directory import municipality_with

RELEASE = "release_ballots"
FEWEST = 5
"""Answers to one question that are released at once, and that stay behind until the end, at least."""
AT_ONCE = 2000
Waiting = tuple[str, bytes, int]
"""Question, tracker, sequence."""

answers = BallotAnswer.__table__

PLACED = (
    update(BallotAnswer)
    .where(
        answers.c.consultation_id == bindparam("of"),
        answers.c.tracker == bindparam("named"),
        answers.c.sequence == bindparam("so_manieth"),
    )
    .values(place=bindparam("at"))
)


def running() -> Sequence[int]:
    """Consultations whose log may grow, of all municipalities."""
    return session.scalars(select(Consultation.id).where(Consultation.state == FIXED).order_by(Consultation.id)).all()


def unnoted() -> None:
    """Nothing is noted."""


def release(consultation_id: int, everything: bool = False, noted: Callable[[], None] = unnoted) -> int:
    """Release what may be, or at the end all that waits; how many answers. Opens transactions of its own, in each of
    which `noted` is called first: what it raises undoes it.

    What is released is chosen at once: whatever is cast meanwhile waits for the next time.
    """
    with transaction():
        chosen = waiting(consultation_id) if everything else enough(waiting(consultation_id))
    return sum(release_part(consultation_id, part, noted) for part in parts_of(chosen))


def release_part(consultation_id: int, part: Sequence[Waiting], noted: Callable[[], None]) -> int:
    with transaction():
        noted()
        return release_some(consultation_id, part)


def waiting(consultation_id: int) -> list[Waiting]:
    """The answers that were not released: question, tracker, sequence."""
    query = select(answers.c.question, answers.c.tracker, answers.c.sequence)
    found = session.execute(query.where(answers.c.consultation_id == consultation_id, answers.c.place.is_(None)))
    return [(row.question, bytes(row.tracker), row.sequence) for row in found]


def enough(found: Sequence[Waiting]) -> list[Waiting]:
    """Of each question all but the answers under five trackers, which wait so that the last batch has as many; none
    where fewer than five would be released.
    """
    named: dict[str, set[bytes]] = defaultdict(set)
    for question, tracker, _ in found:
        named[question].add(tracker)
    going = {question: some_of(trackers) for question, trackers in named.items()}
    return [one for one in found if one[1] in going[one[0]]]


def some_of(trackers: Collection[bytes]) -> set[bytes]:
    left = len(trackers) - FEWEST
    return set(secrets.SystemRandom().sample(sorted(trackers), left)) if left >= FEWEST else set()


def parts_of(chosen: Sequence[Waiting]) -> list[list[Waiting]]:
    """Shuffled, in parts of about `AT_ONCE`; each has five answers to a question at least, or none."""
    parts: list[list[Waiting]] = [[] for _ in range(-(-len(chosen) // AT_ONCE))]
    chance, asked = secrets.SystemRandom(), defaultdict(list)
    for one in chosen:
        asked[one[0]].append(one)
    for given in asked.values():
        chance.shuffle(given)
        groups = min(len(parts), max(1, len(given) // FEWEST))
        for place, one in enumerate(given):
            parts[place % groups].append(one)
    for part in parts:
        chance.shuffle(part)
    return parts


def release_some(consultation_id: int, part: Sequence[Waiting]) -> int:
    """Release these in their order, in a transaction; those that another worker has released are left out."""
    query = select(Consultation).where(Consultation.id == consultation_id)
    consultation = session.scalars(query.with_for_update(key_share=True)).one()
    there = {(bytes(row.tracker), row.sequence): row for row in pending(consultation_id, part)}
    rows = [there[tracker, sequence] for _, tracker, sequence in part if (tracker, sequence) in there]
    if not rows:
        return 0
    name = consultation.uid.hex
    lines = [line_of(name, row) for row in rows]
    slug = municipality_with(consultation.municipality_id).slug
    first = append(consultation, slug, lines, sum(participations(consultation_id).values()))
    placed: list[dict[str, Any]] = [
        {"of": consultation_id, "named": row.tracker, "so_manieth": row.sequence, "at": first + number}
        for number, row in enumerate(rows)
    ]
    session.connection().execute(PLACED, placed)
    return len(rows)


def pending(consultation_id: int, part: Sequence[Waiting]) -> Sequence[AnyRow]:
    query = select(
        answers.c.tracker, answers.c.sequence, answers.c.question, answers.c.blind, answers.c.commitment
    ).where(
        answers.c.consultation_id == consultation_id,
        answers.c.place.is_(None),
        answers.c.tracker.in_([tracker for _, tracker, _ in part]),
    )
    return session.execute(query).all()


def line_of(consultation: str, row: AnyRow) -> str:
    handled = handle(bytes(row.tracker), row.sequence, bytes(row.blind))
    return ballot_line(consultation, row.question, bytes(row.commitment), handled)

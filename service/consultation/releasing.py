"""Answers that were cast reach the log in batches, in an order that says nothing of when they came."""

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, distinct, func, select, update

from service.consultation.appending import append
from service.consultation.finding import participations
from service.consultation.leaves import ballot_line, handle
from service.consultation.models import FIXED, BallotAnswer, Consultation
from service.db import session, transaction
from service.db.types import AnyRow
from service.municipalities.directory import municipality_with

RELEASE = "release_ballots"
FEWEST = 5
"""Ballots that must wait before any is released, until the end."""
AT_ONCE = 2000

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


def waiting(consultation_id: int) -> int:
    """How many ballots have answers that were not released."""
    query = select(func.count(distinct(answers.c.ballot)))
    found = session.scalar(query.where(answers.c.consultation_id == consultation_id, answers.c.place.is_(None)))
    return int(found or 0)


def release(consultation_id: int, everything: bool = False) -> int:
    """Release what waits, where enough does or at the end; how many answers. Opens transactions of its own."""
    if not everything and waiting(consultation_id) < FEWEST:
        return 0
    done = 0
    while True:
        with transaction():
            count = release_some(consultation_id)
        if not count:
            return done
        done += count


def release_some(consultation_id: int) -> int:
    """Release some of what waits, in a transaction: those with the first trackers, which are random, and shuffled."""
    query = select(Consultation).where(Consultation.id == consultation_id)
    consultation = session.scalars(query.with_for_update(key_share=True)).one()
    rows = list(pending(consultation_id))
    if not rows:
        return 0
    secrets.SystemRandom().shuffle(rows)
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


def pending(consultation_id: int) -> Sequence[AnyRow]:
    query = select(
        answers.c.tracker, answers.c.sequence, answers.c.question, answers.c.blind, answers.c.commitment
    ).where(answers.c.consultation_id == consultation_id, answers.c.place.is_(None))
    return session.execute(query.order_by(answers.c.tracker, answers.c.sequence).limit(AT_ONCE)).all()


def line_of(consultation: str, row: AnyRow) -> str:
    handled = handle(bytes(row.tracker), row.sequence, bytes(row.blind))
    return ballot_line(consultation, row.question, bytes(row.commitment), handled)

"""When a consultation is over: the log is ended, the ballots are counted, and everything to check them by is published.

Each step may be killed and is done again: what was done is seen in the rows. Where nobody voted the log, the heads and
an empty tally say so, and the result is how many took part in the conversation.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from sqlalchemy import delete, insert, null, select, tuple_, update

from service.consultation.appending import append, origin_of
from service.consultation.ballots import KINDS, Tally, tally
from service.consultation.bundling import Ballot, Closed, shows_channels, tally_facts, write_bundle
from service.consultation.conversation.totals import totals_of
from service.consultation.ending import is_over
from service.consultation.finding import asked, heads_after, leaves_after, participations
from service.consultation.leaves import event_line
from service.consultation.models import (
    CLOSED,
    COUNTED,
    FIXED,
    BallotAnswer,
    Consultation,
    PaperBatch,
    Participation,
)
from service.consultation.models import Ballot as BallotRow
from service.consultation.paper import let_go
from service.consultation.releasing import release
from service.consultation.statistics import forget_groups, statistics_of
from service.consultation.telling import RESULT_OUT, tell
from service.consultation.wording import OPEN
from service.crash_points import crash_here
from service.db import session, stop_reading, transaction
from service.db.clock import now
from service.db.types import AnyRow
from service.municipalities.directory import municipality_with
from service.people.auditing import record
from service.storage.keeping import PIECE, Store
from service.storage.making import keep_written

AT_ONCE = 2000

answers, taken = BallotAnswer.__table__, Participation.__table__


def unheard(step: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class Told:
    """Who is told how far a closing is: `saved` after a step; `noted` inside the transaction of a step, which what it
    raises undoes.
    """

    saved: Callable[[str], None] = unheard
    noted: Callable[[str], None] = unheard


NOBODY = Told()


def close(consultation_id: int, store: Store, told: Told = NOBODY) -> bool:
    """Everything that is due when it is over; whether it is over. Opens transactions of its own."""
    with transaction():
        if not is_over(consultation_id):
            return False
    release(consultation_id, True, lambda: told.noted("released"))
    crash_here("after_last_release")
    with transaction():
        end_log(consultation_id)
        told.noted("log_ended")
        crash_here("before_log_ended")
    for table in (answers, taken):
        put_in_order(table, consultation_id, told)
    with transaction():
        part_ballots(consultation_id)
        told.noted("ballots_parted")
        crash_here("before_ballots_parted")
    key = key_of(consultation_id)
    with SpooledTemporaryFile(PIECE) as target:
        digest, facts = make_bundle(consultation_id, target)
        keep_written(store, key, target)
    crash_here("after_bundle_kept")
    told.saved("bundle_kept")
    with transaction():
        finish(consultation_id, key, digest, facts)
        told.noted("result_out")
        crash_here("before_result_out")
    return True


def to_close(consultation_id: int) -> Consultation:
    query = select(Consultation).where(Consultation.id == consultation_id)
    return session.scalars(query.with_for_update(key_share=True).execution_options(populate_existing=True)).one()


def end_log(consultation_id: int) -> None:
    """Write the last line of the log, once."""
    found = to_close(consultation_id)
    if found.state != FIXED:
        return
    let_go(consultation_id)
    people = sum(participations(consultation_id).values())
    said = [(found.definition or {})["closes_at"], *(extension["closes_at"] for extension in found.extensions)]
    line = event_line(found.uid.hex, "close", {"closes_at": said[-1], "participations": people})
    append(found, municipality_with(found.municipality_id).slug, [line], people)
    found.state = COUNTED
    found.version += 1


def put_in_order(table: Any, consultation_id: int, told: Told) -> None:
    """Write the rows anew in the order of their random names, so that where they lie no longer says when they came.

    It is noted first: who was taken over would bring back what was forgotten since.
    """
    names = [column for column in table.primary_key if column.name != "consultation_id"]
    last: bytes = b""
    while True:
        with transaction():
            told.noted(table.name)
            rows = rows_behind(table, names, consultation_id, last)
            if not rows:
                return
            last = rows[-1][names[0].name]
            session.execute(
                delete(table)
                .where(table.c.consultation_id == consultation_id, names[0] >= rows[0][names[0].name], names[0] <= last)
                .execution_options(synchronize_session=False)
            )
            crash_here("before_rows_rewritten")
            session.connection().execute(insert(table), rows)
        told.saved(table.name)


def rows_behind(table: Any, names: Sequence[Any], consultation_id: int, last: bytes) -> list[dict[str, Any]]:
    """Rows with the next names, all of each name."""
    edge = (
        select(names[0])
        .where(table.c.consultation_id == consultation_id, names[0] > last)
        .order_by(names[0])
        .limit(AT_ONCE)
    )
    found = [row[0] for row in session.execute(edge)]
    if not found:
        return []
    query = select(table).where(table.c.consultation_id == consultation_id, names[0] > last, names[0] <= found[-1])
    return [dict(row._mapping) for row in session.execute(query.order_by(*names))]


def part_ballots(consultation_id: int) -> None:
    """Forget which answers were one ballot, unless the vote was open, and papers that no second officer entered."""
    if session.get_one(Consultation, consultation_id).secrecy != OPEN:
        unlinked = update(BallotAnswer).where(
            BallotAnswer.consultation_id == consultation_id, BallotAnswer.ballot.is_not(None)
        )
        session.execute(unlinked.values(ballot=None).execution_options(synchronize_session=False))
    whole = delete(BallotRow).where(BallotRow.consultation_id == consultation_id)
    session.execute(whole.execution_options(synchronize_session=False))
    papers = update(PaperBatch).where(PaperBatch.consultation_id == consultation_id)
    session.execute(papers.values(voters=null(), answers=null()).execution_options(synchronize_session=False))


class OtherRules(Exception):
    """This version of the service counts by another rule than was fixed; count with the version that has it."""


def check_rules(definition: Mapping[str, Any]) -> None:
    """Raises OtherRules."""
    for question in definition["questions"]:
        kind = KINDS[question["ask"]["kind"]]
        if (question["rule"], question["version"]) != (kind.rule, kind.version):
            raise OtherRules(question["key"], question["rule"], question["version"])


def make_bundle(consultation_id: int, target: IO[bytes]) -> tuple[bytes, dict[str, Any]]:
    """Write the bundle, the same whenever it is made; the SHA-256 of its manifest, and the result as it is shown.

    Rows are read page by page, and nothing is held of the database in between. Outside a transaction. Raises
    OtherRules.
    """
    found = session.get_one(Consultation, consultation_id, populate_existing=True)
    check_rules(found.definition or {})
    closed, questions = closed_of(found), asked(found.questions)

    def count(key: str, given: Iterable[Any]) -> Tally:
        return tally(questions[key], given)

    leaves = in_pages(lambda after: leaves_after(consultation_id, after, AT_ONCE), lambda row: row.place)
    heads = in_pages(lambda after: heads_after(consultation_id, after, AT_ONCE), lambda row: row.size)
    written = write_bundle(
        closed,
        ballots_of(consultation_id),
        (row.line for row in leaves),
        (row.checkpoint for row in heads),
        count,
        target,
    )
    return written.digest, tally_facts(closed, written.tallies) | {
        "participations": closed.participations,
        "channels": dict(closed.by_channel) if shows_channels(closed) else None,
    }


def closed_of(found: Consultation) -> Closed:
    channels = participations(found.id)
    return Closed(
        consultation=found.uid.hex,
        definition=found.definition or {},
        origin=origin_of(municipality_with(found.municipality_id).slug, found.uid.hex),
        public_key=found.public_key or b"",
        participations=sum(channels.values()),
        eligible=found.eligible,
        by_channel=channels,
        verifier=found.verifier,
    )


def in_pages(page: Callable[[Any], Sequence[AnyRow]], key: Callable[[AnyRow], Any]) -> Iterator[AnyRow]:
    """The rows of all pages: `page` gives those behind a `key`, None first."""
    after = None
    while rows := page(after):
        stop_reading()
        yield from rows
        after = key(rows[-1])


def ballots_of(consultation_id: int) -> Iterator[Ballot]:
    """The answers that count in the order of their trackers, each with its places in the log. What has no last answer
    is left out, so that nothing can keep the result from coming; the verifier says that the log has a line without
    ballot then.
    """
    rows = in_pages(lambda after: answers_after(consultation_id, after), lambda row: (row.tracker, row.sequence))
    for tracker, given in groupby(rows, lambda row: bytes(row.tracker)):
        events = list(given)
        if events[-1].salt is not None:
            yield ballot_of(tracker, events)


def answers_after(consultation_id: int, after: tuple[bytes, int] | None) -> Sequence[AnyRow]:
    """Answers behind this tracker and sequence, in their order."""
    query = select(
        answers.c.tracker,
        answers.c.sequence,
        answers.c.question,
        answers.c.answer,
        answers.c.salt,
        answers.c.channel,
        answers.c.place,
        answers.c.blind,
    ).where(answers.c.consultation_id == consultation_id)
    if after is not None:
        query = query.where(tuple_(answers.c.tracker, answers.c.sequence) > after)
    return session.execute(query.order_by(answers.c.tracker, answers.c.sequence).limit(AT_ONCE)).all()


def ballot_of(tracker: bytes, rows: Sequence[AnyRow]) -> Ballot:
    last = rows[-1]
    places = tuple((row.place, bytes(row.blind)) for row in rows)
    return Ballot(last.question, tracker, last.answer, bytes(last.salt), last.channel, places)


def key_of(consultation_id: int) -> str:
    """Under which the bundle is kept."""
    found = session.get_one(Consultation, consultation_id)
    return f"{municipality_with(found.municipality_id).slug}/consultations/{found.uid.hex}.zip"


def finish(consultation_id: int, key: str, digest: bytes, facts: dict[str, Any]) -> None:
    """Publish the result, once."""
    found = to_close(consultation_id)
    if found.state == CLOSED:
        return
    conversation = {"conversation": totals_of(consultation_id)}
    found.tally, found.bundle, found.bundle_digest = facts | conversation, key, digest
    found.statistics = statistics_of(found)
    forget_groups(consultation_id)
    found.state, found.closed_at = CLOSED, now()
    found.version += 1
    tell(found, RESULT_OUT, 1)
    digests = {"bundle": digest.hex()}
    record(found.municipality_id, None, "consultation_closed", "consultation", str(found.uid), digests)

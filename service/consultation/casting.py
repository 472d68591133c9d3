"""Ballots are cast and replaced, while the database's clock says that the vote is open.

In a secret vote the phone names the ballot: of several first casts by one person one commits, and who holds the
receipt key may replace it. Else the ballot is known by the person, and what was committed last counts.
A cast is found again by its tracker; nothing of it goes anywhere but into the rows written here.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, null, select, update

from service.consultation.among import NOBODY, Group
from service.consultation.ballots import answer_of
from service.consultation.ballots.asking import AnswerNotValid
from service.consultation.finding import OPEN_NOW, questions_of
from service.consultation.leaves import SALT_BYTES, answer_tracker, ballot_tracker, commitment
from service.consultation.models import Ballot, BallotAnswer, OpenVote, Participation
from service.consultation.wording import OPEN, SECRET
from service.crash_points import crash_here
from service.db.prepared import Prepared
from service.db.types import AnyRow
from service.db.upserts import add, insert_all_if_absent, insert_if_absent, on_both
from service.errors import NotFound, Problem
from service.people.callers import Caller
from service.sealing import pseudonym
from service.text import N_

APP, PAPER = "app", "paper"

ballots, answers, taken = Ballot.__table__, BallotAnswer.__table__, Participation.__table__

CURRENT = Prepared(
    select(
        answers.c.tracker,
        answers.c.sequence,
        answers.c.question,
        answers.c.answer,
        answers.c.salt,
        answers.c.commitment,
    ).where(
        answers.c.consultation_id == bindparam("consultation"),
        answers.c.ballot == bindparam("ballot"),
        answers.c.salt.is_not(None),
    )
)
NEXT = on_both(
    lambda insert: (
        insert(ballots)
        .on_conflict_do_update(index_elements=["consultation_id", "tracker"], set_={"sequence": ballots.c.sequence + 1})
        .returning(ballots.c.sequence)
    )
)
REPLACED = Prepared(
    update(Ballot)
    .where(
        ballots.c.consultation_id == bindparam("consultation"),
        ballots.c.tracker == bindparam("ballot"),
        ballots.c.sequence == bindparam("before"),
    )
    .values(sequence=ballots.c.sequence + 1)
    .returning(ballots.c.sequence)
)
SEQUENCE = Prepared(
    select(ballots.c.sequence).where(
        ballots.c.consultation_id == bindparam("consultation"), ballots.c.tracker == bindparam("ballot")
    )
)
CLOSED_UP = Prepared(
    update(BallotAnswer)
    .where(
        answers.c.consultation_id == bindparam("consultation"),
        answers.c.ballot == bindparam("ballot"),
        answers.c.salt.is_not(None),
        answers.c.question.in_(bindparam("questions", expanding=True)),
    )
    .values(answer=null(), salt=None)
)
TAKEN = Prepared(
    select(taken.c.channel).where(
        taken.c.consultation_id == bindparam("consultation"), taken.c.voter == bindparam("voter")
    )
)


class NotOpen(Problem):
    """Votes are not taken yet, or no longer."""

    status, code, message = 409, "consultation_not_open", N_("This vote is not open now.")


class AlreadyVoted(Problem):
    """This person has taken part: with the key of the receipt the vote can be changed until the end."""

    status, code, message = 409, "already_voted", N_("You have already voted here.")


class BallotNotValid(Problem):
    """An answer is none that its question takes; `question` is its key, `reason` a stable word."""

    status, code, message = 422, "ballot_not_valid", N_("This ballot is not valid.")


class BallotChanged(Problem):
    """The ballot was replaced since; `sequence` is the one that it has now."""

    status, code, message = 409, "ballot_changed", N_("Your vote was changed meanwhile.")


class TrackerTaken(Problem):
    """Another ballot has one of these trackers: make a new receipt key."""

    status, code, message = 409, "tracker_taken", N_("This vote needs a new key. Please send it again.")


@dataclass(frozen=True)
class Given:
    """An answer as it will be kept: with its salt, and what the log says of it."""

    question: str
    tracker: bytes
    answer: Any
    salt: bytes
    blind: bytes
    commitment: bytes


@dataclass(frozen=True)
class Receipt:
    """What the phone keeps, beside its key. Of each answer: question, tracker, sequence, salt, commitment."""

    consultation: str
    sequence: int
    answers: Sequence[tuple[str, bytes, int, bytes, bytes]]


def give(consultation: Any, given: Mapping[str, Any], trackers: Mapping[str, bytes]) -> list[Given]:
    """An answer to each question, blank where none is given; before any transaction. Raises BallotNotValid."""
    questions = questions_of(consultation)
    if not given.keys() <= questions.keys():
        raise BallotNotValid(question=min(given.keys() - questions.keys())[:32], reason="unknown_question")
    if trackers.keys() != questions.keys() or len(set(trackers.values())) != len(trackers):
        raise BallotNotValid(question=None, reason="trackers")
    return [give_one(consultation, key, given.get(key), trackers[key]) for key in questions]


def give_one(consultation: Any, key: str, raw: Any, tracker: bytes) -> Given:
    try:
        answer = answer_of(questions_of(consultation)[key], raw)
    except AnswerNotValid as refused:
        raise BallotNotValid(question=key, reason=refused.reason) from None
    salt, blind = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(SALT_BYTES)
    return Given(key, tracker, answer, salt, blind, commitment(consultation.uid.hex, key, answer, salt))


def cast(
    consultation: Any, voter: bytes, ballot: bytes, given: Sequence[Given], channel: str = APP, group: Group = NOBODY
) -> Receipt:
    """A first ballot in a secret vote; the same ballot sent again is the same cast. Inside a transaction.

    Raises NotOpen, AlreadyVoted, TrackerTaken.
    """
    ensure_open(consultation)
    if not take_part(consultation, voter, channel, group):
        return cast_before(consultation, ballot, given)
    crash_here("after_participation")
    row = {"consultation_id": consultation.id, "tracker": ballot, "sequence": 1}
    if not insert_if_absent(Ballot, [row], returning=Ballot.sequence):
        raise TrackerTaken
    crash_here("after_ballot_named")
    sequences = dict.fromkeys((one.question for one in given), 1)
    write(consultation, ballot, given, sequences, channel)
    crash_here("before_cast_commit")
    return receipt(consultation, 1, given, sequences)


def ensure_open(consultation: Any) -> None:
    """Raises NotOpen; else the phase cannot close before this transaction ends."""
    if OPEN_NOW.row({"consultation": consultation.id}) is None:
        raise NotOpen


def take_part(consultation: Any, voter: bytes, channel: str, group: Group = NOBODY) -> bool:
    """Write down that this person takes part; whether they did not before."""
    row = {"consultation_id": consultation.id, "voter": voter, "channel": channel, **group._asdict()}
    return bool(insert_if_absent(Participation, [row], returning=Participation.voter))


def cast_before(consultation: Any, ballot: bytes, given: Sequence[Given]) -> Receipt:
    """The receipt of the same ballot, which came before. Raises AlreadyVoted."""
    key = {"consultation": consultation.id, "ballot": ballot}
    sequence, now_there = SEQUENCE.value(key), CURRENT.rows(key)
    if sequence != 1 or not is_same(now_there, given):
        raise AlreadyVoted
    return receipt_of_rows(consultation, sequence, now_there)


def is_same(rows: Sequence[AnyRow], given: Sequence[Given]) -> bool:
    """Whether just this is kept already."""
    return {row.question: (bytes(row.tracker), row.answer) for row in rows} == {
        one.question: (one.tracker, one.answer) for one in given
    }


def replacement(consultation: Any, receipt_key: bytes, answers: Mapping[str, Any]) -> tuple[bytes, list[Given]]:
    """What replaces a secret ballot: its tracker, and the answers under the trackers that the key makes."""
    questions = questions_of(consultation)
    trackers = {key: answer_tracker(receipt_key, key) for key in questions}
    return ballot_tracker(receipt_key), give(consultation, answers, trackers)


def put_in_place(consultation: Any, ballot: bytes, before: int, given: Sequence[Given]) -> Receipt:
    """Replace the ballot whose sequence is `before`; the same replacement sent again is the same. In a transaction.

    Raises NotOpen, NotFound, BallotChanged, BallotNotValid.
    """
    ensure_open(consultation)
    key = {"consultation": consultation.id, "ballot": ballot}
    sequence = REPLACED.value({**key, "before": before})
    rows = CURRENT.rows(key)
    if sequence is None:
        return replaced_before(consultation, ballot, before, rows, given)
    return rewrite(consultation, ballot, sequence, rows, given)


def replaced_before(
    consultation: Any, ballot: bytes, before: int, rows: Sequence[AnyRow], given: Sequence[Given]
) -> Receipt:
    sequence = SEQUENCE.value({"consultation": consultation.id, "ballot": ballot})
    if sequence is None:
        raise NotFound
    if sequence != before + 1 or not is_same(rows, given):
        raise BallotChanged(sequence=sequence)
    return receipt_of_rows(consultation, sequence, rows)


def cast_by_person(
    consultation: Any, who: Caller, voter: bytes, ballot: bytes, given: Sequence[Given], group: Group = NOBODY
) -> Receipt:
    """A ballot that is known by the person: the first, or one in place of what they cast before. In a transaction.

    Raises NotOpen.
    """
    ensure_open(consultation)
    row = {"consultation_id": consultation.id, "tracker": ballot, "sequence": 1}
    sequence = NEXT.value(row)
    if sequence > 1:
        rows = CURRENT.rows({"consultation": consultation.id, "ballot": ballot})
        return rewrite(consultation, ballot, sequence, rows, given)
    if not take_part(consultation, voter, APP, group):
        raise AlreadyVoted
    if consultation.secrecy == OPEN:
        add(OpenVote, {"consultation_id": consultation.id, "account_id": who.account_id, "tracker": ballot})
    sequences = dict.fromkeys((one.question for one in given), 1)
    write(consultation, ballot, given, sequences, APP)
    return receipt(consultation, 1, given, sequences)


def rewrite(consultation: Any, ballot: bytes, sequence: int, rows: Sequence[AnyRow], given: Sequence[Given]) -> Receipt:
    """Put new answers in place of those that are other; what was answered before is forgotten, not that it was.

    Raises BallotNotValid where the ballot was cast under trackers that its key does not make.
    """
    there = {row.question: row for row in rows}
    if any(bytes(there[one.question].tracker) != one.tracker for one in given):
        raise BallotNotValid(question=None, reason="trackers")
    changed = [one for one in given if there[one.question].answer != one.answer]
    if changed:
        names = [one.question for one in changed]
        CLOSED_UP.rows({"consultation": consultation.id, "ballot": ballot, "questions": names})
        crash_here("after_answers_withdrawn")
        sequences = {name: there[name].sequence + 1 for name in names}
        write(consultation, ballot, changed, sequences, APP)
        crash_here("before_replacement_commit")
    new = {one.question: (one, there[one.question].sequence + 1) for one in changed}
    found = [
        (one.question, one.tracker, new[one.question][1], one.salt, one.commitment)
        if one.question in new
        else entry_of(there[one.question])
        for one in given
    ]
    return Receipt(consultation.uid.hex, sequence, found)


def write(consultation: Any, ballot: bytes, given: Sequence[Given], sequences: Mapping[str, int], channel: str) -> None:
    """Write answers down in one statement. Raises TrackerTaken."""
    rows = [
        {
            "consultation_id": consultation.id,
            "tracker": one.tracker,
            "sequence": sequences[one.question],
            "ballot": ballot,
            "question": one.question,
            "channel": channel,
            "answer": one.answer,
            "salt": one.salt,
            "blind": one.blind,
            "commitment": one.commitment,
        }
        for one in given
    ]
    if insert_all_if_absent(answers, rows) != len(given):
        raise TrackerTaken


def receipt(consultation: Any, sequence: int, given: Sequence[Given], sequences: Mapping[str, int]) -> Receipt:
    found = [(one.question, one.tracker, sequences[one.question], one.salt, one.commitment) for one in given]
    return Receipt(consultation.uid.hex, sequence, found)


def receipt_of_rows(consultation: Any, sequence: int, rows: Sequence[AnyRow]) -> Receipt:
    found = {row.question: entry_of(row) for row in rows}
    return Receipt(consultation.uid.hex, sequence, [found[key] for key in questions_of(consultation)])


def entry_of(row: AnyRow) -> tuple[str, bytes, int, bytes, bytes]:
    return row.question, bytes(row.tracker), row.sequence, bytes(row.salt), bytes(row.commitment)


def trackers_of_person(consultation: Any, voter: bytes) -> tuple[bytes, dict[str, bytes]]:
    """The trackers of a ballot that is known by the person: of the whole, and of each answer."""
    key = pseudonym(f"ballot {consultation.uid.hex}", consultation.municipality_id, voter.hex())
    trackers = {name: answer_tracker(key, name) for name in questions_of(consultation)}
    return ballot_tracker(key), trackers


def is_secret(consultation: Any) -> bool:
    """Whether the phone names the ballot."""
    return bool(consultation.secrecy == SECRET)


def has_taken_part(consultation: Any, voter: bytes) -> bool:
    """Whether this person takes part already."""
    return TAKEN.row({"consultation": consultation.id, "voter": voter}) is not None

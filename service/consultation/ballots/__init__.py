"""The kinds of ballot, one module each: what is a valid answer, and how answers are counted.

All of it is pure: integers and texts in, integers and texts out; the order of the ballots never matters. The name and
the version of a rule are fixed before a consultation opens. A change of what a rule does is a new version.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from service.consultation.ballots import approval, budget, priorities, ranking, score, stance
from service.consultation.ballots.asking import Answer, AnswerNotValid, Kind, Question, QuestionNotValid

KINDS: Mapping[str, Kind] = {
    "stance": stance.KIND,
    "approval": approval.KIND,
    "score": score.KIND,
    "ranking": ranking.KIND,
    "budget": budget.KIND,
    "priorities": priorities.KIND,
}
UNANIMOUS, FEW = "unanimous", "few"
FEWEST = 5
"""Fewer valid ballots than this are shown with a warning."""


@dataclass(frozen=True)
class Tally:
    """What came of one question. `ballots` = `valid` + `blank` + `invalid`; only valid ones are in `result`."""

    rule: str
    version: int
    ballots: int
    valid: int
    blank: int
    invalid: int
    result: Mapping[str, Any]
    warnings: tuple[str, ...]


def answer_of(question: Question, given: Any) -> Answer:
    """The answer in its one spelling; None is a blank one. Raises AnswerNotValid."""
    return None if given is None else KINDS[question.kind].read(question, given)


def check_question(question: Question) -> None:
    """Raises QuestionNotValid where this kind cannot be asked so."""
    kind = KINDS.get(question.kind)
    if kind is None:
        raise QuestionNotValid("kind")
    kind.check(question)


def tally(question: Question, answers: Iterable[Any]) -> Tally:
    """Count the answers of one question, whatever they are: what is not valid is counted as such, and nowhere else."""
    kind = KINDS[question.kind]
    valid: list[Any] = []
    blank = invalid = 0
    for given in answers:
        try:
            answer = answer_of(question, given)
        except AnswerNotValid:
            invalid += 1
            continue
        if answer is None:
            blank += 1
        else:
            valid.append(answer)
    return Tally(
        rule=kind.rule,
        version=kind.version,
        ballots=len(valid) + blank + invalid,
        valid=len(valid),
        blank=blank,
        invalid=invalid,
        result=kind.count(question, valid),
        warnings=warnings_of(valid),
    )


def warnings_of(valid: list[Any]) -> tuple[str, ...]:
    """What readers should know: few ballots, or all alike, say how single people voted."""
    found = [FEW] if 0 < len(valid) < FEWEST else []
    if valid and all(answer == valid[0] for answer in valid):
        found.append(UNANIMOUS)
    return tuple(found)

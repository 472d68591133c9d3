"""The kinds of ballot, one module each: what is a valid answer, and how answers are counted.

All of it is pure: integers and texts in, integers and texts out; the order of the ballots never matters. The name and
the version of a rule are fixed before a consultation opens. A change of what a rule does is a new version.
"""

from collections.abc import Iterable, Iterator, Mapping
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
    kind, seen = KINDS[question.kind], Seen()
    result = kind.count(question, seen.valid_of(question, answers))
    return Tally(
        rule=kind.rule,
        version=kind.version,
        ballots=seen.valid + seen.blank + seen.invalid,
        valid=seen.valid,
        blank=seen.blank,
        invalid=seen.invalid,
        result=result,
        warnings=seen.warnings,
    )


@dataclass
class Seen:
    """What went by while answers were counted: how many, the first valid one, and whether another one differed."""

    valid: int = 0
    blank: int = 0
    invalid: int = 0
    first: Answer = None
    differ: bool = False

    def valid_of(self, question: Question, answers: Iterable[Any]) -> Iterator[Answer]:
        """The valid ones, in their one spelling."""
        for given in answers:
            try:
                answer = answer_of(question, given)
            except AnswerNotValid:
                self.invalid += 1
                continue
            if answer is None:
                self.blank += 1
                continue
            self.valid += 1
            self.first = answer if self.valid == 1 else self.first
            self.differ = self.differ or answer != self.first
            yield answer

    @property
    def warnings(self) -> tuple[str, ...]:
        """What readers should know: few ballots, or all alike, say how single people voted."""
        found = [FEW] if 0 < self.valid < FEWEST else []
        if self.valid and not self.differ:
            found.append(UNANIMOUS)
        return tuple(found)

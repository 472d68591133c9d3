"""For, against or neutral: the ballot on one action of a plan."""

from collections.abc import Iterable, Mapping
from typing import Any

from service.consultation.ballots.asking import Answer, AnswerNotValid, Kind, Question, QuestionNotValid
from service.text import N_

FOR, AGAINST, NEUTRAL = "for", "against", "neutral"
STANCES = (FOR, AGAINST, NEUTRAL)


def check(question: Question) -> None:
    """Raises QuestionNotValid: there are no options of its own."""
    if question.options:
        raise QuestionNotValid("options")


def read(question: Question, given: Any) -> Answer:
    """One of the three words. Raises AnswerNotValid."""
    if not isinstance(given, str) or given not in STANCES:
        raise AnswerNotValid("not_a_stance")
    return given


def count(question: Question, answers: Iterable[str]) -> Mapping[str, Any]:
    """How many said each; `outcome` is what more people said of for and against, or a tie. Neutral decides nothing."""
    found = dict.fromkeys(STANCES, 0)
    for answer in answers:
        found[answer] += 1
    difference = found[FOR] - found[AGAINST]
    return {"votes": found, "outcome": FOR if difference > 0 else AGAINST if difference < 0 else "tie"}


KIND = Kind(
    rule="majority",
    version=1,
    valid_words=N_("Choose one: for, against or neutral."),
    count_words=N_("What more people say of for and against; neutral answers are shown and decide nothing."),
    check=check,
    read=read,
    count=count,
    examples=(Question("stance"), (FOR, AGAINST, NEUTRAL, FOR)),
)

"""Approval: name every option that one agrees with."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.consultation.ballots.asking import (
    Kind,
    Option,
    Question,
    check_most,
    check_options,
    chosen,
    highest_of,
    votes_of,
)
from service.text import N_


def check(question: Question) -> None:
    """Raises QuestionNotValid."""
    check_options(question, fewest=2)
    check_most(question)


def count(question: Question, answers: Iterable[Sequence[str]]) -> Mapping[str, Any]:
    """How many name each option; the winners are all with the most."""
    votes = votes_of(question, answers)
    return {"votes": votes, "winners": highest_of(votes)}


KIND = Kind(
    rule="approval",
    version=1,
    valid_words=N_("Choose every option that you agree with, at least one and at most as many as the question says."),
    count_words=N_("The option that most people choose; where several have as many, all of them."),
    check=check,
    read=chosen,
    count=count,
    examples=(Question("approval", (Option("trees"), Option("benches"), Option("light"))), (["trees", "light"],)),
)

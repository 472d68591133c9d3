"""Priorities: choose up to N; the N most chosen are the priorities."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.consultation.ballots.asking import Kind, Option, Question, check_most, check_options, chosen, votes_of
from service.text import N_


def check(question: Question) -> None:
    """Raises QuestionNotValid."""
    check_options(question, fewest=2)
    check_most(question, needed=True)


def count(question: Question, answers: Iterable[Sequence[str]]) -> Mapping[str, Any]:
    """How many name each option; `winners` are surely among the N; `tied` are too many for the last places."""
    votes = votes_of(question, answers)
    places = question.most or 0
    named = sorted((number for number in votes.values() if number), reverse=True)
    edge = named[places - 1] if len(named) >= places else 0
    above = [key for key, number in votes.items() if number > edge]
    level = [key for key, number in votes.items() if edge and number == edge]
    if len(above) + len(level) <= places:
        return {"votes": votes, "winners": [key for key in votes if key in {*above, *level}], "tied": []}
    return {"votes": votes, "winners": above, "tied": level}


KIND = Kind(
    rule="most-chosen",
    version=1,
    valid_words=N_("Choose what comes first for you, at most as many as the question says."),
    count_words=N_("As many of the most chosen as the question says; a tie for the last places is shown as a tie."),
    check=check,
    read=chosen,
    count=count,
    examples=(Question("priorities", (Option("trees"), Option("benches"), Option("light")), most=2), (["light"],)),
)

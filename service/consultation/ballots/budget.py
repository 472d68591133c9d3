"""Budget: choose what the money is for. The most chosen come first while the money lasts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.consultation.ballots.asking import (
    LARGEST_COST,
    Answer,
    AnswerNotValid,
    Kind,
    Option,
    Question,
    QuestionNotValid,
    check_most,
    check_options,
    chosen,
    is_integer,
)
from service.consultation.ballots.shares import equal_shares
from service.text import N_


def check(question: Question) -> None:
    """Raises QuestionNotValid."""
    check_options(question)
    check_most(question)
    if not is_integer(question.budget) or not 1 <= (question.budget or 0) <= LARGEST_COST:
        raise QuestionNotValid("budget")
    if not all(is_integer(option.cost) and 1 <= option.cost <= (question.budget or 0) for option in question.options):
        raise QuestionNotValid("cost")


def read(question: Question, given: Any) -> Answer:
    """A set of options; within the budget where the question says so. Raises AnswerNotValid."""
    found = chosen(question, given)
    if question.fits and cost_of(question, found) > (question.budget or 0):
        raise AnswerNotValid("over_budget")
    return found


def count(question: Question, answers: Iterable[Sequence[str]]) -> Mapping[str, Any]:
    """What is funded by votes and, as a second opinion, by equal shares; the votes of each option."""
    alike = Counter(map(tuple, answers))
    votes = dict.fromkeys(question.keys, 0)
    for answer, number in alike.items():
        for key in answer:
            votes[key] += number
    funded = greedy(question, votes)
    shared = equal_shares(question, alike, votes)
    return {
        "votes": votes,
        "funded": funded,
        "cost": cost_of(question, funded),
        "equal_shares": {"funded": shared, "cost": cost_of(question, shared)},
    }


def greedy(question: Question, votes: Mapping[str, int]) -> list[str]:
    """The most chosen first, and of equals the cheaper, and of these the one listed first; what is too dear for what is
    left is passed over. What nobody chose is never funded. As they are listed.
    """
    left = question.budget or 0
    found = set()
    for option in sorted(question.options, key=lambda option: (-votes[option.key], option.cost)):
        if votes[option.key] and option.cost <= left:
            found.add(option.key)
            left -= option.cost
    return [key for key in question.keys if key in found]


def cost_of(question: Question, keys: Sequence[str]) -> int:
    """What they cost together."""
    wanted = set(keys)
    return sum(option.cost for option in question.options if option.key in wanted)


KIND = Kind(
    rule="greedy-by-votes",
    version=1,
    valid_words=N_("Choose what the money should be for; where the question says so, your choice must stay within it."),
    count_words=N_(
        "The most chosen first, of equals the cheaper, then the one listed first; what is too dear is passed over."
    ),
    check=check,
    read=read,
    count=count,
    examples=(
        Question("budget", (Option("trees", 60), Option("benches", 50), Option("light", 40)), budget=100, fits=True),
        (["trees", "light"], ["benches"]),
    ),
)

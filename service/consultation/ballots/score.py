"""Score: points from 0 to the highest for each option; the sum decides, the median is shown."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from service.consultation.ballots.asking import (
    Answer,
    AnswerNotValid,
    Kind,
    Option,
    Question,
    QuestionNotValid,
    check_options,
    highest_of,
    is_integer,
)
from service.text import N_

HIGHEST = 100


def check(question: Question) -> None:
    """Raises QuestionNotValid."""
    check_options(question)
    if question.highest is None or not 1 <= question.highest <= HIGHEST:
        raise QuestionNotValid("highest")


def read(question: Question, given: Any) -> Answer:
    """Points by option, at least for one; an option without points gets none. Raises AnswerNotValid."""
    if not isinstance(given, dict) or not given:
        raise AnswerNotValid("not_scores")
    if not set(given) <= set(question.keys):
        raise AnswerNotValid("unknown_option")
    if not all(is_integer(points) and 0 <= points <= (question.highest or 0) for points in given.values()):
        raise AnswerNotValid("out_of_range")
    return {key: given[key] for key in question.keys if key in given}


def count(question: Question, answers: Iterable[Mapping[str, int]]) -> Mapping[str, Any]:
    """Of each option the sum, how many scored it and the lower median of them; the winners have the highest sum."""
    given: dict[str, Counter[int]] = {key: Counter() for key in question.keys}
    for answer in answers:
        for key, points in answer.items():
            given[key][points] += 1
    sums = {key: sum(points * number for points, number in found.items()) for key, found in given.items()}
    medians = {key: lower_median(found) for key, found in given.items()}
    scored = {key: found.total() for key, found in given.items()}
    return {"sums": sums, "medians": medians, "scored": scored, "winners": highest_of(sums)}


def lower_median(found: Counter[int]) -> int | None:
    """Of so many of each number; None of none."""
    left = (found.total() + 1) // 2
    for points in sorted(found):
        left -= found[points]
        if left <= 0:
            return points
    return None


KIND = Kind(
    rule="score-sum",
    version=1,
    valid_words=N_("Give each option points from 0 to the highest number; an option that you leave out gets none."),
    count_words=N_("The option with the highest sum of points; the median of the points is shown beside it."),
    check=check,
    read=read,
    count=count,
    examples=(Question("score", (Option("trees"), Option("light")), highest=5), ({"trees": 5, "light": 2},)),
)

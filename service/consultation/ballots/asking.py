"""What all kinds of ballot share: questions, options, and what makes an answer no answer."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
MOST_OPTIONS = 200
MOST_RANKED = 60
"""Options of a ranking: the strongest paths take the third power of their number."""
LARGEST_COST = 10**13

Answer = Any
"""Of JSON: a text, a list of texts, a mapping of texts to integers; None is a blank answer."""


class AnswerNotValid(Exception):
    """The answer is none that this question takes; `reason` is a stable word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class QuestionNotValid(Exception):
    """A question of this kind cannot be asked so; `reason` is a stable word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Option:
    """Something to choose. `cost` is in whole units of money, for budgets only."""

    key: str
    cost: int = 0


@dataclass(frozen=True)
class Question:
    """What is asked, as far as counting needs it.

    most      of how many options an answer may name (approval, priorities, budget); how many are chosen (priorities)
    highest   of a score
    budget    what the options may cost together
    fits      whether an answer itself must stay within the budget
    """

    kind: str
    options: tuple[Option, ...] = ()
    most: int | None = None
    highest: int | None = None
    budget: int | None = None
    fits: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The options, as they are listed."""
        return tuple(option.key for option in self.options)

    @property
    def places(self) -> Mapping[str, int]:
        """Where each option is listed."""
        return {option.key: place for place, option in enumerate(self.options)}


@dataclass(frozen=True)
class Kind:
    """A kind of ballot: its rule, what it says to people, and its three functions. `examples`: question, answers.

    `count` looks at each answer once, so that they need not be in memory together.
    """

    rule: str
    version: int
    valid_words: str
    count_words: str
    check: Callable[[Question], None]
    read: Callable[[Question, Any], Answer]
    count: Callable[[Question, Iterable[Any]], Mapping[str, Any]]
    examples: tuple[Question, tuple[Answer, ...]] = field(repr=False)


def check_options(question: Question, fewest: int = 1, most: int = MOST_OPTIONS) -> None:
    """Raises QuestionNotValid where the options are too few, too many, doubled or badly named."""
    keys = question.keys
    if not fewest <= len(keys) <= most:
        raise QuestionNotValid("options")
    if len(set(keys)) != len(keys) or not all(KEY.fullmatch(key) for key in keys):
        raise QuestionNotValid("keys")


def check_most(question: Question, needed: bool = False) -> None:
    """Raises QuestionNotValid where the number of options that may be named makes no sense."""
    if question.most is None:
        if needed:
            raise QuestionNotValid("most")
    elif not 1 <= question.most <= len(question.options):
        raise QuestionNotValid("most")


def chosen(question: Question, given: Any) -> list[str]:
    """A set of options, in the order in which they are listed. Raises AnswerNotValid."""
    found = distinct(question, given)
    if question.most is not None and len(found) > question.most:
        raise AnswerNotValid("too_many")
    places = question.places
    return sorted(found, key=lambda key: places[key])


def distinct(question: Question, given: Any) -> list[str]:
    """Different options of this question, at least one. Raises AnswerNotValid."""
    if not isinstance(given, list) or not given:
        raise AnswerNotValid("not_a_list")
    known = set(question.keys)
    if not all(isinstance(key, str) and key in known for key in given):
        raise AnswerNotValid("unknown_option")
    if len(set(given)) != len(given):
        raise AnswerNotValid("named_twice")
    return list(given)


def is_integer(value: Any) -> bool:
    """Whether it is an integer; True and 1.0 are none."""
    return type(value) is int


def votes_of(question: Question, answers: Iterable[Sequence[str]]) -> dict[str, int]:
    """How many answers name each option, as they are listed."""
    found = dict.fromkeys(question.keys, 0)
    for answer in answers:
        for key in answer:
            found[key] += 1
    return found


def highest_of(points: Mapping[str, int]) -> list[str]:
    """The options with the most points, all of them where several have as many; none where nobody has any."""
    most = max(points.values(), default=0)
    return [key for key, number in points.items() if number == most] if most > 0 else []

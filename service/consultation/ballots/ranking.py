"""Ranking: the options from best to worst. Schulze's rule decides; Borda's points are shown beside it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.consultation.ballots.asking import (
    MOST_RANKED,
    Answer,
    Kind,
    Option,
    Question,
    check_options,
    distinct,
)
from service.text import N_

Matrix = list[list[int]]


def check(question: Question) -> None:
    """Raises QuestionNotValid."""
    check_options(question, fewest=2, most=MOST_RANKED)


def read(question: Question, given: Any) -> Answer:
    """Different options, the best first; those left out are worse than those named. Raises AnswerNotValid."""
    return distinct(question, given)


def count(question: Question, answers: Iterable[Sequence[str]]) -> Mapping[str, Any]:
    """The order of the options by Schulze's rule, in groups of equals; pairwise counts and doubled Borda points."""
    keys = question.keys
    preferred, ballots = pairwise(question, answers)
    paths = strongest_paths(preferred)
    size = range(len(keys))
    wins = [sum(paths[a][b] > paths[b][a] for b in size) for a in size]
    order = [[keys[a] for a in size if wins[a] == number] for number in sorted(set(wins), reverse=True)]
    winners = [keys[a] for a in size if all(paths[a][b] >= paths[b][a] for b in size)] if ballots else []
    return {
        "winners": winners,
        "order": order if ballots else [],
        "preferred": {a: {b: preferred[i][j] for j, b in enumerate(keys) if i != j} for i, a in enumerate(keys)},
        "doubled_borda": dict(zip(keys, doubled_borda(preferred, ballots), strict=True)),
    }


def pairwise(question: Question, answers: Iterable[Sequence[str]]) -> tuple[Matrix, int]:
    """How many prefer the option of the row to that of the column, of how many."""
    places, ballots = question.places, 0
    size = len(places)
    found = [[0] * size for _ in range(size)]
    for answer in answers:
        ballots += 1
        below = set(range(size))
        for key in answer:
            better = places[key]
            below.discard(better)
            row = found[better]
            for worse in below:
                row[worse] += 1
    return found, ballots


def strongest_paths(preferred: Matrix) -> Matrix:
    """Between each two options the strength of the strongest path, by winning votes (Schulze 2011, section 2.3.1)."""
    size = range(len(preferred))
    found = [[preferred[a][b] if preferred[a][b] > preferred[b][a] else 0 for b in size] for a in size]
    for via in size:
        onward = found[via]
        for a in size:
            if a == via:
                continue
            row, first = found[a], found[a][via]
            for b in size:
                if b != a:
                    row[b] = max(row[b], min(first, onward[b]))
    return found


def doubled_borda(preferred: Matrix, ballots: int) -> list[int]:
    """Two points for each option that is worse, one for each that is left out as well: so there are no halves.

    Of two options each ballot gives two points, so who is preferred by more than the other has so many more.
    """
    size = range(len(preferred))
    return [sum(ballots + preferred[a][b] - preferred[b][a] for b in size if b != a) for a in size]


KIND = Kind(
    rule="schulze-winning-votes",
    version=1,
    valid_words=N_("Put the options in your order, the best first; those that you leave out come last together."),
    count_words=N_("Each two options are compared by how many prefer which (Schulze); Borda's points are shown too."),
    check=check,
    read=read,
    count=count,
    examples=(Question("ranking", (Option("trees"), Option("benches"), Option("light"))), (["light", "trees"],)),
)

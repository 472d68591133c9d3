"""The method of equal shares (Peters, Pierczyński and Skowron 2021) for approvals, satisfaction counted as cost.

Everybody has the same part of the budget. The option whose supporters must each pay the smallest part of its cost is
bought, and they pay as equally as they can; so on until nothing can be bought. Exact fractions inside, and no
completion: what is not spent stays.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

from service.consultation.ballots.asking import Option, Question


def equal_shares(question: Question, answers: Mapping[tuple[str, ...], int], votes: Mapping[str, int]) -> list[str]:
    """What is funded, as it is listed. Of equals the most chosen, then the cheaper, then the one listed first."""
    voters = sum(answers.values())
    if not voters:
        return []
    purses = {answer: Fraction(question.budget or 0, voters) for answer in answers}
    supporters = {key: [answer for answer in answers if key in answer] for key in question.keys}
    left = [option for option in question.options if votes[option.key]]
    known = {option.key: Fraction(1, votes[option.key]) for option in left}
    bought: set[str] = set()
    while (best := cheapest(left, known, votes, purses, supporters, answers)) is not None:
        price = known[best.key] * best.cost
        for answer in supporters[best.key]:
            purses[answer] -= min(purses[answer], price)
        left = [option for option in left if option.key != best.key and option.key in known]
        bought.add(best.key)
    return [key for key in question.keys if key in bought]


def cheapest(
    left: Sequence[Option],
    known: dict[str, Fraction],
    votes: Mapping[str, int],
    purses: Mapping[tuple[str, ...], Fraction],
    supporters: Mapping[str, Sequence[tuple[str, ...]]],
    answers: Mapping[tuple[str, ...], int],
) -> Option | None:
    """The option whose dearest supporter pays the smallest part of its cost; None where nothing can be bought.

    `known` are the parts found before: they only grow, so that most options need no look. It is brought up to date,
    and loses those that nobody can buy any more.
    """
    found: Option | None = None
    places = {option.key: place for place, option in enumerate(left)}
    for option in sorted((o for o in left if o.key in known), key=lambda o: (known[o.key], -votes[o.key], o.cost)):
        if found is not None and known[option.key] > known[found.key]:
            break
        part = part_of(option.cost, supporters[option.key], purses, answers)
        if part is None:
            del known[option.key]
            continue
        known[option.key] = part
        if found is None or rank_of(option, known, votes, places) < rank_of(found, known, votes, places):
            found = option
    return found


def rank_of(
    option: Option, known: Mapping[str, Fraction], votes: Mapping[str, int], places: Mapping[str, int]
) -> tuple[Fraction, int, int, int]:
    return known[option.key], -votes[option.key], option.cost, places[option.key]


def part_of(
    cost: int,
    supporters: Sequence[tuple[str, ...]],
    purses: Mapping[tuple[str, ...], Fraction],
    answers: Mapping[tuple[str, ...], int],
) -> Fraction | None:
    """The part of the cost that each supporter pays who can; the others pay what they have. None: it is too dear."""
    held: Counter[Fraction] = Counter()
    for answer in supporters:
        held[purses[answer]] += answers[answer]
    missing, payers = Fraction(cost), held.total()
    for purse in sorted(held):
        if purse * payers >= missing:
            return missing / payers / cost
        missing -= purse * held[purse]
        payers -= held[purse]
    return None

"""The method of equal shares (Peters, Pierczyński and Skowron 2021) for approvals, satisfaction counted as cost.

Everybody has the same part of the budget. The option whose supporters must each pay the smallest part of its cost is
bought, and they pay as equally as they can; so on until nothing can be bought. All of it is exact, and there is no
completion: what is not spent stays.

What people have is kept in integers of one small unit of money, which is made smaller whenever a price needs it: to
calculate with a fraction for each person takes a hundred times as long.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import gcd

from service.consultation.ballots.asking import Option, Question

Price = tuple[int, int]
"""What each pays, in units: so many, divided by so many."""


class Purses:
    """What people with the same answer have left, each of them: `left` in units, of which `unit` make one of money."""

    def __init__(self, question: Question, answers: Mapping[tuple[str, ...], int]) -> None:
        self.unit = sum(answers.values())
        self.people = list(answers.values())
        self.left = [question.budget or 0] * len(answers)
        self.supporters: dict[str, list[int]] = {key: [] for key in question.keys}
        for place, answer in enumerate(answers):
            for key in answer:
                self.supporters[key].append(place)

    def price_of(self, option: Option) -> Price | None:
        """What each supporter pays who can; the others pay what they have. None: it is too dear."""
        held = sorted((self.left[place], self.people[place]) for place in self.supporters[option.key])
        missing, payers = option.cost * self.unit, sum(people for _, people in held)
        for left, people in held:
            if left * payers >= missing:
                return missing, payers
            missing -= left * people
            payers -= people
        return None

    def part_of(self, option: Option) -> Fraction | None:
        """The part of the cost that each supporter pays who can; None: it is too dear."""
        price = self.price_of(option)
        return None if price is None else Fraction(price[0], price[1] * option.cost * self.unit)

    def buy(self, option: Option) -> None:
        """Its supporters pay for it, who can afford it."""
        missing, payers = self.price_of(option) or (0, 1)
        smaller = payers // gcd(missing, payers)
        if smaller > 1:
            self.unit *= smaller
            self.left = [left * smaller for left in self.left]
        price = missing * smaller // payers
        for place in self.supporters[option.key]:
            self.left[place] = max(0, self.left[place] - price)


def equal_shares(question: Question, answers: Mapping[tuple[str, ...], int], votes: Mapping[str, int]) -> list[str]:
    """What is funded, as it is listed. Of equals the most chosen, then the cheaper, then the one listed first."""
    purses, bought = Purses(question, answers), set()
    left = [option for option in question.options if votes[option.key]]
    known = {option.key: Fraction(1, votes[option.key]) for option in left}
    while (best := cheapest(left, known, votes, purses)) is not None:
        purses.buy(best)
        bought.add(best.key)
        left = [option for option in left if option.key != best.key and option.key in known]
    return [key for key in question.keys if key in bought]


def cheapest(
    left: Sequence[Option], known: dict[str, Fraction], votes: Mapping[str, int], purses: Purses
) -> Option | None:
    """The option whose dearest supporter pays the smallest part of its cost; None where nothing can be bought.

    `known` are the parts found before: they only grow, so that most options need no look. It is brought up to date,
    and loses those that nobody can buy any more.
    """
    found: Option | None = None
    places = {option.key: place for place, option in enumerate(left)}
    for option in sorted(left, key=lambda option: (known[option.key], -votes[option.key], option.cost)):
        if found is not None and known[option.key] > known[found.key]:
            break
        part = purses.part_of(option)
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

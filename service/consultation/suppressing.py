"""Small numbers are not shown, nor can they be worked out from what is.

A number under five is left out, nought too: it says of each of few people that they did not take part. Where these are
all alike or stand for fewer than five people together, their sum would tell them: then the smallest of the others, all
that are as small, are left out with them. What is left out for which of the two reasons is not said.

So what is left out hangs on the numbers alone, not on whose they are. Whoever knows the sum of what is left out, and
this rule, can exchange any two of the numbers and sees the same: as they are not all alike, each may be another one.

How many there are of whom nothing is known can often be known from elsewhere, as from the number of papers. So they
never cover another number: the rule is kept as if everybody knew how many they are.
"""

from collections.abc import Mapping

FEWEST = 5
"""Nothing is told of fewer people."""


def shown(cells: Mapping[str, int], unknown: int = 0) -> dict[str, int | None] | None:
    """The numbers that may be shown, None in place of the others; None altogether where nothing is left to show.

    unknown     how many belong to none of the cells, of whom it is not known to which; where they are few themselves,
                cells are left out to cover them
    """
    hidden = {key for key, number in cells.items() if number < FEWEST}
    is_needed = bool(hidden) or 0 < unknown < FEWEST
    while is_needed and len(hidden) < len(cells) and tells_of_few([cells[key] for key in hidden]):
        smallest = min(number for key, number in cells.items() if key not in hidden)
        hidden |= {key for key, number in cells.items() if number == smallest}
    if len(hidden) == len(cells):
        return None
    return {key: None if key in hidden else number for key, number in cells.items()}


def tells_of_few(hidden: list[int]) -> bool:
    """Whether the sum of these numbers would tell them, or of few people."""
    return len(set(hidden)) < 2 or sum(hidden) < FEWEST

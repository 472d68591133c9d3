"""Small numbers are not shown, nor can they be worked out from what is.

A number under five is left out, nought too: it says of each of few people that they did not take part. Where that alone
would tell it (the sum of a table is known), the smallest of the others are left out with it, until at least two are and
stand for five people or more together. What is left out for which of the two reasons is not said.
"""

from collections.abc import Mapping

FEWEST = 5


def shown(cells: Mapping[str, int]) -> dict[str, int | None] | None:
    """The numbers that may be shown, None in place of the others; None altogether where nothing is left to show."""
    hidden = {key for key, number in cells.items() if number < FEWEST}
    rest = sorted((key for key in cells if key not in hidden), key=lambda key: cells[key])
    while hidden and rest and (len(hidden) < 2 or sum(cells[key] for key in hidden) < FEWEST):
        hidden.add(rest.pop(0))
    return {key: None if key in hidden else number for key, number in cells.items()} if rest else None

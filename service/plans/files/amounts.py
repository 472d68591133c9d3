"""Read a sum as people write it: 264.275,76 Lt, 1 500 €, 12500.5; and write it back.

A point or comma is the decimal mark where it stands last and the digits behind it are no group of three. A point before
exactly three digits groups thousands, as in Greece, Bulgaria and Lithuania; a lone comma there could be either and is a
fault.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel.numbers import get_currency_precision

CURRENCIES = {
    "€": "EUR",
    "ευρω": "EUR",
    "ευρώ": "EUR",
    "euro": "EUR",
    "евро": "EUR",
    "lt": "LTL",
    "litai": "LTL",
    "litų": "LTL",
    "лв": "BGN",
    "лева": "BGN",
    "δρχ": "GRD",
}
"""What currencies are called in the papers; ISO codes are known as they are."""
NUMBER = re.compile(r"-?\d[\d.,' \u00a0\u202f]*|-")
THOUSANDS = re.compile(r"[' \u00a0\u202f]")
GROUPED = re.compile(r"\d{1,3}(\.\d{3})+|\d{1,3}(,\d{3}){2,}")
CODE = re.compile(r"[A-Z]{3}")
LARGEST = Decimal(10) ** 13


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum in minor units (cents, yen, fils) of a currency; `stated` is the text written, None for a number."""

    minor: int
    currency: str
    stated: str | None = None
    rounded: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """What a cell says that is no sum, but is what the plan itself says there."""

    said: Any


class NotAnAmount(Exception):
    """The fault by its name: not_a_number, negative, ambiguous, too_large, unknown_currency."""


def read_amount(value: Any, currency: str) -> Amount:
    """The sum of a cell; `currency` is what it is in where the cell does not say. Raises NotAnAmount."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise NotAnAmount("not_a_number")
    if not isinstance(value, str):
        return _amount(Decimal(repr(value)) if isinstance(value, float) else Decimal(value), currency, None)
    figure = NUMBER.search(value)
    if figure is None or not figure[0].strip("- "):
        raise NotAnAmount("not_a_number")
    said = f"{value[: figure.start()]} {value[figure.end() :]}".strip(" .\u00a0")
    currency = _currency(said, currency)
    return _amount(_decimal(figure[0].rstrip(" .,\u00a0\u202f'"), places_of(currency)), currency, value)


def _amount(number: Decimal, currency: str, stated: str | None) -> Amount:
    if not number.is_finite():
        raise NotAnAmount("not_a_number")
    if number < 0:
        raise NotAnAmount("negative")
    if number > LARGEST:
        raise NotAnAmount("too_large")
    exact = number.quantize(Decimal(1).scaleb(-places_of(currency)), ROUND_HALF_UP)
    return Amount(minor_of(exact, currency), currency, stated, rounded=exact != number)


def _currency(said: str, usual: str) -> str:
    return currency_called(said) if said else usual


def currency_called(said: str) -> str:
    """The ISO code of a currency by its code or by what the papers call it. Raises NotAnAmount."""
    known = CURRENCIES.get(said.casefold().rstrip(".")) or (said if CODE.fullmatch(said) else None)
    if known is None:
        raise NotAnAmount("unknown_currency")
    return known


def _decimal(figure: str, places: int) -> Decimal:
    """The number that these digits, points and commas are, of a currency with so many places."""
    digits = THOUSANDS.sub("", figure)
    last = max(digits.rfind("."), digits.rfind(","))
    if GROUPED.fullmatch(digits):
        digits = digits.replace(".", "").replace(",", "")
    elif last >= 0:
        whole, part = digits[:last], digits[last + 1 :]
        if digits[last] in whole or (whole.strip("-").isdigit() and digits[last] == "," and len(part) == 3 != places):
            raise NotAnAmount("ambiguous")
        digits = f"{_ungrouped(whole)}.{part}"
    return Decimal(digits)


def _ungrouped(whole: str) -> str:
    """The whole part without its marks, which must stand before groups of three."""
    groups = re.split(r"[.,]", whole.lstrip("-"))
    if len(groups) > 1 and any(len(group) != 3 for group in groups[1:]):
        raise NotAnAmount("ambiguous")
    return re.sub(r"[.,]", "", whole)


def places_of(currency: str) -> int:
    """How many decimals a currency has: of euros two, of yen none, of Kuwaiti dinars three; of an unknown one two."""
    return int(get_currency_precision(currency))


def major(minor: int, currency: str) -> Decimal:
    """A sum in units of its currency: 1050 cents are 10.50."""
    return Decimal(minor).scaleb(-places_of(currency))


def minor_of(sum_: Decimal, currency: str) -> int:
    """A sum in minor units of its currency: 10.50 euros are 1050."""
    return int(sum_.scaleb(places_of(currency)))


def written(minor: int, currency: str) -> str:
    """A sum as a text that `read_amount` reads back: 264.275,76 LTL."""
    return f"{major(minor, currency):,}".translate(str.maketrans(",.", ".,")) + f" {currency}"

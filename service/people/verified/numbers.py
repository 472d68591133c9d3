"""Personal numbers in one spelling, however they are typed, whether a country could have given them, and which year of
birth they say.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from service.db.clock import now

PREFIXED = re.compile(r"(?:EL|GR|ΕΛ|BG|БГ|LT)*([0-9]+)")
"""Numbers as tax offices and eIDAS write them, with the countries before them."""
TAX_NUMBER = 9


def in_one_spelling(country: str, typed: str) -> str:
    """Capital letters and digits; of the countries served digits only. An ΑΦΜ has nine, the first may be left out."""
    plain = "".join(digit_of(c) for c in unicodedata.normalize("NFKC", typed).upper() if c.isalnum())
    found = PREFIXED.fullmatch(plain)
    if found is None:
        return plain
    digits = found[1]
    return digits.zfill(TAX_NUMBER) if country == "GR" and len(digits) == TAX_NUMBER - 1 else digits


def digit_of(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


def could_be_given(country: str, number: str) -> bool:
    """Whether the check digit is right (ΑΦΜ; ЕГН or ЛНЧ; asmens kodas); in other countries nothing is known of it."""
    if country not in LENGTHS:
        return True
    if not re.fullmatch("[0-9]+", number) or len(number) != LENGTHS[country] or not int(number):
        return False
    *digits, last = (int(c) for c in number)
    return last in CHECKS[country](digits)


def born_in(country: str, number: str) -> int | None:
    """The year of birth that a personal number says (ЕГН, asmens kodas); None: it says none.

    Of an ЕГН the month says the century: 21 to 32 the nineteenth, 41 to 52 the twenty-first. Of an asmens kodas the
    first digit does: 1 and 2 the nineteenth, 3 and 4 the twentieth, 5 and 6 the twenty-first. A ЛНЧ and an ΑΦΜ say
    nothing, and neither does what could be both ЕГН and ЛНЧ, nor a year that is still to come.
    """
    year = year_said(country, number)
    return year if year is not None and year <= now().year else None


def year_said(country: str, number: str) -> int | None:
    """The same, years to come too."""
    if country not in ("BG", "LT") or not could_be_given(country, number):
        return None
    if country == "LT":
        century = 1700 + 100 * ((int(number[0]) + 1) // 2)
        return century + int(number[1:3]) if number[0] in "123456" and 1 <= int(number[3:5]) <= 12 else None
    *digits, last = (int(c) for c in number)
    month = int(number[2:4])
    is_day = month < 60 and 1 <= month % 20 <= 12 and 1 <= int(number[4:6]) <= 31
    if not is_day or last != citizens_digit(digits) or last == foreigners_digit(digits):
        return None
    return (1900, 1800, 2000)[month // 20] + int(number[:2])


def greek(digits: Sequence[int]) -> set[int]:
    return {weighed(digits, (256, 128, 64, 32, 16, 8, 4, 2)) % 11 % 10}


def bulgarian(digits: Sequence[int]) -> set[int]:
    return {citizens_digit(digits), foreigners_digit(digits)}


def citizens_digit(digits: Sequence[int]) -> int:
    """The last digit of an ЕГН."""
    return weighed(digits, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10


def foreigners_digit(digits: Sequence[int]) -> int:
    """The last digit of a ЛНЧ."""
    return weighed(digits, (21, 19, 17, 13, 11, 9, 7, 3, 1)) % 10


def lithuanian(digits: Sequence[int]) -> set[int]:
    first = weighed(digits, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    return {first if first < 10 else weighed(digits, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10}


def weighed(digits: Sequence[int], weights: Sequence[int]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=True))


LENGTHS: Mapping[str, int] = {"GR": TAX_NUMBER, "BG": 10, "LT": 11}
CHECKS = {"GR": greek, "BG": bulgarian, "LT": lithuanian}

"""Personal numbers in one spelling, however they are typed, and whether a country could have given them."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

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


def greek(digits: Sequence[int]) -> set[int]:
    return {weighed(digits, (256, 128, 64, 32, 16, 8, 4, 2)) % 11 % 10}


def bulgarian(digits: Sequence[int]) -> set[int]:
    citizens = weighed(digits, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10
    return {citizens, weighed(digits, (21, 19, 17, 13, 11, 9, 7, 3, 1)) % 10}


def lithuanian(digits: Sequence[int]) -> set[int]:
    first = weighed(digits, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    return {first if first < 10 else weighed(digits, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10}


def weighed(digits: Sequence[int], weights: Sequence[int]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=True))


LENGTHS: Mapping[str, int] = {"GR": TAX_NUMBER, "BG": 10, "LT": 11}
CHECKS = {"GR": greek, "BG": bulgarian, "LT": lithuanian}

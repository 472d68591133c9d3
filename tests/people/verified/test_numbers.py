"""A personal number is the same person's, however it is typed."""

import pytest

from service.people.verified.numbers import could_be_given, in_one_spelling


@pytest.mark.parametrize(
    "typed", ["094259216", "EL094259216", "el 094 259 216", "ΕΛ-094259216", "94259216", "GR/GR/094259216"]
)
def test_a_number_is_one_however_it_is_typed(typed: str) -> None:
    assert in_one_spelling("GR", typed) == "094259216"


def test_other_countries_keep_their_letters_and_digits() -> None:
    assert in_one_spelling("BG", "bg 7523169263") == "7523169263"
    assert in_one_spelling("LT", "LT/LT/38703181745") == "38703181745"
    assert in_one_spelling("GR", "DE/GR/ab-12345") == "DEGRAB12345"
    assert in_one_spelling("GR", "٠٩٤٢٥٩٢١٦") == "094259216"


@pytest.mark.parametrize(
    ("country", "right", "wrong"),
    [
        ("GR", "094259216", "094259217"),
        ("BG", "7523169263", "7523169264"),
        ("LT", "38703181745", "38703181746"),
        ("LT", "33309240064", "33309240065"),
    ],
)
def test_check_digits_are_those_of_the_country(country: str, right: str, wrong: str) -> None:
    assert could_be_given(country, right)
    for number in (wrong, right[:-1], "0" * len(right), "X" + right[1:]):
        assert not could_be_given(country, number)
    assert could_be_given("DE", wrong), "of other countries nothing is known"

"""Sums as people write them."""

import pytest

from service.plans.files.amounts import NotAnAmount, read_amount, written


@pytest.mark.parametrize(
    ("said", "minor", "currency"),
    [
        ("264.275,76 Lt", 26427576, "LTL"),
        ("213.470,08 Lt.", 21347008, "LTL"),
        ("1 500 €", 150000, "EUR"),
        ("€ 12,50", 1250, "EUR"),
        ("1.500", 150000, "EUR"),
        ("1.234.567", 123456700, "EUR"),
        ("1,234,567", 123456700, "EUR"),
        ("1,234.56", 123456, "EUR"),
        ("12,5", 1250, "EUR"),
        ("10 лв.", 1000, "BGN"),
        ("1 250,50 евро", 125050, "EUR"),
        ("EUR 10", 1000, "EUR"),
        (12500.5, 1250050, "EUR"),
        (0, 0, "EUR"),
    ],
)
def test_a_sum_is_read_as_it_is_meant(said, minor, currency):
    found = read_amount(said, "EUR")
    assert (found.minor, found.currency, found.rounded) == (minor, currency, False)
    assert found.stated == (said if isinstance(said, str) else None)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("1,500", "ambiguous"),
        ("1.23,4", "ambiguous"),
        ("1.2.3", "ambiguous"),
        ("-5", "negative"),
        ("-", "not_a_number"),
        ("όχι", "not_a_number"),
        (True, "not_a_number"),
        (float("nan"), "not_a_number"),
        (None, "not_a_number"),
        ("5 πάστες", "unknown_currency"),
        (1e15, "too_large"),
    ],
)
def test_a_sum_that_could_be_two_or_none_is_a_fault(said, fault):
    with pytest.raises(NotAnAmount, match=fault):
        read_amount(said, "EUR")


def test_a_sum_is_written_so_that_it_is_read_back():
    for minor, currency in ((26427576, "LTL"), (5, "EUR"), (100000000, "BGN")):
        assert read_amount(written(minor, currency), "EUR").minor == minor
        assert read_amount(written(minor, currency), "EUR").currency == currency
    assert read_amount("12.345,678", "EUR").rounded

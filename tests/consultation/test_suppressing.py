"""No small number can be worked out from what is shown, by whoever knows the rule."""

from collections import defaultdict
from itertools import product

import pytest

from service.consultation.among import band_of, bands_of, group_of, refusal
from service.consultation.results.tabulating import numbers_in, percent_in
from service.consultation.statistics import percent_of, statistics, table
from service.consultation.suppressing import FEWEST, shown
from service.people.verified.knowing import Known, year_in
from service.people.verified.numbers import born_in, could_be_given

YET_TO_COME = next(number for number in (f"5990101000{last}" for last in range(10)) if could_be_given("LT", number))


@pytest.mark.parametrize(("cells", "most"), [(2, 16), (3, 12), (4, 8)])
def test_every_hidden_number_could_be_another_one(cells: int, most: int) -> None:
    """Over all small tables: of those with one total that show the same, each hidden cell has several values."""
    keys = "abcd"[:cells]
    alike = defaultdict(list)
    for numbers in product(range(most), repeat=cells):
        found = shown(dict(zip(keys, numbers)))
        what = None if found is None else tuple(found.values())
        assert what is None or all(number is None or number >= FEWEST for number in what)
        if sum(numbers) < most:
            alike[sum(numbers), what].append(numbers)
    for (total, what), tables in alike.items():
        for place in range(cells):
            if total > 1 and (what is None or what[place] is None):
                assert len({numbers[place] for numbers in tables}) > 1, (total, what, place)


def test_nothing_hidden_follows_from_all_tables_together() -> None:
    """Where nothing is known of papers but how many there are, the log tells how many are unknown."""
    among = {"names": [{"key": key, "name": {"en": key}} for key in "abc"], "districts": [], "year": 2026}
    by_total, by_papers = defaultdict(list), defaultdict(list)
    for numbers in product(range(17), repeat=4):
        if not 2 <= sum(numbers) <= 16 or sum(numbers[:3]) < 2:
            continue
        rows = [("app", key, None, number) for key, number in zip("abc", numbers) if number]
        rows += [("paper", None, None, numbers[3])] if numbers[3] else []
        tables = statistics(rows, among, None, None)["tables"]
        seen = tuple((each["why"], *[(cell["key"], cell["count"]) for cell in each["cells"]]) for each in tables)
        by_total[sum(numbers), seen].append(numbers)
        by_papers[sum(numbers), numbers[3], seen].append(numbers)
    for (*_, seen), alike in (by_total | by_papers).items():
        said = dict(seen[1][1:])
        for place, key in enumerate("abc"):
            if said.get(key) is None:
                values = {numbers[place] for numbers in alike}
                assert len(values) > 1, (seen, alike)


def test_who_is_unknown_hides_nobody_else() -> None:
    assert table("district", {"old": 13, "mills": 2, "unknown": 5}, ["old", "mills"])["why"] == "few"
    found = table("district", {"old": 13, "mills": 7, "park": 30, "unknown": 2}, ["old", "mills", "park"])
    assert [cell["count"] for cell in found["cells"]] == [None, None, 30], "nor are few of them shown"


def test_a_small_cell_takes_the_smallest_of_the_others_with_it() -> None:
    assert shown({"a": 30, "b": 9, "c": 3}) == {"a": 30, "b": None, "c": None}
    assert shown({"a": 30, "b": 0, "c": 3, "d": 7}) == {"a": 30, "b": None, "c": None, "d": None}, "three of two cells"
    assert shown({"a": 30, "b": 4, "c": 4, "d": 9}) == {"a": 30, "b": None, "c": None, "d": None}, "alike, as small"
    assert shown({"a": 30, "b": 9, "c": 9, "d": 4}) == {"a": 30, "b": None, "c": None, "d": None}, "all that are as"
    assert shown({"a": 30, "b": 4, "c": 3}) == {"a": 30, "b": None, "c": None}
    assert shown({"a": 5, "b": 6}) == {"a": 5, "b": 6}
    assert shown({"a": 30, "b": 4}) is None


def test_of_whom_nothing_is_known_has_a_cell_of_its_own() -> None:
    assert table("district", {"a": 8, "unknown": 6}, ["a"])["cells"] == [
        {"key": "a", "count": 8},
        {"key": "unknown", "count": 6},
    ]
    assert table("district", {"unknown": 9}, ["a"]) == {"by": "district", "why": "not_known", "cells": []}
    assert table("age", {"0-24": 8, "unknown": 1}, ["0-24"])["why"] == "few"


def test_numbers_do_not_depend_on_the_order_of_the_rows() -> None:
    among = {"names": [{"key": key, "name": {"en": key}} for key in "ab"], "districts": [], "year": 2026}
    rows = [("app", "a", "25-34", 7), ("app", "b", "65-", 6), ("paper", None, None, 5)]
    found = statistics(rows, among, 100, None)
    assert found == statistics(rows[::-1], among, 100, None)
    assert (found["participations"], found["percent"]) == (18, "18.0")
    channels, districts, ages = found["tables"]
    assert channels["cells"] == [{"key": "app", "count": 13}, {"key": "paper", "count": 5}]
    assert [cell["count"] for cell in districts["cells"]] == [7, 6, 5]
    assert [(cell["key"], cell["count"]) for cell in ages["cells"] if cell["count"]] == [
        ("25-34", 7),
        ("unknown", 5),
    ], "four noughts take another with them, for how many are unknown is known"
    assert statistics([], {}, None, None)["tables"][0]["why"] == "few"


def test_a_rate_has_one_decimal_and_rounds_halves_upwards() -> None:
    assert percent_of(812, 21500) == "3.8"
    assert (percent_of(1, 2000), percent_of(1, 2001), percent_of(0, 5)) == ("0.1", "0.0", "0.0")
    assert percent_of(6, 5) == "120.0", "more than was said beforehand"
    assert percent_of(6, None) is None
    assert [percent_in(spoken, "3.8") for spoken in ("el", "bg", "lt", "en")] == ["3,8"] * 3 + ["3.8"]


def test_a_tie_chooses_nothing() -> None:
    votes = {"for": 3, "against": 3, "neutral": 0}
    for outcome, won in (("tie", []), ("for", ["for"])):
        numbers = numbers_in({"votes": votes, "outcome": outcome})
        assert [item for item, measure, _ in numbers if measure == "won"] == won


def test_an_age_is_that_of_the_last_day_of_the_year() -> None:
    among = {"youngest": 16, "oldest": 25, "year": 2026, "districts": ["a"], "names": [{"key": "a", "name": {}}]}
    why = [refusal(among, Known(year, "a")) for year in (2011, 2010, 2001, 2000, None)]
    assert why == ["age", None, None, "age", "age_not_known"]
    assert refusal(among, Known(2010)) == "district_not_known"
    assert refusal(among, Known(2010, "b")) == "district"
    assert refusal({}, Known()) is None
    assert [band_of(age) for age in (-1, 0, 24, 25, 64, 65, 104)] == [
        *("0-24", "0-24", "0-24", "25-34", "55-64", "65-", "65-"),
    ]
    assert bands_of(among) == ["0-24", "25-34"]
    assert group_of(among, Known(1950, "gone")) == (None, "65-")
    assert group_of({}, Known(1950, "a")) == (None, None)


@pytest.mark.parametrize(
    ("country", "number", "year"),
    [
        ("BG", "7523169263", 1875),
        ("BG", "8032056031", 1880),
        ("BG", "6101057509", 1961),
        ("BG", "0041010018", 2000),
        ("LT", "33309240064", 1933),
        ("LT", "38703181745", 1987),
        ("LT", "38703181746", None),
        ("GR", "094259216", None),
        ("BG", "9999999999", None),
        ("LT", YET_TO_COME, None),
    ],
)
def test_some_personal_numbers_say_when_somebody_was_born(country: str, number: str, year: int | None) -> None:
    assert born_in(country, number) == year


def test_providers_write_days_of_birth_in_many_ways() -> None:
    said = ["1980-04-01", "01/04/1980", "1.4.1980", "1980", 1980, "80-04-01", "19800401", None, True, "2099"]
    assert [year_in(each) for each in said] == [1980] * 5 + [None] * 5

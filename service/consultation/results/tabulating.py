"""A result as one table with a row for each number, and what its columns and measures mean."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import Any

from babel.numbers import format_decimal

from service.consultation.models import VOTE, Consultation
from service.consultation.results.wording import CHANNELS, CODES, COLUMNS, MEASURES, STANCES, TABLE_NAMES, TOO_MANY
from service.consultation.results.wording import UNKNOWN as NOT_KNOWN_WORDS
from service.consultation.statistics import AGE, CHANNEL, DISTRICT, UNKNOWN
from service.consultation.wording import UNITS
from service.text import locale_of, pick, say

PARTICIPATION, QUESTION = "participation", "question"
MOST_COMPARED = 20_000
"""Comparisons of two options in one file: a ranking of sixty options has 3,540. Of more there are none, and a row says
so; the bundle's `tally.json` has them all."""


@dataclass(frozen=True)
class Row:
    """One number: of which part and question it is, of which item, what it measures. The fields are `COLUMNS`."""

    part: str
    question: str
    question_text: str
    item: str
    item_text: str
    measure: str
    value: int | str | None
    note: str = ""

    def cells(self) -> tuple[Any, ...]:
        return astuple(self)


@dataclass(frozen=True)
class Table:
    """The whole of a result in one language."""

    title: str
    language: str
    one_per: str
    rows: tuple[Row, ...]

    @property
    def columns(self) -> dict[str, str]:
        """What each column means, in its order."""
        codes = {code: code for code in CODES}
        return {name: say(self.language, words, **codes) for name, words in COLUMNS.items()}

    @property
    def measures(self) -> dict[str, str]:
        """What each measure means that the table has."""
        there = {row.measure for row in self.rows}
        return {name: say(self.language, words) for name, words in MEASURES.items() if name in there}


def table_of(found: Consultation, statistics: Mapping[str, Any], spoken: str, main: str) -> Table:
    """The result of a consultation that is closed, with the numbers of who took part."""
    rows = [*participation_rows(found, statistics), *talk_rows(found), *question_rows(found, spoken, main)]
    rows += [row for each in statistics["tables"] for row in group_rows(each, statistics["names"], spoken, main)]
    return Table(pick(found.title, spoken, main), spoken, UNITS[found.eligibility], tuple(rows))


def participation_rows(found: Consultation, statistics: Mapping[str, Any]) -> Iterator[Row]:
    for measure in ("participations", "eligible", "percent"):
        if statistics[measure] is not None:
            note = UNITS[found.eligibility] if measure == "participations" else ""
            yield Row(PARTICIPATION, "", "", "", "", measure, statistics[measure], note)


def talk_rows(found: Consultation) -> Iterator[Row]:
    """How many took part in the conversation, where nobody voted."""
    if found.ends_with != VOTE:
        for measure, number in talked((found.tally or {})["conversation"]).items():
            yield Row(PARTICIPATION, "", "", "", "", measure, number)


def talked(totals: Mapping[str, Any]) -> dict[str, int]:
    """Measure → how many, of the totals of a conversation."""
    numbers = {"contributions": sum(totals["contributions"].values())}
    return numbers | {"authors": totals["authors"], "supporters": totals["voters"]}


def question_rows(found: Consultation, spoken: str, main: str) -> Iterator[Row]:
    compared = sum(len(others) for _, tally in counted(found) for others in preferred_in(tally["result"]).values())
    for question, tally in counted(found):
        head = (QUESTION, tally["key"], pick(question["text"], spoken, main))
        for measure in ("ballots", "valid", "blank", "invalid"):
            yield Row(*head, "", "", measure, tally[measure], ",".join(tally["warnings"]))
        for item, measure, value in numbers_in(tally["result"]):
            yield Row(*head, item, item_words(question, item, spoken, main), measure, value)
        if compared > MOST_COMPARED and preferred_in(tally["result"]):
            yield Row(*head, "", "", "preferred", None, TOO_MANY)
            continue
        for pair, number in comparisons(tally["result"]):
            yield Row(*head, pair, item_words(question, pair, spoken, main), "preferred", number)


def preferred_in(result: Mapping[str, Any]) -> Mapping[str, Mapping[str, int]]:
    """How many prefer which option to which other one."""
    found: Mapping[str, Mapping[str, int]] = result.get("preferred", {})
    return found


def comparisons(result: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """(both options, how many prefer the first)."""
    for better, others in preferred_in(result).items():
        for worse, number in others.items():
            yield f"{better}>{worse}", number


def counted(found: Consultation) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """The questions that were voted on, each with what came of it."""
    asked = {question["key"]: question for question in found.questions}
    for tally in (found.tally or {}).get("questions", ()):
        yield asked[tally["key"]], tally


def numbers_in(result: Mapping[str, Any]) -> Iterator[tuple[str, str, int | str | None]]:
    """(item, measure, value) of everything that a count says, whatever its kind, but for comparisons."""
    for name, measure in COUNTED.items():
        for item, value in result.get(name, {}).items():
            yield item, measure, value
    for name, (measure, keys) in CHOSEN.items():
        for item in keys(result) if name in result else ():
            yield item, measure, 1
    for place, group in enumerate(result.get("order", ()), 1):
        for item in group:
            yield item, "place", place


COUNTED = {
    "votes": "votes",
    "sums": "sum",
    "scored": "scored",
    "medians": "median",
    "doubled_borda": "doubled_borda",
}
"""Numbers by option → what they measure."""
CHOSEN: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], list[str]]]] = {
    "outcome": ("won", lambda result: [result["outcome"]] if result["outcome"] in result["votes"] else []),
    "winners": ("won", lambda result: result["winners"]),
    "tied": ("tied", lambda result: result["tied"]),
    "funded": ("funded", lambda result: result["funded"]),
    "equal_shares": ("funded_by_equal_shares", lambda result: result["equal_shares"]["funded"]),
}
"""Lists of options → what it means to be in them, and where they are."""


def item_words(question: Mapping[str, Any], item: str, spoken: str, main: str) -> str:
    """The option's text; of a pair both."""
    if ">" in item:
        return " > ".join(item_words(question, each, spoken, main) for each in item.split(">"))
    text = question["options"].get(item)
    return pick(text, spoken, main) if text else say(spoken, STANCES[item]) if item in STANCES else item


def group_rows(each: Mapping[str, Any], names: Mapping[str, Any], spoken: str, main: str) -> Iterator[Row]:
    """A table of who took part; one row that says why there is none."""
    by = each["by"]
    if each["why"]:
        yield Row(by, "", "", "", say(spoken, TABLE_NAMES[by]), "people", None, each["why"])
    for cell in each["cells"]:
        words = cell_words(by, cell["key"], names, spoken, main)
        yield Row(by, "", "", cell["key"], words, "people", cell["count"], "" if cell["count"] is not None else "few")


def number_in(spoken: str, number: int) -> str:
    """A whole number as it is written in this language, its thousands apart."""
    return str(format_decimal(number, locale=locale_of(spoken)))


def percent_in(spoken: str, percent: str) -> str:
    """The percentage as it is written in this language."""
    return str(format_decimal(Decimal(percent), "0.0", locale=locale_of(spoken)))


def cell_words(by: str, key: str, names: Mapping[str, Any], spoken: str, main: str) -> str:
    if key == UNKNOWN:
        return say(spoken, NOT_KNOWN_WORDS)
    if by == CHANNEL:
        return say(spoken, CHANNELS[key])
    if by == DISTRICT:
        return pick(names[key], spoken, main)
    return f"{key.removesuffix('-')}+" if by == AGE and key.endswith("-") else key.replace("-", "–")

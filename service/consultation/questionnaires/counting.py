"""Closed answers are counted, option by option. No database.

Of residents nothing is told that says something of fewer than five of them, nor can it be worked out from what is told:
see `suppressing`. Of bodies everything is, as each is shown with its name and its answers.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.consultation.questionnaires.asking import DATE, NUMBER, ONE, SCALE, SEVERAL, TEXT, YES_NO, Question
from service.consultation.suppressing import FEWEST, shown

FEWEST_MEASURED = 20
"""Of numbers and dates of fewer residents nothing is told."""
YES, NO = "yes", "no"
ANSWERED, BLANK = "@answered", "@blank"
"""Beside the keys of options, which have no `@`."""
EVERY = ""
"""In place of a channel."""


class Counts:
    """What was answered to one question, by channel and cell, and the values of what is measured. `is_of_one`: each
    answer is in one cell.
    """

    def __init__(self, question: Question) -> None:
        self.question, self.cells = question, cells_of(question)
        self.numbers: Counter[tuple[str, str]] = Counter()
        self.values: list[Any] = []
        self.is_of_one = question.kind in (ONE, SCALE, YES_NO)

    def add(self, channel: str, value: Any) -> None:
        for cell in (ANSWERED, *said(self.question, value)):
            self.numbers[EVERY, cell] += 1
            self.numbers[channel, cell] += 1
        if self.question.kind in (NUMBER, DATE, SCALE):
            self.values.append(value)

    def of(self, channel: str) -> dict[str, int]:
        """How many chose each cell."""
        return {cell: self.numbers[channel, cell] for cell in self.cells}


def counted(
    questions: Mapping[str, Question], responses: Iterable[tuple[str, Mapping[str, Any]]], of_bodies: bool
) -> dict[str, Any]:
    """The result of all (channel, answers): how many, by channel, and each question in its order; of fewer than FEWEST
    residents how many, and nothing else.

    Of bodies nothing is broken down by channel: each of them is named anyway.
    """
    channels: Counter[str] = Counter()
    counts = {key: Counts(question) for key, question in questions.items()}
    for channel, answers in responses:
        channels[channel] += 1
        for key, value in answers.items():
            counts[key].add(channel, value)
    total = channels.total()
    all_of_five = min(channels.values(), default=0) >= FEWEST
    some = [] if total < FEWEST and not of_bodies else counts.values()
    return {
        "responses": total,
        "channels": dict(sorted(channels.items())) if all_of_five and not of_bodies else None,
        "questions": [of_bodies_one(one, total) if of_bodies else of_residents(one, channels) for one in some],
    }


def of_bodies_one(found: Counts, total: int) -> dict[str, Any]:
    answered = found.numbers[EVERY, ANSWERED]
    told = quarters(found.values) if len(found.values) >= FEWEST else None
    return result(found, answered, total - answered, found.of(EVERY), None, told)


def of_residents(found: Counts, channels: Mapping[str, int]) -> dict[str, Any]:
    """One question; None in place of each number that is not told."""
    total, answered = sum(channels.values()), found.numbers[EVERY, ANSWERED]
    blank = {BLANK: total - answered} if answered < total else {}
    cells = (found.of(EVERY) if found.is_of_one else {ANSWERED: answered}) | blank
    told = shown(cells) or dict.fromkeys(cells)
    knows_blank = told.get(BLANK, 0) is not None
    counts = {cell: told[cell] for cell in found.cells} if found.is_of_one else of_several(found, answered)
    every = knows_blank and None not in counts.values()
    return result(
        found,
        answered if knows_blank else None,
        total - answered if knows_blank else None,
        counts,
        by_channel(found, channels) if every else None,
        quarters_of(found, every, knows_blank or total >= FEWEST_MEASURED + FEWEST - 1),
    )


def of_several(found: Counts, answered: int) -> dict[str, int | None]:
    """Options are told where five chose them and five who answered did not; as if their sum were known, which it is
    where everybody chooses as many.
    """
    numbers = found.of(EVERY)
    told = shown({cell: min(number, answered - number) for cell, number in numbers.items()}) or {}
    return {cell: None if told.get(cell) is None else number for cell, number in numbers.items()}


def by_channel(found: Counts, channels: Mapping[str, int]) -> dict[str, dict[str, int]] | None:
    """The whole table, if nothing in it says something of fewer than FEWEST, the blanks of a channel neither; else
    nothing of it, so that nothing can be found out by subtracting.
    """
    is_blank_anywhere = found.numbers[EVERY, ANSWERED] < sum(channels.values())
    judged: list[int] = []
    for channel, people in channels.items():
        answered = found.numbers[channel, ANSWERED]
        numbers = found.of(channel).values()
        judged += numbers if found.is_of_one else [min(number, answered - number) for number in numbers]
        judged += [people - answered] if found.is_of_one and is_blank_anywhere else []
    if min(judged, default=0) < FEWEST:
        return None
    return {channel: found.of(channel) for channel in sorted(channels)}


def quarters_of(found: Counts, every: bool, enough: bool) -> list[Any] | None:
    """Of a scale where all of its points are told (`every`); of numbers and dates of FEWEST_MEASURED or more, where
    that there are so many says of nobody that they left it out (`enough`): rounded, as each was answered by somebody.
    """
    if found.question.kind == SCALE:
        return quarters(found.values) if every else None
    if len(found.values) < FEWEST_MEASURED or not enough:
        return None
    return [rounded(value) for value in quarters(found.values)]


def rounded(value: Any) -> Any:
    """A number to two significant digits, of a date (ISO 8601) the year."""
    if isinstance(value, str):
        return value[:4]
    return round(value, 1 - math.floor(math.log10(abs(value)))) if value else value


def result(
    found: Counts,
    answered: int | None,
    blank: int | None,
    counts: Mapping[str, int | None],
    channels: Mapping[str, Mapping[str, int]] | None,
    told: list[Any] | None,
) -> dict[str, Any]:
    return {
        "key": found.question.key,
        "kind": found.question.kind,
        "answered": answered,
        "blank": blank,
        "counts": [{"option": cell, "count": number} for cell, number in counts.items()],
        "by_channel": channels,
        "quarters": told,
    }


def cells_of(question: Question) -> list[str]:
    """What is counted of a question; nothing where anything may be answered."""
    if question.kind in (ONE, SEVERAL):
        return list(question.options)
    if question.kind == SCALE:
        return [str(point) for point in range(question.least or 0, (question.most or 0) + 1)]
    return [YES, NO] if question.kind == YES_NO else []


def said(question: Question, value: Any) -> list[str]:
    """In which cells an answer is counted."""
    if question.kind in (TEXT, NUMBER, DATE):
        return []
    if question.kind == YES_NO:
        return [YES if value else NO]
    return list(value) if question.kind == SEVERAL else [str(value)]


def quarters(values: Sequence[Any]) -> list[Any]:
    """What at least a quarter, half and three quarters of the values are at most: each was answered by somebody."""
    ordered = sorted(values)
    return [ordered[(len(ordered) - 1) * part // 4] for part in (1, 2, 3)]

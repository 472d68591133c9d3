"""Closed answers are counted, option by option. No database."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.consultation.questionnaires.asking import DATE, NUMBER, ONE, SCALE, SEVERAL, TEXT, YES_NO, Question
from service.consultation.suppressing import FEWEST

YES, NO = "yes", "no"
Table = Mapping[str, Mapping[str, int]]


def suppressed(table: Table) -> Table | None:
    """The table, if no cell of it says something about fewer than FEWEST residents; else nothing of it, so that
    nothing can be found out by subtracting.
    """
    return table if all(number >= FEWEST for row in table.values() for number in row.values()) else None


def counted(
    questions: Mapping[str, Question], responses: Iterable[tuple[str, Mapping[str, Any]]], of_bodies: bool
) -> dict[str, Any]:
    """The result of all (channel, answers): how many, by channel, and each question in its order.

    Of bodies nothing is broken down by channel: each of them is named anyway.
    """
    channels: Counter[str] = Counter()
    given: dict[str, list[tuple[str, Any]]] = {key: [] for key in questions}
    for channel, answers in responses:
        channels[channel] += 1
        for key, value in answers.items():
            given[key].append((channel, value))
    total = channels.total()
    by_channel = None if of_bodies else suppressed({"responses": dict(sorted(channels.items()))})
    return {
        "responses": total,
        "channels": by_channel["responses"] if by_channel else None,
        "questions": [
            result_of(question, given[key], total, sorted(channels), of_bodies) for key, question in questions.items()
        ],
    }


def result_of(
    question: Question, given: Sequence[tuple[str, Any]], total: int, channels: Sequence[str], of_bodies: bool
) -> dict[str, Any]:
    cells = cells_of(question)
    counts = Counter(cell for _, value in given for cell in said(question, value)) if cells else Counter()
    by_channel = Counter((channel, cell) for channel, value in given for cell in said(question, value))
    table = {channel: {cell: by_channel[channel, cell] for cell in cells} for channel in channels}
    return {
        "key": question.key,
        "kind": question.kind,
        "answered": len(given),
        "blank": total - len(given),
        "counts": [{"option": cell, "count": counts[cell]} for cell in cells],
        "by_channel": suppressed(table) if cells and not of_bodies else None,
        "quarters": quarters([value for _, value in given]) if question.kind in (NUMBER, DATE, SCALE) else None,
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


def quarters(values: Sequence[Any]) -> list[Any] | None:
    """The values below which a quarter, a half and three quarters lie: each was answered by somebody; nothing of fewer
    than FEWEST.
    """
    if len(values) < FEWEST:
        return None
    ordered = sorted(values)
    return [ordered[(len(ordered) - 1) * part // 4] for part in (1, 2, 3)]

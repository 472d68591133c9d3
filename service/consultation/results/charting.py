"""What a graph of a result shows: bars with their labels and numbers, and the same in words for who does not see it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.consultation.ballots import KINDS
from service.consultation.models import Consultation
from service.consultation.results.tabulating import COUNTED, cell_words, counted, item_words, number_in
from service.consultation.results.wording import BALLOTS, FEW_WORDS, HIDDEN, MEASURES, MORE, TABLE_NAMES, WHY, WON
from service.consultation.statistics import TABLES
from service.errors import NotFound
from service.text import pick, say

DRAWN = ("votes", "sums", "doubled_borda")
"""Which numbers of a count are drawn: the first that it has."""
OF_OTHERS = ("ranking", "budget")
"""Kinds of ballot in which the longest bar need not be the one that is chosen: the graph says by which rule it is."""
LONGEST, MOST_BARS = 200, 50
"""Letters of a title, and bars of one graph: the rest is in the files."""


@dataclass(frozen=True)
class Bar:
    """A bar: what it is of, how long it is (None: not shown), what stands behind it, and whether it stands out."""

    label: str
    value: int | None
    words: str
    strong: bool = False


@dataclass(frozen=True)
class Chart:
    """A graph. `note` is the line below it, `longest` the number that the whole width stands for."""

    title: str
    note: str
    bars: Sequence[Bar]
    language: str
    longest: int

    @property
    def description(self) -> str:
        """Everything that is seen, in words."""
        return "; ".join([*(f"{bar.label}: {bar.words}" for bar in self.bars), self.note])


def drawn(title: str, notes: Sequence[str], bars: Sequence[Bar], spoken: str) -> Chart:
    """The graph; of very many bars only the longest, in their order."""
    if len(bars) > MOST_BARS:
        longer = set(sorted(range(len(bars)), key=lambda place: -(bars[place].value or 0))[:MOST_BARS])
        notes = [*notes, say(spoken, MORE, count=number_in(spoken, len(bars) - MOST_BARS))]
        bars = [bar for place, bar in enumerate(bars) if place in longer]
    longest = max((bar.value or 0 for bar in bars), default=0) or 1
    return Chart(title[:LONGEST], " ".join(note for note in notes if note), bars, spoken, longest)


def chart_of(found: Consultation, statistics: Mapping[str, Any], of: str, spoken: str, main: str) -> Chart:
    """The graph of a question that was voted on, or of a table of who took part. Raises NotFound."""
    for question, tally in counted(found):
        if tally["key"] == of:
            return chart_of_question(question, tally, spoken, main)
    for table in statistics["tables"]:
        if table["by"] == of:
            return chart_of_people(table, statistics, spoken, main)
    raise NotFound


def ensure_drawable(found: Consultation, of: str) -> None:
    """That there can be such a graph, before anybody sets out to make it. Raises NotFound."""
    if of not in TABLES and all(tally["key"] != of for _, tally in counted(found)):
        raise NotFound


def charts_of(found: Consultation, statistics: Mapping[str, Any], spoken: str, main: str) -> Iterator[Chart]:
    """All graphs that have something to show: of the questions that were voted on, then of who took part."""
    for question, tally in counted(found):
        chart = chart_of_question(question, tally, spoken, main)
        if chart.bars:
            yield chart
    for table in statistics["tables"]:
        if table["cells"]:
            yield chart_of_people(table, statistics, spoken, main)


def chart_of_question(question: Mapping[str, Any], tally: Mapping[str, Any], spoken: str, main: str) -> Chart:
    result = tally["result"]
    name = next((name for name in DRAWN if name in result), "")
    best = {result.get("outcome"), *result.get("winners", ()), *result.get("funded", ())}
    bars = []
    for item, number in result.get(name, {}).items():
        words = number_in(spoken, number)
        words = f"{words} ({say(spoken, WON)})" if item in best else words
        bars.append(Bar(label_of(question, item, spoken, main), number, words, item in best))
    notes, kind = [], question["ask"]["kind"]
    if bars:
        notes.append(say(spoken, MEASURES[COUNTED[name]]))
    if kind in OF_OTHERS:
        notes.append(say(spoken, KINDS[kind].count_words))
    notes.append(say(spoken, BALLOTS, **{which: number_in(spoken, tally[which]) for which in ("valid", "blank")}))
    return drawn(pick(question["text"], spoken, main), notes, bars, spoken)


def label_of(question: Mapping[str, Any], item: str, spoken: str, main: str) -> str:
    """The option, with what it costs where it costs something."""
    words = item_words(question, item, spoken, main)
    cost = next((option["cost"] for option in question["ask"]["options"] if option["key"] == item), 0)
    return f"{words} ({number_in(spoken, cost)})" if cost else words


def chart_of_people(table: Mapping[str, Any], statistics: Mapping[str, Any], spoken: str, main: str) -> Chart:
    hidden = say(spoken, HIDDEN)
    bars = [
        Bar(
            cell_words(table["by"], cell["key"], statistics["names"], spoken, main),
            cell["count"],
            hidden if cell["count"] is None else number_in(spoken, cell["count"]),
        )
        for cell in table["cells"]
    ]
    is_partly_hidden = any(bar.value is None for bar in bars)
    note = say(spoken, WHY[table["why"]]) if table["why"] else say(spoken, FEW_WORDS) if is_partly_hidden else ""
    return drawn(say(spoken, TABLE_NAMES[table["by"]]), [note], bars, spoken)

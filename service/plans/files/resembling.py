"""Rows that are taken for new actions though their titles are almost those of actions that no row names: a word changed
in a title, where nothing else says which action is meant.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from service.plans.document import Element
from service.plans.files.layout import Layout, plain
from service.plans.files.refusing import Finding, Report
from service.plans.files.rows import Row
from service.text import pick

ALIKE = 0.75
"""How much of two titles must be the same, from 0 to 1."""
MOST_ROWS, MOST_ACTIONS, LONGEST = 100, 1_000, 200
"""So many are compared; more than that is another plan, and nobody would look at it."""


def note_resemblances(
    there: Iterable[Element],
    known: Mapping[int, str],
    rows: Sequence[Row],
    layout: Layout,
    language: str,
    report: Report,
) -> None:
    """Note each row that names no action, with the title of the one that it resembles. `known`: row's place → key."""
    named = set(known.values())
    left = {plain(pick(one.title, language))[:LONGEST]: one for one in there if one.key not in named}
    new = [row for place, row in enumerate(rows) if place not in known]
    if not left or len(new) > MOST_ROWS or len(left) > MOST_ACTIONS:
        return
    column = layout.names[layout.texts["title"]]
    for row in new:
        for alike in get_close_matches(plain(row.texts["title"])[:LONGEST], list(left), 1, ALIKE):
            title = pick(left[alike].title, language)
            report.note(Finding(row.row, column, "resembles", title[:LONGEST]))

"""Where a quoted passage stands in a text: found again in a new version by its own words and those around it.

A quotation is a text quote selector (W3C Web Annotation, 4.2.4): the exact words with some before and after. White
space counts as one space. Where the words stand several times the surroundings decide: those that are the same letter
for letter, else the most alike of the first MOST_COMPARED. Where the words stand nowhere the quotation has lost its
place and keeps its words.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from itertools import islice
from typing import Any

AROUND = 32
"""Characters before and after that are compared."""
MOST_COMPARED = 50
"""At so many places the surroundings are compared."""
SPACE = re.compile(r"\s+")


def revision_of(text: str) -> str:
    """The name of exactly this text: its SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def anchor(text: str, quote: Mapping[str, Any]) -> int | None:
    """Where the passage begins in the text, in characters; None where its words are not there."""
    starts = list(islice(places(text, quote["exact"]), MOST_COMPARED))
    if len(starts) < 2:
        return starts[0][0] if starts else None
    same = next(places(text, *(quote[part] for part in ("exact", "prefix", "suffix"))), None)
    return (same or max(starts, key=lambda place: likeness(text, place, quote)))[0]


def places(text: str, exact: str, prefix: str = "", suffix: str = "") -> Iterator[tuple[int, int]]:
    """From where to where these words stand between those surroundings, whatever the white space."""
    if not exact.strip():
        return
    pattern = f"(?={spaced(prefix)}({spaced(exact.strip())}){spaced(suffix)})"
    yield from (found.span(1) for found in re.finditer(pattern, text))


def spaced(words: str) -> str:
    """The pattern of these words with any white space between them."""
    return r"\s+".join(map(re.escape, SPACE.split(words)))


def likeness(text: str, place: tuple[int, int], quote: Mapping[str, Any]) -> float:
    """How alike the surroundings are to those that were quoted, 0 to 2; of equal ones the first is taken."""
    start, end = place
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    return alike(before, quote["prefix"][-AROUND:]) + alike(after, quote["suffix"][:AROUND])


def alike(one: str, other: str) -> float:
    return SequenceMatcher(None, SPACE.sub(" ", one), SPACE.sub(" ", other), autojunk=False).ratio()

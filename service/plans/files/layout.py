"""Which column of a table holds what: found in the two header rows of EETAA's sheet, or named by a mapping."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from service.plans.files.refusing import PlanFileRefused

YEAR = re.compile(r"(?:έτος\s*)?((?:19|20)\d{2})", re.IGNORECASE)
MOST_SOURCES = 3
MOST_HEADER_ROWS = 15
LABELS = {
    "title": ("τιτλοσ", "δραση"),
    "type": ("ειδοσ",),
    "continuity": ("νεα", "συνεχιζ"),
    "location": ("χωροθετ",),
    "priority": ("προτεραιοτ",),
    "responsible": ("υπευθυν", "υπηρεσια"),
}
"""What the columns of EETAA's sheet are called, without case, accents and signs; the first that fits."""
TEXTS = (
    "key",
    "number",
    "title",
    "description",
    "objective",
    "type",
    "continuity",
    "priority",
    "status",
    "location",
    "responsible",
    "start",
    "end",
    "level",
    "currency",
)
"""The fields that a mapping can name a column for."""


@dataclass(frozen=True, slots=True)
class LevelColumn:
    """A level above the actions: its name, its column, and the column of its numbers where they have their own."""

    name: str
    title: int
    number: int | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each field stands, by the number of its column from 0, and what the columns are called."""

    names: Sequence[str]
    texts: Mapping[str, int]
    levels: Sequence[LevelColumn] = ()
    years: Mapping[int, int] = field(default_factory=dict)
    total: int | None = None
    sources: Sequence[int] = ()
    html: frozenset[str] = frozenset()
    ignored: Sequence[str] = ()


def plain(label: Any) -> str:
    """A label without case, accents and signs; a Greek final sigma is a sigma."""
    bare = unicodedata.normalize("NFD", str(label if label is not None else "")).casefold()
    return "".join(letter for letter in bare if letter.isalnum())


def is_header(cells: Sequence[Any]) -> bool:
    """Whether this is the first header row of EETAA's sheet: one with Α/Α (in Greek or Latin letters)."""
    return any(plain(cell) in ("αα", "aa") for cell in cells)


def continues_header(cells: Sequence[Any]) -> bool:
    """Whether this row is the second one: years or the total, and no number."""
    return plain(cells[0]) == "" and any(_year(cell) or "συνολο" in plain(cell) for cell in cells)


def eetaa_layout(first: Sequence[Any], second: Sequence[Any]) -> Layout:
    """The columns of EETAA's sheet. Of merged cells only the first has the text. Raises PlanFileRefused."""
    names = [_name(upper, lower) for upper, lower in zip_longest(first, second)]
    number = next(place for place, name in enumerate(names) if plain(name) in ("αα", "aa"))
    texts = {"number": number}
    years: dict[int, int] = {}
    sources: list[int] = []
    total = None
    ignored = []
    for place, name in enumerate(names):
        label = plain(name)
        if year := _year(name):
            years.setdefault(year, place)
        elif "συνολο" in label:
            total = place if total is None else total
        elif "πηγη" in label or _is_source(place, first, sources):
            sources.append(place)
        elif place == number or not name:
            continue
        elif found := _field(label, texts):
            texts[found] = place
        elif "title" in texts:
            ignored.append(name)
    if "title" not in texts:
        raise PlanFileRefused(reason="columns", missing=["title"])
    levels = [LevelColumn(names[place], place) for place in range(number + 1, texts["title"]) if names[place]]
    return Layout(names, texts, levels, years, total, sources[:MOST_SOURCES], ignored=ignored)


def _name(upper: Any, lower: Any) -> str:
    """What a column is called: by the lower row where that says anything."""
    return " ".join(str(lower if lower is not None else upper if upper is not None else "").split())


def _year(cell: Any) -> int | None:
    """The year that a header cell is."""
    said = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell or "")
    found = YEAR.fullmatch(said.strip())
    return int(found[1]) if found else None


def _field(label: str, taken: Mapping[str, int]) -> str | None:
    """The field that a label names, if its column was not there before."""
    for name, words in LABELS.items():
        if name not in taken and any(word in label for word in words):
            return name
    return None


def _is_source(place: int, first: Sequence[Any], sources: Sequence[int]) -> bool:
    """Whether a column stands under the merged header cell of the sources before it."""
    is_merged = place >= len(first) or first[place] is None
    return is_merged and bool(sources) and sources[-1] == place - 1 and len(sources) < MOST_SOURCES


def mapped_layout(header: Sequence[str], mapping: Mapping[str, Any]) -> Layout:
    """The columns that a mapping names. Raises PlanFileRefused with the names that the file does not have.

    `mapping`: field of `TEXTS` → column; `levels` → [{name, column, number?, key?}]; `years` → {year: column}; `total`;
    `sources` → [column]; `html` → [field whose tags are taken out].
    """
    places = {name.strip(): place for place, name in reversed(list(enumerate(header)))}
    asked = [*(mapping[name] for name in TEXTS if name in mapping), *_columns(mapping)]
    missing = sorted({str(name) for name in asked if str(name).strip() not in places})
    if missing or "title" not in mapping:
        raise PlanFileRefused(reason="columns", missing=missing or ["title"])

    def at(name: Any) -> int:
        return places[str(name).strip()]

    used = {at(name) for name in asked}
    return Layout(
        names=list(header),
        texts={name: at(mapping[name]) for name in TEXTS if name in mapping},
        levels=[_level_column(one, at) for one in mapping.get("levels", [])],
        years={int(year): at(column) for year, column in mapping.get("years", {}).items()},
        total=at(mapping["total"]) if "total" in mapping else None,
        sources=[at(column) for column in mapping.get("sources", [])],
        html=frozenset(mapping.get("html", [])),
        ignored=[name for place, name in enumerate(header) if place not in used],
    )


def _columns(mapping: Mapping[str, Any]) -> list[Any]:
    """The columns that a mapping names beside those of its texts."""
    levels = [one[name] for one in mapping.get("levels", []) for name in ("column", "number") if one.get(name)]
    total = [mapping["total"]] if "total" in mapping else []
    return [*levels, *mapping.get("years", {}).values(), *total, *mapping.get("sources", [])]


def _level_column(one: Mapping[str, Any], at: Callable[[Any], int]) -> LevelColumn:
    number = at(one["number"]) if one.get("number") else None
    return LevelColumn(str(one.get("name") or one["column"]), at(one["column"]), number, one.get("key"))

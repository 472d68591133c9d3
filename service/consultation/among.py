"""Which of the verified residents may take part: those of some districts, and of some ages on the last day of a year.

The age on 31 December follows from the year of birth alone, so that no day of birth is kept. `among` is {} or:

youngest, oldest    ages, or null
year                on whose 31 December
districts           the keys of those who may; empty: all
names               [{key, name}] of every district there was when the consultation was described, in their order
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from service.consultation.wording import AGES_BETWEEN, AGES_FROM, AGES_TO, BOTH_KNOWN, DISTRICTS
from service.municipalities.directory import Municipality
from service.people.verified.knowing import Known, districts_of
from service.text import pick, say

BANDS = ((0, 24), (25, 34), (35, 44), (45, 54), (55, 64), (65, None))
"""Ages that are counted together: from, to."""

NARROWEST, SMALLEST = 5, 20
"""Of fewer years of birth, or of fewer people, no vote is held: one could be cut down to what a single person says."""


class Group(NamedTuple):
    """What is written down of a participant for the numbers of who took part: district and age band."""

    district: str | None = None
    ages: str | None = None


NOBODY = Group()
"""Of whom nothing is known."""


def among_of(municipality: Municipality, asked: Mapping[str, Any], year: int) -> dict[str, Any]:
    """What staff asked for, as it is kept; `year` is that of the vote. Raises ValueError with a stable word."""
    names = districts_of(municipality)
    youngest, oldest = asked.get("youngest"), asked.get("oldest")
    if not set(asked.get("districts", ())) <= names.keys():
        raise ValueError("districts")
    if youngest is not None and oldest is not None and youngest > oldest:
        raise ValueError("ages")
    if oldest is not None and oldest - (youngest or 0) < NARROWEST - 1:
        raise ValueError("narrow")
    return {
        "youngest": youngest,
        "oldest": oldest,
        "year": asked.get("year") or year,
        "districts": [key for key in names if key in set(asked.get("districts", ()))],
        "names": [{"key": key, "name": dict(name)} for key, name in names.items()],
    }


def names_of(among: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """Key → name of every district, in their order."""
    return {each["key"]: each["name"] for each in among.get("names", ())}


def refusal(among: Mapping[str, Any], known: Known) -> str | None:
    """Why somebody of whom this is known cannot take part, as a stable word; None: they may."""
    if among.get("districts"):
        if known.district is None:
            return "district_not_known"
        if known.district not in among["districts"]:
            return "district"
    if not asks_for_age(among):
        return None
    if known.birth_year is None:
        return "age_not_known"
    age = among["year"] - known.birth_year
    is_old_enough = among["youngest"] is None or age >= among["youngest"]
    return None if is_old_enough and (among["oldest"] is None or age <= among["oldest"]) else "age"


def is_limited(among: Mapping[str, Any]) -> bool:
    """Whether not all verified residents may take part."""
    return bool(among.get("districts")) or asks_for_age(among)


def asks_for_age(among: Mapping[str, Any]) -> bool:
    return among.get("youngest") is not None or among.get("oldest") is not None


def group_of(among: Mapping[str, Any], known: Known) -> Group:
    """District and age band, where they are known and the district is one that there was."""
    district = known.district if known.district in names_of(among) else None
    born = known.birth_year
    return Group(district, None if born is None or "year" not in among else band_of(among["year"] - born))


def band_of(age: int) -> str:
    """The name of the band that this age is in: `25-34`, `65-`."""
    return next(band_named(first, last) for first, last in BANDS[::-1] if age >= first or first == 0)


def band_named(first: int, last: int | None) -> str:
    return f"{first}-{'' if last is None else last}"


def bands_of(among: Mapping[str, Any]) -> list[str]:
    """The bands in which somebody who may take part can be."""
    youngest, oldest = among.get("youngest") or 0, among.get("oldest")
    return [
        band_named(first, last)
        for first, last in BANDS
        if (last is None or last >= youngest) and (oldest is None or first <= oldest)
    ]


def words_of(among: Mapping[str, Any], spoken: str, main: str) -> Iterator[str]:
    """What is said of it before one takes part, sentence by sentence."""
    if among.get("districts"):
        names = names_of(among)
        listed = ", ".join(pick(names[key], spoken, main) for key in among["districts"])
        yield say(spoken, DISTRICTS, districts=listed)
    if asks_for_age(among):
        ends = {name: among[name] for name in ("youngest", "oldest", "year")}
        words = AGES_TO if among["youngest"] is None else AGES_FROM if among["oldest"] is None else AGES_BETWEEN
        yield say(spoken, words, **ends)
    if is_limited(among):
        yield say(spoken, BOTH_KNOWN)

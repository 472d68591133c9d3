"""Who took part: by channel, district and age band, and how many of those who might have.

They come from the participations and from what was fixed, never from ballots: nobody's answer is looked at. They are
made once, at the end: then district and age band of each who took part are forgotten.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import func, or_, select, update

from service.consultation.among import bands_of, names_of
from service.consultation.models import HELD, VOTE, Consultation, Participation
from service.consultation.suppressing import FEWEST, shown
from service.db import session

CHANNEL, DISTRICT, AGE = "channel", "district", "age"
TABLES = (CHANNEL, DISTRICT, AGE)
UNKNOWN = "unknown"
FEW, NOT_KNOWN = "few", "not_known"
Rows = Collection[tuple[str, str | None, str | None, int]]
"""Channel, district, age band, and how many."""
WITHOUT_A_VOTE: dict[str, Any] = {
    "v": 1,
    "fewest": FEWEST,
    **dict.fromkeys(("participations", "eligible", "eligible_source", "percent")),
    "names": {},
    "tables": [],
}


def statistics_of(found: Consultation) -> dict[str, Any]:
    """What is published of who took part in a vote that is over; else only the totals of the conversation say it."""
    among = (found.definition or {}).get("among") or {}
    if found.ends_with != VOTE:
        return WITHOUT_A_VOTE | {"year": among.get("year")}
    return statistics(rows_of(found.id), among, found.eligible, found.eligible_source)


def rows_of(consultation_id: int) -> list[tuple[str, str | None, str | None, int]]:
    taken = Participation
    groups = (taken.channel, taken.district, taken.ages)
    query = select(*groups, func.count()).where(taken.consultation_id == consultation_id, taken.channel != HELD)
    return [(row[0], row[1], row[2], int(row[3])) for row in session.execute(query.group_by(*groups).order_by(*groups))]


def statistics(
    rows: Rows, among: Mapping[str, Any], eligible: int | None, source: Mapping[str, str] | None
) -> dict[str, Any]:
    """`tables`: of each kind its cells in their order, `count` null where it is not shown; `why` where none are:
    `few` took part, or it is `not_known` of anybody.
    """
    people = sum(number for *_, number in rows)
    names = names_of(among)
    districts = among.get("districts") or list(names)
    return {
        "v": 1,
        "fewest": FEWEST,
        "participations": people,
        "eligible": eligible,
        "eligible_source": source,
        "percent": percent_of(people, eligible),
        "year": among.get("year"),
        "names": {key: names[key] for key in districts},
        "tables": [
            by_channel(counted(rows, 0)),
            table(DISTRICT, counted(rows, 1), districts),
            table(AGE, counted(rows, 2), bands_of(among) if among else ()),
        ],
    }


def forget_groups(consultation_id: int) -> None:
    """Of nobody who took part district and age band are kept any longer; inside the transaction that publishes."""
    known = or_(Participation.district.is_not(None), Participation.ages.is_not(None))
    theirs = update(Participation).where(Participation.consultation_id == consultation_id, known)
    session.execute(theirs.values(district=None, ages=None), execution_options={"synchronize_session": False})


def counted(rows: Rows, place: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in rows:
        found[row[place] or UNKNOWN] += row[3]  # type: ignore[index]
    return found


def percent_of(people: int, eligible: int | None) -> str | None:
    """To a tenth, halves upwards; None where nobody said how many might have taken part."""
    if not eligible:
        return None
    tenths = (people * 2000 + eligible) // (2 * eligible)
    return f"{tenths // 10}.{tenths % 10}"


def by_channel(found: Mapping[str, int]) -> dict[str, Any]:
    """As the bundle says it: every channel that was used, or none."""
    if not found or any(number < FEWEST for number in found.values()):
        return without(CHANNEL, FEW)
    return {"by": CHANNEL, "why": None, "cells": [{"key": key, "count": found[key]} for key in sorted(found)]}


def table(by: str, found: Mapping[str, int], keys: Collection[str]) -> dict[str, Any]:
    """Every one of these keys, and a last cell for those of whom it is not known where they are not few."""
    if not keys or not any(found.get(key) for key in keys):
        return without(by, NOT_KNOWN)
    cells = {key: found.get(key, 0) for key in keys}
    unknown = sum(found.values()) - sum(cells.values())
    published = shown(cells, unknown)
    if published is None:
        return without(by, FEW)
    if unknown >= FEWEST:
        published[UNKNOWN] = unknown
    return {"by": by, "why": None, "cells": [{"key": key, "count": number} for key, number in published.items()]}


def without(by: str, why: str) -> dict[str, Any]:
    return {"by": by, "why": why, "cells": []}

"""What is known of who was verified beside who they are: the year of birth and the key of the district."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select

from service.db import session
from service.db.clock import now
from service.errors import Problem
from service.municipalities import models
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import Caller
from service.people.verified.models import District
from service.people.verified.numbers import born_in, in_one_spelling
from service.text import N_

YEAR = re.compile(r"(?:[0-9]{1,2}[-./][0-9]{1,2}[-./])?((?:18|19|20)[0-9]{2})(?:[-./][0-9]{1,2}[-./][0-9]{1,2})?")


class DistrictUnknown(Problem):
    """The municipality has no such `district`."""

    status, code, message = 422, "district_unknown", N_("This municipality has no such district.")


class DistrictsDoubled(Problem):
    """Two districts have the same key."""

    status, code, message = 422, "districts_doubled", N_("Two districts have the same key.")


@dataclass(frozen=True)
class Known:
    """A person's year of birth and the key of their district; None where it is not known."""

    birth_year: int | None = None
    district: str | None = None


NOTHING = Known()


def known_of(municipality: Municipality, identifier: str, told: Known, districts: Collection[str]) -> Known:
    """What was told, but for the year where the personal number says it itself: who types another has mistyped.

    districts   the keys of those that there are
    Raises DistrictUnknown.
    """
    if told.district is not None and told.district not in districts:
        raise DistrictUnknown(district=told.district)
    said = born_in(municipality.country, in_one_spelling(municipality.country, identifier))
    return Known(said or told.birth_year, told.district)


def year_in(said: Any) -> int | None:
    """The year of a day or year of birth, however a provider writes it; None for anything else and years to come."""
    found = YEAR.fullmatch(str(said).strip()) if isinstance(said, str | int) else None
    return int(found[1]) if found and int(found[1]) <= now().year else None


def districts_of(municipality: Municipality) -> dict[str, Mapping[str, str]]:
    """Key → name by language, in the order in which they were given."""
    query = select(District.key, District.name).where(District.municipality_id == municipality.id)
    return {row.key: row.name for row in session.execute(query.order_by(District.place))}


def set_districts(municipality: Municipality, actor: Caller, named: Sequence[tuple[str, Mapping[str, str]]]) -> None:
    """Put exactly these, by key, in place of those that there are. Raises DistrictsDoubled."""
    keys = [key for key, _ in named]
    if len(set(keys)) != len(keys):
        raise DistrictsDoubled
    mine = select(models.Municipality.id).where(models.Municipality.id == municipality.id)
    session.execute(mine.with_for_update(key_share=True))
    session.execute(delete(District).where(District.municipality_id == municipality.id))
    rows = [
        {"municipality_id": municipality.id, "key": key, "place": place, "name": name}
        for place, (key, name) in enumerate(named)
    ]
    if rows:
        session.execute(insert(District), rows)
    record(municipality.id, actor, "districts_set", "municipality", municipality.slug, {"districts": keys})

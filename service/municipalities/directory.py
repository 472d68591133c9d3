"""The municipalities and departments as this process knows them: plain values, read anew when they change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from service.db import session
from service.db.generations import Remembered, looked_up
from service.errors import NotFound, Problem
from service.municipalities import models
from service.municipalities.working_time import Calendar
from service.text import N_

SUBJECT = "municipalities"


class NoSuchMunicipality(NotFound):
    """The first part of the address names a municipality that is not served here."""

    code, message = "no_such_municipality", N_("This municipality is not served here.")


class NoSuchDepartment(Problem):
    """No department of this name is here; or, where it is to do something, it is not at work here today."""

    status, code, message = 422, "no_such_department", N_("There is no such department.")


@dataclass(frozen=True)
class Department:
    """A department; `working_hours` of its own are in its calendar."""

    id: int
    key: str
    name: Mapping[str, str]
    email: str | None
    phone: str | None
    outside_body: bool
    fallback: bool
    digest: str
    valid_from: date | None
    valid_until: date | None
    calendar: Calendar

    def is_valid_on(self, day: date) -> bool:
        """Whether the department exists on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


@dataclass(frozen=True, eq=False)
class Municipality:
    """A municipality with its departments by key; equal only to itself, and the same object for a whole request."""

    id: int
    slug: str
    prefix: str
    name: Mapping[str, str]
    country: str
    languages: tuple[str, ...]
    time_zone: str
    settings: Mapping[str, Any]
    calendar: Calendar
    departments: Mapping[str, Department]
    departments_by_id: Mapping[int, Department]

    @property
    def main_language(self) -> str:
        return self.languages[0]

    @property
    def notices_need_second_person(self) -> bool:
        """Whether a notice or an article goes out only when somebody else than who wrote it has approved it."""
        return bool(self.settings.get("notices_need_second_person"))

    def day(self, at: datetime) -> date:
        """Which day it is here at this instant."""
        return at.astimezone(ZoneInfo(self.time_zone)).date()

    @property
    def fallback(self) -> Department | None:
        """The desk that gets what no rule decides; None while there is none."""
        return next((d for d in self.departments.values() if d.fallback), None)

    def language_for(self, wanted: str | None) -> str:
        """The wanted language where this municipality speaks it, otherwise its main one."""
        return wanted if wanted in self.languages else self.main_language


def build() -> Mapping[str, Municipality]:
    """All municipalities by slug, in three statements."""
    rows = session.scalars(select(models.Municipality).order_by(models.Municipality.id)).all()
    departments = session.scalars(select(models.Department).order_by(models.Department.id)).all()
    holidays = session.scalars(select(models.LocalHoliday)).all()
    return {
        row.slug: describe(
            row,
            [d for d in departments if d.municipality_id == row.id],
            [h for h in holidays if h.municipality_id == row.id],
        )
        for row in rows
    }


def describe(
    row: models.Municipality, departments: list[models.Department], holidays: list[models.LocalHoliday]
) -> Municipality:
    """The row and what hangs on it as one plain value."""
    dates = tuple((h.month, h.day, h.year) for h in holidays)

    def calendar(working_hours: Mapping[str, list[list[str]]]) -> Calendar:
        return Calendar(row.time_zone, working_hours, row.country, dates)

    described = [
        Department(
            id=d.id,
            key=d.key,
            name=d.name,
            email=d.email,
            phone=d.phone,
            outside_body=d.outside_body,
            fallback=d.fallback,
            digest=d.digest,
            valid_from=d.valid_from,
            valid_until=d.valid_until,
            calendar=calendar(d.working_hours or row.working_hours),
        )
        for d in departments
    ]
    return Municipality(
        id=row.id,
        slug=row.slug,
        prefix=row.prefix,
        name=row.name,
        country=row.country,
        languages=tuple(row.languages),
        time_zone=row.time_zone,
        settings=row.settings,
        calendar=calendar(row.working_hours),
        departments={d.key: d for d in described},
        departments_by_id={d.id: d for d in described},
    )


_directory = Remembered(build, SUBJECT)
served = _directory.served


def municipalities() -> Mapping[str, Municipality]:
    """All municipalities of this deployment by slug."""
    return _directory.get()


def municipality(slug: str) -> Municipality:
    """One municipality. Raises NoSuchMunicipality."""
    try:
        return municipalities()[slug]
    except KeyError:
        raise NoSuchMunicipality from None


def municipality_with(municipality_id: int) -> Municipality:
    """The municipality that a row names, whoever has just made it. Raises KeyError."""
    return looked_up(lambda: next((m for m in municipalities().values() if m.id == municipality_id), None))


def department_with(here: Municipality, department_id: int) -> Department:
    """The department that a row names, whoever has just made it. Raises KeyError."""
    found = here.departments_by_id.get(department_id)
    return found or looked_up(lambda: municipalities()[here.slug].departments_by_id.get(department_id))


def department_named(here: Municipality, key: str) -> Department:
    """The same by its key. Raises KeyError."""
    return here.departments.get(key) or looked_up(lambda: municipalities()[here.slug].departments.get(key))


def department_meant(here: Municipality, key: str) -> Department:
    """The same where somebody has named it. Raises NoSuchDepartment."""
    try:
        return department_named(here, key)
    except KeyError:
        raise NoSuchDepartment(department=key) from None


def department_at_work(here: Municipality, key: str, at: datetime) -> Department:
    """The same where it is to do something from this instant on. Raises NoSuchDepartment."""
    found = department_meant(here, key)
    if not found.is_valid_on(here.day(at)):
        raise NoSuchDepartment(department=key)
    return found

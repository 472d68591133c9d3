"""A municipality is set up, or what is known of it is changed."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, select

from service.db import session
from service.db.generations import grow
from service.municipalities.changing import with_decided
from service.municipalities.directory import SUBJECT
from service.municipalities.models import Department, LocalHoliday, Municipality
from service.municipalities.working_time import Calendar
from service.outbox import targets


def establish(slug: str, values: Mapping[str, Any], local_holidays: Iterable[Mapping[str, Any]]) -> int:
    """Make the municipality, or give it these values; its id. Raises CalendarRefused.

    What it has decided itself stays (`changing.DECIDED_HERE`), unless the settings say otherwise.
    `values` are the columns of the table but id and slug; `local_holidays` have month, day, name and perhaps year.
    """
    dates = list(local_holidays)
    Calendar(
        values["time_zone"],
        values["working_hours"],
        values["country"],
        [(day["month"], day["day"], day.get("year")) for day in dates],
    )
    row = session.scalar(select(Municipality).filter_by(slug=slug)) or Municipality(slug=slug)
    decided = with_decided(values["settings"], row.settings)
    for name, value in {**values, "settings": decided}.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    session.execute(delete(LocalHoliday).where(LocalHoliday.municipality_id == row.id))
    for day in dates:
        session.add(
            LocalHoliday(
                municipality_id=row.id, month=day["month"], day=day["day"], year=day.get("year"), name=day["name"]
            )
        )
    grow(SUBJECT)
    return row.id


def establish_department(municipality_id: int, key: str, values: Mapping[str, Any]) -> int:
    """Make the department, or give it these values, and see that its mailbox can be reached; its id."""
    row = session.scalar(select(Department).filter_by(municipality_id=municipality_id, key=key))
    row = row or Department(municipality_id=municipality_id, key=key)
    for name, value in values.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    if row.email:
        targets.register(municipality_id, "email", targets.MAILBOX, row.email)
    grow(SUBJECT)
    return row.id

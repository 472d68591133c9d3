"""Whether something is open, in the municipality's zone and on its holidays."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from service.db import session, transaction
from service.db.generations import grow
from service.gis.opening import Opening, opening_of
from service.municipalities.directory import SUBJECT, Municipality, municipality
from service.municipalities.models import LocalHoliday
from service.municipalities.models import Municipality as Row

WEEKDAYS = "Mo-Fr 08:00-15:00; PH off"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def opening(where: Municipality, said: Any, when: str) -> Opening | None:
    return opening_of(where, {"opening_hours": said}, at(when))


def test_open_and_closed_are_in_the_zone_of_the_municipality(here: Municipality) -> None:
    assert opening(here, WEEKDAYS, "2026-11-23T06:30") == Opening(True, at("2026-11-23T13:00"))
    assert opening(here, WEEKDAYS, "2026-11-23T05:59") == Opening(False, at("2026-11-23T06:00"))
    assert opening(here, WEEKDAYS, "2026-07-20T05:30") == Opening(True, at("2026-07-20T12:00"))


def test_national_holidays_are_those_by_which_promises_are_counted(here: Municipality) -> None:
    assert opening(here, WEEKDAYS, "2026-10-28T10:00") == Opening(False, at("2026-10-29T06:00"))
    assert opening(here, "Mo-Su,PH 10:00-11:00", "2026-10-28T08:30") == Opening(True, at("2026-10-28T09:00"))
    assert opening(here, "Mo-Fr 08:00-15:00; PH 10:00-11:00", "2026-10-28T10:00") == Opening(
        False, at("2026-10-29T06:00")
    )


def test_a_local_holiday_is_one_too(here: Municipality) -> None:
    assert opening(here, WEEKDAYS, "2026-10-12T10:00") == Opening(True, at("2026-10-12T12:00"))
    with transaction():
        identity = session.scalars(select(Row.id).where(Row.slug == "here")).one()
        session.add(LocalHoliday(municipality_id=identity, month=10, day=12, name={"en": "Liberation"}))
        grow(SUBJECT)
    assert opening(municipality("here"), WEEKDAYS, "2026-10-12T10:00") == Opening(False, at("2026-10-13T05:00"))


@pytest.mark.parametrize(("said", "expected"), [
    ("24/7", Opening(True, None)),
    ("off", Opening(False, None)),
    ("Mo-Fr 08:00-15:00 unknown", Opening(None, at("2026-11-23T13:00"))),
    ("Dec 24-26 off; 10:00-14:00", Opening(True, at("2026-11-23T12:00"))),
    ("Mo 22:00-02:00", Opening(False, at("2026-11-23T20:00"))),
    ("whenever we like", Opening(None, None)),
    ("", Opening(None, None)),
    (7, Opening(None, None)),
    ("24/7;" * 200, Opening(None, None)),
])  # fmt: skip
def test_what_is_said(here: Municipality, said: Any, expected: Opening) -> None:
    assert opening(here, said, "2026-11-23T10:00") == expected


def test_what_says_no_hours_has_no_opening(here: Municipality) -> None:
    assert opening_of(here, {}, at("2026-11-23T10:00")) is None
    assert opening(here, None, "2026-11-23T10:00") is None

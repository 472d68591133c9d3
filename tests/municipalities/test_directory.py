"""Whom this deployment serves: set up, changed, and known to every process within two seconds."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Department, Municipality, NoSuchMunicipality, municipalities, municipality
from service.municipalities.establishing import establish, establish_department
from service.municipalities.models import LocalHoliday
from service.municipalities.working_time import CalendarRefused
from service.outbox.models import Target
from tests.factories.municipalities import ALWAYS, description
from tests.factories.people import Person
from tests.reports.scene import change_department, hours_in

RENAME = """
from service.app import create_app
from service.config import Settings
from service.db import transaction
from service.municipalities.directory import municipality
from service.municipalities.establishing import establish_department

with create_app(Settings.from_environment()).app_context():
    here = municipality("here")
    with transaction():
        establish_department(here.id, "roads", {"name": {"el": "Δρόμοι", "en": "Streets"}})
"""


def test_what_another_process_changes_is_known_here_within_two_seconds(app: Flask, here: Municipality) -> None:
    assert here.departments["roads"].name["en"] == "Roads"
    url = app.config["PLATEIA"].database_url
    environment = os.environ | {"PLATEIA_DATABASE_URL": url, "PLATEIA_HOME": str(app.config["PLATEIA"].home)}
    subprocess.run([sys.executable, "-c", RENAME], env=environment, check=True, timeout=60)
    limit = time.monotonic() + 2
    while municipality("here").departments["roads"].name["en"] != "Streets":
        assert time.monotonic() < limit, "the other process's change is not seen"
        session.rollback()
        time.sleep(0.05)


def test_what_a_refused_change_would_have_been_is_never_seen(here: Municipality) -> None:
    with suppress(RuntimeError), transaction():
        establish_department(here.id, "roads", {"name": {"el": "Δρόμοι", "en": "Streets"}})
        assert municipality("here").departments["roads"].name["en"] == "Roads"
        raise RuntimeError
    assert municipality("here").departments["roads"].name["en"] == "Roads"


def test_inside_a_transaction_that_changes_nothing_of_it_the_newest_is_served(here: Municipality) -> None:
    with transaction():
        establish_department(here.id, "roads", {"name": {"el": "Δρόμοι", "en": "Streets"}})
    with transaction():
        assert municipality("here").departments["roads"].name["en"] == "Streets"


def test_an_unknown_municipality_is_told_so(client: FlaskClient, here: Municipality) -> None:
    with pytest.raises(NoSuchMunicipality):
        municipality("nowhere")
    for address in ("reports", "app", "me", "staff/reports"):
        answer = client.get(f"/api/v1/nowhere/{address}")
        assert (answer.status_code, answer.json["code"]) == (404, "no_such_municipality")


def test_those_that_are_served_are_listed_and_polled(
    client: FlaskClient, here: Municipality, next_door: Municipality
) -> None:
    answer = client.get("/api/v1/municipalities")
    assert [one["slug"] for one in answer.json["municipalities"]] == ["here", "next-door"]
    assert answer.json["municipalities"][0] == {
        "slug": "here",
        "name": {"en": "Here", "el": "Δήμος here"},
        "country": "GR",
        "languages": ["el", "en"],
        "time_zone": "Europe/Athens",
        "centre": [21.75, 40.25],
    }
    etag = answer.headers["ETag"]
    assert client.get("/api/v1/municipalities", headers={"If-None-Match": etag}).status_code == 304


def test_establishing_again_changes_the_values_and_keeps_the_identity(client: FlaskClient, here: Municipality) -> None:
    values = description("here", 21.7, 40.2, ALWAYS) | {"languages": ["en"], "name": {"en": "Elsewhere"}}
    first = [{"month": 10, "day": 13, "name": {"el": "Απελευθέρωση"}}]
    with transaction():
        assert establish("here", values, first) == here.id
    with transaction():
        establish("here", values, [{"month": 8, "day": 6, "year": 2026, "name": {"el": "Εορτή"}}])
    again = municipality("here")
    assert (again.id, again.main_language, again.name["en"]) == (here.id, "en", "Elsewhere")
    assert set(again.departments) == set(here.departments)
    days = session.execute(select(LocalHoliday.month, LocalHoliday.day, LocalHoliday.year)).all()
    assert [tuple(day) for day in days] == [(8, 6, 2026)]
    assert client.get("/api/v1/here/app").json["languages"] == ["en"]


def test_a_calendar_that_cannot_be_is_refused_and_nothing_changes(here: Municipality) -> None:
    usual = description("here", 21.7, 40.2, ALWAYS)
    for bad in ({"time_zone": "Europe/Kozani"}, {"country": "XX"}, {"working_hours": {"mon": [["25:00", "26:00"]]}}):
        with pytest.raises(CalendarRefused), transaction():
            establish("here", usual | bad, ())
    assert municipality("here").time_zone == "Europe/Athens"


def test_a_department_has_its_own_hours_or_those_of_the_municipality(here: Municipality) -> None:
    changed = change_department("here", "roads", working_hours=hours_in(2))
    assert not changed.departments["roads"].calendar.is_working(now())
    assert changed.departments["lighting"].calendar.is_working(now())


def test_a_departments_new_mailbox_can_be_reached(here: Municipality) -> None:
    change_department("here", "roads", email="streets@here.example")
    found = session.scalars(select(Target.value).where(Target.state == "active")).all()
    assert "streets@here.example" in found


def test_a_department_exists_from_its_first_day_to_its_last() -> None:
    first, last = date(2026, 3, 1), date(2026, 3, 31)

    def valid(day: date, begins: date | None, ends: date | None) -> bool:
        fields = dict.fromkeys(Department.__dataclass_fields__)
        return Department(**fields | {"valid_from": begins, "valid_until": ends}).is_valid_on(day)  # type: ignore[arg-type]

    one = timedelta(days=1)
    assert [valid(day, first, last) for day in (first - one, first, last, last + one)] == [False, True, True, False]
    assert valid(date.min, None, last) and valid(date.max, first, None) and valid(first, None, None)


def test_a_municipality_speaks_its_own_languages(here: Municipality, alice: Person) -> None:
    assert [here.language_for(wanted) for wanted in ("en", "el", "bg", None)] == ["en", "el", "el", "el"]
    assert here.fallback == here.departments["desk"]
    assert list(municipalities()) == ["here"]

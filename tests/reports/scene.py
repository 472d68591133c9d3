"""What is done to reports in these tests, and what became of it."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality, municipality
from service.municipalities.establishing import establish_department
from service.notices.models import InboxMessage
from service.outbox.expanding import expand
from service.outbox.models import Delivery, Target
from service.reports.cataloguing import set_categories
from service.reports.history import SYSTEM, Actor
from service.reports.models import Report
from service.reports.moving import move_report
from service.worker import EVENTS
from tests.factories.municipalities import CATEGORIES, DEPARTMENTS
from tests.factories.people import Person

HERE = "/api/v1/here"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def as_staff(client: FlaskClient, who: Person, report: object, action: str, **body: Any) -> TestResponse:
    return client.post(f"{HERE}/staff/reports/{report}/{action}", json=body, headers=who.headers)


def move(client: FlaskClient, who: Person, report: object, to: str, **body: Any) -> TestResponse:
    """Staff move a report."""
    return as_staff(client, who, report, "moves", to=to, **body)


def move_mine(client: FlaskClient, who: Person, report: object, to: str, **body: Any) -> TestResponse:
    """The reporter moves it."""
    return client.post(f"{HERE}/my/reports/{report}/moves", json={"to": to, **body}, headers=who.headers)


def look(client: FlaskClient, who: Person, report: object, **body: Any) -> TestResponse:
    """Staff decide what everybody may see; everything, unless it is said otherwise."""
    return as_staff(client, who, report, "look", **({"text": True, "photos": True} | body))


def see(client: FlaskClient, report: object, who: Person | None = None, **headers: str) -> TestResponse:
    """The report as this person or everybody sees it."""
    return client.get(f"{HERE}/reports/{report}", headers=(who.headers if who else {}) | headers)


def see_as_staff(client: FlaskClient, report: object, who: Person, **headers: str) -> TestResponse:
    return client.get(f"{HERE}/staff/reports/{report}", headers=who.headers | headers)


def around(client: FlaskClient, **query: Any) -> TestResponse:
    """The map, as everybody sees it."""
    return client.get(f"{HERE}/reports", query_string=query)


def queue(client: FlaskClient, who: Person, **query: Any) -> TestResponse:
    return client.get(f"{HERE}/staff/reports", query_string=query, headers=who.headers)


def all_pages(ask: Callable[..., TestResponse], rows: str, meanwhile: Callable[[], Any] | None = None) -> list[str]:
    """The ids in all pages of a list, whose member `rows` holds them; `meanwhile` happens between one and the next."""
    found: list[str] = []
    after: dict[str, str] = {}
    for _ in range(100):
        answer = ask(**after)
        assert answer.status_code == 200, answer.json
        found += [row["id"] for row in answer.json[rows]]
        if answer.json["next"] is None:
            return found
        after = {"after": answer.json["next"]}
        if meanwhile:
            meanwhile()
    raise AssertionError("there is no end to the pages")


def the_report(report: object) -> Report:
    """The row as it is now."""
    session.rollback()
    wanted = select(Report).where(Report.uid == uuid.UUID(str(report))).execution_options(populate_existing=True)
    return session.scalars(wanted).one()


def change(report: object, **values: Any) -> None:
    """Write what the passing of time, or an earlier clerk, would have written."""
    with transaction():
        session.execute(update(Report).where(Report.uid == uuid.UUID(str(report))).values(**values))


def put(here: Municipality, report: Report, to: str, by: Actor | None = None, **values: Any) -> None:
    """Move a report by the rule."""
    with transaction():
        found = session.scalars(
            select(Report).where(Report.uid == report.uid).execution_options(populate_existing=True)
        ).one()
        move_report(here, found, to, by or Actor("staff"), **values)


def by_system() -> Actor:
    return Actor(SYSTEM)


def count(model: type) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model)) or 0


def hours_in(days: int) -> dict[str, list[list[str]]]:
    """Working hours from nine to five on one day of the week: that so many days (1 to 6) from today."""
    today = now().astimezone(ZoneInfo("Europe/Athens")).date()
    return {DAYS[(today + timedelta(days=days)).weekday()]: [["09:00", "17:00"]]}


def change_department(slug: str, key: str, **values: Any) -> Municipality:
    """The department gets these values; the municipality as it is then."""
    here = municipality(slug)
    with transaction():
        establish_department(here.id, key, DEPARTMENTS[key] | {"email": f"{key}@{slug}.example"} | values)
    return municipality(slug)


def add_categories(here: Municipality, *categories: dict[str, Any]) -> None:
    with transaction():
        set_categories(here, [*CATEGORIES, *categories])


def expand_all() -> None:
    """Let the worker find whom everything that happened concerns."""
    session.rollback()  # what the test has read before is no longer all there is
    while expand(EVENTS):
        pass


def deliveries(channel: str | None = None) -> Sequence[tuple[Delivery, str]]:
    """What is owed by a channel, oldest first, with the value of its target."""
    session.rollback()
    query = select(Delivery, Target.value).join(Target, Target.id == Delivery.target_id).order_by(Delivery.id)
    if channel is not None:
        query = query.where(Delivery.channel == channel)
    return [(row[0], row[1]) for row in session.execute(query)]


def inbox_of(person: Person) -> Sequence[InboxMessage]:
    """What this person was told, oldest first."""
    session.rollback()
    return session.scalars(
        select(InboxMessage).where(InboxMessage.account_id == person.account_id).order_by(InboxMessage.id)
    ).all()


def about(instant: datetime | None, wanted: datetime) -> bool:
    """Whether it is this moment, give or take what a test may take."""
    return instant is not None and abs(instant - wanted) < timedelta(seconds=30)

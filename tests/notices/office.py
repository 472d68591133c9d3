"""The office, for the tests of its notices: who writes, who approves, what is written, and a worker in steps."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.db import session, transaction
from service.db.clock import now, seconds_from_now
from service.db.generations import forget, grow
from service.housekeeping import plan_recurring
from service.jobs.models import Job
from service.jobs.working import work_one
from service.municipalities.directory import SUBJECT, Municipality, municipality
from service.municipalities.models import Municipality as Row
from service.outbox.expanding import expand
from service.outbox.models import Delivery, Target
from service.worker import EVENTS, JOBS
from tests.factories.people import Person, make_resident

STAFF = "/api/v1/here/staff/notices"
TEXTS = {
    "el": {"title": "Διακοπή νερού", "body": "Έως τις 14:00 στο κέντρο."},
    "en": {"title": "Water is off", "body": "Until 14:00 in the centre."},
}
OTHER = {"el": {"title": "Διόρθωση", "body": "Έως τις 16:00."}, "en": {"title": "Corrected", "body": "Until 16:00."}}


def call(client: FlaskClient, who: Person, method: str, path: str, status: int, **body: Any) -> Any:
    """What the service answers, which has this status."""
    answer = client.open(path, method=method, json=body or None, headers=who.headers)
    assert answer.status_code == status, answer.text
    return answer.get_json(silent=True)


def compose(client: FlaskClient, who: Person, **more: Any) -> dict[str, Any]:
    """A draft."""
    found: dict[str, Any] = call(client, who, "POST", STAFF, 201, **({"texts": TEXTS} | more))
    return found


def act(client: FlaskClient, who: Person, notice: Mapping[str, Any], name: str, status: int = 200, **body: Any) -> Any:
    """Do something with a notice."""
    return call(client, who, "POST", f"{STAFF}/{notice['id']}/{name}", status, **body)


def send(client: FlaskClient, who: Person, **more: Any) -> dict[str, Any]:
    """A notice that is sent by who writes it; expanded, not delivered."""
    notice = compose(client, who, **more)
    reason = "Now" if more.get("emergency") else None
    act(client, who, notice, "send", version=notice["version"], reason=reason)
    work()
    return notice


def work() -> None:
    """What a worker does with all that is due, but for sending."""
    session.rollback()
    while work_one(JOBS, "tests") or expand(EVENTS):
        session.rollback()


def run_job(kind: str) -> None:
    """A recurring job's hour has come."""
    with transaction():
        plan_recurring()
        session.execute(update(Job).where(Job.kind == kind).values(run_at=seconds_from_now(-1), state="waiting"))
    work()


def owed() -> dict[str, list[tuple[str, str]]]:
    """What each device is owed or was sent: (title, state), the oldest first."""
    session.rollback()
    found: dict[str, list[tuple[str, str]]] = {}
    query = select(Target.value, Delivery.content, Delivery.state).join(Target, Target.id == Delivery.target_id)
    for value, content, state in session.execute(query.order_by(Delivery.id)):
        found.setdefault(value, []).append((content["title"], state))
    return found


def phone(here: Municipality, name: str, language: str = "el") -> Person:
    """A resident whose phone is reached under this name."""
    return make_resident(here, language, push=name)


def settings(slug: str, **values: Any) -> Municipality:
    """Change how a municipality works."""
    with transaction():
        row = session.scalars(select(Row).filter_by(slug=slug)).one()
        row.settings = row.settings | values
        grow(SUBJECT)
    forget()
    return municipality(slug)


def prefer(client: FlaskClient, who: Person, **chosen: Any) -> Any:
    """The person chooses."""
    return call(client, who, "PUT", "/api/v1/here/me/notices", 200, **chosen)


def around_now() -> dict[str, str]:
    """Quiet hours in the middle of which it is now, by the clocks of Athens."""
    local = now().astimezone(ZoneInfo("Europe/Athens"))
    start, end = (local + timedelta(hours=hours) for hours in (-6, 6))
    return {"start": f"{start:%H:%M}", "end": f"{end:%H:%M}"}

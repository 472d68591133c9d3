"""An action shows the reports about it: those that everybody may see, near it, of its kinds, before and after it."""

from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import update

from service.db import transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.reports.models import Report, ReportEntry
from tests.factories.people import Person, make_staff
from tests.factories.reports import make_report
from tests.plans.plans import a_plan, approve, call, put_in_force, see

PLACE = "/op/elements/1.1/reports"


def reported(here: Municipality, days_ago: int, solved_after_hours: int | None = None, **values: Any) -> None:
    """A report of so many days ago."""
    row = make_report(here, **values)
    sent = now() - timedelta(days=days_ago)
    with transaction() as session:
        session.execute(update(Report).where(Report.id == row.id).values(created_at=sent, on_map=True))
        if solved_after_hours is not None:
            solved = {"state": "resolved", "at": sent + timedelta(hours=solved_after_hours)}
            session.execute(update(ReportEntry).where(ReportEntry.report_id == row.id).values(**solved))
            session.execute(update(Report).where(Report.id == row.id).values(open=False, state="resolved"))


def test_an_action_shows_the_reports_about_it(client: FlaskClient, here: Municipality, charlie: Person) -> None:
    ada = make_staff(here, "ada", [("consultation_manager", None)])
    put_in_force(here, a_plan())
    see(client, PLACE, 404)
    for days, hours in ((40, 10), (39, 30), (38, None), (3, 2)):
        reported(here, days, hours)
    reported(here, 40, category="pothole")
    reported(here, 40, longitude=21.74)  # 1.7 kilometres away
    body = {"categories": ["dark-lamp"], "metres": 300}
    call(client, ada, "PUT", PLACE, body, 204)
    open_yet = see(client, PLACE)
    assert open_yet["completed_on"] is None and open_yet["after"]["reports"] == 0
    assert open_yet["before"] == {"reports": 4, "open": 1, "resolved": 3, "median_hours": 10.0}
    assert open_yet["area"] == {"type": "Point", "coordinates": [21.72, 40.25]}
    day = (now() - timedelta(days=20)).date().isoformat()
    call(client, ada, "PUT", PLACE, body | {"completed_on": day}, 204)
    found = see(client, PLACE)
    assert found["before"] == {"reports": 3, "open": 1, "resolved": 2, "median_hours": 20.0}
    assert found["after"] == {"reports": 1, "open": 0, "resolved": 1, "median_hours": 2.0}
    assert len(found["reports"]["features"]) == 4

    call(client, ada, "PUT", PLACE, body | {"metres": 2000}, 204)
    entries = [{"element": "1.1", "status": "completed"}]
    report = {"period": {"end": {"value": day}}, "entries": entries}
    call(client, ada, "PUT", "/op/progress/2026", report, 204)
    approve(client, ada, "op", "2026", {"by": "council"}, 204)
    by_report = see(client, PLACE)
    assert by_report["completed_on"] == day and by_report["before"]["reports"] == 4  # the one further away too
    today = now().date().isoformat()
    later = {"period": {"end": {"value": "2099-12-31"}}, "entries": [{"element": "1.2", "status": "completed"}]}
    call(client, ada, "PUT", "/op/progress/2099", later, 204)
    approve(client, ada, "op", "2099", {"by": "council"}, 204)
    of_it = "/op/elements/1.2/reports"
    call(client, ada, "PUT", of_it, body | {"area": by_report["area"]}, 204)
    assert see(client, of_it)["completed_on"] == today, "nobody knows what will be"
    square = {
        "type": "Polygon",
        "coordinates": [[[21.73, 40.2], [21.75, 40.2], [21.75, 40.3], [21.73, 40.3], [21.73, 40.2]]],
    }
    call(client, ada, "PUT", PLACE, body | {"area": square, "metres": 0}, 204)
    assert see(client, PLACE)["before"]["reports"] == 1
    assert call(client, ada, "PUT", PLACE, {"categories": ["wishes"]}, 422)["code"] == "no_such_category"
    nowhere = "/op/elements/2.1/reports"
    assert call(client, ada, "PUT", nowhere, {"categories": ["dark-lamp"]}, 422)["code"] == "area_needed"
    call(client, ada, "DELETE", PLACE, status=204)
    call(client, ada, "DELETE", PLACE, status=404)
    call(client, charlie, "DELETE", PLACE, status=401)

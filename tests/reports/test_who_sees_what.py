"""What an answer holds for whom, and when a phone is told that it has it already."""

import io
from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update

from service.db import session, transaction
from service.db.generations import Generation
from service.gis.publishing import publish_version
from service.municipalities.directory import Municipality
from service.municipalities.models import Department
from service.people.appointing import appoint
from service.reports.cataloguing import set_categories
from service.reports.models import Category
from tests.factories.municipalities import imported
from tests.factories.people import Person, make_staff, password_hash
from tests.factories.reports import make_report, photo, send_report
from tests.reports.scene import HERE, change, look, move, move_mine, queue, see, see_as_staff


def described_photo(client: FlaskClient, who: Person) -> str:
    data = {"photo": (io.BytesIO(photo()), "a.jpg"), "alt": "My neighbour's door"}
    sent = client.post(f"{HERE}/photos", data=data, headers=who.headers)
    return str(sent.json["id"])


def test_what_a_photo_shows_is_told_to_everybody_only_where_texts_are(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    sent = send_report(client, who=alice, photos=[described_photo(client, alice)]).json
    look(client, bob, sent["id"], text=False, photos=True)
    alts = [see(client, sent["id"], who).json["photos"][0]["alt"] for who in (None, alice)]
    assert alts == [None, "My neighbour's door"]
    assert see_as_staff(client, sent["id"], bob).json["photos"][0]["alt"] == "My neighbour's door"
    look(client, bob, sent["id"], text=True, photos=True)
    assert see(client, sent["id"]).json["photos"][0]["alt"] == "My neighbour's door"


def test_staff_follow_their_own_reports_like_anybody(client: FlaskClient, here: Municipality, bob: Person) -> None:
    report = send_report(client, who=bob, category="private", description="Mine").json["id"]
    change(report, department_id=here.departments["lighting"].id)
    shown = see(client, report, bob).json
    assert shown["description"] == "Mine" and "withdrawn" in shown["moves"]
    assert "routing" not in shown
    assert move_mine(client, bob, report, "withdrawn").status_code == 200


@pytest.mark.parametrize("action", ["moves", "look", "mine"])
def test_what_was_done_is_always_answered_in_full(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person, action: str
) -> None:
    report = make_report(here, alice).uid
    headers = {"If-None-Match": "*"}
    if action == "mine":
        answer = client.post(
            f"{HERE}/my/reports/{report}/moves", json={"to": "withdrawn"}, headers=alice.headers | headers
        )
    else:
        body: dict[str, Any] = {"to": "acknowledged"} if action == "moves" else {"text": True, "photos": True}
        answer = client.post(f"{HERE}/staff/reports/{report}/{action}", json=body, headers=bob.headers | headers)
    assert (answer.status_code, answer.json["version"]) == (200, 2)
    assert "ETag" not in answer.headers


def test_a_proxy_learns_from_both_answers_by_what_they_vary(client: FlaskClient, here: Municipality) -> None:
    address = f"{HERE}/reports/{make_report(here).uid}"
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and again.headers["Vary"] == first.headers["Vary"]


def test_new_names_of_districts_and_of_staff_reach_the_phones(
    client: FlaskClient, here: Municipality, bob: Person
) -> None:
    report = make_report(here).uid
    move(client, bob, report, "acknowledged")
    before = see_as_staff(client, report, bob)
    with transaction():
        districts = imported(("west", {"name": "Dysi"}, shapely.box(21.7, 40.2, 21.75, 40.3)))
        publish_version(here, "districts", districts, name={"en": "Districts"}, kind="district")
    again = see_as_staff(client, report, bob, **{"If-None-Match": before.headers["ETag"]})
    assert (again.status_code, again.json["district_name"]) == (200, "Dysi")
    with transaction():
        appoint(here, "bob@here.example", "Robert", [("department_staff", "lighting")], password_hash())
    bob = make_staff(here, "robert", [("department_staff", "lighting")])
    last = see_as_staff(client, report, bob, **{"If-None-Match": again.headers["ETag"]})
    assert (last.status_code, last.json["timeline"][-1]["by_name"]) == (200, "Robert")


def from_another_process(model: type, **values: Any) -> int:
    """One more row like the newest, which this process is not told of."""
    table: Any = model.__table__  # type: ignore[attr-defined]
    with transaction():
        row = dict(session.execute(select(table).order_by(table.c.id.desc()).limit(1)).one()._mapping)
        identity = session.execute(insert(table).values(row | {"id": row["id"] + 1} | values)).inserted_primary_key[0]
        session.execute(update(Generation).values(value=Generation.value + 1))
    return int(identity)


def test_what_another_process_has_just_made_is_found(client: FlaskClient, here: Municipality, alice: Person) -> None:
    dora = make_staff(here, "dora", [("dispatcher", None)])
    report = make_report(here, alice).uid
    assert queue(client, dora).status_code == 200  # what is remembered is fresh now
    change(report, category_id=from_another_process(Category, key="brand-new"))
    assert see(client, report).json["category"] == "brand-new"
    assert queue(client, dora).json["reports"][0]["category"] == "brand-new"
    change(report, department_id=from_another_process(Department, key="founded", fallback=False))
    assert see(client, report).json["department"] == "founded"
    assert move(client, dora, report, "acknowledged").status_code == 200


def test_the_map_shows_what_is_of_no_category_in_use(client: FlaskClient, here: Municipality) -> None:
    make_report(here)
    with transaction():
        set_categories(here, [])
    assert len(client.get(f"{HERE}/reports").json["features"]) == 1

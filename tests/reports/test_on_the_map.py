"""The map: boxes, circles, filters and pages, without a miss or a repeat while reports come in."""

from functools import partial
from typing import Any

from flask.testing import FlaskClient

from service.municipalities.directory import Municipality
from tests.factories.people import Person, make_staff
from tests.factories.reports import make_report
from tests.reports.scene import HERE, all_pages, around, look, move, put

WEST, SOUTH = 21.72, 40.25


def on_map(client: FlaskClient, **query: Any) -> list[str]:
    answer = around(client, **query)
    assert answer.status_code == 200, answer.json
    return [one["id"] for one in answer.json["features"]]


def pages(client: FlaskClient, meanwhile: Any = None, **query: Any) -> list[str]:
    return all_pages(partial(around, client, **query), "features", meanwhile)


def test_a_box_has_its_edges_and_nothing_beyond_them(client: FlaskClient, here: Municipality) -> None:
    places = {
        name: str(make_report(here, longitude=longitude, latitude=latitude).uid)
        for name, longitude, latitude in (
            ("corner", WEST, SOUTH),
            ("edge", WEST + 0.001, SOUTH + 0.002),
            ("inside", WEST + 0.001, SOUTH + 0.001),
            ("west of it", WEST - 0.0000001, SOUTH + 0.001),
            ("north of it", WEST + 0.001, SOUTH + 0.0020001),
        )
    }
    found = on_map(client, box=f"{WEST},{SOUTH},{WEST + 0.002},{SOUTH + 0.002}")
    assert found == [places["inside"], places["edge"], places["corner"]]
    assert on_map(client, box=f"{WEST},{SOUTH},{WEST},{SOUTH}") == [places["corner"]]


def test_a_report_on_the_map_says_no_more_than_everybody_may_know(client: FlaskClient, here: Municipality) -> None:
    report = make_report(here, category="open", description="All to see", accuracy=3.0)
    feature = client.get(f"{HERE}/reports").json["features"][0]
    assert feature["id"] == str(report.uid)
    assert feature["geometry"] == {"type": "Point", "coordinates": [21.72, 40.25]}
    assert set(feature["properties"]) == {"number", "category", "state", "open", "created_at", "description"}
    assert feature["properties"]["description"] == "All to see"


def test_no_box_or_circle_however_small_reveals_a_hidden_place(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    hidden = make_report(here, category="hidden")
    looked_away = make_report(here, category="open")
    staff = make_staff(here, "dina", [("dispatcher", None)])
    look(client, staff, looked_away.uid, place=False)
    look(client, staff, hidden.uid, place=True)
    tiny = f"{WEST - 1e-7},{SOUTH - 1e-7},{WEST + 1e-7},{SOUTH + 1e-7}"
    for query in ({"box": tiny}, {"near": f"{WEST},{SOUTH}", "radius": 1}, {}, {"category": "hidden,open"}):
        for who in (None, alice, staff):
            answer = client.get(f"{HERE}/reports", query_string=query, headers=who.headers if who else {})
            assert answer.json["features"] == [], (query, who)


def test_the_map_is_filtered_by_category_state_and_openness(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    dark, hole = make_report(here, alice), make_report(here, category="pothole")
    put(here, dark, "resolved")
    dark_uid, hole_uid = str(dark.uid), str(hole.uid)
    assert on_map(client, category="pothole") == [hole_uid]
    assert on_map(client, category="pothole,dark-lamp") == [hole_uid, dark_uid]
    assert on_map(client, category="no-such") == []
    assert on_map(client, state="resolved") == [dark_uid]
    assert on_map(client, state="resolved,received") == [hole_uid, dark_uid]
    assert on_map(client, open="true") == [hole_uid] and on_map(client, open="false") == [dark_uid]
    near = f"{WEST},{SOUTH}"
    assert on_map(client, near=near, open="false") == on_map(client, near=near, state="resolved") == [dark_uid]
    assert on_map(client, near=near, category="pothole") == [hole_uid]


def test_pages_neither_miss_nor_repeat_while_reports_come_in(client: FlaskClient, here: Municipality) -> None:
    before = [str(make_report(here).uid) for _ in range(7)]
    found = pages(client, meanwhile=lambda: make_report(here), limit=2)
    assert found == before[::-1]
    boxed = pages(client, meanwhile=lambda: make_report(here), limit=3, box=f"{WEST},{SOUTH},{WEST},{SOUTH}")
    assert len(boxed) == len(set(boxed)) == 10 and set(before) < set(boxed)


def test_around_a_point_pages_go_from_near_to_far_without_a_miss(client: FlaskClient, here: Municipality) -> None:
    metres = 0.00001
    places = [0, 5, 5, 5, 0, 9, 2, 9, 20]
    reports = [(steps, str(make_report(here, latitude=SOUTH + steps * metres).uid)) for steps in places]
    order = [(steps, -number, uid) for number, (steps, uid) in enumerate(reports)]
    expected = [uid for _, _, uid in sorted(order)]
    near = {"near": f"{WEST},{SOUTH}", "radius": 100}
    assert on_map(client, **near) == expected
    found = pages(client, lambda: make_report(here, latitude=SOUTH), limit=2, **near)
    assert found == expected


def test_a_circle_is_measured_in_metres(client: FlaskClient, here: Municipality) -> None:
    make_report(here, latitude=SOUTH + 0.001)  # 111 m to the north
    make_report(here, longitude=WEST + 0.001)  # 85 m to the east
    near = f"{WEST},{SOUTH}"
    counts = {radius: len(on_map(client, near=near, radius=radius)) for radius in (80, 90, 110, 112)}
    assert counts == {80: 0, 90: 1, 110: 1, 112: 2}


REFUSED = [
    ({"box": "21.7,40.2,21.8"}, "fields_not_valid"),
    ({"box": "21.8,40.2,21.7,40.3"}, "fields_not_valid"),
    ({"box": "21.7,40.3,21.8,40.2"}, "fields_not_valid"),
    ({"box": "21.7,40.2,21.8,91"}, "fields_not_valid"),
    ({"box": "nan,40.2,21.8,40.3"}, "fields_not_valid"),
    ({"near": "181,40"}, "fields_not_valid"),
    ({"near": "21,91"}, "fields_not_valid"),
    ({"near": "21.7,40.2", "box": "21.7,40.2,21.8,40.3"}, "fields_not_valid"),
    ({"near": "21.7,40.2", "radius": "2001"}, "fields_not_valid"),
    ({"state": "flying"}, "fields_not_valid"),
    ({"limit": "0"}, "fields_not_valid"),
    ({"limit": "101"}, "fields_not_valid"),
    ({"after": "%%%"}, "cursor_not_valid"),
    ({"after": "WzEsMl0"}, "cursor_not_valid"),
    ({"after": "WzFlOTldCg"}, "cursor_not_valid"),
    ({"after": "WzkyMjMzNzIwMzY4NTQ3NzU4MDhd"}, "cursor_not_valid"),
    ({"after": "eyJhIjoxfQ"}, "cursor_not_valid"),
    ({"after": "WzFd", "near": "21.7,40.2"}, "cursor_not_valid"),
]


def test_what_cannot_be_asked_is_refused(client: FlaskClient, here: Municipality) -> None:
    for query, code in REFUSED:
        answer = client.get(f"{HERE}/reports", query_string=query)
        assert (answer.status_code, answer.json["code"]) == (422, code), query


def test_a_phone_that_has_the_map_is_told_so_until_it_changes(
    client: FlaskClient, here: Municipality, bob: Person
) -> None:
    report = make_report(here)
    for query in ("", f"?near={WEST},{SOUTH}"):
        etag = client.get(f"{HERE}/reports{query}").headers["ETag"]
        again = client.get(f"{HERE}/reports{query}", headers={"If-None-Match": etag})
        assert (again.status_code, again.data) == (304, b"")
        move(client, bob, report.uid, "in_progress" if query else "acknowledged")
        assert client.get(f"{HERE}/reports{query}", headers={"If-None-Match": etag}).status_code == 200

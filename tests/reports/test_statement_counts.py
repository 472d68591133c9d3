"""How many SQL statements a request takes, and that its questions are answered by an index.

Counted is everything between the first byte and the answer, the caller's token included; BEGIN, COMMIT and ROLLBACK
are not, nor is the one question a second after what has changed elsewhere.
"""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from service.db import dialect, generations, session, transaction
from service.db.clock import now
from service.gis.index import indexes_of
from service.municipalities.directory import Municipality
from service.reports import assets, finding
from service.reports.finding import Wanted
from service.reports.models import Report
from tests.databases import watched
from tests.factories.people import Person
from tests.factories.reports import make_report, photo, send_report, send_whole

HERE = "/api/v1/here"


@pytest.fixture(autouse=True)
def nothing_changes_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, no second passes between two looks."""
    monkeypatch.setattr(generations, "PATIENCE", 3600)


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that are run inside, with their parameters as one text each."""
    told: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not re.match(r"BEGIN|COMMIT|ROLLBACK", statement):
            told.append(statement)

    with watched("before_cursor_execute", note):
        yield told


def count(request: Callable[[], Any], status: int = 200) -> int:
    """The statements of the second of two such requests, when everything that is remembered is there."""
    assert request().status_code == status
    session.rollback()
    with statements() as told:
        answer = request()
    assert answer.status_code == status, answer.json
    print(f"{len(told)} statements")
    return len(told)


def send_photo(client: FlaskClient, who: Person) -> str:
    answer = client.post(f"{HERE}/photos", data={"photo": (io.BytesIO(photo()), "a.jpg")}, headers=who.headers)
    assert answer.status_code == 201, answer.json
    return str(answer.json["id"])


def test_a_report_takes_six_statements(client: FlaskClient, here: Municipality, alice: Person) -> None:
    assert count(lambda: send_report(client, who=alice), 201) == 6


def test_a_report_with_photos_sent_before_takes_eight(client: FlaskClient, here: Municipality, alice: Person) -> None:
    photos = iter([[send_photo(client, alice) for _ in range(3)] for _ in range(2)])
    assert count(lambda: send_report(client, who=alice, photos=next(photos)), 201) == 8


def test_a_report_and_its_photos_in_one_call_take_eight(client: FlaskClient, here: Municipality, alice: Person) -> None:
    assert count(lambda: send_whole(client, [photo("red"), photo("blue")], who=alice), 201) == 8


@pytest.mark.parametrize("values", [{"note": "Done"}, {"note": "Done", "internal": "By Bob"}, {}])
def test_a_state_change_takes_at_most_seven(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person, values: dict[str, str]
) -> None:
    reports = iter([send_whole(client, [photo()], who=alice).json["id"] for _ in range(2)])

    def move() -> Any:
        body = {"to": "resolved"} | values
        return client.post(f"{HERE}/staff/reports/{next(reports)}/moves", json=body, headers=bob.headers)

    assert count(move) <= 7


def test_a_state_change_with_a_photo_of_the_repair_takes_eight(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    reports = iter([send_whole(client, [photo()], who=alice).json["id"] for _ in range(2)])
    photos = iter([send_photo(client, bob) for _ in range(2)])

    def move() -> Any:
        body = {"to": "resolved", "note": "Done", "photos": [next(photos)]}
        return client.post(f"{HERE}/staff/reports/{next(reports)}/moves", json=body, headers=bob.headers)

    assert count(move) == 8


@pytest.mark.parametrize("reports", [1, 60])
@pytest.mark.parametrize("order", ["newest", "due"])
def test_a_page_of_the_queue_takes_two_whatever_its_size(
    client: FlaskClient, here: Municipality, bob: Person, reports: int, order: str
) -> None:
    for _ in range(reports):
        make_report(here)
    address = f"{HERE}/staff/reports?limit=50&order={order}"
    assert count(lambda: client.get(address, headers=bob.headers)) == 2


def test_reading_takes_few(client: FlaskClient, here: Municipality, alice: Person, bob: Person) -> None:
    plain = send_report(client, who=alice).json["id"]
    pictured = send_whole(client, [photo()], who=alice).json["id"]
    for address, who, most in (
        (f"{HERE}/reports/{plain}", {}, 1),
        (f"{HERE}/reports/{pictured}", {}, 2),
        (f"{HERE}/reports/{pictured}", alice.headers, 3),
        (f"{HERE}/staff/reports/{pictured}", bob.headers, 3),
        (f"{HERE}/reports?box=21.7,40.2,21.8,40.3", {}, 2),
        (f"{HERE}/reports?near=21.72,40.25", {}, 5),  # one for each circle
        (f"{HERE}/reports/similar?category=dark-lamp&longitude=21.72&latitude=40.25", {}, 5),
        (f"{HERE}/my/reports", alice.headers, 3),
        (f"{HERE}/inbox", alice.headers, 3),
        (f"{HERE}/app", {}, 0),
    ):
        print(address, end=": ")
        assert count(lambda address=address, who=who: client.get(address, headers=who)) <= most, address


# --- by which way the database finds them ---------------------------------------------------------------------------


def ways(question: Callable[[], Any]) -> str:
    """The plans of the statements that the question asks, as the database tells them with the real parameters."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        asked.append((statement, parameters))

    with watched("before_cursor_execute", note):
        question()
    explain = "EXPLAIN QUERY PLAN " if dialect() == "sqlite" else "EXPLAIN "
    lines = []
    with transaction():
        for statement, parameters in asked:
            found = session.connection().exec_driver_sql(explain + statement, parameters)
            lines += [str(row[-1]) for row in found]
    return "\n".join(lines)


@pytest.fixture
def crowded(here: Municipality, alice: Person) -> Municipality:
    """So many reports that no planner would rather read them all: 20,000, a tenth of them open."""
    make_report(here, alice)
    mine = f"CASE WHEN n.n % 500 = 0 THEN {alice.account_id} END"
    series = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000)"
    same = "municipality_id, category_id, state, version, language, description, answers, department_id, routing"
    given = ["uid", "number", "open", "reporter_id", "longitude", "latitude", "place", "promised_at"]
    rest = "private, on_map, text_public, photos_public, created_at, moved_at"
    if dialect() == "sqlite":
        uid, place = "printf('%032x', n.n)", "MakePoint(21.7 + n.n * 0.000005, 40.2 + n.n % 100 * 0.001, 4326)"
        promised = "datetime('now', n.n || ' minutes')"
        is_open = "n.n % 10 = 0"
    else:
        uid = "lpad(to_hex(n.n), 32, '0')::uuid"
        place = "ST_SetSRID(ST_MakePoint(21.7 + n.n * 0.000005, 40.2 + n.n % 100 * 0.001), 4326)"
        promised, is_open = "now() + n.n * interval '1 minute'", "n.n % 10 = 0"
    values = (
        f"{uid}, 'N' || n.n, {is_open}, {mine}, 21.7 + n.n * 0.000005, 40.2 + n.n % 100 * 0.001, {place}, {promised}"
    )
    columns = f"{', '.join(given)}, {same}, {rest}"
    with transaction():
        session.execute(
            text(f"{series} INSERT INTO reports ({columns}) SELECT {values}, {same}, {rest} FROM n, reports")
        )
    with transaction():
        session.execute(text("ANALYZE reports"))
    return here


BOX = (21.72, 40.21, 21.7205, 40.22)


def questions(here: Municipality, alice: Person) -> dict[str, Callable[[], Any]]:
    own = frozenset({here.departments["lighting"].id})
    some = session.scalars(select(Report.uid).order_by(Report.id).limit(1)).one()
    late = now() - timedelta(days=1)
    return {
        "one": lambda: finding.whole_report(here, some),
        "box": lambda: finding.on_the_map(here, Wanted(), BOX, None, 101),
        "map": lambda: finding.on_the_map(here, Wanted(), None, None, 101),
        "around": lambda: finding.around(here, Wanted(), (21.72, 40.25), 100, None, 10),
        "mine": lambda: finding.mine(here, alice.account_id, None, 51),
        "queue": lambda: finding.queue(here, own, Wanted(), None, None, 51),
        "open queue": lambda: finding.queue(here, own, Wanted(open=True), None, None, 51),
        "queue of all": lambda: finding.queue(here, None, Wanted(), None, None, 51),
        "open queue of all": lambda: finding.queue(here, None, Wanted(open=True), None, None, 51),
        "due": lambda: finding.due(here, own, Wanted(), None, None, 51),
        "due of all": lambda: finding.due(here, None, Wanted(), None, None, 51),
        "late": lambda: finding.due(here, own, Wanted(), late, None, 51),
        "asset": lambda: assets.reports_at(here, ("lamp-posts", "L3"), own, None, 51),
        "assets": lambda: assets.open_at(here, indexes_of(here)["lamp-posts"], range(9)),
    }


def test_every_question_is_answered_by_an_index(crowded: Municipality, alice: Person) -> None:
    asked = questions(crowded, alice)
    for name, question in asked.items():
        session.rollback()
        plan = ways(question)
        print(f"{name}:\n{plan}\n")
        if dialect() == "sqlite":
            assert not re.search(r"SCAN reports(?! USING INDEX)", plan), f"{name}:\n{plan}"
        else:
            assert "Seq Scan on reports" not in plan, f"{name}:\n{plan}"


@pytest.mark.parametrize("name", ["map", "mine", "open queue", "queue of all", "open queue of all", "due", "late"])
def test_a_page_is_read_in_its_order_and_never_sorted(crowded: Municipality, alice: Person, name: str) -> None:
    plan = ways(questions(crowded, alice)[name])
    assert "TEMP B-TREE" not in plan and "Sort" not in plan, plan

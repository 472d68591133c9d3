"""Many at once: of what may happen once, one happens, and the others are told so."""

import json
import uuid
from collections import Counter
from functools import partial

import pytest
from sqlalchemy import func, select

from service.db import session
from service.idempotency.models import KeptAnswer
from service.media.models import Attachment
from service.municipalities.directory import Municipality
from service.outbox.models import Event
from service.reports.models import Report, ReportEntry
from tests.factories.people import Person, make_staff
from tests.factories.reports import INSIDE, make_report, photo
from tests.races.at_once import Answer, at_once, call, outcomes, send

pytestmark = pytest.mark.slow

MANY = 20


def count(model: type) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model)) or 0


def history(report: Report) -> list[tuple[int, str]]:
    session.rollback()
    rows = session.execute(
        select(ReportEntry.version, ReportEntry.state).filter_by(report_id=report.id).order_by(ReportEntry.version)
    )
    return [(row.version, row.state) for row in rows]


@pytest.mark.parametrize("seen", [1, None], ids=["who have both seen it", "who do not say what they have seen"])
def test_of_two_clerks_in_two_processes_one_moves_the_report(
    two_urls: list[str], here: Municipality, bob: Person, seen: int | None
) -> None:
    dora = make_staff(here, "dora", [("dispatcher", None)])
    for _ in range(5):
        report = make_report(here)
        body = {"to": "acknowledged", "version": seen}
        path = f"/staff/reports/{report.uid}/moves"
        answers = at_once(
            [partial(call, url, "POST", path, who, json=body) for url, who in zip(two_urls, (bob, dora), strict=True)]
        )
        assert outcomes(answers) == [(200, None), (409, "report_changed" if seen else "move_not_allowed")]
        assert history(report) == [(1, "received"), (2, "acknowledged")]
        events = select(Event.version).filter_by(subject=f"report:{report.uid}").order_by(Event.version)
        assert list(session.scalars(events)) == [1, 2]


def test_of_many_moves_to_different_states_each_builds_on_the_one_before(
    two_urls: list[str], here: Municipality, bob: Person
) -> None:
    report = make_report(here)
    states = ("acknowledged", "in_progress", "with_another_body", "resolved") * 3
    path = f"/staff/reports/{report.uid}/moves"
    answers = at_once(
        [
            partial(call, two_urls[number % 2], "POST", path, bob, json={"to": state})
            for number, state in enumerate(states)
        ]
    )
    assert set(outcomes(answers)) <= {(200, None), (409, "move_not_allowed")}
    moved = sum(answer.status_code == 200 for answer in answers)
    versions = [version for version, _ in history(report)]
    assert versions == list(range(1, moved + 2))


def test_twenty_identical_retries_make_one_report_and_get_one_answer(
    two_urls: list[str], here: Municipality, alice: Person
) -> None:
    key = str(uuid.uuid4())
    answers = at_once([partial(send, two_urls[number % 2], alice, key) for number in range(MANY)])
    assert outcomes(answers) == [(201, None)] * MANY
    assert len({answer.text for answer in answers}) == 1
    replayed = Counter(answer.headers.get("Idempotency-Replayed") for answer in answers)
    assert replayed == {None: 1, "true": MANY - 1}
    assert (count(Report), count(ReportEntry), count(Event), count(KeptAnswer)) == (1, 1, 1, 1)


def test_twenty_identical_retries_with_photos_make_one_report_with_its_photos(
    url: str, here: Municipality, alice: Person
) -> None:
    body = {"category": "dark-lamp", "description": "It is dark"} | INSIDE
    photos, key = [photo("red"), photo("blue")], str(uuid.uuid4())

    def send_it() -> Answer:
        return call(
            url,
            "POST",
            "/reports/with-photos",
            alice,
            headers={"Idempotency-Key": key},
            data={"report": json.dumps(body)},
            files=[("photos", (f"{number}.jpg", data)) for number, data in enumerate(photos)],
        )

    answers = at_once([send_it] * MANY)
    assert outcomes(answers) == [(201, None)] * MANY
    assert len({answer.text for answer in answers}) == 1
    assert (count(Report), count(Attachment), count(KeptAnswer)) == (1, len(photos), 1)


def test_of_twenty_bodies_under_one_key_one_is_taken(two_urls: list[str], here: Municipality, alice: Person) -> None:
    key = str(uuid.uuid4())
    answers = at_once(
        [partial(send, two_urls[number % 2], alice, key, description=f"It is {number}") for number in range(MANY)]
    )
    assert outcomes(answers) == [(201, None)] + [(409, "idempotency_key_reused")] * (MANY - 1)
    assert (count(Report), count(Event), count(KeptAnswer)) == (1, 1, 1)
    (taken,) = [answer.json() for answer in answers if answer.status_code == 201]
    assert session.scalars(select(Report.description)).one() == taken["description"]


def test_one_id_under_twenty_keys_is_one_report(two_urls: list[str], here: Municipality, alice: Person) -> None:
    uid = str(uuid.uuid4())
    answers = at_once([partial(send, two_urls[number % 2], alice, id=uid) for number in range(MANY)])
    assert outcomes(answers) == [(201, None)] + [(409, "report_id_taken")] * (MANY - 1)
    assert (count(Report), count(Event), count(KeptAnswer)) == (1, 1, 1)


def test_one_photo_can_be_part_of_one_report_only(two_urls: list[str], here: Municipality, alice: Person) -> None:
    sent = call(two_urls[0], "POST", "/photos", alice, files={"photo": ("p.jpg", photo())}).json()
    answers = at_once([partial(send, two_urls[number % 2], alice, photos=[sent["id"]]) for number in range(MANY)])
    assert outcomes(answers) == [(201, None)] + [(404, "photo_not_found")] * (MANY - 1)
    assert (count(Report), count(KeptAnswer)) == (1, 1)


def test_numbers_given_at_once_have_no_gap_and_no_repeat(
    two_urls: list[str], here: Municipality, alice: Person
) -> None:
    answers = at_once([partial(send, two_urls[number % 2], alice) for number in range(MANY)])
    assert outcomes(answers) == [(201, None)] * MANY
    given = sorted(int(answer.json()["number"].rsplit("-", 1)[1]) for answer in answers)
    assert given == list(range(1, MANY + 1))

"""A report comes in once, with everything that belongs to it, or not at all."""

import uuid

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from service.db import session
from service.idempotency.models import KeptAnswer
from service.media.models import Attachment
from service.municipalities.directory import Municipality
from service.outbox.models import Event
from service.reports.models import Report, ReportEntry
from tests.factories.people import Person
from tests.factories.reports import photo, send_report, send_whole


def count(model: type) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_report_is_numbered_routed_explained_and_promised(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    answer = send_report(client, who=alice)
    assert answer.status_code == 201, answer.json
    report = answer.json
    assert report["number"].startswith("HER-20") and report["number"].endswith("-000001")
    assert report["department"] == "lighting"
    assert report["why"]["layer"] == "lighting" and report["why"]["version"] == 1
    assert report["why"]["feature"] == "west" and report["why"]["distance_to_edge"] > 0
    assert report["promised_at"] > report["created_at"]
    assert [step["state"] for step in report["timeline"]] == ["received"]
    assert (count(Report), count(ReportEntry), count(Event)) == (1, 1, 1)


def test_a_place_over_the_border_is_refused_with_the_name_of_the_right_municipality(
    client: FlaskClient, here: Municipality, next_door: Municipality
) -> None:
    answer = send_report(client, longitude=21.80001)
    assert (answer.status_code, answer.json["code"]) == (422, "outside_municipality")
    assert answer.json["municipality"] == "next-door"
    assert (count(Report), count(Event), count(KeptAnswer)) == (0, 0, 0)


def test_the_same_key_and_body_have_the_same_outcome(client: FlaskClient, here: Municipality, alice: Person) -> None:
    key = str(uuid.uuid4())
    first, again = (send_report(client, who=alice, key=key) for _ in range(2))
    assert first.json["id"] == again.json["id"]
    assert again.status_code == 201 and again.headers["Idempotency-Replayed"] == "true"
    assert count(Report) == 1


def test_the_same_key_with_another_body_is_refused(client: FlaskClient, here: Municipality, alice: Person) -> None:
    key = str(uuid.uuid4())
    send_report(client, who=alice, key=key)
    answer = send_report(client, who=alice, key=key, description="Something else")
    assert (answer.status_code, answer.json["code"]) == (409, "idempotency_key_reused")


def test_photos_sent_with_the_report_are_its_own_and_a_retry_adds_none(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    key = str(uuid.uuid4())
    photos = [photo("red"), photo("blue")]
    first = send_whole(client, photos, who=alice, key=key)
    again = send_whole(client, photos, who=alice, key=key)
    assert first.status_code == 201, first.json
    assert len(first.json["photos"]) == 2 and again.json["photos"] == first.json["photos"]
    assert count(Attachment) == 2
    link = first.json["photos"][0]["small"]
    assert client.get(link, headers=alice.headers).mimetype == "image/jpeg"
    assert client.get(link).json["code"] == "photo_not_found"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"category": "no-such"}, "no_such_category"),
        ({"category": "danger"}, "call_instead"),
        ({"category": "named"}, "registration_needed"),
        ({"category": "questions"}, "answers_not_valid"),
        ({"category": "questions", "answers": {"lamps": "two"}}, "answers_not_valid"),
        ({"category": "questions", "answers": {"lamps": 2, "colour": "red"}}, "answers_not_valid"),
        ({"category": "lamp-post"}, "asset_needed"),
        ({"description": "x" * 4001}, "fields_not_valid"),
        ({"longitude": 181}, "fields_not_valid"),
        ({"photos": [str(uuid.uuid4())]}, "photo_not_found"),
    ],
)
def test_bad_reports_are_refused_with_a_stable_code(
    client: FlaskClient, here: Municipality, values: dict[str, object], code: str
) -> None:
    answer = send_report(client, **values)
    assert answer.json["code"] == code
    assert answer.mimetype == "application/problem+json"
    assert (count(Report), count(ReportEntry), count(Event)) == (0, 0, 0)

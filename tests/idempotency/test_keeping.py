"""A phone may send a report as often as it likes: the same key and body have the same outcome, for fourteen days."""

import io
import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from service.db import session, transaction
from service.db.clock import now
from service.db.keys import new_uid
from service.housekeeping import EVERY, HANDLERS
from service.idempotency.keeping import (
    KEPT_FOR,
    KeyUsedForAnother,
    Request,
    digest_of,
    forget,
    forget_old,
    keep,
    outcome_of,
)
from service.idempotency.models import KeptAnswer
from service.media.models import Attachment
from service.municipalities.directory import Municipality
from service.reports.models import Report
from tests.factories.people import Person, make_resident
from tests.factories.reports import photo, send_report, send_whole

KEY = "one-and-the-same-key"
HERE = "/api/v1/here"


def count(model: type) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model)) or 0


def request(here: Municipality, **values: Any) -> Request:
    fields = {
        "municipality_id": here.id,
        "installation": "phone",
        "route": "reports",
        "key": KEY,
        "digest": digest_of({"a": 1}),
    }
    return Request(**fields | values)


def test_the_first_outcome_is_kept_and_given_to_the_next(here: Municipality) -> None:
    first, second = new_uid(), new_uid()
    assert outcome_of(request(here)) is None
    with transaction():
        assert keep(request(here), 201, first) is None
    with transaction():
        assert keep(request(here), 201, second) == first
    assert outcome_of(request(here)) == first and count(KeptAnswer) == 1


def test_another_body_under_the_same_key_is_refused(here: Municipality) -> None:
    with transaction():
        keep(request(here), 201, new_uid())
    other = request(here, digest=digest_of({"a": 2}))
    with pytest.raises(KeyUsedForAnother):
        outcome_of(other)
    with pytest.raises(KeyUsedForAnother), transaction():
        keep(other, 201, new_uid())


def test_keys_of_other_municipalities_phones_and_routes_are_other_keys(
    here: Municipality, next_door: Municipality
) -> None:
    others = [{"municipality_id": next_door.id}, {"installation": "other"}, {"route": "news"}, {"key": KEY + "2"}]
    with transaction():
        keep(request(here), 201, new_uid())
    for values in others:
        assert outcome_of(request(here, **values)) is None
        with transaction():
            assert keep(request(here, **values), 201, new_uid()) is None
    assert count(KeptAnswer) == 5


def test_what_is_rolled_back_is_not_kept(here: Municipality) -> None:
    with suppress(RuntimeError), transaction():
        keep(request(here), 201, new_uid())
        raise RuntimeError
    assert outcome_of(request(here)) is None


def test_the_order_of_the_fields_makes_no_other_body() -> None:
    assert digest_of({"a": 1, "b": [1, 2]}) == digest_of({"b": [1, 2], "a": 1})
    assert digest_of({"b": [2, 1]}) != digest_of({"b": [1, 2]})


def test_outcomes_are_kept_for_fourteen_days(here: Municipality) -> None:
    assert timedelta(days=14) == KEPT_FOR
    minute = timedelta(minutes=1)
    for key, age in (("young-enough-for-it", KEPT_FOR - minute), ("too-old-to-be-kept", KEPT_FOR + minute)):
        with transaction():
            keep(request(here, key=key), 201, new_uid())
            session.execute(update(KeptAnswer).where(KeptAnswer.key == key).values(created_at=now() - age))
    with transaction():
        assert forget_old() == 1
    session.rollback()
    assert session.scalars(select(KeptAnswer.key)).all() == ["young-enough-for-it"]
    assert "forget_answers" in HANDLERS and EVERY["forget_answers"] == 86400


def test_what_is_kept_goes_with_the_thing(here: Municipality) -> None:
    thing, other = new_uid(), new_uid()
    with transaction():
        keep(request(here), 201, thing)
        keep(request(here, key=KEY + "2"), 201, other)
    with transaction():
        forget(thing)
    assert outcome_of(request(here)) is None and outcome_of(request(here, key=KEY + "2")) == other


def test_a_renewed_token_is_still_the_same_phone(client: FlaskClient, here: Municipality) -> None:
    phone = {"installation": str(uuid.uuid4()), "secret": "s" * 32, "platform": "ios", "app_version": "1.0"}
    ids = set()
    for _ in range(2):
        token = client.post(f"{HERE}/devices", json=phone).json["token"]
        body = {"category": "dark-lamp", "longitude": 21.72, "latitude": 40.25}
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": KEY}
        ids.add(client.post(f"{HERE}/reports", json=body, headers=headers).json["id"])
    assert len(ids) == count(Report) == 1


def test_the_same_key_of_another_phone_is_another_report(
    client: FlaskClient, here: Municipality, next_door: Municipality, alice: Person, bob: Person
) -> None:
    amy = make_resident(here)
    there = make_resident(next_door, installation=alice.installation)
    for who in (alice, amy, bob, None):
        assert send_report(client, who=who, key=KEY).status_code == 201
    assert send_report(client, "next-door", who=there, key=KEY, longitude=21.82).status_code == 201
    assert count(Report) == count(KeptAnswer) == 5


def test_who_is_anonymous_may_retry_too(client: FlaskClient, here: Municipality) -> None:
    first, again = (send_report(client, key=KEY) for _ in range(2))
    assert first.json["id"] == again.json["id"] and again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert send_report(client, key=KEY, description="Other").json["code"] == "idempotency_key_reused"


def test_a_refused_report_leaves_its_key_free(client: FlaskClient, here: Municipality, alice: Person) -> None:
    assert send_report(client, who=alice, key=KEY, category="no-such").status_code == 422
    assert send_report(client, who=alice, key=KEY).status_code == 201


def upload(client: FlaskClient, who: Person, data: bytes) -> str:
    answer = client.post(f"{HERE}/photos", data={"photo": (io.BytesIO(data), "a.jpg")}, headers=who.headers)
    sent: str = answer.json["id"]
    return sent


def test_the_same_photos_sent_again_under_new_ids_are_the_same_body(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    red, blue = photo("red"), photo("blue")
    first = send_report(client, who=alice, key=KEY, photos=[upload(client, alice, one) for one in (red, blue)])
    again = send_report(client, who=alice, key=KEY, photos=[upload(client, alice, one) for one in (red, blue)])
    assert first.status_code == again.status_code == 201, again.json
    assert first.json["id"] == again.json["id"] and len(again.json["photos"]) == 2
    session.rollback()
    owned = session.scalars(select(Attachment.uid).where(Attachment.owner.is_not(None))).all()
    assert {str(uid) for uid in owned} == {one["id"] for one in first.json["photos"]}


def test_other_photos_or_another_order_are_another_body(client: FlaskClient, here: Municipality, alice: Person) -> None:
    red, blue = photo("red"), photo("blue")
    send_report(client, who=alice, key=KEY, photos=[upload(client, alice, one) for one in (red, blue)])
    for others in ((blue, red), (red,), (red, photo("green"))):
        answer = send_report(client, who=alice, key=KEY, photos=[upload(client, alice, one) for one in others])
        assert (answer.status_code, answer.json["code"]) == (409, "idempotency_key_reused")


def test_one_call_with_photos_and_a_retry_in_two_are_the_same_report(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    whole = send_whole(client, [photo()], who=alice, key=KEY)
    apart = send_report(client, who=alice, key=KEY, photos=[upload(client, alice, photo())])
    assert (whole.status_code, apart.status_code) == (201, 201), apart.json
    assert whole.json["id"] == apart.json["id"] and count(Report) == 1


def test_a_key_must_be_one(client: FlaskClient, here: Municipality) -> None:
    for key in ("short", "x" * 201, "with spaces in between", "Ελληνικά-κλειδιά-εδώ".encode().decode("latin-1")):
        answer = send_report(client, key=key)
        assert (answer.status_code, answer.json["code"]) == (422, "fields_not_valid"), key
    body = {"category": "dark-lamp", "longitude": 21.72, "latitude": 40.25}
    assert client.post(f"{HERE}/reports", json=body).json["code"] == "fields_not_valid"

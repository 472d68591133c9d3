"""Reports, sent through the rule or over HTTP."""

import io
import json
import uuid
from typing import Any

from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from service.db import transaction
from service.db.keys import new_uid
from service.municipalities.directory import Municipality
from service.reports.models import Report
from service.reports.submitting import NewReport, place_report, submit_report
from tests.factories.people import Person

INSIDE = {"longitude": 21.72, "latitude": 40.25}


def make_report(municipality: Municipality, reporter: Person | None = None, **values: Any) -> Report:
    """A report of a dark lamp in the lighting area."""
    fields: dict[str, Any] = {"uid": new_uid(), "category": "dark-lamp", "description": "It is dark"} | INSIDE | values
    new, reporter_id = NewReport(**fields), reporter.account_id if reporter else None
    placed = place_report(municipality, new, reporter_id, len(new.photos))
    with transaction():
        return submit_report(municipality, new, placed, reporter_id, "nobody")


def send_report(
    client: FlaskClient, slug: str = "here", who: Person | None = None, key: str | None = None, **values: Any
) -> TestResponse:
    """The same over HTTP."""
    body = {"category": "dark-lamp", "description": "It is dark"} | INSIDE | values
    headers = {"Idempotency-Key": key or str(uuid.uuid4())} | (who.headers if who else {})
    return client.post(f"/api/v1/{slug}/reports", json=body, headers=headers)


def send_whole(
    client: FlaskClient, photos: list[bytes], who: Person | None = None, key: str | None = None, **values: Any
) -> TestResponse:
    """A report with its photos in one call."""
    body = {"category": "dark-lamp", "description": "It is dark"} | INSIDE | values
    headers = {"Idempotency-Key": key or str(uuid.uuid4())} | (who.headers if who else {})
    data = {"report": json.dumps(body), "photos": [(io.BytesIO(photo), "photo.jpg") for photo in photos]}
    return client.post("/api/v1/here/reports/with-photos", data=data, headers=headers)


def photo(colour: str = "red", size: tuple[int, int] = (640, 480)) -> bytes:
    """A small JPEG."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "JPEG")
    return file.getvalue()

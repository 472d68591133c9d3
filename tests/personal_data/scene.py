"""A resident with a long story, and what is left of them."""

import io
import uuid
from typing import Any

from flask import current_app
from flask.testing import FlaskClient
from sqlalchemy import select

from service.db import Base, session
from service.housekeeping import HANDLERS
from service.jobs.working import work_one
from service.municipalities.directory import Municipality
from tests.factories.people import SECRET, Person
from tests.factories.reports import photo, send_whole
from tests.reports.scene import HERE, expand_all, move


def a_long_story(client: FlaskClient, alice: Person, bob: Person, text: str = "Erase me") -> dict[str, Any]:
    """A report with a photo, texts of both sides, and messages."""
    report = send_whole(client, [photo()], who=alice, key=str(uuid.uuid4()), description=text).json
    sent = client.post(f"{HERE}/photos", data={"photo": (io.BytesIO(photo()), "a.jpg")}, headers=bob.headers).json
    move(client, bob, report["id"], "acknowledged", note=f"A public note: {text}", internal=f"An internal one: {text}")
    assert move(client, bob, report["id"], "resolved", photos=[sent["id"]]).status_code == 200
    expand_all()
    return dict(report)


def erase(client: FlaskClient, who: Person, **wishes: Any) -> Any:
    """What the app sends."""
    body = {"account": str(who.account), "secret": SECRET} | wishes
    return client.post(f"{HERE}/me/erasure", json=body, headers=who.headers)


def traces(wanted: str) -> list[str]:
    """The columns of all tables in which this text is found."""
    session.remove()
    found = []
    for table in Base.metadata.sorted_tables:
        columns = [column for column in table.columns if column.name not in ("place", "geometry")]
        for row in session.execute(select(*columns)):
            values = zip(columns, row, strict=True)
            found += [f"{table.name}.{c.name}" for c, value in values if wanted in text_of(value)]
    session.remove()
    return found


def text_of(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def work_all() -> None:
    """Do every job that is due, and expand what is owed."""
    session.remove()
    while work_one(HANDLERS, "test"):
        session.remove()
    expand_all()
    session.remove()


def files() -> dict[str, bytes]:
    """Everything in the store."""
    store = current_app.config["STORE"]
    return {key: store.read(key) for key, _, _ in store.keys_with_age()}


def here_of(municipality: Municipality) -> str:
    return f"/api/v1/{municipality.slug}"

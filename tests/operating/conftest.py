"""Empty databases beside that of the test, of both kinds, and a municipality with something in every corner."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import shapely
from flask import Flask
from flask.testing import FlaskClient

from service.app import create_app
from service.config import Settings
from service.db import db, session, transaction
from service.db.clock import now
from service.gis.publishing import publish_version
from service.jobs.planning import plan
from service.municipalities.directory import Municipality
from service.notices.following import LAYER, follow
from service.outbox.models import ChannelPause
from service.storage.keeping import Store, open_store
from tests.conftest import WORKER, OutsideClient, postgres_server
from tests.databases import new_postgres
from tests.factories.municipalities import imported
from tests.factories.people import Person, make_resident
from tests.factories.reports import photo, send_report, send_whole

KINDS = ("sqlite", "postgresql")
ODD_JSON = {
    "whole": [1.0, 1e16, -1e18, 1.5e19, 1e20, 1e300, 2**64 - 1, -(2**63)],
    "small": [-0.0, 1e-7, 5e-324, 0.1 + 0.2, 123456.789e-3],
    "text": ["1e+17", "-0.0", "line\r\nend", "\u2028", "ς'\"\\", "😀"],
    "ordered": {"z": None, "ab": {}, "a": [], "É": True},
}
NewDatabase = Callable[[str], str]


@pytest.fixture
def new_database(tmp_path: Path) -> Iterator[NewDatabase]:
    """Makes URLs of databases in which there is nothing yet, not even a schema."""
    with ExitStack() as made:

        def make(kind: str) -> str:
            name = f"plateia_{WORKER}_{uuid.uuid4().hex[:8]}"
            if kind == "sqlite":
                return f"sqlite:///{tmp_path / name}.sqlite"
            return made.enter_context(new_postgres(postgres_server(), name))

        yield make


@pytest.fixture
def other_kind(url: str) -> str:
    """The kind of database that the test's is not."""
    return next(kind for kind in KINDS if not url.startswith(kind))


@pytest.fixture
def url(app: Flask) -> str:
    """The database of the test."""
    return str(app.config["PLATEIA"].database_url)


@pytest.fixture
def store(app: Flask) -> Store:
    """Where the test's application keeps its files."""
    kept: Store = app.config["STORE"]
    return kept


@pytest.fixture
def other_store(tmp_path: Path) -> Store:
    """An empty folder for files."""
    return open_store(str(tmp_path / "files"))


@contextmanager
def application_over(url: str, folder: Path) -> Iterator[FlaskClient]:
    """A client of an application of its own over this database, in whose context the block runs."""
    app = create_app(
        Settings(home=folder, database_url=url, files_url=str(folder / "files"), limits=False, log_level="CRITICAL")
    )
    with app.app_context():
        yield OutsideClient(app, app.response_class)
        session.remove()
        db.engine.dispose()


@pytest.fixture
def full(client: FlaskClient, here: Municipality, next_door: Municipality, alice: Person, bob: Person) -> Municipality:
    """A municipality in which people have reported, with photos, and staff have worked."""
    first = send_whole(client, [photo("red"), photo("blue")], who=alice, description="Σκοτεινά\tεδώ 😀").json
    send_report(
        client,
        who=make_resident(here, language="en"),
        category="lamp-post",
        asset={"layer": "lamp-posts", "feature": "L1"},
    )
    send_report(client, category="questions", answers={"lamps": 2, "since": "today"}, accuracy=12.5, longitude=21.73)
    moved = client.post(
        f"/api/v1/here/staff/reports/{first['id']}/moves",
        json={"to": "acknowledged", "note": "We have seen it", "internal": "Send the crew"},
        headers=bob.headers,
    )
    assert moved.status_code == 200, moved.json
    shapes = shapely.GeometryCollection([shapely.Point(21.71, 40.21), shapely.LineString([(21.7, 40.2), (21.8, 40.3)])])
    holed = shapely.box(21.7, 40.2, 21.8, 40.3).difference(shapely.box(21.74, 40.24, 21.75, 40.25))
    several = shapely.MultiPolygon([holed, shapely.box(21.81, 40.2, 21.82, 40.21)])
    with transaction():
        publish_version(
            here,
            "odd",
            imported(
                ("mixed", {"n": 0.1 + 0.2}, shapes),
                ("several", {}, several),
                ("points", {}, shapely.MultiPoint([(21.7, 40.2), (1 / 3, 0.1)])),
            ),
            name={"en": "Odd", "el": "Περίεργα"},
            kind="area",
        )
        plan("odd", "one", payload=ODD_JSON, municipality_id=here.id)
        plan("recurring", "two", every_seconds=60)
        follow(here, alice.account_id, LAYER, "odd", "mixed")
        session.add(ChannelPause(channel="push", until=now(), times=2, reason="quota", error=None))
    return here

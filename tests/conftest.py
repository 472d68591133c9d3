"""Real databases for every test: an embedded file and a PostGIS database, migrated once and emptied after each test.

PostGIS is reached by PLATEIA_TEST_POSTGRES_URL, which `make test` sets. Without it that half is skipped, and with
PLATEIA_REQUIRE_ALL=1 it fails.
"""

import gc
import os
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from contextvars import Context
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from coverage import Coverage
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import Phase, settings
from sqlalchemy import Column, text
from werkzeug.test import TestResponse

from service.app import create_app
from service.config import Settings
from service.db import Base, db, session, transaction
from service.db.generations import forget
from service.db.guards import GUARDS, lifted
from service.municipalities.directory import Municipality
from service.people import signing_in
from tests.databases import migrated
from tests.factories.made_once import ROWS, make_municipality_once
from tests.factories.municipalities import make_municipality
from tests.factories.people import Person, make_resident, make_staff

SECRET_KEY = os.environ.setdefault("PLATEIA_SECRET_KEY", "the key of the tests that everybody knows")
REQUIRE_ALL = os.environ.get("PLATEIA_REQUIRE_ALL") == "1"
POSTGRES = os.environ.get("PLATEIA_TEST_POSTGRES_URL")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
SHARED = Path(os.environ.get("PLATEIA_SHARED_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))
A_LOT = 2**20  # bytes
MEASURING = "COVERAGE_PROCESS_CONFIG"
"""By what coverage tells programs that tests start to measure themselves too."""
KEPT = {"spatial_ref_sys", "alembic_version", "geometry_columns", "generations"}


settings.register_profile("daily", derandomize=True, deadline=None, phases=[Phase.explicit, Phase.generate])
if os.environ.get("PLATEIA_LONG") != "1":  # `make test-long` looks for new examples and for the smallest that fails
    settings.load_profile("daily")

signing_in.HASHER = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1)
"""What a password costs is asked in a process of its own (tests/people/test_signing_in.py); here hundreds are made."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """What runs on one database every day is long on the other one."""
    for item in items:
        daily = item.get_closest_marker("daily_on")
        if daily and item.callspec.params["database_url"] not in daily.args:
            item.add_marker(pytest.mark.long)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Function) -> Generator[None, Any, Any]:
    """Coverage is measured on one database: what runs on both again adds time and no line."""
    measuring = Coverage.current()
    if measuring is None or not runs_again(item):
        return (yield)
    measuring.stop()
    in_programs = os.environ.pop(MEASURING, None)
    try:
        return (yield)
    finally:
        measuring.start()
        if in_programs is not None:
            os.environ[MEASURING] = in_programs


def runs_again(item: pytest.Function) -> bool:
    """Whether it is the PostGIS half of a test that runs on SQLite too."""
    chosen = getattr(item, "callspec", None)
    on_postgres = chosen is not None and chosen.params.get("database_url") == "postgresql"
    return on_postgres and not any(item.get_closest_marker(name) for name in ("daily_on", "measured_on_both"))


def pytest_unconfigure() -> None:
    """Let the end be short: what is still there is not taken apart object by object."""
    gc.freeze()


def missing(what: str) -> None:
    """Skip what this machine lacks, or fail where everything is required."""
    if REQUIRE_ALL:
        pytest.fail(f"{what}, and PLATEIA_REQUIRE_ALL=1")
    pytest.skip(what)


def postgres_server() -> str:
    """The URL of the server; skips, or fails, where there is none."""
    if POSTGRES is None:
        missing("PLATEIA_TEST_POSTGRES_URL is not set: the PostGIS half does not run")
    return str(POSTGRES)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The large data that is not in the repository."""
    if not SHARED.is_dir():
        missing(f"no shared data in {SHARED} (PLATEIA_SHARED_DATA)")
    return SHARED


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database of this test process, which may come back to a kind that it had before."""
    folder = tmp_path_factory.mktemp("database")
    ROWS.clear()
    with migrated(request.param, postgres_server, f"plateia_{WORKER}", folder) as url:
        yield url


@pytest.fixture(scope="session")
def app_of_session(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application over that database; limits are off, so that tests may be quick."""
    home = tmp_path_factory.mktemp("home")
    settings = Settings(
        home=home,
        database_url=database_url,
        limits=False,
        samples=True,
        log_level="ERROR",
        secret_key=SECRET_KEY,
    )
    app = create_app(settings)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(app_of_session: Flask) -> Iterator[Flask]:
    """The application with an empty database; the test itself runs in an application context."""
    with app_of_session.app_context():
        forget()
        yield app_of_session
        session.remove()
        empty()
        session.remove()


def empty() -> None:
    """Delete every row; what processes remember of them is made out of date.

    Only of tables that have rows: to truncate a hundred tables of PostgreSQL takes a third of a second, and to lift
    the guards changes SQLite's schema, after which it reads all of it again.
    """
    names = [table.name for table in reversed(Base.metadata.sorted_tables) if table.name not in KEPT]
    with transaction():
        some = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in names)
        filled = list(session.scalars(text(some)))
        if db.engine.dialect.name == "postgresql":
            empty_postgres(filled)
        else:
            with lifted(session.connection()) if GUARDS.keys() & filled else nullcontext():
                for name in filled:
                    session.execute(text(f"DELETE FROM {name}"))
        session.execute(text("UPDATE generations SET value = value + 1"))
    forget()


def empty_postgres(names: list[str]) -> None:
    """Without triggers and keys to check, in one go; what is counted begins with one again."""
    sizes = ", ".join(f"pg_relation_size('{name}')" for name in names) or "NULL"
    large = [name for name, size in zip(names, session.execute(text(f"SELECT {sizes}")).one()) if size > A_LOT]
    counted = [name for name in names if isinstance(Base.metadata.tables[name].autoincrement_column, Column)]
    orders = ["SET LOCAL session_replication_role = replica"]
    orders += [f"TRUNCATE {name} CASCADE" if name in large else f"DELETE FROM {name}" for name in names]
    orders += [f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), 1, false)" for name in counted]
    session.connection().exec_driver_sql("; ".join(orders))


class OutsideClient(FlaskClient):
    """Calls as from outside: nothing of the test's own application context is seen by the request."""

    def open(self, *arguments: Any, **options: Any) -> TestResponse:
        return Context().run(super().open, *arguments, **options)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return OutsideClient(app, app.response_class)


@pytest.fixture
def here(app: Flask) -> Municipality:
    """A municipality of one square degree-tenth, with two departments and a few categories."""
    return make_municipality_once("here", west=21.7, south=40.2)


@pytest.fixture
def next_door(app: Flask) -> Municipality:
    """The municipality that begins where `here` ends, to the east."""
    return make_municipality("next-door", west=21.8, south=40.2)


@pytest.fixture
def alice(here: Municipality) -> Person:
    """A resident with a registered phone."""
    return make_resident(here)


@pytest.fixture
def bob(here: Municipality) -> Person:
    """Staff of the lighting crew."""
    return make_staff(here, "bob", [("department_staff", "lighting")])


@pytest.fixture
def charlie(next_door: Municipality) -> Person:
    """Staff of the municipality next door, who may see and do nothing here."""
    return make_staff(next_door, "charlie", [("administrator", None)])

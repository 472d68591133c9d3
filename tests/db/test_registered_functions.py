"""SQLite is given exactly the spatial functions that it is asked for: by the service, its migrations, its triggers."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask.testing import FlaskClient
from geoalchemy2 import Geometry
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, String, Table, create_engine, event, select
from sqlalchemy.pool import NullPool

from service.db import db, session, spatialite
from service.db.engine import prepare
from service.db.spatial_batch import spatial_batch
from service.gis.locating import district_at, municipality_at
from service.gis.models import Feature
from service.gis.spatial_sql import box_around, in_box, metres_between
from service.municipalities.directory import Municipality
from service.operating.moving import move as move_database
from service.operating.moving import reopen
from service.schema_version import migrate, undo
from tests.factories.municipalities import make_municipality
from tests.factories.people import Person
from tests.factories.reports import photo, send_report, send_whole
from tests.reports.scene import HERE, expand_all, look, move, queue, see, see_as_staff

SQLITE_FUNCTION = 31  # the action by which an authorizer is told of a function; sqlite3 has no name for it before 3.13
WITHIN_SQLITE = "sqlite_"  # what SQLite calls for its own ends, as when a table is renamed, and lists nowhere
PLACE = (21.72, 40.25)


@contextmanager
def listening() -> Iterator[set[str]]:
    """Hear the names, in small letters, of all functions in statements that any new connection to SQLite compiles."""
    heard: set[str] = set()

    def note(action: int, _one: str | None, name: str | None, *_rest: object) -> int:
        if action == SQLITE_FUNCTION and name and not name.startswith(WITHIN_SQLITE):
            heard.add(name.lower())
        return sqlite3.SQLITE_OK

    def listen(connection: object, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.set_authorizer(note)

    event.listen(Engine, "connect", listen)
    try:
        yield heard
    finally:
        event.remove(Engine, "connect", listen)


def functions_of_sqlalchemy() -> set[str]:
    """What a connection of SQLAlchemy has before anything of ours is registered, in small letters."""
    with create_engine("sqlite://").connect() as connection:
        return {name.lower() for name in connection.exec_driver_sql("SELECT name FROM pragma_function_list").scalars()}


@contextmanager
def migrating(url: str) -> Iterator[tuple[Connection, Operations]]:
    """A migration as it is under way in migrations/env.py."""
    engine = create_engine(url, poolclass=NullPool)
    prepare(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.commit()
        with Operations.context(MigrationContext.configure(connection)) as operations:
            yield connection, operations
        connection.commit()


def migrate_up_and_down(url: str) -> None:
    migrate(url)
    undo(url, "base")
    migrate(url)


def change_a_table_in_a_batch(url: str) -> None:
    """A table that the same process has made, as when a new database is brought through every migration at once."""
    with migrating(url), spatial_batch("reports") as batch:
        batch.alter_column("description", existing_type=String(), nullable=True)


def add_and_drop_columns_and_tables(url: str) -> None:
    """With GeoAlchemy2's helpers for Alembic, and with SQLAlchemy's own way."""
    place = Column("place", Geometry("POINT", srid=4326, spatial_index=False))
    border = Column("border", Geometry("POLYGON", srid=4326, spatial_index=False))
    with migrating(url) as (connection, operations):
        operations.create_geospatial_table("groves", Column("id", Integer, primary_key=True), place)  # type: ignore[attr-defined]
        operations.create_geospatial_index("idx_groves_place", "groves", ["place"])  # type: ignore[attr-defined]
        operations.add_geospatial_column("groves", border)  # type: ignore[attr-defined]
        operations.drop_geospatial_index("idx_groves_place", "groves", "place")  # type: ignore[attr-defined]
        operations.drop_geospatial_table("groves")  # type: ignore[attr-defined]
        area = Column("area", Geometry("POLYGON", srid=4326, spatial_index=True))
        parks = Table("parks", MetaData(), Column("id", Integer, primary_key=True), area)
        parks.create(connection)
        parks.drop(connection)


def send_and_work(client: FlaskClient, alice: Person, bob: Person) -> None:
    """Residents report with and without photos; staff see, decide and move; the worker finds whom it concerns."""
    report = send_whole(client, [photo()], alice).get_json()["id"]
    assert send_report(client, who=alice).status_code == 201
    assert see(client, report, alice).status_code == 200
    assert queue(client, bob).get_json()["reports"]
    assert see_as_staff(client, report, bob).status_code == 200
    assert look(client, bob, report).status_code == 200
    assert move(client, bob, report, "acknowledged").status_code == 200
    expand_all()


def ask_the_map(client: FlaskClient) -> None:
    lon, lat = PLACE
    for path, query in (
        ("reports", {"box": f"{lon},{lat},{lon},{lat}"}),
        ("reports", {"near": f"{lon},{lat}", "radius": 100}),
        ("reports/similar", {"longitude": lon, "latitude": lat, "category": "dark-lamp"}),
    ):
        answer = client.get(f"{HERE}/{path}", query_string=query)
        assert answer.status_code == 200, answer.json
        assert answer.get_json()["features"], path


def publish_and_locate(here: Municipality) -> None:
    """Layers are published by the making of a municipality; whoever locates builds the indexes of all."""
    make_municipality("elsewhere", west=23.0, south=40.2)
    found = municipality_at(*PLACE)
    assert found is not None
    assert found.slug == here.slug
    assert district_at(here, *PLACE) == "west"


def ask_every_spatial_question() -> None:
    near = in_box(Feature.geometry, *box_around(*PLACE, 1000))
    assert session.execute(select(Feature.key, metres_between(Feature.geometry, *PLACE)).where(near)).all()


def move_to_another_file(url: str, there: str) -> None:
    move_database(url, there)
    reopen(url)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_registered_is_what_is_called(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person, database_url: str, tmp_path: Path
) -> None:
    session.remove()
    db.engine.dispose()
    with listening() as heard:
        fresh = f"sqlite:///{tmp_path}/fresh.sqlite"
        migrate_up_and_down(fresh)
        change_a_table_in_a_batch(fresh)
        add_and_drop_columns_and_tables(fresh)
        send_and_work(client, alice, bob)
        ask_the_map(client)
        publish_and_locate(here)
        ask_every_spatial_question()
        session.remove()
        move_to_another_file(database_url, f"sqlite:///{tmp_path}/moved.sqlite")
    db.engine.dispose()
    assert heard - functions_of_sqlalchemy() == {name.lower() for name in spatialite.FUNCTIONS}

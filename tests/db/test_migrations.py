"""Migrations run up and down on both databases, and say what the models say."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from flask import Flask
from geoalchemy2 import Geometry
from geoalchemy2.shape import to_shape
from sqlalchemy import Connection, Engine, create_engine, func, inspect, select, text, update
from sqlalchemy.exc import DBAPIError

from service.app import create_app
from service.config import Settings
from service.db import Base, db, engine, session, transaction
from service.db.clock import now
from service.db.keys import new_uid
from service.gis.models import Feature
from service.gis.spatial_sql import in_box
from service.moderation.complaining import case_locked
from service.moderation.models import Decider
from service.news.content import Written
from service.news.models import Article
from service.news.writing import add_version, begin
from service.outbox.models import Delivery, Target
from service.people.auditing import record
from service.people.callers import find_caller
from service.reports.models import Report
from service.schema_version import FOLDER, configuration, is_up_to_date, migrate, newest, undo
from tests.conftest import WORKER, postgres_server
from tests.databases import new_postgres
from tests.factories.municipalities import make_municipality
from tests.factories.people import give_address, make_resident, make_staff
from tests.factories.reports import make_report
from tests.reports.scene import expand_all

REVISIONS = [script.revision for script in ScriptDirectory(str(FOLDER)).walk_revisions()][::-1]
OURS = set(Base.metadata.tables)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/plateia.sqlite"
        return
    with new_postgres(postgres_server(), f"plateia_migrations_{WORKER}") as url:
        yield url


def opened(url: str) -> Engine:
    """An engine as the service makes it."""
    made = create_engine(engine.driver_url(url), **engine.options(url, 1))
    engine.prepare(made)
    return made


def tables(url: str) -> set[str]:
    """Which of our tables there are."""
    made = opened(url)
    try:
        return set(inspect(made).get_table_names()) & OURS
    finally:
        made.dispose()


def shape(url: str) -> dict[str, Any]:
    """All that a migration could leave different: columns, keys, indexes, constraints, and what is spatial."""
    made = opened(url)
    try:
        with made.connect() as connection:
            there = sorted(set(inspect(connection).get_table_names()) & OURS)
            return {name: shape_of(connection, name) for name in there} | {"spatial": spatial(connection)}
    finally:
        made.dispose()


def shape_of(connection: Connection, name: str) -> Any:
    found = inspect(connection)
    columns = [(c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(name)]
    indexes = sorted((i["name"], tuple(i["column_names"]), i["unique"]) for i in found.get_indexes(name))
    unique = sorted((u["name"], tuple(u["column_names"])) for u in found.get_unique_constraints(name))
    foreign = sorted((f["name"], f["referred_table"]) for f in found.get_foreign_keys(name))
    return columns, indexes, unique, foreign


def spatial(connection: Connection) -> list[Any]:
    """The geometry columns with their rules, as the database itself knows them."""
    statement = "SELECT f_table_name, f_geometry_column, srid FROM geometry_columns ORDER BY 1, 2"
    rows: list[Any] = [tuple(row) for row in connection.exec_driver_sql(statement)]
    if connection.dialect.name == "sqlite":
        made = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' OR name LIKE 'idx!_%' ESCAPE '!'"
        rows += sorted(tuple(row) for row in connection.exec_driver_sql(made))
    return rows


def test_there_is_one_line_of_revisions_without_forks() -> None:
    scripts = ScriptDirectory(str(FOLDER))
    assert scripts.get_heads() == [newest()] == [REVISIONS[-1]]
    assert scripts.get_bases() == [REVISIONS[0]]


def test_an_empty_database_gets_every_table_and_gives_it_back(url: str) -> None:
    migrate(url)
    assert tables(url) == OURS
    before = shape(url)
    undo(url, "base")
    assert tables(url) == set()
    migrate(url)
    assert shape(url) == before


def test_every_revision_leads_up_and_down(url: str) -> None:
    """One walk up, in which each step is taken, taken back and taken again; and one down and up from the end."""
    shapes = []
    for revision in REVISIONS:
        migrate(url, revision)
        shapes.append(shape(url))
    for revision, expected in zip(REVISIONS[-2::-1], shapes[-2::-1], strict=True):
        undo(url, revision)
        assert shape(url) == expected, revision
    migrate(url)
    assert shape(url) == shapes[-1]


def test_the_models_are_what_the_migrations_make(url: str) -> None:
    migrate(url)
    command.check(configuration(url))


def test_geometry_columns_have_their_index(url: str) -> None:
    migrate(url)
    wanted = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Geometry)
    }
    made = opened(url)
    with made.connect() as connection:
        registered = {(row[0], row[1]) for row in spatial(connection)}
        assert wanted <= registered
        for table, column in wanted:
            if connection.dialect.name == "sqlite":
                assert inspect(connection).has_table(f"idx_{table}_{column}")
            else:
                definitions = connection.execute(
                    text("SELECT indexdef FROM pg_indexes WHERE tablename = :t"), {"t": table}
                )
                assert any("gist" in row.indexdef and column in row.indexdef for row in definitions)
    made.dispose()


def test_migrations_that_cannot_all_be_done_leave_nothing_of_any(url: str) -> None:
    made = opened(url)
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE invitations (in_the_way integer)"))
    made.dispose()
    with pytest.raises(DBAPIError, match="already exists"):
        migrate(url)
    assert tables(url) == {"invitations"}


def test_two_that_migrate_at_once_do_it_one_after_the_other(url: str, tmp_path: Path) -> None:
    environment = os.environ | {"PLATEIA_DATABASE_URL": url, "PLATEIA_HOME": str(tmp_path)}
    one = [sys.executable, "-m", "service.cli", "migrate"]
    both = [subprocess.Popen(one, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [(process.communicate(timeout=60)[1], process.returncode) for process in both] == [("", 0)] * 2
    assert tables(url) == OURS


def test_the_service_knows_whether_its_schema_is_there(url: str, tmp_path: Path) -> None:
    app = create_app(Settings(home=tmp_path, database_url=url, limits=False, log_level="CRITICAL"))
    with app.app_context():
        assert not is_up_to_date()
        answer = app.test_client().get("/ready")
        assert (answer.status_code, answer.json["schema"]) == (503, "migrations are missing: plateia migrate")
        session.remove()
        migrate(url)
        assert is_up_to_date()
        assert app.test_client().get("/ready").status_code == 200
        session.remove()
        db.engine.dispose()


def whose() -> list[tuple[str, str, int | None]]:
    """Of each delivery the kind of its target, its state, and the person whom it is for."""
    session.remove()
    query = select(Target.kind, Delivery.state, Delivery.person_id).join(Target).order_by(Target.kind, Delivery.id)
    rows = [tuple(row) for row in session.execute(query)]
    session.remove()
    db.engine.dispose()
    return rows  # type: ignore[return-value]


def test_mails_that_wait_from_before_know_whom_they_are_for(url: str, tmp_path: Path) -> None:
    migrate(url)
    app = create_app(Settings(home=tmp_path, database_url=url, limits=False, log_level="ERROR"))
    with app.app_context():
        here = make_municipality("here", west=21.7, south=40.2)
        alice, amy = make_resident(here), make_resident(here)
        give_address(here, alice, "alice@example.org")
        give_address(here, amy, "amy@example.org")
        for who in (alice, alice, alice, amy, None):
            make_report(here, who)
            expand_all()
        first, second, *_ = session.scalars(
            select(Delivery.id).join(Target).where(Target.kind == "address").order_by(Delivery.id)
        ).all()
        with transaction():
            session.execute(update(Delivery).where(Delivery.id == first).values(state="sent"))
            session.execute(update(Delivery).where(Delivery.id == second).values(state="sending"))
        db.engine.dispose()
        undo(url, "0001")
        migrate(url)
        found = whose()
    assert [(state, person) for kind, state, person in found if kind == "address"] == [
        ("sent", None),
        ("sending", alice.account_id),
        ("pending", alice.account_id),
        ("pending", amy.account_id),
    ]
    others = {(kind, person) for kind, _, person in found if kind != "address"}
    assert others == {("mailbox", None), ("token", None)}


def test_what_stands_as_a_warning_remembers_the_one_before_and_a_case_all_who_decided_it(
    url: str, tmp_path: Path
) -> None:
    migrate(url)
    app = create_app(Settings(home=tmp_path, database_url=url, limits=False, log_level="ERROR"))
    with app.app_context():
        here = make_municipality("here", west=21.7, south=40.2)
        with transaction():
            for urgency, shown in (("urgent", 1), ("normal", 1), ("urgent", None)):
                article = begin(here, "announcement", previous_at=now())
                add_version(here, article, Written({"facts": {"urgency": urgency}}, {}), None)
                article.published_number = shown
        people = [make_staff(here, name, [("moderator", None)]) for name in ("mona", "mike", "mary")]
        with transaction():
            case = case_locked(here, "contribution", new_uid(), None)
            for who, action in zip(people, ("text_hidden", "text_shown", "appeal_decided"), strict=True):
                record(here.id, find_caller(here.id, who.token), action, "moderation_case", str(case.uid))
        db.engine.dispose()
        undo(url, "0020")
        migrate(url)
        found = session.scalars(select(Article.previous_at).order_by(Article.id)).all()
        decided = session.scalars(select(Decider.account_id).order_by(Decider.account_id)).all()
        session.remove()
        db.engine.dispose()
    assert [at is None for at in found] == [False, True, True]
    assert decided == [who.account_id for who in people[:2]]


BATCH = '''"""A later revision that changes tables with data and with geometry."""

from service.db.spatial_batch import spatial_batch
import sqlalchemy as sa

revision, down_revision = "9999", {down!r}


def upgrade():
    for table in ("reports", "features"):
        with spatial_batch(table) as batch:
            batch.add_column(sa.Column("added", sa.String(), nullable=True))
            batch.create_index(f"ix_{{table}}_added", ["added"])


def downgrade():
    for table in ("reports", "features"):
        with spatial_batch(table) as batch:
            batch.drop_index(f"ix_{{table}}_added")
            batch.drop_column("added")
'''


def filled(app: Flask) -> tuple[Any, ...]:
    """What is in the database, as the service reads it, with the places that the spatial index finds."""
    session.remove()
    report = session.scalars(select(Report)).one()
    inside = in_box(Report.place, 21.7199, 40.2499, 21.7201, 40.2501)
    count = session.scalar(select(func.count()).select_from(Feature))
    total = sum(to_shape(area).length for area in session.scalars(select(Feature.geometry)))
    found = session.scalar(select(func.count()).select_from(Report).where(inside))
    read = (report.number, report.longitude, report.version, count, round(total, 9), found)
    session.remove()
    return read


def test_data_and_places_survive_a_batch_up_and_down(url: str, tmp_path: Path) -> None:
    migrate(url)
    app = create_app(Settings(home=tmp_path, database_url=url, limits=False, log_level="ERROR"))
    with app.app_context():
        make_report(make_municipality("here", west=21.7, south=40.2))
        before = filled(app)
        spatial_before = shape(url)["spatial"]
        db.engine.dispose()
        later = tmp_path / "later"
        later.mkdir()
        (later / "9999_batch.py").write_text(BATCH.format(down=newest()))
        config = configuration(url)
        config.set_main_option("path_separator", "space")
        config.set_main_option("version_locations", f"{FOLDER / 'versions'} {later}")
        command.upgrade(config, "9999")
        assert filled(app) == before
        db.engine.dispose()
        command.downgrade(config, str(newest()))
        assert filled(app) == before and shape(url)["spatial"] == spatial_before
        make_report(make_municipality("there", west=22.7, south=40.2), longitude=22.72)
        db.engine.dispose()

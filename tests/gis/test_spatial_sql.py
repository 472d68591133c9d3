"""Boxes and metres are the same question on both databases, and both answer it from their spatial index."""

import math
import os
from collections.abc import Iterator
from typing import Any

import pytest
from geoalchemy2 import Geometry
from geoalchemy2.shape import to_shape
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from sqlalchemy import Engine, MetaData, Select, create_engine, event, func, insert, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, mapped_column
from sqlalchemy.schema import CreateSchema, DropSchema

from service.db.engine import driver_url
from service.gis.spatial_sql import box_around, in_box, metres_between
from tests.db.spatial_peers import postgis, postgres_url, sqlite_engine

GEOD = Geod(ellps="WGS84")
SCHEMA = f"spatial_sql_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
BOX = (23.7, 37.9, 23.8, 38.0)
SIDE = 60  # spots along one side of the square in which they lie


class Base(DeclarativeBase):
    pass


class Spot(Base):
    __tablename__ = "spots"

    id: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[Any] = mapped_column(Geometry("GEOMETRY", srid=4326, spatial_index=True))


def create_spots(engine: Engine) -> None:
    """From a copy: GeoAlchemy2 takes the spatial index out of a table that it has made on SQLite."""
    Spot.metadata.tables["spots"].to_metadata(MetaData()).create(engine)


def postgis_engine() -> Engine:
    with postgis() as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    url = driver_url(postgres_url())
    engine = create_engine(url, connect_args={"options": f"-c search_path={SCHEMA},public"})
    with engine.begin() as connection_:
        connection_.execute(CreateSchema(SCHEMA))
    return engine


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A square degree of spots with numbers from 1, west to east and south to north."""
    made = sqlite_engine(tmp_path_factory.mktemp("spatial"), "BEGIN") if request.param == "sqlite" else postgis_engine()
    create_spots(made)
    positions = [(23 + column / SIDE, 37.5 + row / SIDE) for row in range(SIDE) for column in range(SIDE)]
    with made.begin() as connection:
        connection.execute(insert(Spot), [{"place": f"SRID=4326;POINT({lon} {lat})"} for lon, lat in positions])
        connection.exec_driver_sql("ANALYZE")
    yield made
    if request.param == "postgresql":
        with made.begin() as connection:
            connection.execute(DropSchema(SCHEMA, cascade=True))
    made.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def positions_of(session: Session, question: Select[Any]) -> list[tuple[float, float]]:
    places = [to_shape(place).coords[0] for place in session.scalars(question.with_only_columns(Spot.place))]
    return [(round(lon, 6), round(lat, 6)) for lon, lat in places]


def plan(session: Session, question: Select[Any]) -> str:
    """How the database answers when it may choose an index however small the table is."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL enable_seqscan = off"))
    prefix = "EXPLAIN QUERY PLAN " if session.get_bind().dialect.name == "sqlite" else "EXPLAIN "
    compiled = question.compile(session.get_bind(), compile_kwargs={"render_postcompile": True})
    values = compiled.params
    if compiled.positional:
        rows = session.connection().exec_driver_sql(
            prefix + str(compiled), tuple(values[key] for key in compiled.positiontup or ())
        )
    else:
        rows = session.connection().exec_driver_sql(prefix + str(compiled), values)
    return "\n".join(str(row) for row in rows)


def test_a_box_holds_what_lies_in_it(session: Session) -> None:
    found = positions_of(session, select(Spot).where(in_box(Spot.place, *BOX)))
    expected = [
        (round(23 + column / SIDE, 6), round(37.5 + row / SIDE, 6))
        for row in range(SIDE)
        for column in range(SIDE)
        if BOX[0] <= 23 + column / SIDE <= BOX[2] and BOX[1] <= 37.5 + row / SIDE <= BOX[3]
    ]
    assert sorted(found) == sorted(expected)
    assert found


def test_the_spatial_index_answers_for_a_box(session: Session) -> None:
    told = plan(session, select(Spot.id).where(in_box(Spot.place, *BOX)))
    if session.get_bind().dialect.name == "sqlite":
        assert "SEARCH spots USING INTEGER PRIMARY KEY" in told
        assert "idx_spots_place VIRTUAL TABLE INDEX" in told
        assert "SCAN spots" not in told
    else:
        assert "Index Scan" in told
        assert "idx_spots_place" in told


def test_the_index_still_answers_when_more_is_asked(session: Session) -> None:
    question = (
        select(Spot.id)
        .where(in_box(Spot.place, *box_around(23.7275, 37.9838, 3000)))
        .where(metres_between(Spot.place, 23.7275, 37.9838) <= 3000)
        .order_by(metres_between(Spot.place, 23.7275, 37.9838))
    )
    told = plan(session, question)
    assert "idx_spots_place" in told
    assert "SCAN spots" not in told
    assert "Seq Scan" not in told


def test_an_alias_and_two_boxes_at_once_are_understood(session: Session) -> None:
    spot = aliased(Spot)
    west, east = in_box(spot.place, 23.0, 37.5, 23.001, 38.5), in_box(spot.place, 23.98, 37.5, 24.0, 38.5)
    assert session.scalar(select(func.count()).select_from(spot).where(west | east)) == 2 * SIDE
    assert session.scalar(select(func.count()).select_from(spot).where(west, east)) == 0
    assert "spots_1" in str(select(spot.id).where(west).compile(session.get_bind()))


def test_a_box_can_be_counted_without_naming_the_table_again(session: Session) -> None:
    assert session.scalar(select(func.count()).where(in_box(Spot.place, 23.0, 37.5, 23.001, 38.5))) == SIDE


def test_a_geometry_that_only_touches_the_box_with_its_own_box_is_found(session: Session) -> None:
    around = "SRID=4326;POLYGON((30 30, 31 30, 31 31, 30 31, 30 30))"
    session.execute(insert(Spot), [{"place": around}])
    inside = (30.4, 30.4, 30.5, 30.5)
    assert session.scalar(select(func.count()).where(in_box(Spot.place, *inside))) == 1
    assert session.scalar(select(func.count()).where(in_box(Spot.place, 32, 30, 33, 31))) == 0
    assert session.scalar(select(metres_between(Spot.place, 30.5, 30.5)).where(in_box(Spot.place, *inside))) == 0
    session.rollback()


def test_metres_are_those_of_the_ellipsoid(session: Session) -> None:
    metres_away = metres_between(Spot.place, 23.7275, 37.9838)
    for place, metres in session.execute(select(Spot.place, metres_away).where(in_box(Spot.place, *BOX))):
        lon, lat = to_shape(place).coords[0]
        assert metres == pytest.approx(GEOD.inv(lon, lat, 23.7275, 37.9838)[2], rel=1e-6)


def test_the_nearest_come_first(session: Session) -> None:
    metres = metres_between(Spot.place, 23.7275, 37.9838)
    near = box_around(23.7275, 37.9838, 3000)
    found = session.scalars(select(metres).where(in_box(Spot.place, *near), metres <= 3000).order_by(metres)).all()
    assert found == sorted(found)
    every = session.scalars(select(metres_between(Spot.place, 23.7275, 37.9838))).all()
    assert found == pytest.approx(sorted(metres for metres in every if metres <= 3000))
    assert len(found) > 3


def test_a_statement_is_compiled_once_for_all_boxes_and_points(session: Session) -> None:
    def question(shift: float) -> Select[Any]:
        box = tuple(edge + shift for edge in BOX)
        far = metres_between(Spot.place, 23.7 + shift, 38.0) < 1000.0 + shift
        return select(Spot.id).where(in_box(Spot.place, *box), far)

    session.execute(question(0))
    compiled: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *values: compiled.append(values[4].cache_hit.name))
    counts = [len(session.scalars(question(shift)).all()) for shift in (0.0, 0.05, 3.0)]
    assert compiled == ["CACHE_HIT"] * 3
    assert counts[0] > 0
    assert counts[2] == 0


def test_no_value_is_written_into_the_statement(session: Session) -> None:
    compiled = str(
        select(metres_between(Spot.place, 23.123, 38.456)).where(in_box(Spot.place, *BOX)).compile(session.get_bind())
    )
    assert not [number for number in ("23.123", "38.456", "23.7", "37.9") if number in compiled]


@settings(max_examples=200, deadline=None)
@given(
    st.floats(-179, 179),
    st.floats(-85, 85),
    st.floats(0.1, 200_000),
    st.floats(-180, 180),
)
def test_a_box_around_a_point_holds_its_whole_circle(lon: float, lat: float, metres: float, direction: float) -> None:
    min_lon, min_lat, max_lon, max_lat = box_around(lon, lat, metres)
    east, north, _ = GEOD.fwd(lon, lat, direction, metres)
    if abs(east - lon) < 180:
        assert min_lon <= east <= max_lon
    assert min_lat <= north <= max_lat
    assert math.radians(max_lat - lat) * 6_400_000 <= metres * 1.011


def test_a_box_around_the_pole_goes_round_the_earth() -> None:
    assert box_around(25.0, 89.9, 50_000)[::2] == (-180.0, 180.0)
    assert box_around(25.0, 89.9, 50_000)[3] == 90.0

"""The few spatial SQL expressions that differ between PostGIS and SQLite; all others are the same on both.

Coordinates are WGS 84 longitude and latitude in degrees, distances are metres. The dialect is chosen when the
statement is compiled, every value is a bound parameter, and the statement stays in SQLAlchemy's cache.
"""

import math
from typing import Any, TypeVar

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Float,
    Integer,
    and_,
    cast,
    column,
    func,
    literal,
    select,
    table,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import NullType, TypeEngine, UserDefinedType

WGS84 = 4326
SMALLEST_RADIUS = 6_335_439.0  # metres; the WGS 84 meridian's at the equator, so that a box is never too small

PARTS_OF_THE_CACHE_KEY = [
    ("postgresql", InternalTraversal.dp_clauseelement),
    ("sqlite", InternalTraversal.dp_clauseelement),
    ("type", InternalTraversal.dp_type),
]

T = TypeVar("T")
GeometryColumn = ColumnElement[Any] | InstrumentedAttribute[Any]


class ByDialect(ColumnElement[T]):
    """One expression in two spellings. `postgresql` and `sqlite` must mean the same."""

    __visit_name__ = "by_dialect"
    _traverse_internals = PARTS_OF_THE_CACHE_KEY

    def __init__(
        self,
        type_: TypeEngine[T],
        *,
        postgresql: ColumnElement[Any],
        sqlite: ColumnElement[Any],
    ) -> None:
        self.type = type_
        self.postgresql = postgresql
        self.sqlite = sqlite

    @property
    def _from_objects(self) -> list[FromClause]:
        return self.postgresql._from_objects

    def self_group(self, against: Any = None) -> Any:
        """Itself: SQLAlchemy would compare a boolean with 1 on SQLite, and the index would be lost."""
        return self


@compiles(ByDialect, "postgresql")
def _compile_for_postgresql(element: ByDialect[Any], compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.postgresql, **options)})"


@compiles(ByDialect, "sqlite")
def _compile_for_sqlite(element: ByDialect[Any], compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.sqlite, **options)})"


class _Geography(UserDefinedType[Any]):
    """PostGIS's geography without a type modifier, to cast to."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        return "geography"


def in_box(
    geometry: GeometryColumn,
    min_lon: float,
    min_lat: float,
    max_lon: float,
    max_lat: float,
) -> ByDialect[bool]:
    """Rows whose bounding box touches this one, found through the spatial index of the column.

    Both indexes hold rounded boxes, so a row up to about a metre outside may be among them: where that matters,
    add an exact predicate. The table needs an integer primary key `id`; a NULL geometry is in no box.
    """
    place, index = _clause(geometry), _index_of(geometry)
    return ByDialect(
        Boolean(),
        postgresql=_touching(place, min_lon, min_lat, max_lon, max_lat),
        sqlite=place.table.c.id.in_(select(index.c.pkid).where(_touched(index, min_lon, min_lat, max_lon, max_lat))),
    )


def number_in_box(
    geometry: GeometryColumn,
    min_lon: float,
    min_lat: float,
    max_lon: float,
    max_lat: float,
    at_most: int,
) -> ByDialect[int]:
    """How many rows `in_box` finds, counted up to so many, from the spatial index alone where it can be."""
    place, index = _clause(geometry), _index_of(geometry)
    touching = _touching(place, min_lon, min_lat, max_lon, max_lat)
    touched = _touched(index, min_lon, min_lat, max_lon, max_lat)
    on_postgis = select(literal(1)).select_from(place.table).where(touching).limit(at_most).subquery()
    on_sqlite = select(index.c.pkid).where(touched).limit(at_most).subquery()
    return ByDialect(
        Integer(),
        postgresql=select(func.count()).select_from(on_postgis).scalar_subquery(),
        sqlite=select(func.count()).select_from(on_sqlite).scalar_subquery(),
    )


def _touching(place: ColumnElement[Any], min_lon: float, min_lat: float, max_lon: float, max_lat: float) -> Any:
    envelope = func.ST_MakeEnvelope(min_lon, min_lat, max_lon, max_lat, WGS84, type_=NullType())
    return place.op("&&", is_comparison=True, return_type=Boolean())(envelope)


def _index_of(geometry: GeometryColumn) -> Any:
    """SQLite's R*Tree of the column, as a table."""
    (original,) = _clause(geometry).base_columns
    return table(
        f"idx_{original.table.name}_{original.name}",
        column("pkid", Integer),
        *(column(edge, Float) for edge in ("xmin", "xmax", "ymin", "ymax")),
    )


def _touched(index: Any, min_lon: float, min_lat: float, max_lon: float, max_lat: float) -> Any:
    return and_(
        index.c.xmax >= min_lon,
        index.c.xmin <= max_lon,
        index.c.ymax >= min_lat,
        index.c.ymin <= max_lat,
    )


def metres_between(geometry: GeometryColumn, lon: float, lat: float) -> ByDialect[float]:
    """The shortest way on the ellipsoid from the point to each row's geometry; 0 inside it.

    It uses no index: narrow the rows first with `in_box(geometry, *box_around(lon, lat, metres))`.
    """
    place = _clause(geometry)
    on_postgis = func.ST_SetSRID(func.ST_MakePoint(lon, lat), WGS84, type_=NullType())
    on_sqlite = func.MakePoint(lon, lat, WGS84, type_=NullType())
    return ByDialect(
        Float(),
        postgresql=func.ST_Distance(cast(place, _Geography()), cast(on_postgis, _Geography()), type_=Float()),
        sqlite=func.ST_Distance(place, on_sqlite, 1, type_=Float()),
    )


def box_around(lon: float, lat: float, metres: float) -> tuple[float, float, float, float]:
    """(min lon, min lat, max lon, max lat) of a box that holds all within so many metres of the point.

    It is at most a hundredth larger than it must be, and it ends at the poles and at the 180th meridian.
    """
    reach = metres / SMALLEST_RADIUS
    min_lat, max_lat = lat - math.degrees(reach), lat + math.degrees(reach)
    if min_lat <= -90 or max_lat >= 90:
        return -180.0, max(min_lat, -90.0), 180.0, min(max_lat, 90.0)
    sideways = math.degrees(math.asin(math.sin(reach) / math.cos(math.radians(lat))))
    return max(lon - sideways, -180.0), min_lat, min(lon + sideways, 180.0), max_lat


def _clause(geometry: GeometryColumn) -> ColumnElement[Any]:
    return coercions.expect(roles.ExpressionElementRole, geometry)

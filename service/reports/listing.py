"""Pages of reports: what may be asked of many, in which order. Each statement is made once, of the table."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Float, Integer, and_, bindparam, or_, select

from service.db.prepared import Prepared
from service.db.types import AnyRow
from service.gis.spatial_sql import in_box
from service.reports.models import Report

reports = Report.__table__

FEATURE = (
    reports.c.id,
    reports.c.uid,
    reports.c.number,
    reports.c.category_id,
    reports.c.state,
    reports.c.open,
    reports.c.version,
    reports.c.created_at,
    reports.c.longitude,
    reports.c.latitude,
    reports.c.description,
    reports.c.text_public,
)
"""What the map shows."""
LINE = (
    *FEATURE,
    reports.c.department_id,
    reports.c.reporter_id,
    reports.c.moved_at,
    reports.c.promised_at,
    reports.c.district,
    reports.c.on_map,
    reports.c.photos_public,
    reports.c.private,
    reports.c.looked_at,
)
"""What a list shows."""

EDGES = ("west", "south", "east", "north")
edges: Any = [bindparam(edge, type_=Float()) for edge in EDGES]
west, south, east, north = edges

CONDITIONS: Mapping[str, Any] = {
    "municipality": reports.c.municipality_id == bindparam("municipality"),
    "departments": reports.c.department_id.in_(bindparam("departments", expanding=True)),
    "reporter": reports.c.reporter_id == bindparam("reporter"),
    "category_ids": reports.c.category_id.in_(bindparam("category_ids", expanding=True)),
    "states": reports.c.state.in_(bindparam("states", expanding=True)),
    "open": reports.c.open == bindparam("open"),
    "still_open": reports.c.open,
    "on_map": reports.c.on_map == bindparam("on_map"),
    "late_at": reports.c.promised_at < bindparam("late_at"),
    "promised": reports.c.promised_at.is_not(None),
    "before": reports.c.id < bindparam("before"),
    "after": or_(
        reports.c.promised_at > bindparam("then"),
        and_(reports.c.promised_at == bindparam("then"), reports.c.id > bindparam("key")),
    ),
    "index_box": in_box(reports.c.place, *edges),
    "box": and_(
        reports.c.longitude >= west,
        reports.c.longitude <= east,
        reports.c.latitude >= south,
        reports.c.latitude <= north,
    ),
}
"""By name; a condition of several values takes them as a mapping."""

ORDERS: Mapping[str, tuple[Any, ...]] = {
    "newest": (reports.c.id.desc(),),
    "due": (reports.c.promised_at, reports.c.id),
}


def page(columns: tuple[Any, ...], order: str, limit: int, **asked: Any) -> Sequence[AnyRow]:
    """The first rows of which all is true that is asked; None asks nothing."""
    wanted = {name: value for name, value in asked.items() if value is not None}
    values: dict[str, Any] = {"limit": limit}
    for name, value in wanted.items():
        values |= value if isinstance(value, Mapping) else {name: value}
    return statement(columns, order, tuple(wanted)).rows(values)


@cache
def statement(columns: tuple[Any, ...], order: str, conditions: tuple[str, ...]) -> Prepared:
    """The rows with these conditions; to make it costs more than to run it."""
    chosen = [CONDITIONS[name] for name in conditions]
    found = select(*columns).where(*chosen).order_by(*ORDERS[order])
    return Prepared(found.limit(bindparam("limit", type_=Integer())))

"""Questions to the database about reports; each is asked for one municipality, and only reads."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select

from service.db import session
from service.db.prepared import Prepared
from service.db.types import AnyRow, AnySelect
from service.errors import NotFound
from service.gis.spatial_sql import box_around, in_box, metres_between, number_in_box
from service.municipalities.directory import Municipality
from service.people.models import Account
from service.reports.catalogue import catalogue_of
from service.reports.history import Step
from service.reports.listing import CONDITIONS, EDGES, FEATURE, LINE, east, north, page, reports, south, west
from service.reports.models import Report, ReportEntry, ReportText

CROWD = 2000
SMALLEST_CIRCLE = 25.0  # metres

entries, texts, accounts = (model.__table__ for model in (ReportEntry, ReportText, Account))

REST = (
    reports.c.language,
    reports.c.assignee_id,
    reports.c.seconds_left,
    reports.c.address,
    reports.c.answers,
    reports.c.asset_layer,
    reports.c.asset_key,
    reports.c.routing,
    reports.c.accuracy,
)

Box = tuple[float, float, float, float]

# Looked up, not joined: a planner that sees a small table would read the whole of it for each report.
ASSIGNEE = select(accounts.c.uid).where(accounts.c.id == reports.c.assignee_id).scalar_subquery()
BY_NAME = select(accounts.c.name).where(accounts.c.id == entries.c.by_id).scalar_subquery()

ONE = (
    select(*LINE, *REST, ASSIGNEE.label("assignee"))
    .select_from(reports)
    .where(reports.c.municipality_id == bindparam("municipality"), reports.c.uid == bindparam("uid"))
)
OF_A_STEP = (
    entries.c.uid,
    entries.c.version,
    entries.c.at,
    entries.c.kind,
    entries.c.by_kind,
    entries.c.state,
    entries.c.department_id,
    entries.c.facts,
    texts.c.public,
    texts.c.internal,
)
WHOLE = (
    ONE.add_columns(*(column.label(f"step_{column.name}") for column in OF_A_STEP), BY_NAME.label("step_by_name"))
    .join(entries, entries.c.report_id == reports.c.id)
    .outerjoin(texts, texts.c.entry_id == entries.c.id)
    .order_by(entries.c.version)
)
BY_UID, BY_UID_WHOLE, BY_UID_LOCKED = Prepared(ONE), Prepared(WHOLE), Prepared(WHOLE.with_for_update(of=reports))
NUMBER_IN_BOX = Prepared(select(number_in_box(reports.c.place, west, south, east, north, CROWD)))


def report_row(municipality: Municipality, uid: uuid.UUID) -> AnyRow:
    """One report with the uid of whom it is assigned to. Raises NotFound."""
    found = BY_UID.row({"municipality": municipality.id, "uid": uid})
    if found is None:
        raise NotFound
    return found


def is_public_report(municipality: Municipality, uid: str) -> bool:
    """Whether there is a report of this id that everybody may see."""
    try:
        row = report_row(municipality, uuid.UUID(uid))
    except (ValueError, NotFound):
        return False
    return not row.private


def report_numbered(municipality: Municipality, number: str) -> Report:
    """The report with this readable number, locked. Raises NotFound."""
    found = session.scalar(
        select(Report).where(Report.municipality_id == municipality.id, Report.number == number).with_for_update()
    )
    if found is None:
        raise NotFound
    return found


def must_be_mine(report: Report, account_id: int) -> None:
    """Refuse anybody but the reporter, as if there were no such report. Raises NotFound."""
    if report.reporter_id != account_id:
        raise NotFound


@dataclass
class Whole:
    """A report with its history, first to last, and the uid of whom it is assigned to.

    `row` is a Report where it was read to be changed.
    """

    row: Any
    steps: Sequence[Step]
    assignee: uuid.UUID | None

    def with_step(self, step: Step) -> "Whole":
        """The same after another line of its history."""
        return replace(self, steps=[*self.steps, step])


def whole_report(municipality: Municipality, uid: uuid.UUID) -> Whole:
    """One report with its history, in one statement. Raises NotFound."""
    return whole_of(BY_UID_WHOLE.rows({"municipality": municipality.id, "uid": uid}))


def report_to_change(municipality: Municipality, uid: uuid.UUID) -> Whole:
    """The same, locked until the transaction ends, so that two clerks cannot both win. Raises NotFound.

    PostgreSQL shows who has waited for the lock the row as it became and the rest as it was: then it is read again.
    """
    named = {"municipality": municipality.id, "uid": uid}
    found = whole_of(BY_UID_LOCKED.rows(named))
    if found.steps[-1].version < found.row.version:
        found = whole_of(BY_UID_WHOLE.rows(named))
    values = {column.key: getattr(found.row, column.key) for column in (*LINE, *REST)}
    found.row = Report(municipality_id=municipality.id, **values)
    return found


def whole_of(rows: Sequence[AnyRow]) -> Whole:
    """The report whose rows these are, one for each line of its history. Raises NotFound."""
    if not rows:
        raise NotFound
    return Whole(rows[0], [Step(*row[-len(Step._fields) :]) for row in rows], rows[0].assignee)


@dataclass(frozen=True)
class Wanted:
    """Which reports are asked for; None is no condition."""

    category_ids: Collection[int] | None = None
    states: Collection[str] | None = None
    open: bool | None = None


def wanted_of(municipality: Municipality, query: dict[str, Any]) -> Wanted:
    """The conditions of the query; categories that there are not match nothing."""
    categories = None
    if "category" in query:
        by_key = catalogue_of(municipality).by_key
        categories = [by_key[key].id for key in query["category"] if key in by_key]
    return Wanted(categories, query.get("state"), query.get("open"))


def matching(query: AnySelect, wanted: Wanted) -> AnySelect:
    """The query with the conditions."""
    if wanted.category_ids is not None:
        query = query.where(reports.c.category_id.in_(wanted.category_ids))
    if wanted.states is not None:
        query = query.where(reports.c.state.in_(wanted.states))
    if wanted.open is not None:
        query = query.where(reports.c.open.is_(wanted.open))
    return query


def on_the_map(
    municipality: Municipality, wanted: Wanted, box: Box | None, before: int | None, limit: int
) -> Sequence[AnyRow]:
    """Reports that everybody may see with their place, newest first; edges of the box are in it.

    The index of places finds those of a box that holds few; where it holds many, the newest are soon found.
    """
    within = None if box is None else dict(zip(EDGES, box, strict=True))
    return page(
        FEATURE,
        "newest",
        limit,
        municipality=municipality.id,
        on_map=True,
        box=within,
        index_box=None if within is None or is_crowded(within) else within,
        before=before,
        **vars(wanted),
    )


def number_on_the_map(municipality: Municipality, box: Box | None, at_most: int) -> int | None:
    """How many reports everybody may see with their place, in a box or in all; None where they are more than that."""
    values: dict[str, Any] = {"municipality": municipality.id, "on_map": True}
    names = ["municipality", "on_map"]
    if box is not None:
        values |= dict(zip(EDGES, box, strict=True))
        names += ["index_box", "box"]
    some = select(reports.c.id).where(*(CONDITIONS[name] for name in names)).limit(at_most + 1).subquery()
    found = session.execute(select(func.count()).select_from(some), values).scalar_one()
    return found if found <= at_most else None


def is_crowded(box: Mapping[str, float]) -> bool:
    """Whether so many reports lie in the box that to sort them costs more than to look through the newest."""
    return bool(NUMBER_IN_BOX.value(box) == CROWD)


def around(
    municipality: Municipality,
    wanted: Wanted,
    place: tuple[float, float],
    metres: float,
    after: tuple[float, int] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Reports that everybody may see, so many geodesic metres around (longitude, latitude), nearest first.

    To measure and sort all in a large circle takes seconds in a town: smaller circles are tried first, and the first
    that holds a page has the nearest.
    """
    for radius in circles(metres, after[0] if after else 0.0):
        found = within(municipality, wanted, place, radius, after, limit)
        if len(found) == limit:
            break
    return found


def circles(metres: float, reached: float) -> list[float]:
    """Radii to try, each twice the one before, the last as large as is asked; none ends before what was reached."""
    radii = [metres]
    while radii[-1] / 2 >= max(SMALLEST_CIRCLE, reached):
        radii.append(radii[-1] / 2)
    return radii[::-1]


def within(
    municipality: Municipality,
    wanted: Wanted,
    place: tuple[float, float],
    metres: float,
    after: tuple[float, int] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """The nearest in one circle, every one in its box measured."""
    box = box_around(*place, metres)
    distance = metres_between(reports.c.place, *place)
    shown = distance.label("metres")
    query = (
        matching(select(*LINE, shown), wanted)
        .where(
            reports.c.municipality_id == municipality.id,
            reports.c.on_map,
            in_box(reports.c.place, *box),
            distance <= metres,
        )
        .order_by(shown, reports.c.id.desc())
        .limit(limit)
    )
    if after is not None:
        far, key = after
        query = query.where(or_(distance > far, and_(distance == far, reports.c.id < key)))
    return session.execute(query).all()


def mine(municipality: Municipality, account_id: int, before: int | None, limit: int) -> Sequence[AnyRow]:
    """The reports of one person, newest first."""
    return page(LINE, "newest", limit, municipality=municipality.id, reporter=account_id, before=before)


def mine_changed(municipality: Municipality, account_id: int) -> tuple[Any, ...]:
    """What changes whenever one of a person's reports does: how many there are, the sum of their versions, the last."""
    row = session.execute(
        select(func.count(), func.coalesce(func.sum(reports.c.version), 0), func.max(reports.c.created_at)).where(
            reports.c.municipality_id == municipality.id, reports.c.reporter_id == account_id
        )
    ).one()
    return tuple(row)


def queue(
    municipality: Municipality,
    departments: Collection[int] | None,
    wanted: Wanted,
    late_at: datetime | None,
    before: int | None,
    limit: int,
) -> Sequence[AnyRow]:
    """The reports of these departments (None: of all), newest first; with `late_at` those promised for before it."""
    return page(
        LINE,
        "newest",
        limit,
        municipality=municipality.id,
        departments=departments,
        still_open=None if late_at is None else True,
        late_at=late_at,
        before=before,
        **vars(wanted),
    )


def due(
    municipality: Municipality,
    departments: Collection[int] | None,
    wanted: Wanted,
    late_at: datetime | None,
    after: tuple[datetime, int] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Open reports with a promise, the most urgent first; with `late_at` those promised for before it."""
    return page(
        LINE,
        "due",
        limit,
        municipality=municipality.id,
        departments=departments,
        still_open=True,
        promised=True,
        late_at=late_at,
        after=None if after is None else {"then": after[0], "key": after[1]},
        **vars(wanted),
    )

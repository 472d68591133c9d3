"""A resident reports a problem: it is placed, routed, promised, numbered and written down, and messages are owed."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from service.crash_points import crash_here
from service.db.clock import now
from service.db.upserts import add, on_both
from service.errors import Problem
from service.gis.locating import district_at, ensure_inside
from service.media.attaching import attach
from service.municipalities.directory import Department, Municipality, department_named
from service.reports.answering import check_answers
from service.reports.catalogue import Category, category_in
from service.reports.history import Actor, add_entry
from service.reports.messages import tell
from service.reports.models import Report, ReportCounter
from service.reports.promising import promise
from service.reports.routers import router_of
from service.reports.routing import Asset
from service.reports.showing import show_at_first
from service.reports.states import FIRST, REPORTER, STATES
from service.text import N_

COLUMNS = tuple(column.key for column in Report.__table__.columns if column.key != "id")
counters = ReportCounter.__table__

COUNT_UP = on_both(
    lambda insert: (
        insert(counters)
        .on_conflict_do_update(
            index_elements=[counters.c.municipality_id, counters.c.year], set_={"last": counters.c.last + 1}
        )
        .returning(counters.c.last)
    )
)


class CallInstead(Problem):
    """The category is a danger: a number is to be called, no form is taken."""

    status, code, message = 422, "call_instead", N_("This is dangerous. Please call this number at once.")


class RegistrationNeeded(Problem):
    """The category does not take anonymous reports."""

    status, code, message = 401, "registration_needed", N_("This kind of report needs a registered phone.")


class TooManyPhotos(Problem):
    """More photos than the municipality takes with one report."""

    status, code, message = 422, "too_many_photos", N_("There are too many photos for one report.")


@dataclass(frozen=True)
class NewReport:
    """What a resident sends; `uid` was made by the phone or by us, longitude and latitude are WGS84 degrees."""

    uid: uuid.UUID
    category: str
    longitude: float
    latitude: float
    description: str = ""
    accuracy: float | None = None
    address: str | None = None
    asset: Asset | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    photos: Sequence[uuid.UUID] = ()
    language: str | None = None


@dataclass(frozen=True)
class Placed:
    """What is known of a report before anything is locked or decoded; `routing` is the decision as it is kept."""

    category: Category
    department: Department
    district: str | None
    routing: dict[str, Any]


def place_report(municipality: Municipality, new: NewReport, reporter_id: int | None, photos: int) -> Placed:
    """Refuse what can be refused without the database, and ask the map once. Raises Problems of many kinds."""
    category = check_report(municipality, new, reporter_id, photos)
    router = router_of(municipality)
    if category.asset_required or new.asset is not None:
        router.check_asset(category.asset_layer, new.asset, new.longitude, new.latitude)
    decision = router.route(category.key, category.group_key, new.longitude, new.latitude, new.asset)
    return Placed(
        category=category,
        department=department_named(municipality, decision.department),
        district=district_at(municipality, new.longitude, new.latitude),
        routing=router.explain(decision),
    )


def check_report(municipality: Municipality, new: NewReport, reporter_id: int | None, photos: int) -> Category:
    """Refuse what needs no routing to be refused. Raises Problems of many kinds."""
    category = category_in(municipality, new.category)
    if category.danger_phone is not None:
        raise CallInstead(phone=category.danger_phone)
    if reporter_id is None and not category.allows_anonymous:
        raise RegistrationNeeded
    if photos > municipality.settings["photos_per_report"]:
        raise TooManyPhotos(most=municipality.settings["photos_per_report"])
    check_answers(category, new.answers)
    ensure_inside(municipality, new.longitude, new.latitude)
    return category


def submit_report(
    municipality: Municipality,
    new: NewReport,
    placed: Placed,
    reporter_id: int | None,
    uploaded_by: str,
    recorded: bool = False,
) -> Report:
    """Write the report with its history and what is owed; four statements, five with photos that were sent before.

    `uploaded_by` is who sent the photos; `recorded` says that their rows were written as this report's own. Raises
    PhotoNotFound.
    """
    category, department, moment = placed.category, placed.department, now()
    report = Report(
        uid=new.uid,
        municipality_id=municipality.id,
        number=next_number(municipality, moment),
        category_id=category.id,
        state=FIRST,
        open=STATES[FIRST].open,
        version=1,
        reporter_id=reporter_id,
        language=municipality.language_for(new.language),
        description=new.description,
        answers=dict(new.answers),
        place=f"SRID=4326;POINT({new.longitude!r} {new.latitude!r})",
        longitude=new.longitude,
        latitude=new.latitude,
        accuracy=new.accuracy,
        address=new.address,
        district=placed.district,
        asset_layer=new.asset[0] if new.asset else None,
        asset_key=new.asset[1] if new.asset else None,
        department_id=department.id,
        routing=placed.routing,
        created_at=moment,
        moved_at=moment,
    )
    promise(report, category, department, moment)
    show_at_first(report, category)
    report.id = add(Report, {column: getattr(report, column) for column in COLUMNS})
    if new.photos and not recorded:
        attach(municipality, new.photos, f"report:{new.uid}", uploaded_by)
    facts = {"rule": report.routing.get("rule"), "photos": len(new.photos)}
    add_entry(report, "submitted", Actor(REPORTER, reporter_id), moment, facts)
    tell(municipality, report, routed=True)
    crash_here("before_commit")
    return report


def next_number(municipality: Municipality, moment: datetime) -> str:
    """The next readable number of the local year, as KOZ-2026-000123. The row stays locked until the commit."""
    year = municipality.day(moment).year
    last = COUNT_UP.value({"municipality_id": municipality.id, "year": year, "last": 1})
    return f"{municipality.prefix}-{year}-{last:06d}"

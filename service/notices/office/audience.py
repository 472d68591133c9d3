"""For whom a notice is: any mix of topic followed, area, language and platform, as one question to the database.

Within a kind one match is enough (any of the topics, any of the districts or the polygon, any of the languages);
between kinds all must match. An area matches who has their home in it, or follows a circle that reaches it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry import shape
from sqlalchemy import ColumnElement, Integer, and_, case, cast, delete, exists, func, or_, select
from sqlalchemy.orm import aliased

from service.db import session
from service.db.types import AnyRow
from service.db.upserts import insert
from service.errors import Problem
from service.gis.index import VersionIndex, indexes_of
from service.gis.locating import DISTRICT
from service.municipalities.directory import Municipality
from service.notices.inbox import PUSHED
from service.notices.models import Follow
from service.notices.office.models import Notice, NoticeCell
from service.notices.preferences.cells import cells_around, rows_of
from service.notices.preferences.keeping import ensure_district
from service.notices.preferences.models import NoticePlace, NoticePreference
from service.outbox.models import Target
from service.people.models import Account, Device
from service.people.registering import RESIDENT
from service.text import N_

MOST_CORNERS = 500
INSERTED_AT_ONCE = 5000


class PolygonNotValid(Problem):
    """The polygon is none: `reason` says what is wrong with it."""

    status, code, message = 422, "polygon_not_valid", N_("This area cannot be used. Please draw it again.")


@dataclass(frozen=True)
class Audience:
    """As it is asked for. Nothing in a part: it does not restrict."""

    topics: Sequence[Mapping[str, str]] = ()
    districts: Sequence[str] = ()
    polygon: Mapping[str, Any] | None = None
    languages: Sequence[str] = ()
    platforms: Sequence[str] = ()

    @property
    def has_area(self) -> bool:
        return bool(self.districts or self.polygon)


def read(kept: Mapping[str, Any]) -> Audience:
    """The audience that a row holds."""
    return Audience(**kept)


@dataclass(frozen=True)
class Area:
    """What an audience's area covers: the districts that it touches, and cells of the grid by distance in metres."""

    districts: tuple[str, ...] = ()
    cells: Mapping[int, Sequence[int]] | None = None


def area_of(municipality: Municipality, audience: Audience) -> Area:
    """Work the area out, outside a transaction. Raises PolygonNotValid, NoSuchDistrict, AreaTooLarge."""
    if not audience.has_area:
        return Area()
    for key in audience.districts:
        ensure_district(municipality, key)
    layers = [index for index in indexes_of(municipality).values() if index.kind == DISTRICT]
    drawn = None if audience.polygon is None else polygon_in(audience.polygon)
    parts = [geometry for index in layers for geometry in named(index, audience.districts)]
    touched = set(audience.districts)
    if drawn is not None:
        parts.append(drawn)
        touched |= {index.keys[position] for index in layers for position in touching(index, drawn)}
    return Area(tuple(sorted(touched)), cells_around(shapely.union_all(parts)))


def polygon_in(drawn: Mapping[str, Any]) -> Any:
    """The polygon of GeoJSON. Raises PolygonNotValid."""
    try:
        found = shape(dict(drawn))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, shapely.errors.ShapelyError):
        raise PolygonNotValid(reason="unreadable") from None
    if found.geom_type not in ("Polygon", "MultiPolygon") or found.is_empty:
        raise PolygonNotValid(reason="no polygon")
    if shapely.get_num_coordinates(found) > MOST_CORNERS:
        raise PolygonNotValid(reason="corners", most=MOST_CORNERS)
    west, south, east, north = found.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):  # what is no number is in no bounds either
        raise PolygonNotValid(reason="coordinates")
    if not found.is_valid:
        raise PolygonNotValid(reason="crosses itself")
    return found


def named(index: VersionIndex, keys: Sequence[str]) -> list[Any]:
    return [index.geometries[index.positions[key]] for key in keys if key in index.positions]


def touching(index: VersionIndex, drawn: Any) -> list[int]:
    """Positions of the districts that share ground with the polygon, and not only a border."""
    near = index.tree.query(drawn, predicate="intersects").tolist()
    return [position for position in near if shapely.area(shapely.intersection(index.geometries[position], drawn)) > 0]


def keep_area(notice: Notice, area: Area) -> None:
    """Write the area of a notice down, in place of the one before; inside `transaction()`."""
    notice.districts = list(area.districts)
    session.flush()
    theirs = delete(NoticeCell).where(NoticeCell.notice_id == notice.id)
    session.execute(theirs.execution_options(synchronize_session=False))
    rows = [{"notice_id": notice.id, "metres": m, "cell": c} for m, c in rows_of(dict(area.cells or {}))]  # type: ignore[arg-type]
    for begin in range(0, len(rows), INSERTED_AT_ONCE):
        session.connection().execute(insert(NoticeCell), rows[begin : begin + INSERTED_AT_ONCE])


def concerned(notice: Notice) -> ColumnElement[bool]:
    """The condition on accounts that makes somebody one of the notice's audience."""
    audience = read(notice.audience)
    parts = [Account.municipality_id == notice.municipality_id, Account.kind == RESIDENT]
    if audience.languages:
        parts.append(Account.language.in_(audience.languages))
    if audience.topics:
        parts.append(follows_any(audience.topics))
    if audience.has_area:
        parts.append(has_place_in(notice))
    if audience.platforms:
        parts.append(has_device_in(audience))
    return and_(*parts)


def has_device_in(audience: Audience) -> ColumnElement[bool]:
    """Whether the account has a device of these platforms."""
    device = aliased(Device)
    return exists().where(device.account_id == Account.id, reachable(audience, device))


def follows_any(topics: Sequence[Mapping[str, str]]) -> ColumnElement[bool]:
    """Whether the account follows one of these, as a whole and not one feature of it."""
    any_of = or_(*(and_(Follow.kind == topic["kind"], Follow.value == topic["value"]) for topic in topics))
    return exists().where(Follow.account_id == Account.id, Follow.part == "", any_of)


def has_place_in(notice: Notice) -> ColumnElement[bool]:
    """Whether the account's home is in the area, or a circle of theirs reaches it."""
    near = exists().where(
        NoticeCell.notice_id == notice.id,
        NoticeCell.metres == NoticePlace.metres,
        NoticeCell.cell == NoticePlace.cell,
    )
    here = or_(NoticePlace.district.in_(notice.districts), near)
    return exists().where(NoticePlace.account_id == Account.id, here)


def reachable(audience: Audience, device: type[Device] = Device) -> ColumnElement[bool]:
    """The condition on devices that makes one of these platforms a target."""
    alive = and_(device.push_target_id.is_not(None), device.removed_at.is_(None))
    return and_(alive, device.platform.in_(audience.platforms)) if audience.platforms else alive


def devices_in(notice: Notice, people: ColumnElement[bool], minute: int) -> Sequence[AnyRow]:
    """(language, platform, devices, muted, quiet) of the devices of these people, by one counting query.

    `people`: the condition on accounts. `minute` is that of the municipality's day, for who has quiet hours at the
    moment. `muted`: who has switched the notices of the office off, whom only an emergency reaches.
    """
    silent = case(
        (and_(Target.channel == "push", NoticePreference.notices_push.is_(False)), 1),
        (and_(Target.channel == "web", NoticePreference.notices_web.is_(False)), 1),
        else_=0,
    )
    query = (
        select(
            Account.language,
            Device.platform,
            func.count().label("devices"),
            cast(func.coalesce(func.sum(silent), 0), Integer).label("muted"),
            cast(func.coalesce(func.sum(case((is_quiet(minute), 1), else_=0)), 0), Integer).label("quiet"),
        )
        .join(Device, Device.account_id == Account.id)
        .join(Target, Target.id == Device.push_target_id)
        .outerjoin(NoticePreference, NoticePreference.account_id == Account.id)
        .where(people, reachable(read(notice.audience)), Target.state == "active")
        .where(Target.channel.in_(PUSHED))
        .group_by(Account.language, Device.platform)
        .order_by(Account.language, Device.platform)
    )
    return session.execute(query).all()


def is_quiet(minute: int) -> ColumnElement[bool]:
    """Whether a person's quiet hours hold at this minute of the day."""
    begin, until = NoticePreference.quiet_from, NoticePreference.quiet_until
    return or_(
        and_(begin < until, begin <= minute, minute < until),
        and_(begin > until, or_(begin <= minute, minute < until)),
    )


def how_many(people: ColumnElement[bool]) -> int:
    """How many people these are, with and without a device."""
    return session.scalar(select(func.count()).select_from(Account).where(people)) or 0

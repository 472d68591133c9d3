"""A person's preferences: kept, read, erased, handed over."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update

from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.db.types import AnyRow
from service.db.upserts import insert, insert_if_absent
from service.errors import Problem
from service.gis.index import indexes_of
from service.gis.locating import DISTRICT, ensure_inside
from service.municipalities.directory import Municipality
from service.notices.preferences.cells import cell_of
from service.notices.preferences.models import NoticePlace, NoticePreference
from service.notices.preferences.quiet import Wishes
from service.outbox.retaining import cancel_for
from service.text import N_

SWITCHES = (
    *("reports_push", "reports_web", "reports_mail"),
    *("follows_push", "follows_web", "follows_mail"),
    *("notices_push", "notices_web"),
)
NEVER = "never"
DIGESTS = (NEVER, "daily", "weekly")
DIGEST = "digest"
"""What somebody's digests are to the outbox: one subject, so that none overtakes another."""
DIGEST_HOUR = 8
"""Of the municipality's day."""
MOST_CIRCLES = 10


class NoSuchDistrict(Problem):
    """The municipality's map has no district with this key."""

    status, code, message = 422, "no_such_district", N_("There is no such district here.")


def preferences_of(account_id: int) -> AnyRow | None:
    """What this person has chosen; None where they have chosen nothing."""
    return session.execute(select(NoticePreference.__table__).filter_by(account_id=account_id)).one_or_none()


def digest_of(account_id: int) -> str:
    """How often this person is mailed what is new."""
    chosen = preferences_of(account_id)
    return NEVER if chosen is None else str(chosen.digest)


def places_of(account_id: int) -> Sequence[AnyRow]:
    """The person's home area and circles, the home first."""
    query = select(NoticePlace.__table__).filter_by(account_id=account_id)
    return session.execute(query.order_by(NoticePlace.home.desc(), NoticePlace.id)).all()


def ensure_district(municipality: Municipality, key: str) -> None:
    """Refuse a district that the map does not have. Raises NoSuchDistrict."""
    layers = [index for index in indexes_of(municipality).values() if index.kind == DISTRICT]
    if not any(key in index.positions for index in layers):
        raise NoSuchDistrict(district=key)


def check_places(municipality: Municipality, home: Mapping[str, Any] | None, circles: Sequence[Any]) -> None:
    """Refuse places that are not ours. Raises NoSuchDistrict, OutsideMunicipality."""
    if home is not None and home.get("district"):
        ensure_district(municipality, home["district"])
    for place in [home, *circles]:
        if place is not None and not place.get("district"):
            ensure_inside(municipality, place["longitude"], place["latitude"])


def keep(municipality: Municipality, account_id: int, chosen: Mapping[str, Any]) -> None:
    """Keep everything that a person chooses, in place of what they had chosen; inside `transaction()`.

    `chosen`: the switches by name, `quiet` (from, until) or None, `most_a_day`, `digest`, `home`, `circles`.
    """
    moment = now()
    before = session.scalar(select(NoticePreference).filter_by(account_id=account_id).with_for_update())
    quiet = chosen["quiet"] or (None, None)
    values = {name: chosen[name] for name in SWITCHES} | {
        "quiet_from": quiet[0],
        "quiet_until": quiet[1],
        "most_a_day": chosen["most_a_day"],
        "digest": chosen["digest"],
        "changed_at": moment,
    }
    rhythm = digest_times(municipality, before, chosen["digest"], moment)
    values |= rhythm
    if rhythm and chosen["digest"] == NEVER:
        cancel_for(account_id, DIGEST)
    if off(values) and not (before is not None and off(before.__dict__)):
        values["notices_off_at"] = moment
    named = {"municipality_id": municipality.id, "account_id": account_id}
    statement = insert(NoticePreference).values(**named, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=values))
    keep_places(municipality, account_id, chosen["home"], chosen["circles"])


def end_digests(municipality: Municipality, account_id: int) -> None:
    """This person gets no more digests, not even one that waits; whatever else they chose stays. Done again it changes
    nothing. Inside `transaction()`.
    """
    kept = session.scalar(select(NoticePreference).filter_by(account_id=account_id).with_for_update())
    if kept is None or kept.digest == NEVER:
        return
    moment = now()
    for name, value in digest_times(municipality, kept, NEVER, moment).items():
        setattr(kept, name, value)
    kept.digest, kept.changed_at = NEVER, moment
    cancel_for(account_id, DIGEST)


def off(values: Mapping[str, Any]) -> bool:
    """Whether no notice of the office is pushed."""
    return not (values["notices_push"] or values["notices_web"])


def digest_times(
    municipality: Municipality, before: NoticePreference | None, digest: str, moment: datetime
) -> dict[str, datetime | None]:
    """When the next digest is due, and from when on it tells; unchanged where the rhythm is. Another rhythm begins
    where the one before ended.
    """
    if before is not None and before.digest == digest:
        return {}
    if digest == NEVER:
        return {"digest_due_at": None, "digest_after": None}
    since = before.digest_after if before is not None and before.digest != NEVER else moment
    return {"digest_due_at": next_digest(municipality, digest, moment), "digest_after": since}


def next_digest(municipality: Municipality, digest: str, after: datetime) -> datetime:
    """The next morning, or Monday morning, by the municipality's clock."""
    local = after.astimezone(ZoneInfo(municipality.time_zone))
    due = local.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    due += timedelta(days=(7 - due.weekday()) % 7 if digest == "weekly" else 0)
    if due <= local:
        due += timedelta(days=7 if digest == "weekly" else 1)
    return due


def keep_places(
    municipality: Municipality, account_id: int, home: Mapping[str, Any] | None, circles: Sequence[Mapping[str, Any]]
) -> None:
    """Keep these places, coarse, in place of those that were there."""
    forget_places(account_id)
    wanted = [(True, home)] if home else []
    wanted += [(False, circle) for circle in circles]
    rows = [
        {
            "uid": new_uid(),
            "municipality_id": municipality.id,
            "account_id": account_id,
            "home": is_home,
            "name": place.get("name"),
            "district": place.get("district"),
            "cell": None if place.get("district") else cell_of(place["longitude"], place["latitude"]),
            "metres": place.get("metres", 0),
        }
        for is_home, place in wanted
    ]
    insert_if_absent(NoticePlace, rows, returning=NoticePlace.id)


def wishes_of(account_ids: Collection[int]) -> dict[int, Wishes]:
    """What these people want, of those who have chosen anything, by one statement."""
    rows = session.execute(select(NoticePreference.__table__).where(NoticePreference.account_id.in_(account_ids))).all()
    return {row.account_id: wishes_in(row) for row in rows}


def wishes_in(row: AnyRow) -> Wishes:
    """The wishes that a row of preferences says."""
    quiet = None if row.quiet_from is None else (row.quiet_from, row.quiet_until)
    silent = frozenset(name for name in SWITCHES if not getattr(row, name))
    return Wishes(quiet, silent, row.most_a_day)


def forget_places(account_id: int) -> None:
    session.execute(
        delete(NoticePlace).where(NoticePlace.account_id == account_id).execution_options(synchronize_session=False)
    )


def forget_preferences(account_id: int) -> None:
    """Nobody knows any more what this person wanted to be told, and which places they cared about."""
    forget_places(account_id)
    session.execute(
        delete(NoticePreference)
        .where(NoticePreference.account_id == account_id)
        .execution_options(synchronize_session=False)
    )


def hand_over_preferences(from_id: int, to_id: int) -> None:
    """What one account has chosen holds for another, which is the same person's, unless that one has chosen itself."""
    if preferences_of(to_id) is not None:
        forget_preferences(from_id)
        return
    forget_places(to_id)
    for model in (NoticePreference, NoticePlace):
        session.execute(
            update(model)
            .where(model.account_id == from_id)
            .values(account_id=to_id)
            .execution_options(synchronize_session=False)
        )

"""A notice is written: made, changed, found, previewed by people without an account."""

import hashlib
import secrets
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select

from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.db.types import AnyRow
from service.errors import NotFound, Problem
from service.municipalities.directory import Municipality
from service.notices.office.audience import Area, keep_area
from service.notices.office.models import Notice, NoticeCell, NoticeEdition
from service.notices.office.states import DRAFT, FIRST, NotNow
from service.people.callers import Caller
from service.text import N_

PREVIEW_LASTS = timedelta(days=7)
LOOKED_BACK = timedelta(days=14)
"""How long ago a notice may have been sent to be thought of as said twice."""
MOST_COMPARED = 50


class NoticeChanged(Problem):
    """Somebody else has changed the notice since; `version` is its present one."""

    status, code, message = 409, "notice_changed", N_("Somebody has changed this meanwhile. Please look again.")


class NoSuchTime(Problem):
    """The clocks skip this time on that day."""

    status, code, message = 422, "no_such_time", N_("There is no such time on that day: the clocks are changed.")


def write(municipality: Municipality, caller: Caller, written: Mapping[str, Any], area: Area) -> Notice:
    """A new draft; inside `transaction()`."""
    moment = now()
    notice = Notice(
        uid=new_uid(), municipality_id=municipality.id, created_at=moment, **fields_of(municipality, written)
    )
    notice.districts, notice.version, notice.edition, notice.state, notice.mode = [], 1, 0, DRAFT, FIRST
    notice.wide = True
    notice.changed_at = moment
    sign(notice, caller)
    session.add(notice)
    session.flush()
    keep_area(notice, area)
    return notice


def rewrite(
    municipality: Municipality, caller: Caller, notice: Notice, written: Mapping[str, Any], area: Area, version: int
) -> None:
    """Change a draft that is locked; of one that was sent before only its texts. Raises NotNow, NoticeChanged."""
    if notice.state != DRAFT:
        raise NotNow(state=notice.state, act="change")
    check_version(notice, version)
    values = fields_of(municipality, written)
    if notice.edition:
        values = {"texts": values["texts"], "send_at": values["send_at"]}
    for name, value in values.items():
        setattr(notice, name, value)
    if not notice.edition:
        keep_area(notice, area)
    sign(notice, caller)
    touch(notice)


def sign(notice: Notice, caller: Caller) -> None:
    """This person has written the notice, alone or after others."""
    notice.written_by_id = caller.account_id
    notice.writers = sorted({*(notice.writers or ()), caller.account_id})


def fields_of(municipality: Municipality, written: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that are written by hand. Raises NoSuchTime."""
    subject = written["subject"] or {"kind": None, "id": None}
    return {
        "emergency": written["emergency"],
        "texts": written["texts"],
        "subject_kind": subject["kind"],
        "subject": subject["id"],
        "audience": written["audience"],
        "lasts_hours": written["lasts_hours"],
        "send_at": instant_of(municipality, written["send_at"]),
    }


def instant_of(municipality: Municipality, local: datetime | None) -> datetime | None:
    """The instant of a time by the municipality's clock; the first of two where clocks go back. Raises NoSuchTime."""
    if local is None:
        return None
    zone = ZoneInfo(municipality.time_zone)
    there = local.replace(tzinfo=zone)
    if there.astimezone(ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None) != local:
        raise NoSuchTime
    return there


def check_version(notice: Notice, version: int) -> None:
    """Refuse a change of what somebody has not seen. Raises NoticeChanged."""
    if notice.version != version:
        raise NoticeChanged(version=notice.version)


def touch(notice: Notice) -> None:
    """The notice has changed."""
    notice.version += 1
    notice.changed_at = now()


def notice_here(municipality: Municipality, uid: uuid.UUID, lock: bool = False) -> Notice:
    """One notice of this municipality. Raises NotFound."""
    query = select(Notice).where(Notice.municipality_id == municipality.id, Notice.uid == uid)
    if lock:
        query = query.with_for_update()
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound
    return found


def notices_of(municipality: Municipality, state: str | None, before: int | None, limit: int) -> Sequence[Notice]:
    """The notices of the municipality, the newest first, from before this key on."""
    query = select(Notice).where(Notice.municipality_id == municipality.id)
    if state is not None:
        query = query.where(Notice.state == state)
    if before is not None:
        query = query.where(Notice.id < before)
    return session.scalars(query.order_by(Notice.id.desc()).limit(limit)).all()


def editions_of(notice: Notice) -> Sequence[AnyRow]:
    """What was sent of it, first to last."""
    query = select(NoticeEdition.__table__).where(NoticeEdition.notice_id == notice.id)
    return session.execute(query.order_by(NoticeEdition.number)).all()


def edition_that_holds(notice: Notice) -> AnyRow:
    """What was sent last of it and not taken back on its way; the first, where all were. Raises NotFound where nothing
    was sent.
    """
    found = editions_of(notice)
    if not found:
        raise NotFound
    return next((edition for edition in reversed(found) if edition.cancelled_at is None), found[0])


def sent_lately(municipality: Municipality, but: uuid.UUID | None) -> list[tuple[uuid.UUID, dict[str, Any]]]:
    """(uid, texts) of what was sent in the last days, the newest first, but for one notice."""
    query = (
        select(Notice.uid, Notice.texts)
        .where(Notice.municipality_id == municipality.id, Notice.sent_at > now() - LOOKED_BACK)
        .order_by(Notice.id.desc())
        .limit(MOST_COMPARED)
    )
    return [(row.uid, row.texts) for row in session.execute(query) if row.uid != but]


def discard(notice: Notice) -> None:
    """Delete a draft of which nothing was ever sent; inside `transaction()`. Raises NotNow."""
    if notice.state != DRAFT or notice.edition:
        raise NotNow(state=notice.state, act="delete")
    session.execute(delete(NoticeCell).where(NoticeCell.notice_id == notice.id))
    session.execute(delete(Notice).where(Notice.id == notice.id))


def link_preview(notice: Notice) -> tuple[str, datetime]:
    """A new link by which anybody sees the notice as it stands, for a week; the former one is worth nothing."""
    token = secrets.token_urlsafe(32)
    until = now() + PREVIEW_LASTS
    notice.preview_digest, notice.preview_until = digest_of(token), until
    return token, until


def link_of(notice: Notice) -> dict[str, str | None] | None:
    """What a tap opens; None: the notice itself."""
    return None if notice.subject_kind is None else {"kind": notice.subject_kind, "id": notice.subject}


def previewed(municipality: Municipality, token: str) -> Notice:
    """The notice that the link leads to. Raises NotFound for one that is over."""
    named = Notice.municipality_id == municipality.id, Notice.preview_digest == digest_of(token)
    found = session.scalar(select(Notice).where(*named, Notice.preview_until > now()))
    if found is None:
        raise NotFound
    return found


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

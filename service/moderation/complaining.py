"""Somebody complains of a text or a photo. A complaint calls a moderator; however many there are, none hides it."""

import uuid

from sqlalchemy import func, select

from service.db import session
from service.db.clock import now, seconds_from_now
from service.db.keys import new_uid
from service.db.upserts import insert_if_absent
from service.moderation.models import OPEN, SHOWN, Complaint, ModerationCase
from service.moderation.ruling import ensure_rule
from service.municipalities.directory import Municipality
from service.people.newcomers import is_newcomer

HOUR = 3600
BURST = 10
"""So many complaints of one thing within an hour may be a campaign: moderators see that it was so."""


def case_locked(municipality: Municipality, kind: str, target: uuid.UUID, author_id: int | None) -> ModerationCase:
    """The case of this thing, made where there is none, locked."""
    thing = {"municipality_id": municipality.id, "kind": kind, "target": target}
    row = thing | {"uid": new_uid(), "author_id": author_id, "opened_at": now(), "state": OPEN}
    row |= {"version": 1, "complaints": 0, "newcomers": 0, "burst": False}
    insert_if_absent(ModerationCase, [row], returning=ModerationCase.id)
    found = select(ModerationCase).filter_by(**thing).with_for_update()
    return session.scalars(found.execution_options(populate_existing=True)).one()


def complain(
    municipality: Municipality, case: ModerationCase, account_id: int, rule: str, note: str | None
) -> ModerationCase:
    """Count the complaint, once for each person, and put the case before a moderator, who may have seen it already.

    Inside `transaction()`. A thing about which an appeal was decided, or that is hidden, waits for nobody.
    Raises NoSuchRule.
    """
    ensure_rule(municipality, rule)
    row = {"case_id": case.id, "account_id": account_id, "rule": rule, "note": note, "created_at": now()}
    row["newcomer"] = newcomer = is_newcomer(account_id)
    if not insert_if_absent(Complaint, [row], returning=Complaint.id):
        return case
    case.complaints, case.newcomers = case.complaints + 1, case.newcomers + newcomer
    case.burst = case.burst or how_many_lately(case) >= BURST
    if case.state in (OPEN, SHOWN) and case.appeal_decided_at is None:
        case.waiting_since = case.waiting_since or now()
    return case


def how_many_lately(case: ModerationCase) -> int:
    """How many complained of it within the last hour."""
    lately = select(func.count()).select_from(Complaint).where(Complaint.case_id == case.id)
    return session.scalar(lately.where(Complaint.created_at > seconds_from_now(-HOUR))) or 0

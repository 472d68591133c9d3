"""Questions to the audit log of one municipality; read only."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from service.db import session
from service.db.types import AnyRow
from service.municipalities.directory import Municipality
from service.people.audit_models import AuditDetail, AuditEntry
from service.people.models import Account


def entries_of(here: Municipality, wanted: Mapping[str, Any], before: int | None, limit: int) -> Sequence[AnyRow]:
    """The newest entries, from before this key on; `wanted` has any of action, actor, subject, since and until."""
    actor = select(Account.name).where(Account.municipality_id == here.id, Account.uid == AuditEntry.actor)
    query = (
        select(AuditEntry.__table__, AuditDetail.resident, AuditDetail.text)
        .add_columns(actor.scalar_subquery().label("actor_name"))
        .outerjoin(AuditDetail, AuditDetail.entry_id == AuditEntry.id)
        .where(AuditEntry.municipality_id == here.id)
    )
    if before is not None:
        query = query.where(AuditEntry.id < before)
    for name in ("action", "actor", "subject"):
        if name in wanted:
            query = query.where(getattr(AuditEntry, name) == wanted[name])
    if "since" in wanted:
        query = query.where(AuditEntry.at >= wanted["since"])
    if "until" in wanted:
        query = query.where(AuditEntry.at < wanted["until"])
    return session.execute(query.order_by(AuditEntry.id.desc()).limit(limit)).all()

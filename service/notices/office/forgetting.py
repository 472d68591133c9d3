"""What the office's notices hold about one person, given out, erased and handed over."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import aliased

from service.db import session
from service.db.types import AnyRow
from service.notices.office.models import Notice, NoticeEdition, NoticeLeftOut, NoticeOpening
from service.notices.office.states import DRAFT, SCHEDULED, WAITING
from service.people.models import Account

OF_STAFF = (Notice.written_by_id, Notice.approved_by_id, NoticeEdition.by_id)
UNIQUE = {NoticeOpening: ("notice_id",), NoticeLeftOut: ("event_id", "channel")}


def opened_by(account_id: int) -> Sequence[AnyRow]:
    """Which notices the person opened, and when."""
    query = select(Notice.uid.label("notice"), NoticeOpening.at).join(Notice, Notice.id == NoticeOpening.notice_id)
    return session.execute(query.where(NoticeOpening.account_id == account_id).order_by(NoticeOpening.id)).all()


def forget_openings(account_id: int) -> None:
    """Nobody knows any more what this person opened or was not pushed."""
    for model in UNIQUE:
        execute(delete(model).where(model.account_id == account_id))  # type: ignore[attr-defined]


def forget_author(account_id: int) -> None:
    """Somebody of the office is erased: what they wrote and sent stays, without their name."""
    for column in OF_STAFF:
        execute(update(column.class_).where(column == account_id).values({column: None}))
    not_gone_out = Notice.state.in_((DRAFT, WAITING, SCHEDULED)), Notice.writers.is_not(None)
    here = select(Account.municipality_id).where(Account.id == account_id).scalar_subquery()
    for notice in session.scalars(select(Notice).where(Notice.municipality_id == here, *not_gone_out)):
        notice.writers = [writer for writer in notice.writers or () if writer != account_id]


def hand_over_openings(from_id: int, to_id: int) -> None:
    """What one account opened or was not pushed is the other's, which is the same person's."""
    model: Any
    for model, names in UNIQUE.items():
        has_it = aliased(model)
        same = [getattr(has_it, name) == getattr(model, name) for name in names]
        twice = select(has_it.id).where(has_it.account_id == to_id, *same).exists()
        execute(delete(model).where(model.account_id == from_id, twice))
        execute(update(model).where(model.account_id == from_id).values(account_id=to_id))


def execute(statement: Any) -> None:
    session.execute(statement.execution_options(synchronize_session=False))

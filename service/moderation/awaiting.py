"""Things that nobody sees before a moderator has looked at them."""

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import update

from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.db.upserts import insert_if_absent
from service.moderation.models import OPEN, ModerationCase
from service.municipalities.directory import Municipality


def await_look(municipality_id: int, kind: str, things: Sequence[tuple[uuid.UUID, int | None]]) -> None:
    """Put these (thing, author) before a moderator, unless they are already; inside `transaction()`."""
    moment = now()
    rows = [
        {
            "uid": new_uid(),
            "municipality_id": municipality_id,
            "kind": kind,
            "target": target,
            "author_id": author_id,
            "state": OPEN,
            "version": 1,
            "complaints": 0,
            "burst": False,
            "opened_at": moment,
            "waiting_since": moment,
        }
        for target, author_id in things
    ]
    insert_if_absent(ModerationCase, rows, returning=ModerationCase.id)


def wait_no_more(municipality: Municipality, kind: str, targets: Collection[uuid.UUID]) -> None:
    """No moderator need look at these any more: they are gone. Inside `transaction()`."""
    theirs = update(ModerationCase).where(
        ModerationCase.municipality_id == municipality.id,
        ModerationCase.kind == kind,
        ModerationCase.target.in_(targets),
    )
    session.execute(theirs.values(waiting_since=None).execution_options(synchronize_session=False))

"""The same key and body have the same outcome, however often and however simultaneously a phone sends them.

The row is inserted in the transaction that does the work, so that only committed outcomes are kept; the unique
constraint lets one of several simultaneous requests work while the others wait for its outcome.
"""

import hashlib
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, select

from service.db import session
from service.db.clock import now, seconds_from_now
from service.db.prepared import Prepared
from service.db.types import AnyRow
from service.db.upserts import insert_if_absent
from service.errors import Problem
from service.idempotency.models import KeptAnswer
from service.text import N_

KEPT_FOR = timedelta(days=14)

answers = KeptAnswer.__table__

BY_KEY = Prepared(
    select(answers.c.digest, answers.c.outcome).where(
        answers.c.municipality_id == bindparam("municipality"),
        answers.c.installation == bindparam("installation"),
        answers.c.route == bindparam("route"),
        answers.c.key == bindparam("key"),
    )
)


class KeyUsedForAnother(Problem):
    """The same key came before with another body."""

    status, code = 409, "idempotency_key_reused"
    message = N_("This was already sent with other content. Please send it anew.")


@dataclass(frozen=True)
class Request:
    """A request that may come again: whose it is, which key it carries, and the digest of what it asks."""

    municipality_id: int
    installation: str
    route: str
    key: str
    digest: bytes


def digest_of(fields: Any) -> bytes:
    """The SHA-256 of JSON-able fields in canonical form (sorted keys, no spaces)."""
    return hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).digest()


def outcome_of(request: Request) -> uuid.UUID | None:
    """What came of this request before, None if nothing did. Raises KeyUsedForAnother."""
    kept = BY_KEY.row(
        {
            "municipality": request.municipality_id,
            "installation": request.installation,
            "route": request.route,
            "key": request.key,
        }
    )
    if kept is None:
        return None
    if kept.digest != request.digest:
        raise KeyUsedForAnother
    outcome: uuid.UUID = kept.outcome
    return outcome


def keep(request: Request, status: int, outcome: uuid.UUID) -> uuid.UUID | None:
    """Keep the outcome with the work of this transaction; the earlier outcome where there is one already.

    Waits where another transaction is about to keep the same key. Raises KeyUsedForAnother.
    """
    row = {
        "municipality_id": request.municipality_id,
        "installation": request.installation,
        "route": request.route,
        "key": request.key,
        "digest": request.digest,
        "status": status,
        "outcome": outcome,
        "created_at": now(),
    }
    if insert_if_absent(KeptAnswer, [row], returning=KeptAnswer.id):
        return None
    return outcome_of(request) or keep(request, status, outcome)  # forgotten in between: it is the first again


def forget_old() -> int:
    """Delete what is older than `KEPT_FOR`; how many there were."""
    old = delete(KeptAnswer).where(KeptAnswer.created_at < seconds_from_now(-KEPT_FOR.total_seconds()))
    return int(session.execute(old).rowcount)  # type: ignore[attr-defined]


def forget(outcome: uuid.UUID) -> None:
    """Delete what is kept about a thing that is erased."""
    session.execute(delete(KeptAnswer).where(KeptAnswer.outcome == outcome))


def forget_phones(municipality_id: int, installations: Collection[str]) -> None:
    """Delete what is kept of the requests of these phones."""
    session.execute(
        delete(KeptAnswer).where(
            KeptAnswer.municipality_id == municipality_id, KeptAnswer.installation.in_(installations)
        )
    )


def kept_of(municipality_id: int, installations: Collection[str]) -> Sequence[AnyRow]:
    """What is kept of the requests of these phones."""
    found = select(answers.c.route, answers.c.key, answers.c.outcome, answers.c.created_at).where(
        answers.c.municipality_id == municipality_id, answers.c.installation.in_(installations)
    )
    return session.execute(found.order_by(answers.c.id)).all()

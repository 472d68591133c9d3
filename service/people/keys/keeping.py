"""API keys are made, listed and ended by administrators."""

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import aliased

from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.db.types import AnyRow
from service.errors import NotFound, Problem
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import MACHINE, PREFIX, Caller, digest
from service.people.key_models import ApiKey
from service.people.models import Account
from service.text import N_

SHOWN = 12
MOST_KEYS = 100


class TooManyKeys(Problem):
    """Nobody can keep track of so many."""

    status, code, message = 409, "too_many_api_keys", N_("There are too many API keys. Please end one first.")


class ExpiryNotAhead(Problem):
    """The key would have expired before anybody has used it."""

    code, message = "expiry_not_ahead", N_("This time is over already.")
    status = 422


@dataclass(frozen=True)
class KeyGiven:
    """A key as it is shown, once."""

    uid: uuid.UUID
    key: str


def make_key(
    municipality: Municipality,
    actor: Caller,
    name: str,
    scopes: Sequence[str],
    per_minute: int,
    expires_at: datetime | None,
) -> KeyGiven:
    """Make a key with these scopes, good for so many calls a minute. Raises TooManyKeys, ExpiryNotAhead."""
    moment = now()
    if expires_at is not None and expires_at <= moment:
        raise ExpiryNotAhead
    if len(keys_of(municipality)) >= MOST_KEYS:
        raise TooManyKeys
    account = Account(
        uid=new_uid(),
        municipality_id=municipality.id,
        kind=MACHINE,
        name=name,
        language=municipality.main_language,
        created_at=moment,
    )
    session.add(account)
    session.flush()
    key = PREFIX + secrets.token_urlsafe(32)
    session.add(
        ApiKey(
            account_id=account.id,
            digest=digest(key),
            begins=key[:SHOWN],
            scopes=sorted(set(scopes)),
            per_minute=per_minute,
            made_by_id=actor.account_id,
            created_at=moment,
            expires_at=expires_at,
        )
    )
    facts = {"scopes": sorted(set(scopes)), "per_minute": per_minute, "expires_at": expires_at}
    record(municipality.id, actor, "key_made", "key", str(account.uid), facts)
    return KeyGiven(account.uid, key)


def end_key(municipality: Municipality, actor: Caller, uid: uuid.UUID) -> None:
    """Make the key worthless; what was done with it keeps its name. Raises NotFound for one that is over already."""
    account_id = session.scalar(select(Account.id).filter_by(municipality_id=municipality.id, kind=MACHINE, uid=uid))
    ended = session.scalar(
        update(ApiKey)
        .where(ApiKey.account_id == account_id, ApiKey.ended_at.is_(None))
        .values(ended_at=now())
        .returning(ApiKey.id)
        .execution_options(synchronize_session=False)
    )
    if ended is None:
        raise NotFound
    record(municipality.id, actor, "key_ended", "key", str(uid))


def keys_of(municipality: Municipality) -> Sequence[AnyRow]:
    """The keys that are not ended, newest first, with the names of who made them."""
    maker = aliased(Account)
    query = (
        select(
            Account.uid,
            Account.name,
            ApiKey.begins,
            ApiKey.scopes,
            ApiKey.per_minute,
            ApiKey.created_at,
            ApiKey.expires_at,
            ApiKey.used_at,
            maker.name.label("made_by"),
        )
        .join_from(ApiKey, Account, Account.id == ApiKey.account_id)
        .outerjoin(maker, maker.id == ApiKey.made_by_id)
        .where(Account.municipality_id == municipality.id, ApiKey.ended_at.is_(None))
        .order_by(ApiKey.id.desc())
    )
    return session.execute(query).all()

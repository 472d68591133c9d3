"""Who calls: found by a token or by an API key, of one municipality."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import bindparam, or_, select

from service.db.clock import seconds_from_now
from service.db.prepared import Prepared
from service.people.key_models import ApiKey
from service.people.models import Account, Device, RoleGiven
from service.people.roles import allows
from service.people.session_models import AccessToken, Session

MACHINE = "machine"
PREFIX = "plk_"
"""By which people and programs know that a secret is one of our API keys."""
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Key:
    """The API key with which another program calls."""

    id: int
    scopes: frozenset[str]
    per_minute: int


@dataclass(frozen=True)
class Caller:
    """Who calls: an account of this municipality, the session and phone it calls from, and its roles.

    `seen_at` is when the session or the key was last used, to the hour. A program has a `key` and no session.
    """

    account_id: int
    account: uuid.UUID
    kind: str
    name: str | None
    language: str
    session_id: int
    seen_at: datetime
    device_id: int | None
    installation: uuid.UUID | None
    roles: tuple[tuple[str, int | None], ...]
    key: Key | None = None

    def may(self, permission: str) -> bool:
        """Whether any of the roles, or the key, allows this."""
        if self.key is not None:
            return permission in self.key.scopes
        return any(allows(role, permission, department is not None) for role, department in self.roles)

    def departments(self, permission: str) -> frozenset[int] | None:
        """Where the permission holds: the departments, or None for the whole municipality."""
        if self.key is not None:
            return None if self.may(permission) else frozenset()
        given = [place for role, place in self.roles if allows(role, permission, place is not None)]
        return None if None in given else frozenset(d for d in given if d is not None)


def digest(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


accounts, sessions, tokens, devices, roles = (
    model.__table__ for model in (Account, Session, AccessToken, Device, RoleGiven)
)

BY_TOKEN = Prepared(
    select(
        accounts.c.id,
        accounts.c.uid,
        accounts.c.kind,
        accounts.c.name,
        accounts.c.language,
        sessions.c.id.label("session_id"),
        sessions.c.seen_at,
        sessions.c.device_id,
        devices.c.installation,
        roles.c.role,
        roles.c.department_id,
    )
    .select_from(tokens)
    .join(sessions, sessions.c.id == tokens.c.session_id)
    .join(accounts, accounts.c.id == sessions.c.account_id)
    .outerjoin(devices, devices.c.id == sessions.c.device_id)
    .outerjoin(roles, roles.c.account_id == accounts.c.id)
    .where(
        tokens.c.digest == bindparam("digest"),
        tokens.c.expires_at > seconds_from_now(0),
        accounts.c.municipality_id == bindparam("municipality"),
    )
)


keys = ApiKey.__table__

BY_KEY = Prepared(
    select(
        accounts.c.id,
        accounts.c.uid,
        accounts.c.name,
        accounts.c.language,
        keys.c.id.label("key_id"),
        keys.c.scopes,
        keys.c.per_minute,
        keys.c.used_at,
    )
    .select_from(keys)
    .join(accounts, accounts.c.id == keys.c.account_id)
    .where(
        keys.c.digest == bindparam("digest"),
        keys.c.ended_at.is_(None),
        or_(keys.c.expires_at.is_(None), keys.c.expires_at > seconds_from_now(0)),
        accounts.c.municipality_id == bindparam("municipality"),
    )
)


def find_caller(municipality_id: int, token: str) -> Caller | None:
    """Whose valid token or key this is in this municipality: one statement."""
    if token.startswith(PREFIX):
        return find_program(municipality_id, token)
    rows = BY_TOKEN.rows({"digest": digest(token), "municipality": municipality_id})
    if not rows:
        return None
    first = rows[0]
    return Caller(
        account_id=first.id,
        account=first.uid,
        kind=first.kind,
        name=first.name,
        language=first.language,
        session_id=first.session_id,
        seen_at=first.seen_at,
        device_id=first.device_id,
        installation=first.installation,
        roles=tuple((row.role, row.department_id) for row in rows if row.role),
    )


def find_program(municipality_id: int, key: str) -> Caller | None:
    """Whose valid API key this is in this municipality."""
    rows = BY_KEY.rows({"digest": digest(key), "municipality": municipality_id})
    if not rows:
        return None
    [row] = rows
    return Caller(
        account_id=row.id,
        account=row.uid,
        kind=MACHINE,
        name=row.name,
        language=row.language,
        session_id=0,
        seen_at=row.used_at or NEVER,
        device_id=None,
        installation=None,
        roles=(),
        key=Key(row.key_id, frozenset(row.scopes), row.per_minute),
    )

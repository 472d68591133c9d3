"""Who calls: found by a token, of one municipality."""

import hashlib
import uuid
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from service.db.clock import now
from service.db.prepared import Prepared
from service.people.models import AccessToken, Account, Device, RoleGiven
from service.people.roles import may


@dataclass(frozen=True)
class Caller:
    """Who calls: an account of this municipality, the phone it calls from, and its roles."""

    account_id: int
    account: uuid.UUID
    kind: str
    name: str | None
    language: str
    token_id: int
    device_id: int | None
    installation: uuid.UUID | None
    roles: tuple[tuple[str, int | None], ...]

    def may(self, permission: str) -> bool:
        """Whether any of the roles allows this."""
        return any(may(role, permission) for role, _ in self.roles)

    def departments(self, permission: str) -> frozenset[int] | None:
        """Where the permission holds: the departments, or None for the whole municipality."""
        given = [department for role, department in self.roles if may(role, permission)]
        return None if None in given else frozenset(d for d in given if d is not None)


def digest(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


accounts, tokens, devices, roles = (model.__table__ for model in (Account, AccessToken, Device, RoleGiven))

BY_TOKEN = Prepared(
    select(
        accounts.c.id,
        accounts.c.uid,
        accounts.c.kind,
        accounts.c.name,
        accounts.c.language,
        tokens.c.id.label("token_id"),
        tokens.c.device_id,
        devices.c.installation,
        roles.c.role,
        roles.c.department_id,
    )
    .select_from(tokens)
    .join(accounts, accounts.c.id == tokens.c.account_id)
    .outerjoin(devices, devices.c.id == tokens.c.device_id)
    .outerjoin(roles, roles.c.account_id == accounts.c.id)
    .where(
        tokens.c.digest == bindparam("digest"),
        tokens.c.expires_at > bindparam("now"),
        accounts.c.municipality_id == bindparam("municipality"),
    )
)


def find_caller(municipality_id: int, token: str) -> Caller | None:
    """Whose valid token this is in this municipality: one statement."""
    asked = {"digest": digest(token), "now": now(), "municipality": municipality_id}
    rows = BY_TOKEN.rows(asked)
    if not rows:
        return None
    first = rows[0]
    return Caller(
        account_id=first.id,
        account=first.uid,
        kind=first.kind,
        name=first.name,
        language=first.language,
        token_id=first.token_id,
        device_id=first.device_id,
        installation=first.installation,
        roles=tuple((row.role, row.department_id) for row in rows if row.role),
    )

"""Who may call a route. Every route carries exactly one of these marks, and the OpenAPI document says which."""

import hashlib
import uuid
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from flask import g, request
from sqlalchemy import select

from service.db import session
from service.db.clock import now
from service.errors import Forbidden, Problem
from service.people.models import AccessToken, Account, Device, RoleGiven
from service.people.roles import may
from service.text import N_

View = TypeVar("View", bound=Callable[..., Any])


class SignInNeeded(Problem):
    """There is no token, or none that is valid in this municipality."""

    status, code, message = 401, "sign_in_needed", N_("Please sign in first.")


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


def find_caller(municipality_id: int, token: str) -> Caller | None:
    """Whose valid token this is in this municipality: one statement."""
    rows = session.execute(
        select(
            Account.id,
            Account.uid,
            Account.kind,
            Account.name,
            Account.language,
            AccessToken.id.label("token_id"),
            AccessToken.device_id,
            Device.installation,
            RoleGiven.role,
            RoleGiven.department_id,
        )
        .join(AccessToken, AccessToken.account_id == Account.id)
        .outerjoin(Device, Device.id == AccessToken.device_id)
        .outerjoin(RoleGiven, RoleGiven.account_id == Account.id)
        .where(
            AccessToken.digest == digest(token),
            AccessToken.expires_at > now(),
            Account.municipality_id == municipality_id,
        )
    ).all()
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


def caller_or_nobody() -> Caller | None:
    """Who calls; None without a token. A token that is not valid here is refused, never overlooked."""
    if "caller" not in g:
        header = request.headers.get("Authorization")
        g.caller = None
        if header is not None:
            scheme, _, token = header.partition(" ")
            found = find_caller(g.municipality.id, token.strip()) if scheme.lower() == "bearer" else None
            if found is None:
                raise SignInNeeded
            g.caller = found
    found_before: Caller | None = g.caller
    return found_before


def caller() -> Caller:
    """Who calls. Raises SignInNeeded."""
    found = caller_or_nobody()
    if found is None:
        raise SignInNeeded
    return found


def public(view: View) -> View:
    """Anybody may call; who signs in may see more."""
    return mark(view, "public", [{}, {"bearer": []}], caller_or_nobody)


def anybody(view: View) -> View:
    """Anybody may call, and who it is makes no difference: no token is looked at."""
    return mark(view, "anybody", [], lambda: None)


def signed_in(view: View) -> View:
    """Residents and staff with a valid token."""
    return mark(view, "signed in", [{"bearer": []}], caller)


def staff(permission: str) -> Callable[[View], View]:
    """Staff whose roles here allow this."""

    def check() -> None:
        if not caller().may(permission):
            raise Forbidden

    def decorate(view: View) -> View:
        return mark(view, permission, [{"bearer": []}], check)

    return decorate


def mark(view: View, access: str, security: list[dict[str, list[str]]], check: Callable[[], object]) -> View:
    """The view behind its check, saying in the OpenAPI document what it needs."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        check()
        return view(*args, **kwargs)

    documented = deepcopy(getattr(view, "_apidoc", {}))
    documented.setdefault("manual_doc", {})["security"] = security
    checked._apidoc = documented  # type: ignore[attr-defined]
    checked.access = access  # type: ignore[attr-defined]
    return checked  # type: ignore[return-value]

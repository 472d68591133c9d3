"""Who may call a route. Every route carries exactly one of these marks, and the OpenAPI document says which."""

from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from typing import Any

from flask import Response, after_this_request, current_app, g, request
from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter

from service import logs
from service.db import transaction
from service.db.clock import now
from service.errors import Forbidden, Problem
from service.http import View
from service.people.callers import Caller, Key, find_caller
from service.people.counting import TooOften, seconds_to_wait
from service.people.registering import RESIDENT, STAFF
from service.people.scopes import opens
from service.people.sessions import HOUR, note_seen
from service.people.using import note_use
from service.text import N_


class SignInNeeded(Problem):
    """There is no token, or none that is valid in this municipality."""

    status, code, message = 401, "sign_in_needed", N_("Please sign in first.")


class ScopeMissing(Problem):
    """The API key is good, but not for this."""

    status, code, message = 403, "scope_missing", N_("This API key does not open this.")


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
            remember_use(found)
    found_before: Caller | None = g.caller
    return found_before


def remember_use(found: Caller) -> None:
    """Write down that the session or the key is in use, once an hour at most, and after the answer has gone out."""
    if (now() - found.seen_at).total_seconds() < HOUR:
        return
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def note() -> None:
        try:
            with app.app_context(), transaction():
                note_use(found.key.id) if found.key else note_seen(found.session_id)
        except Exception as error:  # it is for information only, and the answer has gone out
            logs.unforeseen(error)

    @after_this_request
    def later(response: Response) -> Response:
        response.call_on_close(note)
        return response


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


def of_kind(kind: str) -> Callable[[View], View]:
    """Everybody whose account is of this kind, for what is their own."""

    def check() -> None:
        if caller().kind != kind:
            raise Forbidden

    return lambda view: mark(view, kind, [{"bearer": []}], check)


staff_only = of_kind(STAFF)
"""Staff of any role, and no residents."""
residents_only = of_kind(RESIDENT)
"""Residents, and no staff."""


def staff(permission: str) -> Callable[[View], View]:
    """Staff whose roles here allow this."""

    def check() -> None:
        if not caller().may(permission):
            raise Forbidden

    def decorate(view: View) -> View:
        return mark(view, permission, [{"bearer": []}], check)

    return decorate


def admit(found: Caller | None, access: str) -> None:
    """Let an API key do what its scopes open, as often as it may; people are asked by the mark itself.

    Raises ScopeMissing, TooOften.
    """
    if found is None or found.key is None:
        return
    if not opens(found.key.scopes, access, request.method):
        raise ScopeMissing
    count(found.key)


def count(key: Key) -> None:
    """One more call with this key. Raises TooOften."""
    counts: FixedWindowRateLimiter | None = current_app.extensions["limits"]
    window, name = RateLimitItemPerMinute(key.per_minute), ("key", str(key.id))
    if counts is not None and not counts.hit(window, *name):
        raise TooOften(retry_after=seconds_to_wait(counts, window, name))


def mark(view: View, access: str, security: list[dict[str, list[str]]], check: Callable[[], object]) -> View:
    """The view behind its check, saying in the OpenAPI document what it needs."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if access != "anybody":
            admit(caller_or_nobody(), access)
        check()
        return view(*args, **kwargs)

    documented = deepcopy(getattr(view, "_apidoc", {}))
    documented.setdefault("manual_doc", {})["security"] = security
    checked._apidoc = documented  # type: ignore[attr-defined]
    checked.access = access  # type: ignore[attr-defined]
    return checked  # type: ignore[return-value]

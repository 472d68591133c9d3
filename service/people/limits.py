"""How often somebody may do what is expensive or can be guessed at; the numbers in one table."""

from collections.abc import Callable
from typing import Any, cast

from flask import request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from service.http import View
from service.people.access import caller_or_nobody

REGISTERING = "60 per minute; 600 per hour"
SIGN_IN_BY_ADDRESS = "30 per minute; 200 per hour"
SIGN_IN_BY_EMAIL = "10 per minute; 50 per hour"
INTAKE_BY_CALLER = "20 per minute; 100 per hour"
INTAKE_BY_ADDRESS = "200 per minute; 2000 per hour"

limiter = Limiter(key_func=get_remote_address, headers_enabled=False)


def who() -> str:
    """The account that calls, or the address of who has none."""
    found = caller_or_nobody()
    return f"account:{found.account_id}" if found else f"address:{get_remote_address()}"


def whose_password() -> str:
    """The e-mail address that somebody tries to sign in with, whatever address they come from."""
    body = request.get_json(silent=True)
    email = body.get("email") if isinstance(body, dict) else None
    return f"email:{str(email).strip().lower()[:254]}"


def registering_limit(view: View) -> View:
    """The limit of registering phones, by address."""
    return marked(view, limiter.limit(REGISTERING)(view))


def by_address_and(by_address: str, by_other: str, other: Callable[[], str], view: View) -> View:
    """The view behind a limit by address and one by something else."""
    return marked(view, limiter.limit(by_address)(limiter.limit(by_other, key_func=other)(view)))


def marked(view: View, limited: Any) -> View:
    """The view behind its limits, saying so to the OpenAPI document."""
    vars(limited)["limited"] = True
    return cast("View", limited)


def sign_in_limit(view: View) -> View:
    """Both limits of signing in: by address, and by the account that is tried."""
    return by_address_and(SIGN_IN_BY_ADDRESS, SIGN_IN_BY_EMAIL, whose_password, view)


def intake_limit(view: View) -> View:
    """Both limits of sending reports and photos; many phones may share an address."""
    return by_address_and(INTAKE_BY_ADDRESS, INTAKE_BY_CALLER, who, view)

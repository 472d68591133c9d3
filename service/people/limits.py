"""How often somebody may do what is expensive or can be guessed at; the numbers in one table."""

from collections.abc import Callable
from typing import Any, cast

from flask import Response, g, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from service.http import View
from service.people import counting as _counting  # noqa: F401  (where `memory://` counts)
from service.people.access import caller_or_nobody

REGISTERING = "60 per minute; 600 per hour"
SIGN_IN_BY_ADDRESS = "30 per minute; 200 per hour"
SIGN_IN_BY_EMAIL_AND_ADDRESS = "10 per minute; 50 per hour"
SIGN_IN_BY_EMAIL = "100 per minute; 500 per hour"
EMAIL_BY_ACCOUNT = "5 per day"
EMAIL_BY_ADDRESS = "20 per hour; 100 per day"
INTAKE_BY_CALLER = "20 per minute; 100 per hour"
INTAKE_BY_ADDRESS = "200 per minute; 2000 per hour"

limiter = Limiter(key_func=get_remote_address, headers_enabled=False)


def who() -> str:
    """The account that calls, or the address of who has none."""
    found = caller_or_nobody()
    return f"account:{found.account_id}" if found else f"address:{get_remote_address()}"


def email_in_body() -> object:
    """What the body says is an e-mail address; None where it says nothing."""
    body = request.get_json(silent=True)
    return body.get("email") if isinstance(body, dict) else None


def whose_password() -> str:
    """The account that somebody tries to sign in to, whatever address they come from."""
    return f"email:{g.municipality.slug}:{str(email_in_body()).strip().lower()[:254]}"


def whose_password_and_who() -> str:
    """The same from one address, so that a stranger's guesses do not lock its owner out."""
    return f"{whose_password()}:{get_remote_address()}"


def guessed_wrong(response: Response) -> bool:
    """Whether a try to sign in counts as a guess: who knows the password may sign in as often as they like."""
    return response.status_code not in (201, 429)


def gives_no_email() -> bool:
    """Whether somebody changes something else, or gives an address up, which is always possible."""
    return email_in_body() is None


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
    """The limits of signing in: by address, by the account that is tried, and by both together."""
    one = limiter.limit(SIGN_IN_BY_EMAIL_AND_ADDRESS, key_func=whose_password_and_who, deduct_when=guessed_wrong)
    all_of_them = limiter.limit(SIGN_IN_BY_EMAIL, key_func=whose_password, deduct_when=guessed_wrong)
    return marked(view, limiter.limit(SIGN_IN_BY_ADDRESS)(one(all_of_them(view))))


def email_limit(view: View) -> View:
    """Both limits of giving an e-mail address: nobody has shown that it is theirs, and messages are sent there."""
    by_account = limiter.limit(EMAIL_BY_ACCOUNT, key_func=who, exempt_when=gives_no_email)
    return marked(view, limiter.limit(EMAIL_BY_ADDRESS, exempt_when=gives_no_email)(by_account(view)))


def intake_limit(view: View) -> View:
    """Both limits of sending reports and photos; many phones may share an address."""
    return by_address_and(INTAKE_BY_ADDRESS, INTAKE_BY_CALLER, who, view)

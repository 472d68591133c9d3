"""How often somebody may do what is expensive or can be guessed at; the numbers in one table."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any

from flask import Flask, current_app, g, request
from limits import parse_many
from limits.strategies import FixedWindowRateLimiter

from service.config import Settings
from service.http import View
from service.people.access import caller_or_nobody
from service.people.counting import TooOften, counter, seconds_to_wait

REGISTERING = "60 per minute; 600 per hour"
REFRESHING = "120 per minute; 2000 per hour"
SIGN_IN_BY_ADDRESS = "30 per minute; 200 per hour"
SIGN_IN_BY_EMAIL_AND_ADDRESS = "10 per minute; 50 per hour"
SIGN_IN_BY_EMAIL = "100 per minute; 500 per hour"
FORGOTTEN_BY_EMAIL = "3 per hour; 10 per day"
FORGOTTEN_BY_ADDRESS = "20 per hour; 100 per day"
INVITING = "60 per hour; 300 per day"
CODE_GUESSES_BY_CALLER = "20 per hour"
CODE_GUESSES_BY_ADDRESS = "200 per hour"
JOINING_BY_CALLER = "20 per hour"
JOINING_BY_ADDRESS = "200 per hour"
BY_PROVIDER = "60 per minute; 600 per hour"
DESK_CODES = "30 per hour; 100 per day"
LETTER_CODES_BY_ACCOUNT = "5 per hour; 15 per day"
LETTER_CODES_BY_ADDRESS = "50 per hour; 200 per day"
VERIFYING = "20 per hour; 60 per day"
CASTING_BY_CALLER = "20 per minute; 100 per hour"
CASTING_BY_ADDRESS = "300 per minute; 6000 per hour"
BODY_CODES_BY_ADDRESS = "30 per hour; 100 per day"
INTAKE_BY_CALLER = "20 per minute; 100 per hour"
INTAKE_BY_ADDRESS = "200 per minute; 2000 per hour"
COMPLAINING_BY_CALLER = "10 per hour; 30 per day"
COMPLAINING_BY_ADDRESS = "60 per hour; 200 per day"
CONTRIBUTING_BY_CALLER = "6 per minute; 60 per hour"
CONTRIBUTING_BY_ADDRESS = "120 per minute; 1200 per hour"
UNSUBSCRIBING_BY_ADDRESS = "300 per minute; 6000 per hour"
SUPPORTING_BY_CALLER = "60 per minute; 1000 per hour"
SUPPORTING_BY_ADDRESS = "600 per minute; 6000 per hour"
PLAN_FILES_BY_ADDRESS = "60 per minute; 1000 per hour"

REPORTING = "10 per minute; 100 per hour"


@dataclass(frozen=True, eq=False)
class Limit:
    """How often, for each key by itself; with `failures_only` what succeeds is free."""

    often: str
    key: Callable[[], str]
    failures_only: bool = False


def set_up(app: Flask, settings: Settings) -> None:
    """Let the application count where its settings say; nothing is counted where they switch limits off."""
    app.extensions["limits"] = counter(settings.limits_url) if settings.limits else None


def never() -> bool:
    """No request goes free."""
    return False


def behind(view: View, *limits: Limit, unless: Callable[[], bool] = never) -> View:
    """The view behind its limits, saying so to the OpenAPI document."""
    windows = [(window, limit) for limit in limits for window in parse_many(limit.often)]
    windows.sort(key=lambda found: found[0].get_expiry())

    @wraps(view)
    def limited(*args: Any, **kwargs: Any) -> Any:
        counts: FixedWindowRateLimiter | None = current_app.extensions["limits"]
        if counts is None or unless():
            return view(*args, **kwargs)
        endpoint = request.endpoint or ""
        keys = {limit: (limit.key(), endpoint) for limit in limits}
        for window, limit in windows:
            is_free = counts.test if limit.failures_only else counts.hit
            if not is_free(window, *keys[limit]):
                raise TooOften(retry_after=seconds_to_wait(counts, window, keys[limit]))
        try:
            return view(*args, **kwargs)
        except Exception:
            for window, limit in windows:
                if limit.failures_only:
                    counts.hit(window, *keys[limit])
            raise

    limited.limited = True  # type: ignore[attr-defined]
    return limited  # type: ignore[return-value]


def address() -> str:
    """Where the request comes from; this machine where the server does not say."""
    return place_of(request.remote_addr or "127.0.0.1")


@lru_cache(maxsize=4096)
def place_of(address: str) -> str:
    """The address as it counts: of IPv6 its first 64 bits, because who has one address has all that begin so."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False))


def who() -> str:
    """The account that calls, or the address of who has none."""
    found = caller_or_nobody()
    return f"account:{found.account_id}" if found else f"address:{address()}"


def email_in_body() -> object:
    """What the body says is an e-mail address; None where it says nothing."""
    body = request.get_json(silent=True)
    return body.get("email") if isinstance(body, dict) else None


def whose_password() -> str:
    """The account that somebody tries to sign in to, whatever address they come from; its name is not kept."""
    email = str(email_in_body()).strip().lower()
    return f"email:{g.municipality.slug}:{blake2b(email.encode(errors='replace'), digest_size=16).hexdigest()}"


def whose_password_and_who() -> str:
    """The same from one address, so that a stranger's guesses do not lock its owner out."""
    return f"{whose_password()}:{address()}"


def municipality() -> str:
    """The municipality that is called."""
    return f"municipality:{g.municipality.slug}"


def registering_limit(view: View) -> View:
    """The limit of registering phones, by address."""
    return behind(view, Limit(REGISTERING, address))


def refreshing_limit(view: View) -> View:
    """The limit of refreshing tokens, by address: an office has one, and everybody in it refreshes twice an hour."""
    return behind(view, Limit(REFRESHING, address))


def sign_in_limit(view: View) -> View:
    """The limits of signing in: by address, and of wrong guesses by the account that is tried and by both together.

    Who knows the password may sign in as often as they like.
    """
    return behind(
        view,
        Limit(SIGN_IN_BY_EMAIL, whose_password, failures_only=True),
        Limit(SIGN_IN_BY_EMAIL_AND_ADDRESS, whose_password_and_who, failures_only=True),
        Limit(SIGN_IN_BY_ADDRESS, address),
    )


def own_password_limit(view: View) -> View:
    """The limit of wrong guesses by who is signed in and must show the password again."""
    return behind(view, Limit(SIGN_IN_BY_EMAIL_AND_ADDRESS, who, failures_only=True))


def forgotten_limit(view: View) -> View:
    """Both limits of having a link to a new password sent: by the address that is written to, and by who asks."""
    return behind(view, Limit(FORGOTTEN_BY_EMAIL, whose_password), Limit(FORGOTTEN_BY_ADDRESS, address))


def link_limit(view: View) -> View:
    """The limit of using links, half tokens and codes, by address."""
    return behind(view, Limit(SIGN_IN_BY_ADDRESS, address))


def inviting_limit(view: View) -> View:
    """The limit of inviting staff, by account: letters go to whatever address is given."""
    return behind(view, Limit(INVITING, who))


def code_limit(view: View) -> View:
    """The limits of guessing codes, by account and by address; the right one is free."""
    return behind(
        view,
        Limit(CODE_GUESSES_BY_CALLER, who, failures_only=True),
        Limit(CODE_GUESSES_BY_ADDRESS, address, failures_only=True),
    )


def joining_limit(view: View) -> View:
    """Both limits of showing and reading the codes of phones."""
    return behind(view, Limit(JOINING_BY_CALLER, who), Limit(JOINING_BY_ADDRESS, address))


def is_program() -> bool:
    """Whether an API key calls, whose own limit counts."""
    found = caller_or_nobody()
    return found is not None and found.key is not None


def intake_limit(view: View) -> View:
    """Both limits of sending reports and photos; many phones may share an address."""
    return behind(view, Limit(INTAKE_BY_CALLER, who), Limit(INTAKE_BY_ADDRESS, address), unless=is_program)


def provider_limit(view: View) -> View:
    """The limit of signing in with an identity provider, by address: each asks somebody else over the network."""
    return behind(view, Limit(BY_PROVIDER, address))


def desk_code_limit(view: View) -> View:
    """The limit of codes to show at the desk, by account."""
    return behind(view, Limit(DESK_CODES, who))


def letter_code_limit(view: View) -> View:
    """Both limits of wrong codes of letters, by account and by address; the right one is free."""
    return behind(
        view,
        Limit(LETTER_CODES_BY_ACCOUNT, who, failures_only=True),
        Limit(LETTER_CODES_BY_ADDRESS, address, failures_only=True),
    )


def verifying_limit(view: View) -> View:
    """The limit of what a clerk types wrongly about residents, by account."""
    return behind(view, Limit(VERIFYING, who, failures_only=True))


def complaining_limit(view: View) -> View:
    """Both limits of complaining: by account, and by address, from where a campaign may come with many phones."""
    return behind(view, Limit(COMPLAINING_BY_CALLER, who), Limit(COMPLAINING_BY_ADDRESS, address))


def contributing_limit(view: View) -> View:
    """Both limits of writing in conversations; a council's hall may share an address."""
    return behind(view, Limit(CONTRIBUTING_BY_CALLER, who), Limit(CONTRIBUTING_BY_ADDRESS, address))


def supporting_limit(view: View) -> View:
    """Both limits of voting on what others wrote, which is quick."""
    return behind(view, Limit(SUPPORTING_BY_CALLER, who), Limit(SUPPORTING_BY_ADDRESS, address))


def reporting_limit(view: View) -> View:
    """The limit of reading everything that was contributed at once, by address."""
    return behind(view, Limit(REPORTING, address))


def casting_limit(view: View) -> View:
    """The limits of casting a ballot; a school or a library votes from one address."""
    return behind(view, Limit(CASTING_BY_CALLER, who), Limit(CASTING_BY_ADDRESS, address))


def replacing_limit(view: View) -> View:
    """The limit of replacing a secret ballot, by address alone: who does it says nothing of themselves."""
    return behind(view, Limit(CASTING_BY_ADDRESS, address))


def body_code_limit(view: View) -> View:
    """The limit of guessing the code of a body, by address; the right one is free."""
    return behind(view, Limit(BODY_CODES_BY_ADDRESS, address, failures_only=True))


def unsubscribing_limit(view: View) -> View:
    """The limit of ending digests, by address: a mail provider posts for all its readers from a few."""
    return behind(view, Limit(UNSUBSCRIBING_BY_ADDRESS, address))


def plan_files_limit(view: View) -> View:
    """The limit of fetching plans as files, by address: the first of each language and revision costs a second."""
    return behind(view, Limit(PLAN_FILES_BY_ADDRESS, address))

"""Somebody sets out for a provider's page, and comes back from it with a code.

Who begins gets a state, which travels through the browser, and a ticket, which does not. Without the ticket nobody can
finish what was begun, and verifier (PKCE) and nonce are made of it, so that they lie nowhere.
"""

import base64
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from sqlalchemy import Select, delete, select

from service.db import session, stop_reading
from service.db.clock import now, seconds_from_now
from service.errors import Problem
from service.people.callers import Caller, digest
from service.people.identity.discovering import Endpoints, endpoints_of
from service.people.identity.providers import Provider
from service.people.identity.proving import NotProven, Proof, exchange, not_proven
from service.people.identity_models import SignInAttempt
from service.sealing import pseudonym
from service.text import N_

MINUTES = 15


class RedirectRefused(Problem):
    """The address to come back to is not one of those that were registered for this provider."""

    status, code, message = 422, "redirect_refused", N_("The app is not set up for this sign-in.")


class WrongWay(Problem):
    """Firebase gives the app its ID token itself; the others are visited in a browser."""

    status, code, message = 409, "wrong_way", N_("This sign-in works another way.")


@dataclass(frozen=True)
class Begun:
    """What the app needs to go on: where to send the browser, and what to keep until it comes back."""

    address: str
    state: str
    ticket: str
    expires_at: datetime


@dataclass(frozen=True)
class Back:
    """What the browser brought back, and the ticket of who sent it there."""

    state: str
    ticket: str
    code: str
    issuer: str | None


def plan(provider: Provider, redirect: str, language: str, allowed: Sequence[str]) -> Begun:
    """Where to go; asks the provider where its pages are, so not in a transaction.

    Raises RedirectRefused, WrongWay, ProviderAway.
    """
    if provider.kind == "firebase":
        raise WrongWay
    if redirect not in provider.redirects:
        raise RedirectRefused
    stop_reading()
    found = endpoints_of(provider, allowed)
    state, ticket = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    asked = {"code_challenge": create_s256_code_challenge(verifier(provider, ticket)), "code_challenge_method": "S256"}
    if provider.kind == "oidc":
        asked |= {"nonce": nonce(provider, ticket), "ui_locales": language}
    address = prepare_grant_uri(
        found.authorization, provider.client_id, "code", redirect, provider.scopes, state, **asked
    )
    return Begun(address, state, ticket, now() + timedelta(minutes=MINUTES))


def begin(provider: Provider, begun: Begun, redirect: str, caller: Caller | None) -> None:
    """Write down that somebody is under way; what nobody came back from goes."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.expires_at <= seconds_from_now(0)))
    session.add(
        SignInAttempt(
            provider_id=provider.id,
            state_digest=digest(begun.state),
            ticket_digest=digest(begun.ticket),
            account_id=caller.account_id if caller else None,
            device_id=caller.device_id if caller else None,
            redirect=redirect,
            expires_at=begun.expires_at,
        )
    )


def prove(provider: Provider, back: Back, caller: Caller | None, allowed: Sequence[str]) -> Proof:
    """What the provider says about who came back; asks it, so not in a transaction. Raises NotProven, ProviderAway."""
    attempt = session.scalar(attempts(provider, back))
    if attempt is None or not hmac.compare_digest(attempt.ticket_digest, digest(back.ticket)):
        raise NotProven
    if attempt.account_id != (caller.account_id if caller else None):
        raise not_proven("begun by somebody else")
    redirect = attempt.redirect
    stop_reading()
    found = endpoints_of(provider, allowed)
    refuse_mix_up(provider, found, back.issuer)
    return exchange(
        provider, found, back.code, redirect, verifier(provider, back.ticket), nonce(provider, back.ticket), allowed
    )


def finish(provider: Provider, back: Back) -> None:
    """A state is good for one sign-in. Raises NotProven where another request was faster."""
    mine = delete(SignInAttempt).where(
        SignInAttempt.provider_id == provider.id, SignInAttempt.state_digest == digest(back.state)
    )
    if session.execute(mine.returning(SignInAttempt.id)).first() is None:
        raise not_proven("state used before")


def attempts(provider: Provider, back: Back) -> Select[SignInAttempt]:
    """The attempt with this state at this provider, while it lasts."""
    return select(SignInAttempt).where(
        SignInAttempt.provider_id == provider.id,
        SignInAttempt.state_digest == digest(back.state),
        SignInAttempt.expires_at > seconds_from_now(0),
    )


def refuse_mix_up(provider: Provider, found: Endpoints, issuer: str | None) -> None:
    """The way back must not come from another provider (RFC 9207). Raises NotProven."""
    if (found.says_issuer and issuer is None) or issuer not in (None, provider.issuer):
        raise not_proven("another issuer on the way back")


def verifier(provider: Provider, ticket: str) -> str:
    """What shows the provider that who asks for the token is who began (PKCE, RFC 7636): 43 characters."""
    return derived("sign-in verifier", provider, ticket)


def nonce(provider: Provider, ticket: str) -> str:
    """What must stand in the ID token, so that it answers this attempt and no other."""
    return derived("sign-in nonce", provider, ticket)


def derived(purpose: str, provider: Provider, ticket: str) -> str:
    made = pseudonym(purpose, provider.municipality_id, f"{provider.id}:{ticket}")
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()

"""Where a provider's addresses and keys are: asked once an hour, and its keys again when one is unknown."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from service.people.identity.fetching import Answered, away, fetch_json, is_address
from service.people.identity.providers import Provider

FRESH_SECONDS = 3600.0
KEYS_AGAIN_SECONDS = 30.0
MOST = 500

_lock = threading.Lock()
_remembered: dict[str, tuple[float, dict[str, Any]]] = {}


@dataclass(frozen=True)
class Endpoints:
    """Where to send a browser, and where to ask; `says_issuer`: the way back names the issuer (RFC 9207)."""

    authorization: str
    token: str
    userinfo: str | None
    jwks: str | None
    says_issuer: bool


def endpoints_of(provider: Provider, allowed: Sequence[str]) -> Endpoints:
    """The provider's addresses: what it publishes, or what was set where it publishes nothing. Raises ProviderAway."""
    if provider.kind == "oauth2_userinfo":
        given = provider.endpoints
        return Endpoints(given["authorization"], given["token"], given["userinfo"], None, says_issuer=False)
    issuer = provider.issuer or ""
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    found = remembered(url, FRESH_SECONDS, lambda: published(url, issuer, allowed))
    return Endpoints(
        authorization=found["authorization_endpoint"],
        token=found["token_endpoint"],
        userinfo=found.get("userinfo_endpoint"),
        jwks=found["jwks_uri"],
        says_issuer=bool(found.get("authorization_response_iss_parameter_supported")),
    )


def published(url: str, issuer: str, allowed: Sequence[str]) -> dict[str, Any]:
    """The discovery document, if it is this issuer's and names addresses that can be asked. Raises ProviderAway."""
    found = asked(url, allowed)
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    urls = [found.get(name) for name in needed] + [found.get("userinfo_endpoint", issuer)]
    if found.get("issuer") != issuer or not all(isinstance(u, str) and is_address(u, allowed) for u in urls):
        raise away(url, "not this issuer's document")
    return found


def keys_of(url: str, key_id: str | None, allowed: Sequence[str]) -> KeySet:
    """The provider's public keys; asked again when this one is not among them, because keys are changed.

    Raises ProviderAway.
    """
    found = remembered(url, FRESH_SECONDS, lambda: asked(url, allowed))
    if not any(key.get("kid") == key_id for key in keys_in(found)):
        found = remembered(url, KEYS_AGAIN_SECONDS, lambda: asked(url, allowed))
    signing = [key for key in keys_in(found) if key.get("kty") in ("RSA", "EC", "OKP") and key.get("use") != "enc"]
    try:
        return KeySet.import_key_set({"keys": signing})
    except (JoseError, ValueError, KeyError, TypeError):
        raise away(url, "not keys") from None


def asked(url: str, allowed: Sequence[str]) -> dict[str, Any]:
    """What a provider publishes there. Raises ProviderAway."""
    try:
        return fetch_json(url, allowed)
    except Answered as error:
        raise away(url, str(error)) from None


def keys_in(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The keys of a key set; none where it is not one."""
    keys = content.get("keys")
    return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


def remembered(url: str, seconds: float, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What was found there in the last so many seconds, or what is found now."""
    moment = time.monotonic()
    with _lock:
        known = _remembered.get(url)
    if known is not None and moment - known[0] < seconds:
        return known[1]
    found = ask()
    with _lock:
        if len(_remembered) >= MOST:
            _remembered.clear()
        _remembered[url] = (moment, found)
    return found


def forget() -> None:
    """Ask anew from now on."""
    with _lock:
        _remembered.clear()

"""What a provider says about somebody, once it was checked that it says so itself, to us, now, and in answer to us."""

import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import JoseError

from service.errors import Problem
from service.people.identity.discovering import Endpoints, keys_of
from service.people.identity.fetching import Answered, away, fetch, fetch_json
from service.people.identity.providers import Provider
from service.text import N_

SKEW_SECONDS = 60
LONGEST_SUBJECT = 255

log = structlog.get_logger()


class NotProven(Problem):
    """What came back from the provider does not show who somebody is; it is not said what was wrong."""

    status, code, message = 401, "not_proven", N_("You could not be signed in. Please start again.")


@dataclass(frozen=True)
class Proof:
    """Whom the provider calls how, with everything that it says about them. Never kept, never logged."""

    subject: str
    claims: Mapping[str, Any]


def exchange(
    provider: Provider, found: Endpoints, code: str, redirect: str, verifier: str, nonce: str, allowed: Sequence[str]
) -> Proof:
    """Trade the code that the browser brought back for what the provider says. Raises NotProven, ProviderAway."""
    token = token_for(provider, found.token, code, redirect, verifier, allowed)
    access_token = str(token.get("access_token", ""))
    if provider.kind == "oauth2_userinfo":
        return proof_of(provider, userinfo(found.userinfo, access_token, allowed))
    claims = claims_of(provider, found, token.get("id_token"), access_token, nonce, allowed)
    if found.userinfo and asks_for_more(provider, claims):
        more = userinfo(found.userinfo, access_token, allowed)
        if more.get("sub") != claims["sub"]:
            raise not_proven("userinfo of somebody else")
        claims = more | claims
    return proof_of(provider, claims)


def token_for(
    provider: Provider, url: str, code: str, redirect: str, verifier: str, allowed: Sequence[str]
) -> dict[str, Any]:
    """What the token endpoint gives for the code; our secret travels in the body, as every provider takes it.

    Raises NotProven where it says no, ProviderAway.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect,
        "client_id": provider.client_id,
        "code_verifier": verifier,
    }
    secret = provider.secret
    try:
        return fetch_json(url, allowed, form=form | ({"client_secret": secret} if secret else {}))
    except Answered as error:
        if error.status in (400, 401, 403):
            raise not_proven("code refused") from None
        raise away(url, str(error)) from None


def claims_of(
    provider: Provider, found: Endpoints, id_token: Any, access_token: str, nonce: str, allowed: Sequence[str]
) -> dict[str, Any]:
    """What the ID token says, if this provider signed it for us and for this attempt (OpenID Connect Core, 3.1.3.7)."""
    try:
        key_id = jws.extract_compact(str(id_token).encode()).headers().get("kid")
        keys = keys_of(found.jwks or "", key_id, allowed)
        token = jwt.decode(str(id_token), keys, algorithms=list(provider.algorithms))
        claims = CodeIDToken(
            token.claims,
            token.header,
            options={
                "iss": {"essential": True, "value": provider.issuer},
                "aud": {"essential": True, "value": provider.client_id},
            },
            params={"nonce": nonce, "client_id": provider.client_id, "access_token": access_token},
        )
        claims.validate(now=int(time.time()), leeway=SKEW_SECONDS)
    except (JoseError, AttributeError, ValueError, KeyError, TypeError) as error:
        raise not_proven(type(error).__name__) from None
    return dict(claims)


def asks_for_more(provider: Provider, claims: Mapping[str, Any]) -> bool:
    """Whether something that was set is not in the ID token, so that userinfo is worth asking."""
    wanted = list(provider.claims.values())
    if provider.residence:
        asked = provider.residence
        wanted += [rule["claim"] for rule in asked["rules"]] + [asked["identifier"]]
        wanted += [asked["born"]] if asked.get("born") else []
        wanted += [asked["district"]["claim"]] if asked.get("district") else []
    return any(claim(claims, path) is None for path in wanted)


def userinfo(url: str | None, access_token: str, allowed: Sequence[str]) -> dict[str, Any]:
    """What the provider answers about who holds the access token, in JSON or in XML. Raises ProviderAway."""
    url = url or ""
    try:
        content = fetch(url, allowed, {"Authorization": f"Bearer {access_token}"})
        found = from_xml(content) if content.lstrip().startswith(b"<") else orjson.loads(content)
    except Answered as error:
        raise away(url, str(error)) from None
    except (ElementTree.ParseError, orjson.JSONDecodeError):
        raise away(url, "not userinfo") from None
    if not isinstance(found, dict):
        raise away(url, "not an object")
    return found


def from_xml(content: bytes) -> dict[str, Any]:
    """The attributes of `userinfo`, the way the Greek GSIS answers; it fills them up with spaces. Raises ParseError."""
    if b"<!" in content:
        raise ElementTree.ParseError("declarations are not read")
    root = ElementTree.fromstring(content)  # noqa: S314  (bounded, and without declarations nothing can be expanded)
    found = root if root.tag == "userinfo" else root.find(".//userinfo")
    if found is None:
        raise ElementTree.ParseError("there is no userinfo")
    return {name: value.strip() for name, value in found.attrib.items()}


def proof_of(provider: Provider, claims: Mapping[str, Any]) -> Proof:
    """The claims with the name of the person among them. Raises NotProven."""
    subject = claim(claims, provider.claims.get("subject", "sub"))
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise not_proven("no subject")
    return Proof(subject, claims)


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """What stands there: under this very name, or behind the dots. None where nothing does."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def not_proven(reason: str) -> NotProven:
    """Logged with the kind of reason only."""
    log.info("sign_in_not_proven", reason=reason)
    return NotProven()

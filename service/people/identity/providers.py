"""Which providers a municipality trusts to say who somebody is, for residents or for staff."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import select

from service.db import session
from service.db.clock import now
from service.db.upserts import insert
from service.errors import NotFound, Problem
from service.municipalities.directory import Municipality
from service.people.auditing import record
from service.people.callers import Caller
from service.people.identity.fetching import is_address
from service.people.identity_models import IdentityProvider
from service.people.roles import RolesRefused, check_roles
from service.sealing import seal, unseal
from service.text import N_

KINDS = {
    "firebase": "Firebase Authentication: the app sends an ID token that Google signed",
    "oidc": "OpenID Connect: any provider with a discovery document",
    "oauth2_userinfo": "OAuth 2.0 without ID tokens: who it is stands in JSON or XML that the provider answers",
}
AUDIENCES = ("resident", "staff")
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
GOOGLE = "https://oauth2.googleapis.com/token"
"""Where the key of a service account is shown, and nowhere else: the file of an administrator does not choose it."""
ENDPOINTS = ("authorization", "token", "userinfo")
SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+\Z")
"""A scheme of an app's own: its name turned round, with a dot (RFC 8252, section 7.1)."""


class ProviderRefused(Problem):
    """The provider cannot be kept like this; `errors` says which field and why."""

    status, code, message = 422, "provider_refused", N_("This sign-in cannot be set up like this.")


@dataclass(frozen=True)
class Provider:
    """A provider of one municipality.

    issuer       of ID tokens, exactly; for Firebase the project's name stands in `client_id` alone
    endpoints    addresses by name (ENDPOINTS), for a kind without discovery
    claims       what the provider calls subject, name, email, groups; a path has dots
    roles        [{group, role, department}]: what the members of a group may do
    redirects    addresses that the browser may come back to, each one exactly
    residence    {"rules": [{claim, values}], "identifier", "months", "born", "district": {claim, keys}}: when its word
                 shows that somebody lives here, and which claims say when they were born and in which district
    owns_emails  its e-mail addresses are this municipality's own: no `email_verified` is asked for
    """

    id: int
    municipality_id: int
    key: str
    kind: str
    audience: str
    name: Mapping[str, str]
    active: bool
    sealed_secret: str | None
    client_id: str
    issuer: str | None = None
    scopes: str = "openid"
    algorithms: Sequence[str] = ("RS256",)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, str] = field(default_factory=dict)
    roles: Sequence[Mapping[str, Any]] = ()
    redirects: Sequence[str] = ()
    residence: Mapping[str, Any] | None = None
    owns_emails: bool = False

    @property
    def secret(self) -> str | None:
        """The client's secret, or the key of a service account. Raises NotSealedHere."""
        return None if self.sealed_secret is None else unseal(self.sealed_secret)

    @property
    def names_people_by(self) -> str:
        """Within what a subject is a name: the issuer, or the client where a provider names none."""
        return self.issuer or f"{self.kind} {self.client_id}"


def provider_of(row: IdentityProvider) -> Provider:
    """The row as a plain value."""
    columns = ("id", "municipality_id", "key", "kind", "audience", "name", "active", "sealed_secret")
    return Provider(**{name: getattr(row, name) for name in columns}, **row.settings)


def find_providers(municipality: Municipality) -> list[Provider]:
    """All of them, those that are turned off too, by their keys."""
    found = select(IdentityProvider).filter_by(municipality_id=municipality.id).order_by(IdentityProvider.key)
    return [provider_of(row) for row in session.scalars(found)]


def find_provider(municipality: Municipality, key: str) -> Provider:
    """A provider that people can sign in with now. Raises NotFound."""
    row = session.scalar(select(IdentityProvider).filter_by(municipality_id=municipality.id, key=key, active=True))
    if row is None:
        raise NotFound
    return provider_of(row)


def keep_provider(
    municipality: Municipality, actor: Caller | None, key: str, given: Mapping[str, Any], allowed: Sequence[str]
) -> Provider:
    """Add the provider, or change it to exactly this; without a secret, the former one stays. Raises ProviderRefused.

    given      kind, audience, name, active, client_secret, and what `Provider` says of its settings
    allowed    hosts and networks in our own house that may be asked (PLATEIA_FETCH_ALLOWED)
    """
    asked = dict(given)
    row: dict[str, Any] = {name: asked.pop(name) for name in ("kind", "audience", "name", "active")}
    secret = asked.pop("client_secret", None)
    former = session.scalar(
        select(IdentityProvider).filter_by(municipality_id=municipality.id, key=key).with_for_update()
    )
    sealed = seal(secret) if secret else former.sealed_secret if former else None
    refuse_other_people(former, row)
    refuse_moved_secret(former, secret, asked)
    check(municipality, row["kind"], row["audience"], asked, sealed, allowed)
    if row["kind"] == "firebase" and secret and not is_service_account(secret):
        raise ProviderRefused(errors={"client_secret": ["is not the JSON key of a service account"]})
    row |= {"settings": asked, "sealed_secret": sealed, "changed_at": now()}
    statement = insert(IdentityProvider).values(municipality_id=municipality.id, key=key, **row)
    session.execute(statement.on_conflict_do_update(index_elements=["municipality_id", "key"], set_=row))
    session.expire_all()
    facts = {"kind": row["kind"], "audience": row["audience"], "active": row["active"], "secret_set": bool(secret)}
    record(municipality.id, actor, "provider_changed", "provider", key, facts | {"roles": asked.get("roles", [])})
    kept = session.scalars(select(IdentityProvider).filter_by(municipality_id=municipality.id, key=key)).one()
    return provider_of(kept)


def is_service_account(secret: str) -> bool:
    """Whether this is the file that Google gives for a service account: with a key, and no address but Google's."""
    try:
        content = orjson.loads(secret)
        load_pem_private_key(str(content["private_key"]).encode(), None)
    except (ValueError, KeyError, TypeError, UnsupportedAlgorithm):
        return False
    is_googles = content.get("type") == "service_account" and content.get("token_uri") == GOOGLE
    return bool(is_googles and content.get("client_email"))


def refuse_other_people(former: IdentityProvider | None, row: Mapping[str, Any]) -> None:
    """Accounts hang on a key: those of residents must not become staff by it, nor the other way round."""
    changed = [name for name in ("kind", "audience") if former and getattr(former, name) != row[name]]
    if changed:
        raise ProviderRefused(errors={name: ["stays as it is; another one needs a key of its own"] for name in changed})


def refuse_moved_secret(former: IdentityProvider | None, secret: str | None, asked: Mapping[str, Any]) -> None:
    """A secret that is kept must not be sent to another address than it was given for."""
    if former is None or former.sealed_secret is None or secret:
        return
    moved = [name for name in ("issuer", "endpoints") if former.settings.get(name) != asked.get(name)]
    if moved:
        raise ProviderRefused(errors={"client_secret": ["is needed again, because the addresses change"]})


def check(
    municipality: Municipality,
    kind: str,
    audience: str,
    asked: Mapping[str, Any],
    sealed: str | None,
    allowed: Sequence[str],
) -> None:
    """Refuse what does not hold together. Raises ProviderRefused."""
    errors: dict[str, list[str]] = {}

    def refuse(name: str, why: str) -> None:
        errors.setdefault(name, []).append(why)

    if kind == "firebase":
        if audience == "staff":
            refuse("audience", "staff do not sign in with Firebase")
        if not sealed:
            refuse("client_secret", "the key of a service account is needed, to ask whether somebody was signed out")
    elif not asked.get("redirects"):
        refuse("redirects", "name at least one")
    if kind == "oidc" and not asked.get("issuer"):
        refuse("issuer", "is needed")
    if kind == "oauth2_userinfo":
        for name in ENDPOINTS:
            if name not in asked.get("endpoints", {}):
                refuse("endpoints", f"{name} is needed")
        if not asked.get("claims", {}).get("subject"):
            refuse("claims", "say which field names the person")
    addresses = [("issuer", asked.get("issuer"))] + [("endpoints", url) for url in asked.get("endpoints", {}).values()]
    for name, url in addresses:
        if url is not None and not is_address(url, allowed):
            refuse(name, f"{url} is not an https address that can be asked")
    for url in asked.get("redirects", ()):
        if not may_come_back_to(url, allowed):
            refuse("redirects", f"{url} is neither an https address nor a scheme of an app's own with a dot")
    check_mapping(municipality, audience, asked, refuse)
    if errors:
        raise ProviderRefused(errors=errors)


def check_mapping(municipality: Municipality, audience: str, asked: Mapping[str, Any], refuse: Any) -> None:
    """Roles exist and stand where they may; residents get none, and staff are not verified."""
    roles = asked.get("roles", ())
    if roles and audience != "staff":
        refuse("roles", "residents have no roles")
    if roles and not asked.get("claims", {}).get("groups"):
        refuse("claims", "say which field names the groups")
    if asked.get("residence") and audience == "staff":
        refuse("residence", "is for residents")
    for given in roles:
        try:
            check_roles([(given["role"], given["department"])])
        except RolesRefused as error:
            refuse("roles", str(error))
        if given["department"] not in (None, *municipality.departments):
            refuse("roles", f"there is no department {given['department']}")


def may_come_back_to(url: str, allowed: Sequence[str]) -> bool:
    """Whether this can be registered as an address that the browser comes back to."""
    if is_address(url, allowed):
        return True
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(SCHEME.match(parts.scheme)) and not parts.fragment and "\\" not in url

"""Identity providers over HTTP: signing in with one, and keeping them."""

import re
from typing import Any

from flask import Response, current_app

from service.config import Settings
from service.db import transaction
from service.errors import NotFound
from service.http import Blueprint, answer, language, operation
from service.municipalities.directory import Municipality
from service.people.access import SignInNeeded, anybody, caller, caller_or_nobody, public, residents_only, staff
from service.people.callers import Caller
from service.people.contacts.codes import prove_phone
from service.people.identity import schemas
from service.people.identity.fetching import ProviderAway
from service.people.identity.firebase import check_firebase
from service.people.identity.following import NoRoleHere, sign_in_staff
from service.people.identity.linking import SomebodyElse, sign_in_resident
from service.people.identity.providers import (
    Provider,
    ProviderRefused,
    find_provider,
    find_providers,
    keep_provider,
)
from service.people.identity.proving import NotProven
from service.people.identity.starting import Back, RedirectRefused, WrongWay, begin, finish, plan, prove
from service.people.limits import provider_limit
from service.people.registering import SecretNotRight
from service.people.sessions import TokenGiven
from service.text import pick

KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

blueprint = Blueprint("identity", __name__, url_prefix="/<municipality>", description="Signing in with a provider")


@blueprint.get("/sign-in/providers")
@anybody
@blueprint.response(200, schemas.SignInProvidersOut)
@operation("listSignInProviders")
def providers(municipality: Municipality) -> Response:
    """List the ways to sign in that are turned on here"""
    spoken = language()
    found = [provider for provider in find_providers(municipality) if provider.active]
    return answer(
        {
            "providers": [
                {
                    "key": provider.key,
                    "kind": provider.kind,
                    "audience": provider.audience,
                    "name": pick(provider.name, spoken, *municipality.languages),
                    "shows_residence": bool(provider.residence),
                }
                for provider in found
            ]
        }
    )


@blueprint.post("/sign-in/providers/<provider>/begin")
@public
@provider_limit
@blueprint.arguments(schemas.BeginIn)
@blueprint.response(201, schemas.BegunOut)
@operation("beginSignIn", NotFound, SignInNeeded, RedirectRefused, WrongWay, ProviderAway)
def begin_sign_in(body: dict[str, Any], municipality: Municipality, provider: str) -> Response:
    """Begin to sign in at a provider's page

    Residents need the token of their phone; staff need none. The state is good once, for a quarter of an hour.
    """
    trusted = find_provider(municipality, provider)
    who = who_signs_in(trusted)
    begun = plan(trusted, body["redirect"], language(), settings().fetch_allowed)
    with transaction():
        begin(trusted, begun, body["redirect"], who)
    return answer(vars(begun), 201, headers={"Cache-Control": "no-store"})


@blueprint.post("/sign-in/providers/<provider>/finish")
@public
@provider_limit
@blueprint.arguments(schemas.FinishIn)
@blueprint.response(201, schemas.SignedInOut)
@operation("finishSignIn", NotFound, SignInNeeded, SecretNotRight, NotProven, SomebodyElse, NoRoleHere, ProviderAway)
def finish_sign_in(body: dict[str, Any], municipality: Municipality, provider: str) -> Response:
    """Sign in with what the browser brought back

    The account of a resident's first phone becomes the person's; the account of another phone is joined with it.
    """
    trusted = find_provider(municipality, provider)
    who = who_signs_in(trusted)
    if who is not None:
        prove_phone(who, body["secret"])
    back = Back(body["state"], body["ticket"], body["code"], body["iss"])
    proof = prove(trusted, back, who, settings().fetch_allowed)
    residence, given = "not_asked", None
    with transaction():
        finish(trusted, back)
        if who is None:
            given = sign_in_staff(municipality, trusted, proof)
        else:
            given, residence = sign_in_resident(municipality, trusted, proof, who, settings().token_days)
    if given is None:
        raise NoRoleHere
    return signed_in_as(given, residence)


@blueprint.post("/sign-in/providers/<provider>/firebase")
@residents_only
@provider_limit
@blueprint.arguments(schemas.FirebaseIn)
@blueprint.response(201, schemas.SignedInOut)
@operation(
    "signInWithFirebase", NotFound, SignInNeeded, SecretNotRight, NotProven, WrongWay, SomebodyElse, ProviderAway
)
def firebase_sign_in(body: dict[str, Any], municipality: Municipality, provider: str) -> Response:
    """Sign in with an ID token of Firebase Authentication

    The account of a resident's first phone becomes the person's; the account of another phone is joined with it.
    """
    trusted = find_provider(municipality, provider)
    if trusted.kind != "firebase":
        raise WrongWay
    who = phone_of(caller())
    prove_phone(who, body["secret"])
    proof = check_firebase(trusted, body["id_token"], settings().fetch_allowed)
    with transaction():
        given, residence = sign_in_resident(municipality, trusted, proof, who, settings().token_days)
    return signed_in_as(given, residence)


@blueprint.get("/staff/identity-providers")
@staff("manage_staff")
@blueprint.response(200, schemas.ProvidersOut)
@operation("listIdentityProviders")
def all_providers(municipality: Municipality) -> Response:
    """List all identity providers, without their secrets"""
    return answer({"providers": [shown(provider) for provider in find_providers(municipality)]})


@blueprint.put("/staff/identity-providers/<provider>")
@staff("manage_staff")
@blueprint.arguments(schemas.ProviderIn)
@blueprint.response(200, schemas.ProviderOut)
@operation("keepIdentityProvider", NotFound, ProviderRefused)
def keep(body: dict[str, Any], municipality: Municipality, provider: str) -> Response:
    """Add an identity provider, change it, or turn it off

    Whoever is signed in stays so. Without `client_secret` the former one is kept, unless the addresses change.
    """
    if not KEY.fullmatch(provider):
        raise NotFound
    with transaction():
        kept = keep_provider(municipality, caller(), provider, body, settings().fetch_allowed)
    return answer(shown(kept))


def settings() -> Settings:
    found: Settings = current_app.config["PLATEIA"]
    return found


def who_signs_in(provider: Provider) -> Caller | None:
    """The resident's phone; nobody for staff, whoever calls. Raises SignInNeeded."""
    if provider.audience == "staff":
        return None
    found = caller_or_nobody()
    if found is None:
        raise SignInNeeded
    return phone_of(found)


def phone_of(found: Caller) -> Caller:
    """The caller, who is a resident on a phone. Raises SignInNeeded."""
    if found.device_id is None or found.kind != "resident":
        raise SignInNeeded
    return found


def signed_in_as(given: TokenGiven, residence: str) -> Response:
    return answer(vars(given) | {"residence": residence}, 201, headers={"Cache-Control": "no-store"})


def shown(provider: Provider) -> dict[str, Any]:
    """The provider without its secret and without keys of ours."""
    hidden = ("id", "municipality_id", "sealed_secret")
    content = {name: value for name, value in vars(provider).items() if name not in hidden}
    return content | {"has_secret": provider.sealed_secret is not None}

"""What calls about providers and verified residents need: providers that answer, attempts, codes, letters."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol

from flask import Flask

from service.db import transaction
from service.municipalities.directory import Municipality
from service.people.identity.providers import keep_provider
from service.people.verified.verifying import person_of, verify
from tests.conftest import OutsideClient
from tests.factories.people import SECRET, Person
from tests.people.identity import firebase_server, provider_server
from tests.people.identity.conftest import ALLOWED, APP, USUAL

NUMBER = "123456783"
OURS = {"kind": "oidc", "audience": "resident", "issuer": "https://ours.example", "redirects": [APP], "roles": []}
FIREBASE = {"kind": "firebase", "client_id": firebase_server.PROJECT, "redirects": []}


class Trusting(Protocol):
    """What is asked of the world here."""

    app: Flask
    here: Municipality
    people: dict[str, Person]
    login: provider_server.LoopbackProvider
    firebase: firebase_server.LoopbackFirebase


@contextmanager
def trusted(world: Any) -> Iterator[None]:
    """Two providers that answer on this machine, until the block ends."""
    usual = world.app.config["PLATEIA"]
    world.app.config["PLATEIA"] = replace(usual, fetch_allowed=ALLOWED, smtp_url="smtp://127.0.0.1:9")
    try:
        with provider_server.running() as world.login, firebase_server.running() as world.firebase:
            account = {
                "client_secret": firebase_server.service_account(),
                "endpoints": {"loopback": world.firebase.url},
            }
            with transaction():
                keep_provider(world.here, None, "login", USUAL | {"issuer": world.login.issuer}, ALLOWED)
                keep_provider(world.here, None, "firebase", USUAL | FIREBASE | account, ALLOWED)
            yield
    finally:
        world.app.config["PLATEIA"] = usual


def provider_for(operation: str) -> str:
    """The key of a provider with which this can be done."""
    return {"signInWithFirebase": "firebase", "keepIdentityProvider": "ours"}.get(operation, "login")


def post(world: Trusting, path: str, role: str, body: dict[str, Any]) -> Any:
    """What the service answers this role."""
    client = OutsideClient(world.app, world.app.response_class)
    return client.post(f"/api/v1/here{path}", json=body, headers=world.people[role].headers).json


def beginning(world: Trusting, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"redirect": APP}


def ending(world: Trusting, body: dict[str, Any], role: str) -> dict[str, Any]:
    if role != "resident":
        return body
    begun = post(world, "/sign-in/providers/login/begin", role, {"redirect": APP})
    return world.login.approve(begun["address"]) | {"ticket": begun["ticket"], "secret": SECRET}


def with_firebase(world: Trusting, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"id_token": world.firebase.id_token(), "secret": SECRET}


def kept(world: Trusting, body: dict[str, Any], role: str) -> dict[str, Any]:
    secret = {"client_secret": "ours", "endpoints": {}, "residence": None}
    return body | OURS | secret | {"algorithms": ["RS256"]}


def of_letter(world: Trusting, body: dict[str, Any], role: str) -> dict[str, Any]:
    order = {"letters": [{"identifier": NUMBER, "address": "A street 1"}]}
    (letter,) = post(world, "/staff/verification-letters", "administrator", order)["letters"]
    return {"code": letter["code"]}


def at_desk(world: Trusting, body: dict[str, Any], role: str) -> dict[str, Any]:
    code = post(world, "/me/desk-code", "resident", {})["code"]
    return {"code": code, "document": "passport", "identifier": NUMBER}


def withdrawal(world: Trusting, body: dict[str, Any], role: str) -> dict[str, Any]:
    alice = world.people["resident"]
    with transaction():
        verify(world.here, alice.account, alice.account_id, person_of(world.here, NUMBER), "letter", None)
    return {"identifier": NUMBER, "reason": "Moved away."}


def letters(world: Trusting, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"letters": [{"identifier": NUMBER, "address": "A street 1"}]}


FILLED: dict[str, Callable[[Any, dict[str, Any], str], dict[str, Any]]] = {
    "beginSignIn": beginning,
    "finishSignIn": ending,
    "signInWithFirebase": with_firebase,
    "keepIdentityProvider": kept,
    "useLetterCode": of_letter,
    "verifyAtDesk": at_desk,
    "withdrawVerification": withdrawal,
    "orderLetters": letters,
}
"""By operation: what a body is made of that fits what there is."""

"""A provider on this machine, and a municipality that trusts it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.db import transaction
from service.municipalities.directory import Municipality
from service.people.identity.discovering import forget
from service.people.identity.providers import Provider, keep_provider
from tests.factories.people import SECRET as PHONE_SECRET
from tests.factories.people import Person
from tests.people.identity.provider_server import CLIENT, SECRET, LoopbackProvider, running

APP = "gr.kozani.app:/signed-in"
DESK = "https://desk.here.example/signed-in"
ALLOWED = ("127.0.0.1",)
USUAL: dict[str, Any] = {
    "kind": "oidc",
    "audience": "resident",
    "name": {"en": "A provider", "el": "Ένας πάροχος"},
    "active": True,
    "client_id": CLIENT,
    "client_secret": SECRET,
    "redirects": [APP],
}
Keep = Callable[..., Provider]


@pytest.fixture
def provider(app: Flask) -> Iterator[LoopbackProvider]:
    """A provider that may be asked although it is on this machine."""
    forget()
    usual = app.config["PLATEIA"]
    app.config["PLATEIA"] = replace(usual, fetch_allowed=ALLOWED)
    with running() as server:
        yield server
    app.config["PLATEIA"] = usual


@pytest.fixture
def keep(provider: LoopbackProvider) -> Keep:
    """Let a municipality trust the provider, with these settings."""

    def kept(municipality: Municipality, key: str = "login", **settings: Any) -> Provider:
        with transaction():
            return keep_provider(municipality, None, key, USUAL | {"issuer": provider.issuer} | settings, ALLOWED)

    return kept


class Signing:
    """Signs people in over HTTP, step by step."""

    def __init__(self, client: FlaskClient, server: LoopbackProvider) -> None:
        self.client, self.server = client, server

    def begin(self, who: Person | None, redirect: str = APP, key: str = "login", slug: str = "here") -> TestResponse:
        headers = who.headers if who else {}
        url = f"/api/v1/{slug}/sign-in/providers/{key}/begin"
        return self.client.post(url, json={"redirect": redirect}, headers=headers)

    def finish(
        self, who: Person | None, begun: dict[str, Any], back: dict[str, Any], key: str = "login", slug: str = "here"
    ) -> TestResponse:
        body = back | {"ticket": begun["ticket"]} | ({"secret": PHONE_SECRET} if who else {})
        url = f"/api/v1/{slug}/sign-in/providers/{key}/finish"
        return self.client.post(url, json=body, headers=who.headers if who else {})

    def through(self, who: Person | None, redirect: str = APP, key: str = "login", **claims: Any) -> TestResponse:
        """The whole way, for somebody of whom the provider says this."""
        begun = self.begin(who, redirect, key)
        assert begun.status_code == 201, begun.json
        return self.finish(who, begun.json, self.server.approve(begun.json["address"], **claims), key)


@pytest.fixture
def signing(client: FlaskClient, provider: LoopbackProvider) -> Signing:
    return Signing(client, provider)

"""What every answer tells a browser."""

import re

from flask import Flask
from flask.testing import FlaskClient

from service.app import create_app
from service.config import Settings
from service.municipalities.directory import Municipality
from tests.factories.people import Person
from tests.whole.test_whole_service import address, rules

OPEN = re.compile(r"'unsafe-eval'|script-src[^;]*'unsafe-inline'|(?:default|script)-src[^;]*\*")


def addresses(app: Flask) -> list[tuple[str, str]]:
    """An address for every route, with its method, but for the files of the documentation's page, which are not ours."""
    return [
        (address(rule, "here", {}) if rule.arguments else rule.rule, method)
        for rule, method, _ in rules(app)
        if "name" not in rule.arguments
    ]


def test_every_answer_has_a_strict_policy_and_says_whether_it_may_be_kept(
    app: Flask, client: FlaskClient, here: Municipality, bob: Person
) -> None:
    for place, method in addresses(app):
        found = client.open(place, method=method, headers=bob.headers).headers
        assert found["X-Content-Type-Options"] == "nosniff", place
        assert found["Referrer-Policy"] == "no-referrer", place
        assert found["Cache-Control"], place
        policy = found["Content-Security-Policy"]
        for said in ("default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"):
            assert said in policy, (place, policy)
        assert not OPEN.search(policy), (place, policy)


def test_nothing_sets_a_cookie(app: Flask, client: FlaskClient, here: Municipality, bob: Person) -> None:
    for place, method in addresses(app):
        answer = client.open(place, method=method, headers=bob.headers)
        assert "Set-Cookie" not in answer.headers, place


def test_browsers_are_told_to_use_tls_where_the_service_is_reached_by_it(app: Flask, client: FlaskClient) -> None:
    settings: Settings = app.config["PLATEIA"]
    assert "Strict-Transport-Security" not in client.get("/health").headers
    secure = create_app(Settings(**(vars(settings) | {"public_url": "https://plateia.example"}))).test_client()
    assert secure.get("/health").headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"

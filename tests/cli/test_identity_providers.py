"""An operator turns ways to sign in on and off with a YAML file; the secret is never shown."""

from pathlib import Path

import pytest
from flask import Flask

from service.db import session
from service.municipalities.directory import Municipality
from service.people.identity.providers import find_provider, find_providers
from tests.cli.commands import plateia

KEYCLOAK = """
kind: oidc
audience: staff
name: {en: Keycloak}
issuer: https://login.kozani.example/realms/staff
client_id: plateia
redirects: [https://desk.kozani.example/signed-in]
claims: {groups: realm_access.roles}
roles:
  - {group: plateia-map, role: map_keeper}
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """A provider and its secret."""
    provider, secret = tmp_path / "keycloak.yaml", tmp_path / "secret"
    provider.write_text(KEYCLOAK)
    secret.write_text("very secret\n")
    return str(provider), str(secret)


def test_a_provider_is_kept_listed_and_turned_off(
    app: Flask, here: Municipality, files: tuple[str, str], tmp_path: Path
) -> None:
    file, secret = files
    done = plateia(app, "identity-provider", "here", "keycloak", file, "--secret-file", secret)
    assert (done.exit_code, done.output) == (0, "keycloak (oidc, staff) is on\n")
    listed = plateia(app, "identity-providers", "here").output
    assert listed == "keycloak\toidc\tstaff\ton\thttps://login.kozani.example/realms/staff\n"
    session.rollback()
    assert find_provider(here, "keycloak").roles == [{"group": "plateia-map", "role": "map_keeper", "department": None}]
    Path(file).write_text(KEYCLOAK + "active: false\n")
    assert plateia(app, "identity-provider", "here", "keycloak", file).output.endswith("is off\n")
    session.rollback()
    (kept,) = find_providers(here)
    assert kept.active is False and kept.sealed_secret


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("unknown: 1\n", "unknown"),
        ("kind: [\n", "while parsing"),
        ("audience: resident\n", "residents have no roles"),
        ("issuer: http://login.kozani.example\n", "not an https address"),
    ],
)
def test_a_file_that_does_not_hold_together_is_refused(
    app: Flask, here: Municipality, files: tuple[str, str], change: str, said: str
) -> None:
    Path(files[0]).write_text(KEYCLOAK + change)
    refused = plateia(app, "identity-provider", "here", "keycloak", files[0])
    assert refused.exit_code == 1 and said in refused.output
    assert find_providers(here) == []

"""`plateia identity-provider` and `identity-providers`."""

from typing import Any, TextIO

import click
import yaml
from marshmallow import ValidationError

from service.app import create_app
from service.config import Settings
from service.db import transaction
from service.municipalities.directory import municipality
from service.operating.commands import refusals_shown
from service.people.identity.providers import find_providers, keep_provider
from service.people.identity.schemas import ProviderIn


@click.command("identity-provider")
@click.argument("slug")
@click.argument("key")
@click.argument("file", type=click.File())
@click.option("--secret-file", type=click.File(), help="The client's secret, or a service account's JSON key.")
@click.pass_obj
def identity_provider(settings: Settings, slug: str, key: str, file: TextIO, secret_file: TextIO | None) -> None:
    """Add an identity provider from a YAML file, or change it. Without a secret the former one stays."""
    given = read(file, secret_file.read().strip() if secret_file else None)
    with create_app(settings).app_context(), refusals_shown():
        here = municipality(slug)
        with transaction():
            kept = keep_provider(here, None, key, given, settings.fetch_allowed)
    click.echo(f"{kept.key} ({kept.kind}, {kept.audience}) is {'on' if kept.active else 'off'}")


def read(file: TextIO, secret: str | None) -> dict[str, Any]:
    """What the file says, checked, with the secret."""
    try:
        content = yaml.safe_load(file)
        given = content if isinstance(content, dict) else {}
        loaded: dict[str, Any] = ProviderIn().load(given | ({"client_secret": secret} if secret else {}))
    except (ValidationError, yaml.YAMLError) as error:
        raise click.ClickException(str(error)) from error
    return loaded


@click.command("identity-providers")
@click.argument("slug")
@click.pass_obj
def identity_providers(settings: Settings, slug: str) -> None:
    """List the identity providers of a municipality, without their secrets."""
    with create_app(settings).app_context(), refusals_shown():
        for provider in find_providers(municipality(slug)):
            state = "on" if provider.active else "off"
            named = provider.issuer or provider.client_id
            click.echo(f"{provider.key}\t{provider.kind}\t{provider.audience}\t{state}\t{named}")


IDENTITY_COMMANDS = (identity_provider, identity_providers)

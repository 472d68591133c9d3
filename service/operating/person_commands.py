"""`plateia erase-account`, `audit` and `compact`."""

import sys

import click
import orjson
from flask import Flask, current_app

from service.app import create_app
from service.config import Settings
from service.db import transaction
from service.municipalities.directory import Municipality, municipalities, municipality
from service.operating.commands import refusals_shown, taking_time
from service.operating.compacting import compact as compact_database
from service.operating.snapshots import Refused
from service.people.chaining import Head, head_of, lines, seal_some, verify
from service.people.naming import account_named
from service.personal_data.erasing import erase_person


def application(settings: Settings) -> Flask:
    return create_app(settings)


@click.command("erase-account")
@click.argument("slug")
@click.argument("who", metavar="ACCOUNT|INSTALLATION|EMAIL")
@click.option("--keep-public", is_flag=True, help="Leave the descriptions and photos that everybody may see.")
@click.confirmation_option(prompt="The account goes for ever, with everything about the person. Go on?")
@click.pass_obj
def erase_account(settings: Settings, slug: str, who: str, keep_public: bool) -> None:
    """Erase an account with everything about the person, for somebody who has lost their phone, or left."""
    with application(settings).app_context(), refusals_shown():
        here = municipality(slug)
        account = account_named(here, who)
        if account is None:
            raise Refused(f"Nobody, or more than one, is called {who} in {slug}.")
        with transaction():
            listed = erase_person(here, account, keep_public, "operator")
    click.echo(f"erased; this is erasure {listed.uid}. Files follow by the worker.")


@click.group()
def audit() -> None:
    """The audit log: seal it, verify it, show its head or all of it."""


@audit.command("verify")
@click.argument("slug", required=False)
@click.option("--head", "noted", help="A head that was noted before, as `plateia audit head` prints it.")
@click.pass_obj
def audit_verify(settings: Settings, slug: str | None, noted: str | None) -> None:
    """Check the chain of one municipality, or of all; says the first place where it is broken."""
    if noted and not slug:
        raise click.UsageError("A head is of one municipality: say which.")
    sound = True
    with application(settings).app_context(), refusals_shown():
        for here in asked(slug):
            found = verify(here, head_noted(noted) if noted else None)
            sound = sound and found.broken is None
            click.echo(
                f"{here.slug}  BROKEN at {found.broken}"
                if found.broken
                else f"{here.slug}  holds  {found.head}  {found.unsealed} not sealed yet,"
                f" details of {found.without_details} erased"
            )
    sys.exit(0 if sound else 1)


@audit.command("head")
@click.argument("slug", required=False)
@click.pass_obj
def audit_head(settings: Settings, slug: str | None) -> None:
    """Print where each chain ends, to be noted outside this machine: what is cut off later shows against it."""
    with application(settings).app_context():
        for here in asked(slug):
            click.echo(f"{here.slug}  {head_of(here)}")


@audit.command("seal")
@click.pass_obj
def audit_seal(settings: Settings) -> None:
    """Seal now what the worker seals every few minutes."""
    with application(settings).app_context():
        for here in municipalities().values():
            while seal_some(here):
                pass


@audit.command("print")
@click.argument("slug")
@click.pass_obj
def audit_print(settings: Settings, slug: str) -> None:
    """Print every sealed entry as a line of JSON, with all that another program needs to verify it."""
    with application(settings).app_context(), refusals_shown():
        for line in lines(municipality(slug)):
            click.echo(orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_SORT_KEYS))


@click.command()
@click.pass_obj
def compact(settings: Settings) -> None:
    """Give back space, and leave no byte of what was deleted in the database's files. Writers wait meanwhile."""
    with application(settings).app_context(), refusals_shown(), taking_time():
        compact_database(current_app.config["PLATEIA"].database_url)


def asked(slug: str | None) -> list[Municipality]:
    """The one municipality, or all."""
    return [municipality(slug)] if slug else list(municipalities().values())


def head_noted(text: str) -> Head:
    """What `str(head)` was. Raises Refused."""
    place, _, chain = text.partition(":")
    try:
        return Head(int(place), bytes.fromhex(chain))
    except ValueError:
        raise Refused(f"{text} is no head: it looks like 17:9f86d0….") from None


PERSON_COMMANDS = (erase_account, audit, compact)

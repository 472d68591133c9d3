"""`plateia staff`, `invite`, `revoke`, `reset-authenticator` and `permissions`."""

import uuid

import click

from service.app import create_app
from service.config import Settings
from service.db import transaction
from service.municipalities.directory import municipality
from service.operating.commands import refusals_shown
from service.people.appointing import appoint
from service.people.auditing import record
from service.people.revoking import forget_authenticator, revoke_phone, revoke_staff
from service.people.signing_in import hash_password
from service.people.staff.inviting import invite as owe_invitation
from service.people.staff.page_routes import opened
from service.people.staff.passwords import SHORTEST, check_new_password
from service.people.staff.permissions import as_text, table
from service.text import LANGUAGES

ROLE = click.option("--role", "roles", multiple=True, required=True, help="dispatcher, or department_staff:lighting")


def pairs(roles: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """The (role, department key) pairs of `--role` options."""
    return [(role, department or None) for role, _, department in (text.partition(":") for text in roles)]


@click.command()
@click.argument("slug")
@click.argument("email")
@click.argument("name")
@ROLE
@click.password_option(help=f"At least {SHORTEST} characters that nobody guesses.")
@click.pass_obj
def staff(settings: Settings, slug: str, email: str, name: str, roles: tuple[str, ...], password: str) -> None:
    """Make somebody staff, or give them another name, password and roles."""
    given = pairs(roles)
    with create_app(settings).app_context(), refusals_shown():
        here = municipality(slug)
        check_new_password(password, here, name, email)
        hashed = hash_password(password)
        with transaction():
            account = appoint(here, email, name, given, hashed)
            record(
                here.id, None, "staff_appointed", "staff", str(account.uid), {"roles": [list(pair) for pair in given]}
            )


@click.command()
@click.argument("slug")
@click.argument("email")
@click.argument("name")
@ROLE
@click.pass_obj
def invite(settings: Settings, slug: str, email: str, name: str, roles: tuple[str, ...]) -> None:
    """Invite somebody by e-mail to become staff: the first administrator, say."""
    with create_app(settings).app_context(), refusals_shown():
        here = municipality(slug)
        with transaction():
            page = f"{settings.public_url}/staff/{slug}/invitation"
            owe_invitation(here, None, email, name, pairs(roles), page)
    click.echo("The worker sends the letter.")


@click.command()
@click.argument("slug")
@click.argument("who", metavar="EMAIL|INSTALLATION")
@click.option("--remove", is_flag=True, help="Also take the roles, password and authenticator of a member of staff.")
@click.pass_obj
def revoke(settings: Settings, slug: str, who: str, remove: bool) -> None:
    """End all sessions of a member of staff, or of a phone, which can then not come back with its secret."""
    if remove and "@" not in who:
        raise click.ClickException("--remove is for staff: a phone has neither roles nor a password.")
    with create_app(settings).app_context(), refusals_shown():
        here = municipality(slug)
        with transaction():
            count = revoke_staff(here, who, remove) if "@" in who else revoke_phone(here, uuid.UUID(who))
    click.echo(f"{count} sessions ended")


@click.command("reset-authenticator")
@click.argument("slug")
@click.argument("email")
@click.pass_obj
def reset_authenticator(settings: Settings, slug: str, email: str) -> None:
    """Forget the authenticator and recovery codes of who has lost both; for the only administrator, say."""
    with create_app(settings).app_context(), refusals_shown():
        here = municipality(slug)
        with transaction():
            forget_authenticator(here, email)


@click.command()
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.pass_obj
def permissions(settings: Settings, language: str) -> None:
    """Print who may do what: roles, what each allows, and what that opens."""
    with create_app(settings).app_context():
        click.echo(as_text(table(opened(), language)), nl=False)


STAFF_COMMANDS = (staff, invite, revoke, reset_authenticator, permissions)

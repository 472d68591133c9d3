"""`plateia import-polis`."""

import uuid
from pathlib import Path

import click

from service.app import create_app
from service.config import Settings
from service.consultation.conversation.importing import import_polis
from service.consultation.conversation.opening import consultation_row
from service.db import stop_reading, transaction
from service.municipalities.directory import municipality
from service.operating.commands import refusals_shown
from service.text import LANGUAGES

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import-polis")
@click.argument("slug")
@click.argument("consultation", type=click.UUID)
@click.argument("comments", type=FILE)
@click.argument("votes", type=FILE)
@click.option("--language", type=click.Choice(LANGUAGES), required=True, help="In which the comments are written.")
@click.pass_obj
def polis(settings: Settings, slug: str, consultation: uuid.UUID, comments: Path, votes: Path, language: str) -> None:
    """Take a conversation over that was held with Polis: comments.csv and votes.csv of its export."""
    texts = comments.read_text("utf-8-sig"), votes.read_text("utf-8-sig")
    with create_app(settings).app_context(), refusals_shown():
        here = municipality(slug)
        about = consultation_row(here, consultation)
        stop_reading()
        with transaction():
            count = import_polis(here, about, *texts, language)
        click.echo(f"{count} contributions")


CONVERSATION_COMMANDS = (polis,)

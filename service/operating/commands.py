"""`plateia backup`, `restore` and `move`."""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from service.config import Settings
from service.errors import Problem
from service.operating.backing_up import back_up
from service.operating.moving import move as move_database
from service.operating.moving import rehearse as rehearse_move
from service.operating.moving import reopen
from service.operating.restoring import restore as restore_backup
from service.operating.snapshots import Refused, shown
from service.storage.keeping import open_store


@click.command()
@click.argument("place", metavar="FILE_OR_FOLDER", type=click.Path(path_type=Path))
@click.pass_obj
def backup(settings: Settings, place: Path) -> None:
    """Back up database and files, as they are at this moment, while the service serves."""
    with refusals_shown(), taking_time():
        path, manifest = back_up(settings.database_url, open_store(settings.files_url), place)
    show_tables([*manifest.tables, manifest.files])
    show_photos(manifest.gone, "were deleted meanwhile and are left out")
    show_photos(manifest.lost, "HAVE LOST THEIR FILES: their rows are in the backup, their files are not")
    click.echo(f"{path}  {path.stat().st_size} bytes")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "url", help="The database to fill, where it is not that of the settings.")
@click.option("--replace", is_flag=True, help="Throw away what the database holds now.")
@click.pass_obj
def restore(settings: Settings, file: Path, url: str | None, replace: bool) -> None:
    """Put a backup back into an empty database, and its files into PLATEIA_FILES_URL: all of it or nothing."""
    target = url or settings.database_url
    with refusals_shown(), taking_time():
        found, manifest = restore_backup(file, target, open_store(settings.files_url), replace)
    show_tables([*found, manifest.files])
    show_photos(manifest.gone, "were deleted while the backup was made and do not come back")
    show_photos(manifest.lost, "have no files")
    click.echo(f"{shown(target)} holds what {file} holds: every count and digest is equal.")


@click.command()
@click.option("--to", "target", help="The database to move to: postgresql://… or sqlite:///….")
@click.option("--rehearse", is_flag=True, help="Copy and compare while the service serves, then undo it.")
@click.option("--cancel", is_flag=True, help="Open the old database again, after a move that nobody wants.")
@click.pass_obj
def move(settings: Settings, target: str | None, rehearse: bool, cancel: bool) -> None:
    """Move the database to another one. Until the service is started over the new one it only reads."""
    source = settings.database_url
    if cancel:
        with refusals_shown():
            reopen(source)
        click.echo(f"{shown(source)} takes reports again.")
        return
    if target is None:
        raise click.UsageError("Say where with --to.")
    with refusals_shown(), taking_time():
        show_tables(rehearse_move(source, target) if rehearse else move_database(source, target))
    if rehearse:
        click.echo("Every count and digest is equal. It was a rehearsal: nothing has moved.")
        return
    click.echo(
        f"Every count and digest is equal. {shown(source)} is closed and answers 503 to whoever writes.\n"
        f"Now start the service with PLATEIA_DATABASE_URL={shown(target)} and the same PLATEIA_FILES_URL\n"
        f"({settings.files_url})."
    )


COMMANDS = (backup, restore, move)


def show_tables(tables: Sequence[Any]) -> None:
    """A line for each table: rows and the beginning of the digest."""
    width = max(len(table.name) for table in tables)
    for table in tables:
        click.echo(f"{table.name:<{width}}  {table.rows:>9}  {table.sha256[:16]}")


def show_photos(uids: Sequence[str], what: str) -> None:
    if uids:
        click.echo(f"{len(uids)} photos {what}: {', '.join(uids)}")


@contextmanager
def refusals_shown() -> Iterator[None]:
    """A refusal ends the command with its reason; SIGTERM ends it as an error would, so that everything is undone."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(143)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except Refused as refused:
        raise click.ClickException(str(refused)) from refused
    except Problem as problem:
        raise click.ClickException(f"{problem.code}: {problem.message} {problem.details or ''}") from problem
    except (KeyError, ValueError) as error:
        raise click.ClickException(f"{type(error).__name__}: {error}") from error
    except DBAPIError as error:
        raise click.ClickException(str(error.orig).splitlines()[0]) from error
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def taking_time() -> Iterator[None]:
    """Say at the end how long it took."""
    began = time.monotonic()
    yield
    click.echo(f"{time.monotonic() - began:.1f} seconds")

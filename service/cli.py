"""`plateia`: everything that an operator does. `plateia --help` lists it."""

import csv
import gc
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import click
from environs import EnvError
from flask import Flask

from service import serving, supervising, worker
from service.app import create_app
from service.config import PRIVATE, Settings, SettingsRefused, is_loopback
from service.db import session, transaction
from service.errors import Problem
from service.gis.importing import read_features
from service.gis.models import KINDS
from service.gis.publishing import publish_file
from service.housekeeping import plan_recurring
from service.municipalities.directory import municipality
from service.operating.commands import COMMANDS
from service.operating.conversation_commands import CONVERSATION_COMMANDS
from service.operating.identity_commands import IDENTITY_COMMANDS
from service.operating.person_commands import PERSON_COMMANDS
from service.operating.staff_commands import STAFF_COMMANDS
from service.outbox.channels.web_push import new_key
from service.outbox.listing import deliveries
from service.outbox.loopback_fcm import serve as serve_loopback_fcm
from service.reports.catalogue import catalogue_of
from service.reports.erasing import erase_report
from service.reports.routers import router_of
from service.reports.routing_csv import route_csv
from service.reports.states import as_markdown
from service.samples.loading import SampleFaulty, load_all, load_file, sample_resident
from service.schema_version import migrate as migrate_to
from service.schema_version import undo
from service.text.cells import quoted


@click.group()
@click.pass_context
def cli(context: click.Context) -> None:
    """The service behind a municipality's mobile app."""
    os.umask(PRIVATE)
    try:
        context.obj = Settings.from_environment()
    except (SettingsRefused, EnvError) as error:
        raise click.ClickException(str(error)) from error


def application(settings: Settings) -> Flask:
    return create_app(settings)


@cli.command()
@click.option("--to", default="head", show_default=True, help="The revision to reach.")
@click.pass_obj
def migrate(settings: Settings, to: str) -> None:
    """Bring the database to the schema of this version."""
    settings.home.mkdir(parents=True, exist_ok=True)
    migrate_to(settings.database_url, to)


@cli.command("migrate-back")
@click.argument("revision")
@click.pass_obj
def migrate_back(settings: Settings, revision: str) -> None:
    """Take migrations back to this revision ("base": all of them, with all the data)."""
    undo(settings.database_url, revision)


@cli.command()
@click.pass_obj
def serve(settings: Settings) -> None:
    """Serve HTTP with the embedded server. With many processes use gunicorn and service.wsgi instead."""
    serving.serve(application(settings), settings)


@cli.command("worker")
@click.pass_obj
def work(settings: Settings) -> None:
    """Send what people are owed and do planned work; as many of these as one likes."""
    app = application(settings)
    with app.app_context(), transaction():
        plan_recurring()
    stop = threading.Event()
    worker.stop_on_signals(stop)
    worker.work(app, stop)


@cli.command()
@click.option("--samples", is_flag=True, help="Load the sample municipalities and start the stand-in of FCM.")
@click.pass_obj
def run(settings: Settings, samples: bool) -> None:
    """Migrate, then serve and work, until Ctrl-C or SIGTERM."""
    if samples:
        settings = with_samples(settings)
    settings.home.mkdir(parents=True, exist_ok=True)
    migrate_to(settings.database_url)
    token = None
    if samples:
        app = application(settings)
        with app.app_context():
            load_all()
            token = sample_resident()
    sys.exit(supervising.Service(settings).run(supervising.greeting(settings, token)))


def with_samples(settings: Settings) -> Settings:
    """The settings with sample accounts, which are refused anywhere but on loopback."""
    try:
        return Settings(**{**settings.__dict__, "samples": True})
    except SettingsRefused as error:
        raise click.ClickException(str(error)) from error


@cli.command("loopback-fcm")
@click.option("--port", type=int, required=True)
@click.option("--record", type=click.Path(path_type=Path), help="Append what it accepts to this file, a line each.")
@click.pass_obj
def loopback_fcm(settings: Settings, port: int, record: Path | None) -> None:
    """Start the stand-in of FCM, on the loopback address only."""
    if not is_loopback(settings.host):
        raise click.ClickException("The stand-in of FCM starts only beside a service on a loopback address.")
    serve_loopback_fcm("127.0.0.1", port, record)


@cli.command("load-samples")
@click.pass_obj
def load_samples(settings: Settings) -> None:
    """Load what is not there yet of the sample municipalities (on a loopback address only)."""
    settings = with_samples(settings)
    with application(settings).app_context():
        for slug in load_all():
            click.echo(slug)


cli.add_command(load_samples, "samples")


@cli.command("load-municipality")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def load_municipality(settings: Settings, file: Path) -> None:
    """Set up a municipality, or change it, from a YAML file like those of service/samples."""
    with application(settings).app_context(), problems_shown():
        click.echo(load_file(file))


@cli.command("erase-report")
@click.argument("slug")
@click.argument("number")
@click.confirmation_option(prompt="The report goes for ever, with its photos and history. Go on?")
@click.pass_obj
def erase(settings: Settings, slug: str, number: str) -> None:
    """Erase a report with everything that hangs on it."""
    with application(settings).app_context(), problems_shown(), transaction():
        erase_report(municipality(slug), number)


@cli.command("load-layer")
@click.argument("slug")
@click.argument("layer")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--inside", help="The layer inside the file, where it has several.")
@click.option("--crs", help="What the coordinates are in, where the file does not say (EPSG:2100).")
@click.option("--encoding", help="How its text is written, where the file does not say (ISO-8859-7).")
@click.option("--key", help="The attribute that names a feature from version to version.")
@click.option("--name", help='The layer\'s name, as {"el": "…", "en": "…"}; needed at the first version.')
@click.option("--kind", type=click.Choice(KINDS), help="Needed at the first version.")
@click.pass_obj
def load_layer(settings: Settings, /, slug: str, layer: str, file: Path, **options: str | None) -> None:
    """Publish a file (GeoJSON, GeoPackage, zipped Shapefile) as the next version of a layer."""
    with application(settings).app_context(), problems_shown():
        here = municipality(slug)
        imported = read_features(
            file,
            layer_name=options["inside"],
            crs=options["crs"],
            encoding=options["encoding"],
            key_attribute=options["key"],
        )
        name = json.loads(options["name"]) if options["name"] else None
        number = publish_file(here, layer, imported, name=name, kind=options["kind"])
    count, repaired = len(imported.features), len(imported.repaired)
    click.echo(f"{slug}/{layer} version {number}: {count} features, {repaired} repaired")


@cli.command("route-csv")
@click.argument("slug")
@click.argument("source", type=click.File(encoding="utf-8"))
@click.argument("target", type=click.File("w", encoding="utf-8"), default="-")
@click.option("--distance", is_flag=True, help="Also the metres to the edge of the feature that decided.")
@click.pass_obj
def route_points(settings: Settings, slug: str, source: Any, target: Any, distance: bool) -> None:
    """Route a CSV of points (lon,lat,category): who would get each, and why."""
    with application(settings).app_context(), problems_shown():
        here = municipality(slug)
        groups = {key: category.group_key for key, category in catalogue_of(here).by_key.items()}
        routed = route_csv(router_of(here), groups, source, target, distance)
    for line, reason in routed.faults:
        click.echo(f"line {line}: {reason}", err=True)
    click.echo(f"{routed.rows} rows, {routed.faulty} of them faulty", err=True)


@cli.command()
@click.option("--state", help="Only those in this state.")
@click.option("--limit", default=50, show_default=True)
@click.pass_obj
def outbox(settings: Settings, state: str | None, limit: int) -> None:
    """Show the newest deliveries: to whom by which channel, in what state, tried how often."""
    writer = csv.writer(sys.stdout, delimiter="\t")
    with application(settings).app_context():
        for row in deliveries(state, limit):
            writer.writerow(map(quoted, row))


@cli.command("web-push-key")
def web_push_key() -> None:
    """Print a new key for pushes to browsers, for PLATEIA_VAPID_KEY."""
    click.echo(new_key())


@cli.command()
def states() -> None:
    """Print the life of a report as a table."""
    click.echo(as_markdown(), nl=False)


@cli.command()
@click.pass_obj
def openapi(settings: Settings) -> None:
    """Print the OpenAPI document."""
    click.echo(json.dumps(application(settings).config["OPENAPI_DOCUMENT"](), indent=2, ensure_ascii=False))


for command in (*COMMANDS, *PERSON_COMMANDS, *STAFF_COMMANDS, *IDENTITY_COMMANDS, *CONVERSATION_COMMANDS):
    cli.add_command(command)


class problems_shown:  # noqa: N801  (reads as the statement that it is)
    """A refusal ends a command with its code and details instead of a traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Problem):
            session.rollback()
            raise click.ClickException(f"{error.code}: {error.message} {error.details or ''}") from error
        if isinstance(error, KeyError | ValueError | SampleFaulty):
            raise click.ClickException(f"{type(error).__name__}: {error}") from error


def main() -> None:
    """The `plateia` program."""
    gc.freeze()  # to take apart at the end what was imported took a third of a short command
    cli()


if __name__ == "__main__":
    main()

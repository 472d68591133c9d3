"""Migrations: bring the database to the schema of this code, and say whether it is there."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from service.db import db

INSTALLED, CHECKOUT = (Path(__file__).parents[above] / "migrations" for above in (0, 1))
FOLDER = INSTALLED if INSTALLED.is_dir() else CHECKOUT


def configuration(url: str) -> Config:
    """Alembic's configuration for this database."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["url"] = url
    return config


def migrate(url: str, revision: str = "head") -> None:
    """Upgrade to this revision. Two processes that start at once do it one after the other."""
    command.upgrade(configuration(url), revision)


def undo(url: str, revision: str) -> None:
    """Downgrade to this revision ("base" is the empty database)."""
    command.downgrade(configuration(url), revision)


@cache
def newest() -> str | None:
    """The newest revision of this code."""
    return ScriptDirectory(str(FOLDER)).get_current_head()


def is_up_to_date() -> bool:
    """Whether the database has the newest revision."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest()

"""The `plateia` program as an operator types it."""

import os
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner, Result
from flask import Flask

from service import logs
from service.cli import cli


def environment(**settings: str) -> dict[str, str]:
    """The environment without any setting but these."""
    usual = {name: value for name, value in os.environ.items() if not name.startswith("PLATEIA_") and name != "PORT"}
    return usual | settings


def plateia(app: Flask, *arguments: str, typed: str | None = None, **settings: str) -> Result:
    """A command in this process, over the database of the tests."""
    own = app.config["PLATEIA"]
    told = {
        "PLATEIA_HOME": str(own.home),
        "PLATEIA_DATABASE_URL": own.database_url,
        "PLATEIA_LIMITS": "0",
        "PLATEIA_LOG_LEVEL": "ERROR",
    }
    try:
        return CliRunner().invoke(cli, arguments, input=typed, env=told | settings)
    finally:
        logs.set_up("ERROR")  # to where this process writes, no longer into the result


def program(*arguments: str, home: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """A command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "service.cli", *arguments],
        env=environment(PLATEIA_HOME=str(home), **settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

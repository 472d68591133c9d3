"""Is the service alive, and can it work? For the machines that watch it."""

from typing import Any

from flask import Blueprint, Response, current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from service.db import session
from service.http import answer
from service.outbox.pausing import channel_states
from service.schema_version import is_up_to_date
from service.storage.keeping import StoreUnavailable

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> Response:
    """The process answers."""
    return answer({"status": "ok"})


@blueprint.get("/ready")
def ready() -> Response:
    """Database, schema and files are there; which channels can send is told, and is no reason not to take reports."""
    checks: dict[str, Any] = {"database": database(), "schema": schema(), "files": files()}
    good = all(state == "ok" for state in checks.values())
    channels = channel_states(current_app.config["PLATEIA"]) if good else {}
    return answer({"status": "ready" if good else "not ready", **checks, "channels": channels}, 200 if good else 503)


def database() -> str:
    try:
        session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return type(error).__name__
    return "ok"


def schema() -> str:
    try:
        return "ok" if is_up_to_date() else "migrations are missing: plateia migrate"
    except SQLAlchemyError as error:
        return type(error).__name__


def files() -> str:
    try:
        current_app.config["STORE"].check()
    except StoreUnavailable:
        return "not reachable"
    return "ok"


for view in (health, ready):
    view.access = "anybody"  # type: ignore[attr-defined]

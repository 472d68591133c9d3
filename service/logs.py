"""One JSON line per event, with the request's id; never what people wrote, who they are or where they were."""

import logging
import sys
import traceback
from collections.abc import Mapping
from typing import Any

import orjson
import structlog

log = structlog.get_logger()


def set_up(level: str) -> None:
    """Write structured lines to standard error from this level on."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=as_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def as_json(event: Mapping[str, Any], **_: object) -> str:
    """The event as one line."""
    return orjson.dumps(event, default=str).decode()


def unforeseen(error: BaseException) -> None:
    """An error that no rule raised: its kind and where it was, without its message, which may quote a person."""
    frames = [f"{f.filename.rsplit('/', 3)[-1]}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
    log.error("unforeseen_error", error=type(error).__name__, where=frames[-12:])

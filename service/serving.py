"""The embedded server: one process of waitress, which answers what runs before it stops."""

import signal
from types import FrameType

import waitress
from flask import Flask

from service.config import Settings

CONNECTIONS = 500
"""As many phones and browsers may stay connected; waitress keeps everybody else waiting from then on."""

IDLE = 60
"""Seconds after which a connection on which nothing happens is closed."""


def serve(app: Flask, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; requests that run are finished first."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    waitress.serve(
        app,
        host=settings.host,
        port=settings.port,
        threads=settings.threads,
        connection_limit=CONNECTIONS,
        channel_timeout=IDLE,
        asyncore_use_poll=True,
        ident=None,
        max_request_body_size=2 * app.config["MAX_CONTENT_LENGTH"],  # what is a little too large, the app refuses
        clear_untrusted_proxy_headers=settings.trusted_proxies == 0,
    )

"""The embedded server: one process of waitress, which answers what runs before it stops."""

import signal
import time
from types import FrameType
from typing import Any

import structlog
import waitress
from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer

from service.config import Settings

CONNECTIONS = 500
"""As many phones and browsers may stay connected; waitress keeps everybody else waiting from then on."""

IDLE = 60
"""Seconds after which a connection on which nothing happens is closed."""

PATIENCE = 25
"""Seconds that requests have after SIGTERM; less than a service manager's, and than `plateia run` waits for us."""

TAKEN = 2
"""So many times as much as the application takes is received, so that the application refuses it, in its own words."""

log = structlog.get_logger()


class Server:
    """waitress with an end of its own: its own stops five seconds after the signal and hears nobody from then on."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.sockets: dict[int, Any] = {}
        self.stopping = False
        self.waitress = waitress.create_server(
            app,
            map=self.sockets,
            host=settings.host,
            port=settings.port,
            threads=settings.threads,
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE,
            ident=None,
            max_request_body_size=TAKEN * app.config["MAX_CONTENT_LENGTH"],
            clear_untrusted_proxy_headers=settings.trusted_proxies == 0,
        )

    def run(self) -> None:
        """Answer until `stop`, then finish."""
        while not self.stopping:
            self.turn(1)
        self.finish()

    def stop(self, number: int, frame: FrameType | None) -> None:
        """End the turn that runs, and with it the service. For signals: nothing is interrupted half-way."""
        self.stopping = True

    def turn(self, seconds: float) -> None:
        """Read and write what can be, or wait so long for something."""
        wasyncore.loop(timeout=seconds, use_poll=True, map=self.sockets, count=1)

    def finish(self) -> None:
        """Take nobody new, and let those who wait for an answer or still send have PATIENCE seconds."""
        for listening in self.of_kind(BaseWSGIServer):
            wasyncore.dispatcher.close(listening)  # its own close() would take the trigger that threads pull
        limit = time.monotonic() + PATIENCE
        self.turn(0)
        while self.close_idle() and time.monotonic() < limit:
            self.turn(0.1)
        if left := self.of_kind(HTTPChannel):
            log.warning("requests_cut_off", count=len(left))
        self.waitress.task_dispatcher.shutdown(timeout=1)

    def close_idle(self) -> bool:
        """Close the connections on which nothing is under way; whether others are left."""
        channels = self.of_kind(HTTPChannel)
        busy = [one for one in channels if one.requests or one.request is not None or one.total_outbufs_len]
        for idle in set(channels) - set(busy):
            idle.handle_close()
        return bool(busy)

    def of_kind(self, kind: Any) -> list[Any]:
        return [one for one in list(self.sockets.values()) if isinstance(one, kind)]


def serve(app: Flask, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; requests that run are finished first, for at most PATIENCE seconds."""
    server = Server(app, settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.stop)
    server.run()

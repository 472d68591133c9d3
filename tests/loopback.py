"""What the stand-ins of other people's servers have in common: they answer on this machine and log nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, TypeVar


class QuietHandler(BaseHTTPRequestHandler):
    """Answers and tells nobody."""

    def log_message(self, *_: Any) -> None:
        pass


Server = TypeVar("Server", bound=HTTPServer)


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """The server, which answers until the block ends."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""A gateway for short messages on loopback that chooses its fault by the number, and keeps what it accepts."""

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any

from tests.loopback import QuietHandler, serving

LOST = "+306900000998"


@dataclass
class Accepted:
    """What reached it, and with which headers."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


class Gateway(ThreadingHTTPServer):
    """A number that ends in 0 and three digits is answered with them as the status: +306900000404."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.accepted = Accepted()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/messages"


class Answering(QuietHandler):
    """One request."""

    server: Gateway

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body["to"] == LOST:
            self.connection.close()
            return
        status = int(body["to"][-3:]) if body["to"].startswith("+306900000") else 201
        if status < 300:
            self.server.accepted.messages.append(body)
            self.server.accepted.headers.append(dict(self.headers.items()))
        said = json.dumps({"id": f"gateway-{len(self.server.accepted.messages)}"}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.send_header("Retry-After", "7")
        self.end_headers()
        self.wfile.write(said)


def sms_gateway() -> AbstractContextManager[Gateway]:
    """The gateway in a thread, for as long as the block lasts."""
    return serving(Gateway())

"""A server of HTTP on a loopback address that answers as a test says, and a resolver that names it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.loopback import QuietHandler
from tests.loopback import serving as answering_until_closed

PUBLIC = "93.184.215.14"


@dataclass(frozen=True)
class Asked:
    """A request as the server got it; `query` has those of the form too."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass
class Answered:
    """What to answer; `write` instead of `body` gets the open connection."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    write: Callable[[Any], None] | None = None


Answering = Callable[[Asked], Answered]


@dataclass
class Served:
    """A running server, and what it was asked."""

    port: int
    asked: list[Asked]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(answering: Answering | Answered, context: Any = None) -> Iterator[Served]:
    """The server, with TLS where there is a context."""
    asked: list[Asked] = []

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            query = dict(parse_qsl(parts.query, keep_blank_values=True) + parse_qsl(body, keep_blank_values=True))
            request = Asked(self.command, parts.path, query, dict(self.headers.items()))
            asked.append(request)
            self.reply(answering if isinstance(answering, Answered) else answering(request))

        do_POST = do_GET

        def reply(self, answered: Answered) -> None:
            self.send_response(answered.status)
            self.close_connection = True
            headers = dict(answered.headers)
            if answered.write is None:
                headers.setdefault("Content-Length", str(len(answered.body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):
                if answered.write is None:
                    self.wfile.write(answered.body)
                else:
                    answered.write(self.wfile)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with answering_until_closed(server):
        yield Served(server.server_port, asked)

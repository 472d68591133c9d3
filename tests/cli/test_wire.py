"""Both servers, byte by byte: what is no honest HTTP is refused, and they agree where a message ends."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.supervising import free_port
from tests.cli.commands import environment, program

pytestmark = pytest.mark.slow
PATIENCE = 60
GUNICORN = ["-m", "gunicorn", "--worker-class", "gthread", "--threads", "2", "service.wsgi:app", "--bind"]
POST = b"POST /health HTTP/1.1\r\nHost: here\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module", params=["waitress", "gunicorn"])
def port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where the server listens."""
    home, port = tmp_path_factory.mktemp("home"), free_port()
    assert program("migrate", home=home).returncode == 0
    command = ["-m", "service.cli", "serve"] if request.param == "waitress" else [*GUNICORN, f"127.0.0.1:{port}"]
    settings = {"PLATEIA_HOME": str(home), "PLATEIA_PORT": str(port), "PYTHONPATH": str(Path(__file__).parents[2])}
    with (home / "log").open("wb") as log:
        server = subprocess.Popen([sys.executable, *command], env=environment(**settings), stdout=log, stderr=log)
    try:
        wait_for(port, server)
        yield port
    finally:
        server.terminate()
        server.wait(PATIENCE)


def wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit and server.poll() is None:
        try:
            if answers(port, NEXT.replace(b"/next", b"/health")):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server does not answer")


def answers(port: int, sent: bytes) -> list[bytes]:
    """The status lines of what is answered until the server closes or is silent."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(sent)
        try:
            while some := connection.recv(65536):
                said += some
        except (TimeoutError, ConnectionResetError):
            pass
    return [line for line in said.split(b"\r\n") if line.startswith(b"HTTP/1.")]


def status(line: bytes) -> int:
    return int(line.split()[1])


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 4\r\nContent-Length: 0\r\n",
        b"Content-Length: -4\r\n",
        b"Content-Length: +4\r\n",
        b"Content-Length: 4, 4, 5\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
    ],
)
def test_a_message_of_doubtful_length_is_refused(port: int, head: bytes) -> None:
    found = answers(port, POST + head + b"\r\nabcd" + NEXT)
    assert len(found) == 1 and status(found[0]) in (400, 501), found


def test_where_two_lengths_are_said_the_pieces_count_or_nothing_does(port: int) -> None:
    both = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    found = answers(port, POST + both)
    assert len(found) == 1 and status(found[0]) in (400, 405), found


@pytest.mark.parametrize("sent", [b"X-A: " + b"a" * 300_000, b"X-A: b\x00c", b"X A: b", b": b"])
def test_a_head_that_is_too_large_or_none_is_refused(port: int, sent: bytes) -> None:
    found = answers(port, b"GET /health HTTP/1.1\r\nHost: here\r\nConnection: close\r\n" + sent + b"\r\n\r\n")
    assert [status(line) for line in found][:1] in ([400], [431], []), found


def test_an_honest_message_is_answered(port: int) -> None:
    assert [status(line) for line in answers(port, NEXT.replace(b"/next", b"/health"))] == [200]

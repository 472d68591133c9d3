"""Connections to an address that was checked, of which no step lasts beyond one deadline.

urllib3 speaks HTTP and TLS. Only the opening of the socket is ours: the name is never looked up a second time, so
that nobody can answer the check and the connection differently. Proxies of the environment are not asked.
"""

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

from service.fetching.addresses import Address


class PlainSocket(socket.socket):
    """A socket on which no reading lasts beyond `deadline`, as `time.monotonic` counts; without one none begins."""

    deadline = 0.0

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        self.settimeout(seconds_until(self.deadline))
        return super().recv_into(*arguments, **options)


class SecretSocket(ssl.SSLSocket):
    """The same with TLS."""

    deadline = 0.0

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        self.settimeout(seconds_until(self.deadline))
        return super().recv_into(*arguments, **options)


def seconds_until(deadline: float) -> float:
    """What is left. Raises TimeoutError."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def connected(addresses: Sequence[Address], port: int, deadline: float, seconds: float) -> PlainSocket:
    """A socket to the first of the addresses that answers within so many seconds. Raises OSError."""
    fault: OSError | None = None
    for address in addresses:
        plain = PlainSocket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
        try:
            plain.settimeout(min(seconds, seconds_until(deadline)))
            plain.connect((str(address), port))
        except OSError as error:
            plain.close()
            fault = error
            continue
        plain.deadline = deadline
        return plain
    raise fault or OSError("no address")


class PlainConnection(HTTPConnection):
    """HTTP over a socket that `dial` opens."""

    dial: Callable[[], PlainSocket]

    def _new_conn(self) -> socket.socket:
        return self.dial()


class SecretConnection(HTTPSConnection):
    """HTTPS over a socket that `dial` opens; the certificate is checked against the name."""

    dial: Callable[[], PlainSocket]

    def _new_conn(self) -> socket.socket:
        return self.dial()


def tls_context() -> ssl.SSLContext:
    """Trust what the machine trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured)."""
    context = ssl.create_default_context()
    context.sslsocket_class = SecretSocket
    return context


def connection(
    scheme: str, host: str, port: int, dial: Callable[[], PlainSocket], deadline: float, context: ssl.SSLContext
) -> HTTPConnection:
    """An open connection; the host's name is only said, not looked up. Raises OSError, urllib3's SSLError."""
    made: PlainConnection | SecretConnection
    made = PlainConnection(host, port) if scheme == "http" else SecretConnection(host, port, ssl_context=context)
    made.dial = dial
    made.connect()
    opened: Any = made.sock
    opened.deadline = deadline
    opened.settimeout(seconds_until(deadline))
    return made

"""Fetch what stands at an address that somebody else has named, within bounds of bytes and seconds."""

import ssl
import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LookupTimeout
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPException
from typing import IO
from urllib.parse import urlencode, urljoin

from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError, ReadTimeoutError, SSLError
from urllib3.response import BaseHTTPResponse

from service.errors import Problem
from service.fetching.addresses import (
    Address,
    Allowed,
    Resolve,
    addresses_of,
    checked,
    host_in,
    origin_of,
    port_in,
    read_url,
)
from service.fetching.connecting import connected, connection, seconds_until, tls_context
from service.text import N_

USER_AGENT = "Plateia"
MOST_REDIRECTS = 5
CONDITIONS = {"If-None-Match", "If-Modified-Since"}
REDIRECTS = (301, 302, 303, 307, 308)
PIECE = 64 * 1024


class FetchFailed(Problem):
    """Nothing whole came from the address.

    `reason`: `host` (the name is unknown), `unreachable`, `tls`, `too_slow`, `broken_off`, `too_large` (`most` bytes),
    `redirects` (too many, or one that leads nowhere), `status` (`answered` is which).
    """

    status, code, message = 502, "fetch_failed", N_("Nothing usable came from this address.")


@dataclass(frozen=True)
class Bounds:
    """What one answer may take: bytes of its content, unpacked, seconds from the first step to the last byte, and how
    often it may lead elsewhere.
    """

    bytes: int
    seconds: float
    connect_seconds: float = 10.0
    redirects: int = MOST_REDIRECTS


@dataclass(frozen=True)
class Credentials:
    """Headers that only this origin gets, whatever redirects there are. They are never shown."""

    origin: str
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What came: 200 to 299, or 304 where that was asked for; the last address; headers by small names."""

    status: int
    url: str
    headers: Mapping[str, str]


class Fetcher:
    """Asks only public addresses and those in `allowed`; safe to share between threads."""

    def __init__(self, allowed: Collection[str] = (), resolve: Resolve = addresses_of) -> None:
        self.allowed, self.resolve = Allowed(allowed), resolve

    @cached_property
    def context(self) -> ssl.SSLContext:
        """Made once: to read the machine's certificates takes its time."""
        return tls_context()

    def fetch(
        self,
        url: str,
        into: IO[bytes],
        bounds: Bounds,
        headers: Mapping[str, str] | None = None,
        credentials: Credentials | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Write the content, unpacked, into the file; with `form` as a POST, whose redirects are not followed.

        Raises AddressRefused, FetchFailed; part of the content may be written then.
        """
        deadline = time.monotonic() + bounds.seconds
        for _ in range(bounds.redirects + 1):
            with closing(self.open(url, bounds, deadline)) as link:
                response = ask(link, url, headers or {}, credentials, form)
                if response.status not in REDIRECTS:
                    unless_new = CONDITIONS.intersection(headers or ())
                    return received(response, url, into, bounds, may_be_unchanged=bool(unless_new))
                url = led_to(response, url, form)
        raise FetchFailed(reason="redirects")

    def post(
        self, url: str, body: bytes, into: IO[bytes], bounds: Bounds, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send these bytes there, and write what comes back into the file; whatever the answer's status is.

        No redirect is followed: it is an answer like others. Raises AddressRefused, FetchFailed.
        """
        with closing(self.open(url, bounds, time.monotonic() + bounds.seconds)) as link:
            response = sent(link, "POST", url, body, headers or {})
            write_whole(response, into, bounds)
            return answer_of(response, url)

    def open(self, url: str, bounds: Bounds, deadline: float) -> HTTPConnection:
        """A connection to one of the addresses that were checked. Raises AddressRefused, FetchFailed."""
        parts = read_url(url)
        host, port = host_in(parts), port_in(parts)
        addresses = self.looked_up(host, port, bounds, deadline)
        try:
            return connection(
                str(parts.scheme),
                host,
                port,
                lambda: connected(addresses, port, deadline, bounds.connect_seconds),
                deadline,
                self.context,
            )
        except TimeoutError:
            raise FetchFailed(reason="too_slow", host=host) from None
        except (ssl.SSLError, SSLError):
            raise FetchFailed(reason="tls", host=host) from None
        except (OSError, HTTPError):
            raise FetchFailed(reason="unreachable", host=host) from None

    def looked_up(self, host: str, port: int, bounds: Bounds, deadline: float) -> list[Address]:
        """The addresses of the host, looked up once, in a thread, because nothing else can end a look-up."""
        threads = ThreadPoolExecutor(1)
        try:
            answers = threads.submit(self.resolve, host, port).result(seconds_until(deadline))
        except (LookupTimeout, TimeoutError):
            raise FetchFailed(reason="too_slow", host=host) from None
        except (OSError, UnicodeError):
            raise FetchFailed(reason="host", host=host) from None
        finally:
            threads.shutdown(wait=False)
        return checked(host, answers, self.allowed)


def ask(
    link: HTTPConnection,
    url: str,
    headers: Mapping[str, str],
    credentials: Credentials | None,
    form: Mapping[str, str] | None,
) -> BaseHTTPResponse:
    """The beginning of the answer. Raises FetchFailed."""
    said = dict(headers)
    if credentials is not None and origin_of(url) == credentials.origin:
        said |= credentials.headers
    if form is None:
        return sent(link, "GET", url, None, said)
    said["Content-Type"] = "application/x-www-form-urlencoded"
    return sent(link, "POST", url, urlencode(form).encode(), said)


def sent(
    link: HTTPConnection, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
) -> BaseHTTPResponse:
    """The beginning of the answer to one request. Raises FetchFailed."""
    said = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", "Connection": "close", **headers}
    try:
        link.request(method, read_url(url).request_uri, body, said, preload_content=False)
        return link.getresponse()
    except TimeoutError:
        raise FetchFailed(reason="too_slow") from None
    except (OSError, HTTPException, HTTPError):
        raise FetchFailed(reason="broken_off") from None


def received(response: BaseHTTPResponse, url: str, into: IO[bytes], bounds: Bounds, may_be_unchanged: bool) -> Answer:
    """The answer, with its content written. Raises FetchFailed."""
    if not 200 <= response.status < 300 and not (may_be_unchanged and response.status == 304):
        raise FetchFailed(reason="status", answered=response.status)
    write_whole(response, into, bounds)
    return answer_of(response, url)


def write_whole(response: BaseHTTPResponse, into: IO[bytes], bounds: Bounds) -> None:
    """Write the content. Raises FetchFailed."""
    left = bounds.bytes
    try:
        for piece in response.stream(PIECE, decode_content=True):
            left -= len(piece)
            if left < 0:
                raise FetchFailed(reason="too_large", most=bounds.bytes)
            into.write(piece)
    except (TimeoutError, ReadTimeoutError):
        raise FetchFailed(reason="too_slow") from None
    except (OSError, HTTPException, HTTPError):
        raise FetchFailed(reason="broken_off") from None


def answer_of(response: BaseHTTPResponse, url: str) -> Answer:
    """The answer without its content."""
    return Answer(response.status, url, {name.lower(): value for name, value in response.headers.items()})


def led_to(response: BaseHTTPResponse, url: str, form: Mapping[str, str] | None) -> str:
    """Where a redirect leads. Raises FetchFailed."""
    place = response.headers.get("Location")
    if not place or form is not None:
        raise FetchFailed(reason="redirects")
    try:
        return urljoin(url, place)
    except ValueError:
        raise FetchFailed(reason="redirects") from None

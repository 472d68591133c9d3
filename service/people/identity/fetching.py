"""What is asked of a provider over the network: little, quickly, encrypted, and never of an address in our own house.

`fetch` is the one place that opens a connection to a provider. The address is looked at on the connection itself,
before anything is sent, so that a name cannot mean something else in between.
"""

import time
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
import requests.adapters
import structlog
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, LocationValueError

from service.config import is_loopback
from service.errors import Problem
from service.text import N_

CONNECT_SECONDS, READ_SECONDS, ALL_SECONDS = 3.0, 5.0, 10.0
LARGEST_ANSWER = 512 * 1024
PIECE = 16 * 1024

TRANSLATED = IPv6Network("64:ff9b::/96")
"""Where the addresses of IPv4 lie for a network that has IPv6 alone (RFC 6052)."""

log = structlog.get_logger()


class ProviderAway(Problem):
    """The provider does not answer, or not with what it should; trying again later may help."""

    status, code = 502, "provider_away"
    message = N_("The sign-in service does not answer. Please try again in a few minutes.")


class Answered(Exception):
    """The provider said something other than yes; `status` is what."""

    def __init__(self, status: int) -> None:
        super().__init__(f"answered {status}")
        self.status = status


class NotAsked(requests.RequestException):
    """The address is none that we ask, or its answer is too large, too slow, or leads elsewhere."""


def fetch(
    url: str, allowed: Sequence[str], headers: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None
) -> bytes:
    """The body of what stands there, or of what is answered to the form. Raises Answered, ProviderAway.

    allowed   hosts and networks in our own house that may be asked all the same (PLATEIA_FETCH_ALLOWED)
    """
    try:
        with requests.Session() as web:
            web.trust_env = False  # no proxies and no passwords of the environment
            web.headers["Accept-Encoding"] = "identity"
            for scheme in ("https://", "http://"):
                web.mount(scheme, Careful(allowed))
            response = web.request("GET" if form is None else "POST", url, headers=headers, data=form)
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        raise away(url, type(error).__name__) from None
    if not response.ok:
        raise Answered(response.status_code)
    return response.content


def fetch_json(url: str, allowed: Sequence[str], **asked: Any) -> dict[str, Any]:
    """The JSON object there. Raises Answered, ProviderAway."""
    headers = {"Accept": "application/json"} | asked.pop("headers", {})
    try:
        content = orjson.loads(fetch(url, allowed, headers, **asked))
    except orjson.JSONDecodeError:
        raise away(url, "not JSON") from None
    if not isinstance(content, dict):
        raise away(url, "not an object")
    return content


def away(url: str, why: str) -> ProviderAway:
    """Logged with the host and the kind of fault, never with what was sent or answered."""
    log.warning("provider_away", host=urlsplit(url).hostname, reason=why)
    return ProviderAway(retry_after=60)


class Careful(requests.adapters.HTTPAdapter):
    """Reads whole answers within bounds of size and time, and follows no redirect."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allowed = allowed
        super().__init__(max_retries=0)

    def init_poolmanager(self, *given: Any, **options: Any) -> None:
        """Pools whose connections look where they lead."""
        super().init_poolmanager(*given, **options)
        self.poolmanager.pool_classes_by_scheme = {"https": pool_to(self.allowed), "http": HTTPConnectionPool}

    def send(self, request: requests.PreparedRequest, *given: Any, **options: Any) -> requests.Response:
        """Ask, and read the answer to its end."""
        if not is_address(request.url or "", self.allowed):
            raise NotAsked("only https is asked")
        options |= {"stream": True, "timeout": (CONNECT_SECONDS, READ_SECONDS), "proxies": {}}
        began = time.monotonic()
        response = super().send(request, **options)
        if response.is_redirect:
            raise NotAsked("redirects are not followed")
        response._content = read(response, began)
        return response


def pool_to(allowed: Sequence[str]) -> type[HTTPSConnectionPool]:
    """Connections with TLS that end where they lead into our own house."""

    class Connection(HTTPSConnection):
        def _new_conn(self) -> Any:
            made = super()._new_conn()
            if not may_be_asked(self.host, made.getpeername()[0], allowed):
                made.close()
                raise LocationValueError("the address is not on the public network")
            return made

    class Pool(HTTPSConnectionPool):
        ConnectionCls = Connection

    return Pool


def read(response: requests.Response, began: float) -> bytes:
    """The whole body. Raises NotAsked where it is too large or takes too long."""
    pieces, size = [], 0
    with response:
        for piece in response.iter_content(PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST_ANSWER or time.monotonic() - began > ALL_SECONDS:
                raise NotAsked("the answer is too large or too slow")
    return b"".join(pieces)


def is_address(url: str, allowed: Sequence[str]) -> bool:
    """Whether a provider may be asked there: https with a host and nothing of a password or fragment.

    Without TLS only this machine, where the operator allows that.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.fragment or "\\" in url or port == 0:
        return False
    local = parts.scheme == "http" and is_loopback(parts.hostname) and parts.hostname in allowed
    return parts.scheme == "https" or local


def may_be_asked(host: str, address: str, allowed: Sequence[str]) -> bool:
    """Whether the address is on the public network, or the operator allows it."""
    found = ip_address(address.partition("%")[0])
    if found in TRANSLATED:
        found = IPv4Address(int(found) & 0xFFFFFFFF)
    found = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None) or found
    if (found.is_global and not found.is_multicast) or host in allowed:
        return True
    return any(found in ip_network(text) for text in allowed if text[:1].isdigit() or ":" in text)

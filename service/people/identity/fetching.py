"""What is asked of a provider over the network: little, quickly, encrypted, and never inside our own house."""

import io
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import orjson
import structlog

from service.config import is_loopback
from service.errors import Problem
from service.fetching.addresses import AddressRefused, origin_of
from service.fetching.fetching import Bounds, Credentials, Fetcher, FetchFailed
from service.text import N_

ALL_SECONDS = 10.0
LARGEST_ANSWER = 512 * 1024
BOUNDS = Bounds(bytes=LARGEST_ANSWER, seconds=ALL_SECONDS, connect_seconds=3.0, redirects=0)

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


def fetch(
    url: str, allowed: Sequence[str], headers: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None
) -> bytes:
    """The body of what stands there, or of what is answered to the form. Raises Answered, ProviderAway.

    allowed   hosts and networks in our own house that may be asked all the same (PLATEIA_FETCH_ALLOWED)
    """
    if not is_address(url, allowed):
        raise away(url, "only https is asked")
    content = io.BytesIO()
    try:
        fetcher(tuple(allowed)).fetch(
            url, content, BOUNDS, credentials=Credentials(origin_of(url), headers or {}), form=form
        )
    except FetchFailed as failed:
        if "answered" in failed.details:
            raise Answered(failed.details["answered"]) from None
        raise away(url, failed.details["reason"]) from None
    except AddressRefused:
        raise away(url, "not on the public network") from None
    return content.getvalue()


@lru_cache(maxsize=8)
def fetcher(allowed: Sequence[str]) -> Fetcher:
    """Made once: it reads the machine's certificates."""
    return Fetcher(allowed)


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

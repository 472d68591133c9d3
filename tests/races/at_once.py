"""Many callers that begin at the same moment."""

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import requests

from tests.factories.people import Person
from tests.factories.reports import INSIDE

Answer = requests.Response


def at_once(calls: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """The answers of all the calls, which begin together."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Answer]) -> Answer:
        barrier.wait(30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def call(url: str, method: str, path: str, who: Person | None = None, **options: Any) -> Answer:
    """One call of the service at this URL, on a connection of its own."""
    headers = options.pop("headers", {}) | (who.headers if who else {}) | {"Connection": "close"}
    return requests.request(method, f"{url}/api/v1/here{path}", headers=headers, timeout=60, **options)


def send(url: str, who: Person | None = None, key: str | None = None, **values: Any) -> Answer:
    """Send a report."""
    body = {"category": "dark-lamp", "description": "It is dark"} | INSIDE | values
    return call(url, "POST", "/reports", who, json=body, headers={"Idempotency-Key": key or str(uuid.uuid4())})


def outcomes(answers: Sequence[Answer]) -> list[tuple[int, str | None]]:
    """Status and, of refusals, the code; in order."""
    return sorted(
        (answer.status_code, answer.json().get("code") if answer.status_code >= 400 else None) for answer in answers
    )

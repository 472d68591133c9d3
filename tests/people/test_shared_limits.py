"""Limits of several processes in one Redis: they hold together, and still hold when it is away."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from limits import parse
from structlog.testing import capture_logs

from service import logs
from service.municipalities.directory import Municipality
from service.people import counting
from service.people.counting import counter
from tests.conftest import missing
from tests.people.test_limits import service, try_password
from tests.redis_server import RedisServer, redis_server, server_program

FIFTY = "50 per hour"
HITTING = f"""
import sys
from limits import parse
from service.people.counting import counter
limits = counter(sys.argv[1])
print(sum(limits.hit(parse("{FIFTY}"), "somebody") for _ in range(30)))
"""


@pytest.fixture(scope="module")
def cache() -> Iterator[RedisServer]:
    program = server_program()
    if program is None:
        missing("there is no Redis server here (Debian: redis-tools)")
    with redis_server(str(program)) as server:
        yield server


@pytest.fixture
def shared(cache: RedisServer) -> Iterator[RedisServer]:
    """A Redis that runs and has counted nothing."""
    redis.Redis.from_url(cache.url).flushall()
    yield cache
    cache.stop()
    cache.start()


@contextmanager
def told_of() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged meanwhile."""
    logs.set_up("INFO")
    try:
        with capture_logs() as told:
            yield told
    finally:
        logs.set_up("ERROR")


def test_processes_that_hit_at_once_share_one_count(shared: RedisServer) -> None:
    command = [sys.executable, "-c", HITTING, shared.url]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    passed = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(passed) == 50 and max(passed) <= 30


def test_guesses_at_one_application_count_at_the_other(
    app: Flask, shared: RedisServer, tmp_path: Path, here: Municipality
) -> None:
    with (
        service(app, tmp_path, limits_url=shared.url) as one,
        service(app, tmp_path, limits_url=shared.url) as other,
        service(app, tmp_path, limits_url=f"{shared.url}/1") as apart,
    ):
        tries = [try_password(client, "bob@here.example").status_code for client in (one, other) for _ in range(5)]
        assert tries == [422] * 10
        refused = try_password(other, "bob@here.example")
        assert refused.status_code == 429 and 0 < int(refused.headers["Retry-After"]) <= 62
        assert try_password(apart, "bob@here.example").status_code == 422


def test_what_is_counted_there_names_nobody(
    app: Flask, shared: RedisServer, tmp_path: Path, here: Municipality
) -> None:
    with service(app, tmp_path, limits_url=shared.url) as client:
        try_password(client, "bob@here.example")
    counted = b" ".join(redis.Redis.from_url(shared.url).keys())
    assert b"sign" in counted and b"bob" not in counted, counted


def test_guesses_stay_limited_and_nobody_is_turned_away_while_it_is_away(
    app: Flask, shared: RedisServer, tmp_path: Path, here: Municipality
) -> None:
    with service(app, tmp_path, limits_url=shared.url) as client:
        assert [try_password(client, "bob@here.example").status_code for _ in range(3)] == [422] * 3
        shared.stop()
        tries = [try_password(client, "bob@here.example").status_code for _ in range(11)]
        assert tries == [422] * 10 + [429]
        assert try_password(client, "bea@here.example").status_code == 422


def test_it_counts_there_again_when_it_is_back(shared: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    limits, twice, clock = counter(shared.url), parse("2 per hour"), time.monotonic
    assert limits.hit(twice, "somebody")
    shared.stop()
    with told_of() as told:
        assert [limits.hit(twice, "somebody") for _ in range(3)] == [True, True, False]
        shared.start()
        assert not limits.hit(twice, "somebody"), "it is asked again only after a pause"
        monkeypatch.setattr(time, "monotonic", lambda: clock() + counting.PAUSE)
        assert limits.hit(twice, "somebody")
    assert [(line["log_level"], line["event"]) for line in told] == [
        ("warning", "limits_counted_alone"),
        ("info", "limits_shared_again"),
    ]
    assert redis.Redis.from_url(shared.url).dbsize() == 1


def test_one_that_hangs_holds_no_request_for_ever(shared: RedisServer) -> None:
    limits, twice = counter(shared.url), parse("2 per hour")
    assert shared.process
    shared.process.send_signal(signal.SIGSTOP)
    try:
        assert [limits.hit(twice, "somebody") for _ in range(3)] == [True, True, False]
    finally:
        shared.process.send_signal(signal.SIGCONT)

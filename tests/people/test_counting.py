"""Limits counted in memory cost the same however many call, and what has expired goes."""

import threading

import pytest
from limits import RateLimitItemPerSecond, parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from service.people import counting
from service.people.counting import Counted


@pytest.fixture
def limiter() -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(storage_from_string("memory://"))


def test_memory_means_ours(limiter: FixedWindowRateLimiter) -> None:
    assert isinstance(limiter.storage, Counted)


def test_the_limit_holds_for_each_caller_alone(limiter: FixedWindowRateLimiter) -> None:
    limit = parse("2 per hour")
    assert [limiter.hit(limit, "alice") for _ in range(3)] == [True, True, False]
    assert limiter.hit(limit, "bob")


def test_callers_start_no_threads(limiter: FixedWindowRateLimiter, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(threading.Thread, "start", lambda thread: started.append(thread))
    for number in range(1000):
        limiter.hit(parse("2 per hour"), f"caller {number}")
    assert not started


def test_what_has_expired_goes_at_the_next_sweep(
    limiter: FixedWindowRateLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = limiter.storage
    assert isinstance(storage, Counted)
    limiter.hit(RateLimitItemPerSecond(1), "alice")
    storage.expirations = dict.fromkeys(storage.expirations, 0.0)
    limiter.hit(parse("2 per hour"), "bob")
    assert len(storage.storage) == 2
    monkeypatch.setattr(counting, "PATIENCE", -1.0)
    limiter.hit(parse("2 per hour"), "charlie")
    assert sorted(key.split("/")[1] for key in storage.storage) == ["bob", "charlie"]

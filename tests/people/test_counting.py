"""Limits counted in memory cost the same however many call, and what has expired goes."""

import threading
import time

import pytest
from limits import RateLimitItemPerMinute, parse
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter

from service.config import SettingsRefused
from service.people import counting
from service.people.counting import Counted, Shared, counter

TWICE = parse("2 per hour")


@pytest.fixture
def limiter() -> FixedWindowRateLimiter:
    return counter("memory://")


@pytest.fixture
def counted(limiter: FixedWindowRateLimiter) -> Counted:
    assert isinstance(limiter.storage, Counted)
    return limiter.storage


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.monotonic
    monkeypatch.setattr(counting.time, "monotonic", lambda: now() + seconds)


def test_several_processes_count_together_where_they_are_told() -> None:
    storage = counter("redis://cache.example:6380/2").storage
    assert isinstance(storage, Shared) and isinstance(storage.there, RedisStorage)
    told = storage.there.storage.connection_pool.connection_kwargs
    assert (told["host"], told["port"], told["db"]) == ("cache.example", 6380, 2)


@pytest.mark.parametrize("url", ["reddis://:secret@cache.example", "memcached://cache.example", "cache.example", ""])
def test_an_address_of_something_else_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsRefused, match="PLATEIA_LIMITS_URL") as refused:
        counter(url)
    assert "secret" not in str(refused.value)


def test_the_limit_holds_for_each_caller_alone(limiter: FixedWindowRateLimiter) -> None:
    assert limiter.test(TWICE, "alice")
    assert [limiter.hit(TWICE, "alice") for _ in range(3)] == [True, True, False]
    assert not limiter.test(TWICE, "alice")
    assert limiter.hit(TWICE, "bob")


def test_a_window_begins_with_the_first_and_ends_for_all(
    limiter: FixedWindowRateLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = RateLimitItemPerMinute(1)
    assert limiter.get_window_stats(once, "alice").reset_time == pytest.approx(time.time(), abs=1)
    assert limiter.hit(once, "alice")
    later(monkeypatch, 50)
    assert not limiter.hit(once, "alice")
    assert limiter.get_window_stats(once, "alice").reset_time == pytest.approx(time.time() + 10, abs=1)
    later(monkeypatch, 11)
    assert limiter.test(once, "alice")
    assert [limiter.hit(once, "alice") for _ in range(2)] == [True, False]


def test_callers_start_no_threads(limiter: FixedWindowRateLimiter, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(threading.Thread, "start", lambda thread: started.append(thread))
    for number in range(1000):
        limiter.hit(TWICE, f"caller {number}")
    assert not started


def test_no_count_is_lost_between_threads(counted: Counted) -> None:
    threads = [threading.Thread(target=lambda: [counted.incr("everybody", 60) for _ in range(2000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted.get("everybody") == 8000


def test_what_has_expired_goes_at_the_next_sweep(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    counted.incr("alice", 1)
    later(monkeypatch, 2)
    counted.incr("bob", 3600)
    assert sorted(counted.windows) == ["alice", "bob"]
    later(monkeypatch, counting.PATIENCE)
    counted.incr("charlie", 3600)
    assert sorted(counted.windows) == ["bob", "charlie"]


def test_what_was_counted_can_be_forgotten(counted: Counted) -> None:
    for key in ("alice", "bob", "charlie"):
        counted.incr(key, 60)
    counted.clear("alice")
    assert (counted.get("alice"), counted.get("bob")) == (0, 1)
    assert counted.check() and counted.reset() == 2
    assert counted.get("bob") == 0

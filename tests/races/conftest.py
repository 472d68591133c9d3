"""Servers to race against: processes of their own over the database of the test."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from tests.kills.house import House


@contextmanager
def servers(count: int, database_url: str, home: Path, threads: int) -> Iterator[list[str]]:
    """The URLs of so many servers over one database and one folder."""
    settings = {"PLATEIA_THREADS": str(threads)}
    houses = [House(home, database_url, "http://127.0.0.1:9", settings=settings) for _ in range(count)]
    try:
        for house in houses:
            house.start("server")
        for house in houses:
            house.wait_until_ready()
        yield [house.url for house in houses]
    finally:
        for house in houses:
            house.clear()


@pytest.fixture
def url(app: Flask, database_url: str, tmp_path: Path) -> Iterator[str]:
    """One server that answers twenty requests at once."""
    with servers(1, database_url, tmp_path, threads=20) as (only,):
        yield only


@pytest.fixture
def two_urls(app: Flask, database_url: str, tmp_path: Path) -> Iterator[list[str]]:
    """Two servers, ten requests at once each."""
    with servers(2, database_url, tmp_path, threads=10) as both:
        yield both
